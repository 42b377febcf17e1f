"""Figures of the onboarding: how far mentors come, how fast, from what sectors; never a ranking."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.dependencies import Parts, Reading
from api.examples_figures import FIGURES
from api.fields import TERRITORY, AcademieCode, Day, SchoolYear
from api.mentor_bodies import ASSOCIATION
from api.openapi import problem_responses
from api.routing import Route
from api.security import Caller
from domain.association.parts import STATUS_LABELS as OPERATOR_LABELS
from domain.calendar import paris_day
from domain.families import FAMILIES
from domain.figures import CERTIFICATES, CERTIFIED, HOURS, STATES, STEPS, VALID, Cell
from domain.kernel import ERASED, Actor, Forbidden
from domain.mentor.parts import STATUS_LABELS
from domain.sectors import DIVISIONS, SECTIONS, UNTOLD, UNTOLD_LABEL
from projections import onboarding_counts
from projections.onboarding_counts import Figures, Onboarding, OnboardingFilters

router = APIRouter(prefix="/v1/figures", tags=["chiffres"], route_class=Route)

READERS: Final = ("academie", "association", "auditor", "national")
"""The roles that steer, are measured, or inspect. A lycée's mentors are its associations'; whoever protects
the data, or runs the house, has no use for figures."""

CSV: Final = "text/csv"
_BOM: Final = "\ufeff"

_RULES: Final = (
    "Un·e mentor·e compte dans l'année scolaire de sa candidature (1er septembre – 31 août, heure de Paris) "
    "et dans l'association qui l'accueille ; un dossier rattaché à un autre ne compte plus.",
    "Une étape est atteinte dès qu'elle l'a été une fois, elle ou une suivante ; « présents » dit où "
    "chacun·e est à la date demandée, par ce que l'on sait aujourd'hui.",
    "Les délais sont des médianes, en jours de calendrier.",
    "Les associations sont rangées par nom : ceci n'est pas un classement.",
)
_EXACT: Final = "Vos propres chiffres, exacts."
_ROUNDED: Final = (
    "Hors de son association, un effectif est arrondi par défaut à un multiple de 5 dans chaque groupe (une "
    "association, une année scolaire) ; sous 5 il est masqué, zéro compris.",
    "Un total est la somme de ce qui est montré de ses groupes : il dit « au moins tant » ; rien de plus ne "
    "s'en déduit par différence.",
    "Les délais et les heures portent, dans chaque groupe, sur les premières personnes arrivées jusque-là, "
    "autant qu'il en est montré : une de plus n'y change rien.",
    "Les divisions de la NAF et le nombre d'attestations ne sont montrés qu'à l'association.",
)


class Count(BaseModel):
    """Un effectif. ``value`` est ``null`` quand il est masqué."""

    value: int | None
    hidden: bool


class LabelledCount(Count):
    """Un effectif et ce qu'il compte."""

    code: str
    label: str


class Step(BaseModel):
    """Une étape du parcours."""

    code: str
    label: str
    reached: Count = Field(description="Combien l'ont atteinte un jour.")
    now: Count = Field(description="Combien y sont à cette date.")
    median_days: float | None = Field(
        None, description="Médiane des jours depuis l'étape précédente ; absente si elle ne peut être dite."
    )


class Training(BaseModel):
    """La formation des mentor·es."""

    certified: Count = Field(description="Qui a reçu une attestation au moins.")
    valid: Count = Field(description="Qui en a une qui compte à cette date.")
    certificates: Count = Field(description="Les attestations délivrées.")
    hours: Count = Field(description="Les heures suivies qu'elles attestent.")


class Operators(BaseModel):
    """Les associations du périmètre, qui ne sont pas des personnes : rien n'est masqué."""

    states: list[LabelledCount]
    median_days: float | None = Field(
        None, description="Médiane des jours entre l'ouverture d'un dossier d'admission et le référencement."
    )


class Part(BaseModel):
    """Les chiffres d'un ensemble : tout ce qui est demandé, ou l'un de ses groupes."""

    key: str = Field(description="L'association, l'académie ou l'année scolaire ; vide pour le tout.")
    label: str
    steps: list[Step]
    median_days: float | None = Field(
        None, description="Médiane des jours de la candidature à la validation."
    )
    elsewhere: list[LabelledCount] = Field(description="Qui n'est plus sur le parcours à cette date.")
    sections: list[LabelledCount] = Field(description="Par section de la NAF.")
    divisions: list[LabelledCount] = Field(
        description="Par division de la NAF, pour l'association elle-même."
    )
    families: list[LabelledCount] = Field(description="Par famille de métiers ; on peut en avoir plusieurs.")
    training: Training
    associations: Operators


class OnboardingFigures(BaseModel):
    """L'accueil des mentor·es en chiffres, à une date."""

    as_of: date = Field(description="Le dernier jour compté (Paris).")
    exact: bool = Field(description="Faux quand des effectifs sont arrondis ou masqués.")
    group_by: str | None
    rules: list[str] = Field(description="Comment ces chiffres sont comptés et montrés.")
    total: Part
    groups: list[Part] = Field(description="Dans l'ordre des noms ou des codes.")


GroupBy = Literal["association", "academie", "school_year"]


@router.get(
    "/onboarding",
    summary="L'accueil des mentor·es : parcours, délais, secteurs, formation, associations",
    responses=problem_responses(
        ("role_not_allowed", "position_unknown", "not_yet_readable"),
        {"content": {"application/json": {"example": FIGURES}, CSV: {"schema": {"type": "string"}}}},
    ),
    operation_id="figures_onboarding",
    response_model=OnboardingFigures,
)
async def read_onboarding(
    request: Request,
    parts: Parts,
    caller: Caller,
    reading: Reading,
    association: Annotated[str | None, Query(pattern=ASSOCIATION, description="Une association.")] = None,
    academie: Annotated[AcademieCode | None, Query(description="Une académie de l'association.")] = None,
    school_year: Annotated[
        SchoolYear | None, Query(description="L'année scolaire de la candidature.")
    ] = None,
    group_by: Annotated[GroupBy | None, Query(description="Répartir aussi les chiffres.")] = None,
    as_of: Annotated[Day | None, Query(description="À la fin de ce jour ; aujourd'hui par défaut.")] = None,
) -> OnboardingFigures | Response:
    own = _own(caller.actor)
    today = paris_day(await parts.commands.now())
    day = min(as_of or today, today)
    filters = OnboardingFilters(association, academie, school_year)
    async with reading.session() as connection:
        found = await onboarding_counts.onboarding(connection, filters, day, group_by, own)
    told = _told(found, day, group_by)
    return _csv(told) if _wants_a_table(request) else told


def _wants_a_table(request: Request) -> bool:
    """JSON for whoever takes it: a table only for whoever asks for that alone."""
    accepted = request.headers.get("accept", "").lower()
    return CSV in accepted and "json" not in accepted


def _own(actor: Actor) -> frozenset[str]:
    """The associations of which the actor is told everything. Raises ``Forbidden`` by role."""
    if actor.role not in READERS:
        raise Forbidden(
            "role_not_allowed",
            f"Le rôle « {actor.role} » ne lit pas les chiffres de l'accueil.",
            (f"un jeton du rôle {' ou '.join(READERS)}",),
        )
    held = actor.scopes if actor.role == "association" else ()
    return frozenset(s.removeprefix("association:") for s in held if s.startswith("association:"))


def _told(found: Onboarding, day: date, group_by: str | None) -> OnboardingFigures:
    return OnboardingFigures(
        as_of=day,
        exact=found.exact,
        group_by=group_by,
        rules=[*_RULES, *([_EXACT] if found.exact else _ROUNDED)],
        total=_part("", "Ensemble", found.whole),
        groups=[_part(key, _label(key, group_by, found.names), one) for key, one in found.parts.items()],
    )


def _label(key: str, group_by: str | None, names: Mapping[str, str]) -> str:
    if group_by == "academie":
        return TERRITORY.get().academie(key).label
    return names.get(key, key)


def _part(key: str, label: str, figures: Figures) -> Part:
    counts = figures.counts

    def count(cell: Cell) -> Count:
        value = counts.get(cell)
        return Count(value=value, hidden=value is None)

    def listed(kind: str, labels: Mapping[Any, str]) -> list[LabelledCount]:
        return [
            LabelledCount(code=code, label=text, **dict(count(Cell(kind, code))))
            for code, text in labels.items()
        ]

    steps = [
        Step(
            code=step,
            label=STATUS_LABELS[step],
            reached=count(Cell("reached", step)),
            now=count(Cell("now", step)),
            median_days=figures.days[rung] if rung else None,
        )
        for rung, step in enumerate(STEPS)
    ]
    divisions = {code: text for code, text in _DIVISIONS.items() if counts.get(Cell("division", code))}
    return Part(
        key=key,
        label=label,
        steps=steps,
        median_days=figures.days[-1],
        elsewhere=listed("now", {state: STATUS_LABELS[state] for state in STATES if state not in STEPS}),
        sections=listed("section", SECTIONS | {UNTOLD: UNTOLD_LABEL}),
        divisions=listed("division", divisions),
        families=listed("family", FAMILIES),
        training=Training(
            certified=count(CERTIFIED),
            valid=count(VALID),
            certificates=count(CERTIFICATES),
            hours=count(HOURS),
        ),
        associations=_operators(figures),
    )


_DIVISIONS: Final = DIVISIONS | {UNTOLD: UNTOLD_LABEL}


def _operators(figures: Figures) -> Operators:
    states = [
        LabelledCount(code=state, label=label, value=figures.operators.get(state, 0), hidden=False)
        for state, label in OPERATOR_LABELS.items()
        if state != ERASED
    ]
    return Operators(states=states, median_days=figures.days[0])


# As a table -------------------------------------------------------------------------------------------


def _csv(told: OnboardingFigures) -> Response:
    """As spreadsheets in France open it: semicolons, a byte order mark, a decimal comma."""
    text = io.StringIO()
    table = csv.writer(text, delimiter=";", lineterminator="\r\n")
    table.writerow(("ensemble", "nom", "chiffre", "code", "libellé", "valeur", "masqué", "au"))
    for part in (told.total, *told.groups):
        for what, code, label, value, hidden in _lines(part):
            line = (part.key, part.label, what, code, label, value, "oui" if hidden else "non", told.as_of)
            table.writerow([_harmless(each) for each in line])
    file = 'attachment; filename="accueil.csv"'
    return Response(_BOM + text.getvalue(), media_type=CSV, headers={"Content-Disposition": file})


def _lines(part: Part) -> Iterator[tuple[str, str, str, Any, bool]]:
    for step in part.steps:
        yield "étape atteinte", step.code, step.label, step.reached.value, step.reached.hidden
        yield "présents", step.code, step.label, step.now.value, step.now.hidden
        yield "délai médian (jours)", step.code, step.label, step.median_days, False
    yield (
        "délai médian (jours)",
        "candidate-cleared",
        "de la candidature à la validation",
        part.median_days,
        False,
    )
    yield from _labelled("présents", part.elsewhere)
    yield from _labelled("section NAF", part.sections)
    yield from _labelled("division NAF", part.divisions)
    yield from _labelled("famille de métiers", part.families)
    for code, count in part.training:
        yield "formation", code, _TRAINING[code], count.value, count.hidden
    yield from _labelled("associations", part.associations.states)
    yield (
        "délai médian (jours)",
        "admission",
        "de l'ouverture au référencement",
        part.associations.median_days,
        False,
    )


def _labelled(what: str, counts: Iterable[LabelledCount]) -> Iterator[tuple[str, str, str, Any, bool]]:
    for one in counts:
        yield what, one.code, one.label, one.value, one.hidden


_TRAINING: Final = {
    "certified": "mentor·es ayant reçu une attestation",
    "valid": "mentor·es dont une attestation compte",
    "certificates": "attestations délivrées",
    "hours": "heures attestées",
}


def _harmless(value: Any) -> str:
    """A name that begins like a formula is not one."""
    if isinstance(value, float):
        return f"{value:g}".replace(".", ",")
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
