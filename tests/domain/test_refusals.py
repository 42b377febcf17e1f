"""A refusal is kept in clear, and told to whoever asks: it never quotes what is personal or typed freely.

Every command is tried, by everybody, on a convention at every stage. What is personal in the commands is
planted; what is personal in the record cannot be looked at without the test failing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, cast

import pytest

from domain.association import commands as of_association
from domain.association.model import Entitlement, EntitlementKind, Identity
from domain.calendar import PartialDate
from domain.commands import Command, command_types, handler_of
from domain.convention import commands as ask
from domain.convention import guards
from domain.convention.model import Convention
from domain.convention.parts import Capacity, Clauses, Coverage, EndCause, Medium, Party, PartyKind, Signatory
from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM, Act, Actor, DomainError, Refused
from domain.programme import commands as of_programme
from domain.programme.rules import Delay, MentorRules, Perimeter, Rules
from domain.reminding import RecordDelivery, Remind
from tests.domain.refusing import (
    MARK,
    Met,
    Shelf,
    Unlookable,
    codes,
    copied,
    quotes_nobody,
    refusals_at,
    rooms,
    told,
)
from tests.domain.rehearsal import OFFICER, settled
from tests.support import (
    AUDITOR,
    COORDINATOR,
    FACE,
    FACE_PARTY,
    GRENOBLE,
    LYON,
    NATIONAL,
    House,
    clauses,
    draft_command,
    fold_at,
)

ID: Final = "convention-1"
ACADEMIE: Final = "academie:10"
LYCEE: Final = Party("lycee:0690001A", PartyKind.LYCEE, "lycée de Vénissieux", public=True)
HEAD: Final = Actor("t-head", "lycee", frozenset({"public", LYCEE.key}))
EVERYBODY: Final = (LYON, COORDINATOR, HEAD, GRENOBLE, NATIONAL, AUDITOR, OFFICER, SYSTEM)


ELSEWHERE: Final = {
    "association": "test_association_refusals",
    "claims.py": "test_mentor_known",
    "company": "test_mentor_refusals",
    "imports": "test_import",
    "mentor": "test_mentor_refusals",
    "training": "test_mentor_refusals",
    "links.py": "test_association_refusals",
}
"""The rooms of the domain whose guards another test looks at in the same way."""


# The stages -------------------------------------------------------------------------------------------


def drafted(house: House) -> None:
    settled(house.drafted(ID, parties=(*draft_command().parties, LYCEE)))
    delegate = Signatory(MARK, "titre", Capacity.DELEGATION, f"arrêté {MARK}", date(2025, 12, 31))
    settled(house.do(ask.NameSignatory(record_id=ID, party=LYCEE.key, signatory=delegate)))
    announced = ask.Announce(record_id=ID, announced_for=PartialDate(date(2025, 12, 1)), source=MARK)
    settled(house.do(announced))


def announced_only(house: House) -> None:
    settled(house.do(draft_command(ID, clauses=Clauses(), coverage=Coverage(("08", "10")))))


def in_review(house: House) -> None:
    drafted(house)
    settled(house.do(ask.Submit(record_id=ID)))


def to_sign(house: House) -> None:
    in_review(house)
    settled(house.do(ask.SendForSignature(record_id=ID)))


def voted(house: House, days: int = 20) -> None:
    day = house.clock.today - timedelta(days=days)
    vote = ask.RecordVote(record_id=ID, party=LYCEE.key, voted_on=day, transmitted_on=day)
    settled(house.do(vote))


def partially_signed(house: House) -> None:
    to_sign(house)
    settled(house.sign(ID, ACADEMIE))
    voted(house, days=3)


def electronically_signed(house: House) -> None:
    to_sign(house)
    voted(house)
    text = settled(house.convention(ID)).text or ""
    for party in (LYCEE.key, FACE_PARTY):
        settled(house.sign(ID, party))
    on = PartialDate(house.clock.today)
    electronic = ask.Sign(record_id=ID, party=ACADEMIE, on=on, medium=Medium.ELECTRONIC, text_hash=text)
    settled(house.do(electronic))


def in_force(house: House) -> None:
    electronically_signed(house)
    house.clock.advance(days=30)
    settled(house.do(ask.EnterIntoForce(record_id=ID), SYSTEM))


def amended(house: House) -> None:
    in_force(house)
    settled(house.do(ask.ProposeAmendment(record_id=ID, clauses=clauses(mentees=9))))
    house.clock.advance(days=20)
    amendment = settled(house.convention(ID)).amendment
    assert amendment
    on = PartialDate(house.clock.today)
    sign = ask.SignAmendment(
        record_id=ID, party=ACADEMIE, on=on, medium=Medium.PAPER, text_hash=amendment.text_hash
    )
    settled(house.do(sign))


def denounced(house: House) -> None:
    in_force(house)
    notice = ask.Denounce(record_id=ID, party=ACADEMIE, on=house.clock.today)
    settled(house.do(notice, reason=MARK))


def of_old(house: House) -> None:
    announced_only(house)
    day = PartialDate(date(2025, 1, 30))
    history = ask.RecordHistory(
        record_id=ID, signed_on=day, in_force_from=day, ends_on=date(2026, 1, 29), evidence=MARK
    )
    settled(house.do(history))
    settled(house.do(ask.EnterIntoForce(record_id=ID), SYSTEM))
    report = ask.ReceiveReport(record_id=ID, report="bilan:2026", on=PartialDate(house.clock.today))
    settled(house.do(report))


def of_old_and_amended(house: House) -> None:
    of_old(house)
    settled(house.do(ask.ProposeAmendment(record_id=ID, clauses=clauses(mentees=9))))


def expired(house: House) -> None:
    in_force(house)
    renewal = ask.Renew(record_id=ID, successor_id="convention-2", title="Suite", clauses=clauses())
    settled(house.do(renewal))
    house.clock.advance(days=400)
    settled(house.do(ask.End(record_id=ID), SYSTEM))


def abandoned(house: House) -> None:
    drafted(house)
    settled(house.do(ask.Abandon(record_id=ID), reason=MARK))


def erased(house: House) -> None:
    in_force(house)
    settled(house.do(Erase(record_id=ID, ground=Ground.OBJECTION), OFFICER))


STAGES: Final[tuple[Callable[[House], None], ...]] = (
    announced_only,
    drafted,
    in_review,
    to_sign,
    partially_signed,
    electronically_signed,
    in_force,
    amended,
    denounced,
    of_old,
    of_old_and_amended,
    expired,
    abandoned,
    erased,
)


# What is tried ----------------------------------------------------------------------------------------


def asked(record: Convention, today: date, odd: str) -> Iterator[Command]:
    """Every command in every way that some guard may mind, whatever is personal in it being odd."""
    yield from _of_the_text(record, odd)
    yield from _of_signatures(record, today)
    yield from _of_its_life(record, today, odd)
    yield from _of_other_records(today)
    for ground in (Ground.OBJECTION, Ground.RETENTION):
        for record_id in (ID, FACE, "programme-1j1m", "convention-9"):
            yield from [Erase(record_id=record_id, ground=ground)] * 2


def _of_the_text(record: Convention, odd: str) -> Iterator[Command]:
    stranger = Party("association:association-x", PartyKind.OPERATOR, "X")
    for text in (clauses(), clauses(ends_on=date(2020, 1, 1)), Clauses()):
        yield replace(draft_command(ID), clauses=text)
        yield replace(draft_command("convention-7"), clauses=text)
        yield ask.SetClauses(record_id=ID, clauses=text)
        yield ask.ProposeAmendment(record_id=ID, clauses=text)
    yield replace(draft_command("convention-7"), programme_id="programme-ptech")
    yield ask.SetCoverage(record_id=ID, coverage=record.coverage)
    yield ask.Announce(record_id=ID, announced_for=PartialDate(date(2026, 1, 1)), source=odd)
    for party in (stranger, LYCEE):
        yield ask.AddParty(record_id=ID, party=party)
        yield ask.RemoveParty(record_id=ID, party=party.key)
    until = date(2025, 1, 1)
    for party_key in (ACADEMIE, FACE_PARTY, LYCEE.key, "state"):
        for signatory in (
            Signatory(odd, odd),
            Signatory(odd, odd, Capacity.DELEGATION),
            Signatory(odd, odd, Capacity.DELEGATION, odd, until),
        ):
            yield ask.NameSignatory(record_id=ID, party=party_key, signatory=signatory)


def _of_signatures(record: Convention, today: date) -> Iterator[Command]:
    texts = {record.text or "", record.amendment.text_hash if record.amendment else "", "0" * 64}
    days = [today, today + timedelta(days=3), today - timedelta(days=60)]
    for party in (ACADEMIE, FACE_PARTY, LYCEE.key, "state"):
        for day in days:
            yield ask.RecordVote(record_id=ID, party=party, voted_on=day, transmitted_on=today)
            yield ask.RecordVote(record_id=ID, party=party, voted_on=today, transmitted_on=day)
            for medium in Medium:
                for text in sorted(texts):
                    facts = {"party": party, "on": PartialDate(day), "medium": medium, "text_hash": text}
                    yield ask.Sign(record_id=ID, **cast("Any", facts))
                    yield ask.SignAmendment(record_id=ID, **cast("Any", facts))
    for kind in (ask.Submit, ask.Return, ask.SendForSignature, ask.WithdrawAmendment, ask.Abandon):
        yield kind(record_id=ID)


def _of_its_life(record: Convention, today: date, odd: str) -> Iterator[Command]:
    past, future = today - timedelta(days=500), today + timedelta(days=5)
    for signed_on, starts, ends_on, evidence in (
        (past, past, future, odd),
        (past, past, future, " "),
        (future, past, future, odd),
        (past, past, past - timedelta(days=1), odd),
        (past, past - timedelta(days=40), future, odd),
    ):
        yield ask.RecordHistory(
            record_id=ID,
            signed_on=PartialDate(signed_on),
            in_force_from=PartialDate(starts),
            ends_on=ends_on,
            evidence=evidence,
        )
    for report in ("bilan:2026", "financial:2099"):
        for day in (today, future):
            yield ask.ReceiveReport(record_id=ID, report=report, on=PartialDate(day))
    yield ask.Renew(record_id=ID, successor_id="convention-8", title="Suite", clauses=clauses())
    for party in (ACADEMIE, FACE_PARTY, "state"):
        yield ask.WithdrawNotice(record_id=ID, party=party)
        for day in (today, past, future, today - timedelta(days=2)):
            yield ask.Denounce(record_id=ID, party=party, on=day)
            yield ask.Denounce(record_id=ID, party=party, on=day, until=day)
    for cause in (EndCause.FAULT, EndCause.TERM):
        for day in (today, past):
            yield ask.Terminate(record_id=ID, cause=cause, effective=day)
    names = ("announced_for", "signed_on", "in_force_from", "ends_on", f"signature:{ACADEMIE}", "autre")
    for name in names:
        recorded = record.recorded_in.get(name, (1,))
        for day in (today, past, future, date(2025, 12, 10), today + timedelta(days=900)):
            for supersedes in {recorded[-1], 2, 999}:
                yield ask.Correct(record_id=ID, supersedes=supersedes, date_name=name, value=PartialDate(day))
    yield Remind(record_id=ID, key="review:1")
    yield ask.EnterIntoForce(record_id=ID)
    yield ask.MarkReportOverdue(record_id=ID, key="overdue:bilan:2026")
    yield ask.End(record_id=ID)
    yield RecordDelivery(record_id=ID, key="review:1", channel="mail", problem="boîte pleine")


def _of_other_records(today: date) -> Iterator[Command]:
    held = Entitlement(EntitlementKind.APPROVED, "A-1", (), today, today)
    yield of_association.RegisterAssociation(record_id=FACE, identity=Identity("X"), academies=("10",))
    yield of_association.ChangeIdentity(record_id=FACE, identity=Identity("X"))
    yield of_association.Extend(record_id=FACE, academie="10")
    yield of_association.GrantEntitlement(record_id=FACE, entitlement=held)
    yield of_association.GrantEntitlement(record_id=FACE, entitlement=replace(held, ends=date(2020, 1, 1)))
    for reference, day in (("?", today), ("AAP", date(2099, 1, 1)), ("AAP", date(2020, 1, 1))):
        yield of_association.EndEntitlement(record_id=FACE, reference=reference, on=day)
    for scheme in ("1j1m", "autre"):
        yield of_programme.OpenProgramme(
            record_id=f"programme-{scheme}", scheme=scheme, rules=Rules(), on=today
        )
    for rules, on in ((Rules(), date(2020, 1, 1)), (Rules(bilan_day=31), today), (Rules(), today)):
        yield of_programme.AdoptRules(record_id="programme-1j1m", rules=rules, on=on)
    beyond = Rules(retention=Delay(3_660))
    framed = Rules(mentors=MentorRules(honorabilite=(Perimeter("mission", today, source="loi n° 2022-140"),)))
    for rules in (beyond, framed):
        yield of_programme.AdoptRules(record_id="programme-1j1m", rules=rules, on=today, academie="10")
    for mentees in (3, -3):
        yield of_programme.SetTarget(
            record_id="programme-1j1m", academie="10", school_year="2025-2026", mentees=mentees, lycees=1
        )
    yield of_programme.SetTarget(
        record_id="programme-1j1m", academie="08", school_year="2025-2026", mentees=1, lycees=1
    )


def unlookable(record: Convention) -> Convention:
    """The record with nothing personal in it that could be looked at."""
    nothing = cast("str", Unlookable())
    again = cast("Convention", copied(record))
    again.signatories = {
        key: replace(who, name=nothing, delegation=nothing if who.delegation else None)
        for key, who in record.signatories.items()
    }
    again.evidence = nothing if record.evidence else None
    again.announced_in = nothing if record.announced_in else None
    return again


def attempts(stage: Callable[[House], None], odd: str) -> Iterator[tuple[Command, DomainError]]:
    """Everything that somebody is refused at this stage."""
    house = House()
    settled(house.open())
    award = Entitlement(EntitlementKind.LAUREATE, "AAP", (), date(2025, 1, 1), date(2030, 1, 1))
    settled(house.do(of_association.GrantEntitlement(record_id=FACE, entitlement=award)))
    later = of_programme.OpenProgramme(
        record_id="programme-ptech", scheme="ptech", rules=Rules(), on=date(2099, 9, 1)
    )
    settled(house.do(later, NATIONAL))
    stage(house)
    ids = (ID, FACE, "programme-1j1m", "programme-ptech", "convention-2")
    records = {i: found for i in ids if (found := settled(fold_at(house.recorder, i)))}
    record = records[ID]
    assert isinstance(record, Convention)
    records[ID] = unlookable(record)
    world, now = house.executor.world, house.clock.instant
    for n, command in enumerate(asked(record, house.clock.today, odd)):
        for actor in EVERYBODY:
            shelf = Shelf(records, world, actor, command)
            silent = n % 2 if isinstance(command, Erase) else n % 5 == 0
            reason = "" if silent else f"à la demande de {odd}"
            try:
                handler_of(command)(command, Act(actor, now, reason), cast("Any", shelf))
            except DomainError as refused:
                yield command, refused


@pytest.fixture(scope="module")
def met() -> list[Met]:
    return refusals_at(STAGES, attempts)


def test_no_refusal_quotes_what_is_personal(met: list[Met]) -> None:
    assert len(met) > 10_000
    quotes_nobody(met, different=100)


def test_a_guard_that_looks_at_a_person_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def indiscreet(convention: Convention, party: str, on: PartialDate) -> None:
        raise Refused("indiscreet", f"{convention.signatories[party].name} ne peut pas signer.")

    monkeypatch.setattr(guards, "signatory_entitled", indiscreet)
    with pytest.raises(AssertionError, match="looks at a personal value"):
        list(attempts(to_sign, MARK))
    quoting = Refused("indiscreet", "Cette personne ne peut pas signer.", (f"un autre que {MARK}",))
    assert [word for word in told(quoting, ask.Submit(record_id=ID)) if MARK in word]


def test_every_guard_of_the_house_has_refused_something(met: list[Met]) -> None:
    here = set(rooms()) - ELSEWHERE.keys()
    wanted = {c for c in command_types().values() if c.__module__.split(".")[1] not in ELSEWHERE}
    assert wanted <= {type(command) for _, command, _ in met}
    assert codes(*here) - {refused.code for _, _, refused in met} == {"person_needed"}
    """No timer comes as far as that guard: its role is not allowed to abandon."""


def test_the_guards_that_are_looked_at_elsewhere_are_looked_at_there() -> None:
    for room, module in ELSEWHERE.items():
        assert room in rooms()
        assert room in (Path(__file__).parent / f"{module}.py").read_text("utf-8")
