"""*Pourquoi ?* – why a record is where it is, what it lacks, what is due, and why something was refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final

from fastapi import APIRouter, Query

from api.dependencies import MOST_ITEMS, Reading, Services, moment
from api.examples import answer
from api.examples_explanations import EXPLANATION
from api.listing import READING, Find, present
from api.openapi import problem_responses
from api.operators import bound_by
from api.persons import Shown
from api.requests import AnyRecordId
from api.routing import Route
from api.travel import AS_KNOWN, known, known_to
from domain.association.entitlements import missing_entitlements
from domain.association.model import Association
from domain.calendar import french_date, paris_day
from domain.company.model import Company
from domain.convention.model import Convention
from domain.explaining import Counted, Fact, Reason, RuleUsed, Version, adoptions_in, refused, version_of
from domain.kernel import Root
from domain.mentor.clearance import Lack
from domain.mentor.model import Mentor
from domain.mentor.operator import operator_lacks
from domain.ports import Happened
from domain.programme.model import Programme
from domain.registry import explained, programme_of_record, ruling
from domain.training.model import Training
from projections import associations, companies, conventions, history, mentors, trainings
from projections.facts import word
from projections.history import HistoryRow
from projections.paging import Page
from projections.persons import Personal
from projections.tracking import Tracked, track

router = APIRouter(prefix="/v1", route_class=Route)


@dataclass(frozen=True)
class FactTold:
    """Un fait, par l'événement qui le dit : quand il est vrai (``on``), quand il a été écrit, et qui a décidé
    (rôle, et identifiant de qui a agi). ``reason`` : le motif, lu comme dans l'histoire ; ``reserved`` : ce
    qui n'est dit qu'à certains rôles. ``version`` est absente d'un refus."""

    sentence: str
    on: str
    recorded_at: datetime
    position: int
    version: int | None
    topic: str
    actor: str
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
    """Pourquoi un dossier en est là, tel qu'on le connaissait à ``known_at``."""

    id: str
    known_at: datetime
    status: str
    status_label: str
    since: datetime
    since_recorded: datetime
    version: int
    rules: Version | None
    reasons: list[ReasonTold]


@dataclass(frozen=True)
class _Words:
    """What of a fact is opened, or kept from some roles."""

    TYPED: ClassVar[tuple[str, ...]] = ("reason",)
    RESERVED: ClassVar[tuple[str, ...]] = ("reserved",)

    subject: str
    reason: Personal
    reserved: str | None
    persons: dict[str, Personal] = field(default_factory=dict)


Followed = tuple[Programme, dict[int, Happened]]
"""A programme, and the events that adopted its rules."""


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
        id: AnyRecordId,
        shown: Shown,
        reading: Reading,
        known_at: Annotated[
            str | None,
            Query(
                max_length=40,
                description="Un jour ou un instant : l'explication que l'on pouvait donner alors.",
                examples=["2025-12-10"],
            ),
        ] = None,
    ) -> Explanation:
        now = await reading.parts.commands.now()
        asked = moment("known_at", known_at)
        until = min(asked or now, now)
        async with reading.session() as connection:
            present(await find(connection, id), id)
            refusals = await history.refusals(connection, id, until, MOST_ITEMS)
        tracked = await known_to(reading, id, until, hidden=asked is not None)
        followed = await _followed(reading.parts, tracked.record, until)
        reasons = [
            *await _reasons(reading, tracked, followed, until),
            *[await _refused(reading.parts, id, row) for row in refusals],
        ]
        return Explanation(
            id=id,
            known_at=until,
            status=str(tracked.record.status),
            status_label=kind.status_labels[tracked.record.status],
            since=tracked.since,
            since_recorded=tracked.since_recorded,
            version=tracked.record.version,
            rules=_rules(tracked.record, followed, until),
            reasons=await _told(shown, kind, id, reasons),
        )


async def _reasons(
    reading: Reading, tracked: Tracked, followed: Followed | None, until: datetime
) -> list[Reason]:
    """What the domain tells of the record, given what else it looks at."""
    parts, record = reading.parts, tracked.record
    operator, missing = tuple[Lack, ...](), tuple[str, ...]()
    if followed and isinstance(record, Mentor):
        operator = await _operator(reading, record, followed[0], until)
    elif followed and isinstance(record, Association):
        missing = await _titles(reading, record, followed[0], until)
    events = [one for one in await parts.feed.of([record.id]) if one.recorded_at <= until]
    return explained(
        record,
        events,
        tracked.timeline,
        followed,
        parts.commands.world,
        until,
        operator=operator,
        entitlements_missing=missing,
    )


async def _operator(
    reading: Reading, mentor: Mentor, programme: Programme, until: datetime
) -> tuple[Lack, ...]:
    """What the operator lacks; its conventions are those that the reader may see."""
    day = paris_day(until)
    rules = ruling(mentor, programme, day).rules
    tracked = await known(reading.parts, mentor.association_id, until)
    association = tracked.record if tracked else None
    if not isinstance(association, Association):
        return operator_lacks(None, (), rules, programme.scheme, mentor.academies, day)
    bound = await bound_by(reading, association, rules, until)
    return operator_lacks(association, bound, rules, programme.scheme, mentor.academies, day)


async def _titles(
    reading: Reading, association: Association, programme: Programme, until: datetime
) -> tuple[str, ...]:
    """The titles that an association lacks."""
    day = paris_day(until)
    rules = ruling(association, programme, day).rules
    bound = await bound_by(reading, association, rules, until)
    return missing_entitlements(association, bound, rules, programme.scheme, association.academies, day)


async def _followed(parts: Services, record: Root, until: datetime) -> Followed | None:
    """The programme that the record follows, as it was known; ``None`` when it follows none."""
    programme_id = programme_of_record(record)
    if not programme_id:
        return None
    events = [one for one in await parts.feed.of([programme_id]) if one.recorded_at <= until]
    tracked = track(events)
    if tracked is None or not isinstance(tracked.record, Programme):
        raise LookupError(programme_id)
    return tracked.record, adoptions_in(events)


def _rules(record: Root, followed: Followed | None, until: datetime) -> Version | None:
    """The version that the record followed on that day."""
    return version_of(ruling(record, followed[0], paris_day(until)), followed[1]) if followed else None


async def _refused(parts: Services, record_id: str, row: HistoryRow) -> Reason:
    """A refusal, with the rules that the record followed when it was told no."""
    then = await known(parts, record_id, row.recorded_at)
    followed = await _followed(parts, then.record, row.recorded_at) if then else None
    version = None
    if then and followed:
        version = ruling(then.record, followed[0], paris_day(row.recorded_at)), followed[1]
    day = paris_day(row.recorded_at)
    told = Fact(
        sentence=f"{row.label}, le {french_date(day)}",
        on=day.isoformat(),
        recorded_at=row.recorded_at,
        position=row.position,
        version=0,
        topic=row.topic,
        actor=row.actor,
        role=row.role,
        reason=row.reason,
    )
    return refused(told, row.facts["guard"], row.facts["sentence"], row.facts["missing"], version)


async def _told(
    shown: Shown, kind: type[Root], record_id: str, reasons: Iterable[Reason]
) -> list[ReasonTold]:
    """The reasons, with what their reader may be shown of the words typed. Each is opened once."""
    facts: dict[int, Fact] = {}
    for fact in (fact for reason in reasons for fact in reason.facts):
        if fact.reserved or fact.position not in facts:
            facts[fact.position] = fact
    words = [_Words(record_id, _word(fact.reason), fact.reserved or None) for fact in facts.values()]
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
    told = {
        name: value for name, value in vars(fact).items() if name not in {"reason", "reserved", "version"}
    }
    return FactTold(**told, version=fact.version or None, reason=words.reason, reserved=words.reserved)


def _word(typed: Any) -> str:
    return typed if isinstance(typed, str) else word(typed, "reason")


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
