"""Random histories: anybody may ask for anything, and much of it is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from domain.association.commands import ChangeIdentity, EndEntitlement, GrantEntitlement
from domain.association.model import Entitlement, EntitlementKind, Identity
from domain.calendar import PartialDate
from domain.commands import Command
from domain.convention.commands import (
    Abandon,
    AddParty,
    Announce,
    Correct,
    Denounce,
    ProposeAmendment,
    ReceiveReport,
    RecordHistory,
    Renew,
    SendForSignature,
    SetCoverage,
    Sign,
    Submit,
    Terminate,
    WithdrawNotice,
)
from domain.convention.parts import Coverage, EndCause, Medium, Party, PartyKind
from domain.erasure import Erase, Ground
from domain.kernel import Actor, DomainError
from domain.programme.commands import AdoptRules, SetTarget, programme_id
from domain.programme.rules import Delay, Rules
from tests.projections.support import DPO, Views
from tests.support import FACE, FACE_PARTY, GRENOBLE, LYON, NATIONAL, clauses, draft_command

CONVENTIONS: Final = ("convention-1", "convention-2")
Build = Callable[[Views, str, int], Awaitable[Command]]


def _on(views: Views, days: int) -> date:
    return views.house.clock.today + timedelta(days=days)


async def _sign(views: Views, record_id: str, n: int) -> Command:
    text = (await views.house.convention(record_id)).text or "none"
    party = ("academie:10", FACE_PARTY)[n % 2]
    on = PartialDate(_on(views, -n % 20))
    return Sign(record_id=record_id, party=party, on=on, medium=Medium.PAPER, text_hash=text)


async def _history(views: Views, record_id: str, n: int) -> Command:
    month = PartialDate(_on(views, -n).replace(day=1), "month")
    ends = _on(views, 30 + 5 * n)
    return RecordHistory(
        record_id=record_id, signed_on=month, in_force_from=month, ends_on=ends, evidence="page 3"
    )


async def _correct(views: Views, record_id: str, n: int) -> Command:
    names = ("announced_for", "in_force_from", "signed_on", "ends_on", f"signature:{FACE_PARTY}")
    value = PartialDate(_on(views, -n))
    return Correct(record_id=record_id, supersedes=1 + n % 9, date_name=names[n % 5], value=value)


def _simple(build: Callable[[Views, str, int], Command]) -> Build:
    async def built(views: Views, record_id: str, n: int) -> Command:
        return build(views, record_id, n)

    return built


def _rules(views: Views, n: int, academie: str) -> AdoptRules:
    rules = Rules(signature_reminders=(Delay(3), Delay(4 + n)), end_alerts=(Delay(40 + n), Delay(10)))
    return AdoptRules(
        record_id=programme_id("1j1m"),
        rules=rules,
        on=_on(views, n % 15),
        academie=academie,
        to_open=n % 3 > 0,
    )


ASKED: Final[dict[str, tuple[Actor, Build]]] = {
    "draft": (LYON, _simple(lambda v, i, n: draft_command(i, clauses=clauses(ends_on=_on(v, 5 * n))))),
    "announce": (
        LYON,
        _simple(
            lambda v, i, n: Announce(record_id=i, announced_for=PartialDate(_on(v, n)), source="communiqué")
        ),
    ),
    "party": (
        LYON,
        _simple(
            lambda v, i, n: AddParty(
                record_id=i, party=Party("region:84", PartyKind.REGION_ACADEMIQUE, "AURA")
            )
        ),
    ),
    "coverage": (
        LYON,
        _simple(lambda v, i, n: SetCoverage(record_id=i, coverage=Coverage(("10", "08")[: 1 + n % 2]))),
    ),
    "submit": (LYON, _simple(lambda v, i, n: Submit(record_id=i))),
    "send": (LYON, _simple(lambda v, i, n: SendForSignature(record_id=i))),
    "sign": (LYON, _sign),
    "history": (LYON, _history),
    "correct": (LYON, _correct),
    "amend": (
        LYON,
        _simple(lambda v, i, n: ProposeAmendment(record_id=i, clauses=clauses(ends_on=_on(v, n + 20)))),
    ),
    "report": (
        LYON,
        _simple(
            lambda v, i, n: ReceiveReport(
                record_id=i, report=f"bilan:{2026 + n % 2}", on=PartialDate(_on(v, -1))
            )
        ),
    ),
    "renew": (
        LYON,
        _simple(
            lambda v, i, n: Renew(
                record_id=i,
                successor_id=f"{i}-bis",
                title="Suite",
                clauses=clauses(starts_on=_on(v, 30), ends_on=_on(v, 400)),
            )
        ),
    ),
    "denounce": (LYON, _simple(lambda v, i, n: Denounce(record_id=i, party=FACE_PARTY, on=_on(v, -n)))),
    "withdraw": (LYON, _simple(lambda v, i, n: WithdrawNotice(record_id=i, party=FACE_PARTY))),
    "terminate": (
        LYON,
        _simple(lambda v, i, n: Terminate(record_id=i, cause=EndCause.FAULT, effective=_on(v, n - 20))),
    ),
    "erase": (DPO, _simple(lambda v, i, n: Erase(record_id=i, ground=Ground.OBJECTION))),
    "abandon": (LYON, _simple(lambda v, i, n: Abandon(record_id=i))),
    "stranger": (GRENOBLE, _simple(lambda v, i, n: Submit(record_id=i))),
    "rules": (NATIONAL, _simple(lambda v, i, n: _rules(v, n, ""))),
    "own rules": (LYON, _simple(lambda v, i, n: _rules(v, n, "10"))),
    "target": (
        LYON,
        _simple(
            lambda v, i, n: SetTarget(
                record_id=programme_id("1j1m"), academie="10", school_year="2025-2026", mentees=n, lycees=1
            )
        ),
    ),
    "identity": (
        LYON,
        _simple(lambda v, i, n: ChangeIdentity(record_id=FACE, identity=Identity(f"FACE {n % 3}"))),
    ),
    "entitle": (
        LYON,
        _simple(
            lambda v, i, n: GrantEntitlement(
                record_id=FACE,
                entitlement=Entitlement(
                    EntitlementKind.LAUREATE, "AAP", ("1j1m",), _on(v, -n), _on(v, 10 * n)
                ),
            )
        ),
    ),
    "end title": (
        LYON,
        _simple(lambda v, i, n: EndEntitlement(record_id=FACE, reference="AAP", on=_on(v, -n % 5))),
    ),
}

Asked = tuple[str, str, int]

# Each example takes a database: shrinking one would outlast the test's time and hide what failed.
FEW: Final = settings(
    max_examples=12,
    deadline=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def histories(most: int = 30) -> st.SearchStrategy[list[Asked]]:
    """Steps: what is asked (or days that pass), of which record, and how. One convention is under way."""
    names = [*ASKED, *["pass"] * 5, "signed"]
    step = st.tuples(st.sampled_from(names), st.sampled_from(CONVENTIONS), st.integers(0, 40))
    steps = st.lists(step, min_size=10, max_size=most)
    return steps.map(lambda drawn: [("signed", "convention-1", 15), ("draft", "convention-2", 7), *drawn])


async def play(views: Views, step: Asked) -> None:
    """Carries one step out; being refused is part of history."""
    name, record_id, n = step
    if name == "pass":
        views.house.clock.advance(days=n)
        await views.act_on_time()
        return
    with suppress(DomainError):
        if name == "signed":
            starts = views.house.clock.today
            text = clauses(starts_on=starts, ends_on=starts + timedelta(days=60 + n))
            await views.house.signed(record_id, clauses=text)
            return
        actor, build = ASKED[name]
        if name != "sign" or await views.feed.of([record_id]):
            reason = "" if name == "erase" else "parce que"
            await views.house.do(await build(views, record_id, n), actor, reason=reason)
