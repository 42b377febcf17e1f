"""*Pourquoi ?* – why a record is where it is, what it lacks, what is due, and why something was refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, ClassVar, Final

from fastapi import APIRouter

from api.dependencies import MOST_ITEMS, Reading, Services
from api.examples import answer
from api.examples_explanations import EXPLANATION
from api.listing import READING, Find, present
from api.openapi import problem_responses
from api.operators import conventions_of
from api.persons import Shown
from api.problems import Refusal
from api.requests import AnyRecordId
from api.routing import Route
from api.sharing import of_another, shared, veiled
from api.travel import AS_KNOWN, Moments, Travel, known_to
from domain.association.model import Association
from domain.authorization import may_see
from domain.calendar import french_date, paris_day
from domain.case import Case, Histories
from domain.company.model import Company
from domain.convention.model import Convention
from domain.explaining import Counted, Fact, Reason, RuleUsed, Version
from domain.folding import fold
from domain.kernel import Actor, Root, kind_of
from domain.mentor.model import Mentor
from domain.ports import Happened
from domain.registry import case_of, explained
from domain.training.model import Training
from projections import associations, companies, conventions, history, mentors, trainings
from projections.facts import word
from projections.history import HistoryRow
from projections.paging import Page
from projections.persons import Personal, WithheldValue

router = APIRouter(prefix="/v1", route_class=Route)

_RESTED_ON: Final = frozenset({"programme", "convention"})
"""The kinds of records whose facts an explanation may tell besides: what decisions rest on."""


@dataclass(frozen=True)
class FactTold:
    """Un fait, par l'événement qui le dit : de quel dossier (``record_id``), quand il est vrai (``on``),
    quand il a été écrit, et qui a décidé (rôle, et identifiant de qui a agi, non communiqué s'il est d'un
    autre opérateur qui partage ce dossier). ``reason`` : le motif, lu comme dans l'histoire, vide s'il n'y en
    a pas ; ``reserved`` : ce qui n'est dit qu'à certains rôles. Pour un fait d'un autre dossier ils se lisent
    là-bas : le motif, s'il existe, n'est pas communiqué ici (``withheld``). ``version`` est absente d'un
    refus, et pour qui ne lit pas ``reserved``."""

    record_id: str
    sentence: str
    on: str
    recorded_at: datetime
    position: int
    version: int | None
    topic: str
    actor: str | WithheldValue
    role: str
    reason: Personal
    reserved: str | None


@dataclass(frozen=True)
class ReasonTold:
    """Une réponse. ``about`` : ce qu'elle explique (``status``, ``block``, ``missing``, ``due``,
    ``refusal``) ; ``counted`` : comment une échéance a été comptée ; ``ruling`` : la version des règles alors
    suivie."""

    about: str
    code: str
    sentence: str
    facts: list[FactTold]
    rules: list[RuleUsed]
    counted: list[Counted]
    missing: list[str]
    awaits: list[str]
    by: date | None
    ruling: Version | None


@dataclass(frozen=True)
class Explanation:
    """Pourquoi un dossier en était là à ``as_of``, par ce que l'on savait à ``known_at``. ``version`` : celle
    du dossier à cette date, pour qui peut la lire ; ``rules`` : la version des règles qu'il suivait ce
    jour-là. Une date à venir s'entend de maintenant : rien ne l'explique encore."""

    COUNTED: ClassVar[tuple[str, ...]] = ("version",)

    id: str
    as_of: datetime
    known_at: datetime
    status: str
    status_label: str
    since: datetime
    since_recorded: datetime
    version: int | None
    rules: Version | None
    reasons: list[ReasonTold]


@dataclass(frozen=True)
class _Words:
    """What of a fact is opened, or kept from some roles."""

    TYPED: ClassVar[tuple[str, ...]] = ("reason",)
    RESERVED: ClassVar[tuple[str, ...]] = ("reserved", "version")

    subject: str
    reason: Personal
    reserved: str | None
    version: int | None
    persons: dict[str, Personal] = field(default_factory=dict)


def _explains(records: str, tag: str, kind: type[Root], summary: str, find: Find) -> None:
    """Adds ``GET /{records}/{id}/explanation`` for a kind of records, which ``find`` reads."""

    @router.get(
        f"/{records}/{{id}}/explanation",
        summary=summary,
        tags=[tag],
        responses=problem_responses(("not_found", *AS_KNOWN, *READING), answer(EXPLANATION)),
        operation_id=f"{records}_explanation",
    )
    async def read_explanation(
        id: AnyRecordId, shown: Shown, reading: Reading, moments: Travel
    ) -> Explanation:
        asked = moments or Moments(None, None, await reading.parts.commands.now())
        known_at = asked.seen_from
        as_of = min(asked.as_of or known_at, asked.now)  # what is to come has no facts to be explained by
        async with reading.session() as connection:
            record = present(await find(connection, id), id)
            rows = await history.refusals(connection, id, min(known_at, as_of), MOST_ITEMS)
        refusals = veiled(rows, record, kind, reading.caller.actor)
        await known_to(reading, id, known_at, hidden=asked.known_at is not None)
        histories = await _histories(reading.parts, id)
        known = {i: [one for one in told if one.recorded_at <= known_at] for i, told in histories.items()}
        case = case_of(id, known, as_of, reading.parts.commands.world)
        if case is None:
            raise Refusal("not_yet_known")
        reasons = [*explained(case), *(_refused(case, row) for row in refusals)]
        standing = case.timeline[-1]
        told = Explanation(
            id=id,
            as_of=as_of,
            known_at=known_at,
            status=standing.status,
            status_label=kind.status_labels[standing.status],
            since=standing.effective_at,
            since_recorded=standing.recorded_at,
            version=case.record.version,
            rules=case.version,
            reasons=await _told(shown, kind, id, _for(reading, id, histories, reasons)),
        )
        return shown.uncounted(told, kind)


async def _histories(parts: Services, record_id: str) -> Histories:
    """The events of the record and of those that it rests on: what its decisions read (programme, operator,
    conventions), and the conventions by which its operator may now be bound."""
    own = await parts.feed.of([record_id])
    record = fold(own)
    found = {other for one in own for other in one.facts.get("rests_on", {}) if kind_of(other) in _RESTED_ON}
    found |= {getattr(record, "programme_id", ""), getattr(record, "association_id", "")} - {""}
    if isinstance(record, Mentor | Association):
        operator = record.association_id if isinstance(record, Mentor) else record.id
        found |= set(await conventions_of(parts, operator))
    others = await parts.feed.of(sorted(found - {record_id}))
    histories: dict[str, list[Happened]] = {record_id: list(own)}
    for one in others:
        histories.setdefault(one.record_id, []).append(one)
    return histories


def _refused(case: Case, row: HistoryRow) -> Reason:
    """A refusal, with the rules that the record followed when it was told no."""
    day = paris_day(row.recorded_at)
    told = Fact(
        record_id=row.record_id,
        sentence=f"{row.label}, le {french_date(day)}",
        on=day.isoformat(),
        recorded_at=row.recorded_at,
        position=row.position,
        version=0,
        topic=row.topic,
        actor=row.actor if isinstance(row.actor, str) else "",
        role=row.role,
        reason=None if isinstance(row.reason, WithheldValue) else row.reason,
    )
    return case.refusal(told, row.facts["guard"], row.facts["sentence"], row.facts["missing"])


def _for(reading: Reading, record_id: str, histories: Histories, reasons: Iterable[Reason]) -> list[Reason]:
    """The reasons without the facts of other records that this reader may not see."""
    folded = {i: fold(told) for i, told in histories.items()}
    actor = reading.caller.actor
    seen = {record_id, *(i for i, other in folded.items() if other and may_see(actor, other.scopes()))}
    return [
        replace(one, facts=tuple(_to(actor, fact, folded) for fact in one.facts if fact.record_id in seen))
        for one in reasons
    ]


def _to(reader: Actor, fact: Fact, folded: Mapping[str, Root | None]) -> Fact:
    """The fact without who acted, nor why, where that is another operator's."""
    record = folded.get(fact.record_id)
    if record is None or not shared(record) or not of_another(reader, type(record), fact.role, fact.actor):
        return fact
    return replace(fact, actor="", reason="" if fact.reason == "" else None)


async def _told(
    shown: Shown, kind: type[Root], record_id: str, reasons: Iterable[Reason]
) -> list[ReasonTold]:
    """The reasons, with what their reader may be shown of the words typed. Each is opened once."""
    facts: dict[int, Fact] = {}
    for fact in (fact for reason in reasons for fact in reason.facts):
        facts.setdefault(fact.position, fact)
    words = [
        _Words(record_id, _word(fact.reason), fact.reserved or None, fact.version or None)
        for fact in facts.values()
    ]
    page = await shown.page(Page(words, None), kind)
    opened = dict(zip(facts, page.items, strict=True))
    return [
        ReasonTold(
            about=one.about,
            code=one.code,
            sentence=one.sentence,
            facts=[_fact(fact, opened[fact.position]) for fact in one.facts],
            rules=list(one.rules),
            counted=list(one.counted),
            missing=list(one.missing),
            awaits=list(one.awaits),
            by=one.by,
            ruling=one.ruling,
        )
        for one in reasons
    ]


def _fact(fact: Fact, words: _Words) -> FactTold:
    shown = {name: getattr(words, name) for name in ("reason", *words.RESERVED)}
    shown["actor"] = fact.actor or WithheldValue()
    if fact.reason is None:
        shown["reason"] = WithheldValue()
    return FactTold(**{**vars(fact), **shown})


def _word(typed: Any) -> str:
    return typed or "" if isinstance(typed, str | None) else word(typed, "reason")


_KINDS: Final = (
    ("associations", "associations", Association, "Pourquoi une association en est là", associations.get),
    ("mentors", "mentors : registre", Mentor, "Pourquoi un·e mentor·e en est là", mentors.get),
    ("trainings", "formations", Training, "Pourquoi une formation en est là", trainings.get),
    (
        "conventions",
        "conventions : registre",
        Convention,
        "Pourquoi une convention en est là",
        conventions.get,
    ),
    ("companies", "entreprises", Company, "Pourquoi une entreprise en est là", companies.get),
)
for _kind in _KINDS:
    _explains(*_kind)
