"""A refusal about an association quotes nothing personal, and every one of its guards refuses something.

As in ``test_refusals``: every command is tried, by everybody, at every stage. What is personal in the
commands is planted; what is personal in the record cannot be looked at without the test failing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final, cast

import pytest

from domain.association import commands as ask
from domain.association import guards
from domain.association.model import Association
from domain.association.parts import (
    Contact,
    ContactRole,
    Entitlement,
    EntitlementKind,
    Identity,
    SuspensionCause,
)
from domain.commands import Command, command_types, handler_of
from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM, Act, DomainError, Refused, Root
from domain.links import Channel
from domain.programme.rules import AdmissionRules
from domain.reminding import RecordDelivery, Remind
from tests.domain.association_support import (
    AWARD,
    PROGRAMME,
    UNTIL,
    Desk,
    guest,
    insurance,
    sha,
    version,
)
from tests.domain.refusing import MARK, Met, Shelf, Unlookable, codes, copied, quotes_nobody, refusals_at
from tests.domain.rehearsal import OFFICER, settled
from tests.support import AUDITOR, COORDINATOR, FACE, GRENOBLE, LYON, NATIONAL, draft_command, fold_at

ASKED: Final = ("charter", "insurance")
EVERYBODY: Final = (
    LYON,
    COORDINATOR,
    GRENOBLE,
    NATIONAL,
    AUDITOR,
    OFFICER,
    SYSTEM,
    *map(guest, ("l1", "l2")),
)
LEAD: Final = ContactRole.SAFEGUARDING_LEAD


# The stages -------------------------------------------------------------------------------------------


def invited(desk: Desk) -> None:
    who = Contact(MARK, f"{MARK}@face.test", MARK)
    desk.do(ask.NameContact(record_id=FACE, role=LEAD, contact=who))
    desk.do(ask.GrantEntitlement(record_id=FACE, entitlement=AWARD))
    desk.invited("l1", days=3)
    desk.invited("l2", days=30)


def invited_by_many(desk: Desk) -> None:
    invited(desk)
    for link in ("l3", "l4", "l5"):
        desk.invited(link)


def invited_long_ago(desk: Desk) -> None:
    invited(desk)
    desk.house.clock.advance(days=10)


def opened_by_link(desk: Desk) -> None:
    invited(desk)
    online = ask.OpenAdmission(record_id=FACE, programme_id=PROGRAMME, on=desk.today, channel=Channel.ONLINE)
    desk.do(online, guest(), MARK)


def being_read(desk: Desk) -> None:
    opened_by_link(desk)
    desk.receive("charter")
    desk.receive("insurance", insurance(desk.today))


def read_too_late(desk: Desk) -> None:
    being_read(desk)
    desk.house.clock.advance(days=2)


def complete(desk: Desk) -> None:
    opened_by_link(desk)
    desk.accept("charter")
    desk.accept("insurance", insurance(date(2026, 6, 30)))


def without_title(desk: Desk) -> None:
    complete(desk)
    desk.do(ask.EndEntitlement(record_id=FACE, reference=AWARD.reference, on=date(2025, 11, 1)))


def uninsured(desk: Desk) -> None:
    complete(desk)
    desk.at(date(2026, 7, 1))


def admitted(desk: Desk) -> None:
    complete(desk)
    desk.do(ask.Admit(record_id=FACE, on=desk.today))


def suspended(desk: Desk) -> None:
    admitted(desk)
    desk.do(ask.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=desk.today), reason=MARK)


def left(desk: Desk) -> None:
    suspended(desk)
    desk.do(ask.Leave(record_id=FACE, on=desk.today), reason=MARK)


def back(desk: Desk) -> None:
    left(desk)
    desk.open()
    desk.accept("charter")
    desk.accept("insurance")


def erased(desk: Desk) -> None:
    left(desk)
    desk.do(Erase(record_id=FACE, ground=Ground.OBJECTION), OFFICER, "")


STAGES: Final[tuple[Callable[[Desk], None], ...]] = (
    invited,
    invited_by_many,
    invited_long_ago,
    opened_by_link,
    being_read,
    read_too_late,
    complete,
    without_title,
    uninsured,
    admitted,
    suspended,
    left,
    back,
    erased,
)


# What is tried ----------------------------------------------------------------------------------------


def asked(today: date, odd: str) -> Iterator[Command]:
    """Every command in every way that some guard may mind, whatever is personal in it being odd."""
    yield from _of_itself(today, odd)
    yield from _of_documents(today)
    for day in (today, today + timedelta(days=1), date(2025, 11, 1)):
        for channel in (Channel.ONLINE, Channel.PAPER):
            for programme in (PROGRAMME, "programme-9"):
                yield ask.OpenAdmission(record_id=FACE, programme_id=programme, on=day, channel=channel)
        for conventions in ((), ("convention-1",), ("convention-9",)):
            yield ask.Admit(record_id=FACE, on=day, conventions=conventions)
        yield ask.Suspend(record_id=FACE, cause=SuspensionCause.REQUEST, on=day)
        yield ask.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=day)
        yield ask.Leave(record_id=FACE, on=day)
    for cause in (SuspensionCause.REQUEST, SuspensionCause.SAFEGUARDING, SuspensionCause.FAULT):
        yield ask.LiftSuspension(record_id=FACE, cause=cause)
    for kind in (ask.RefuseAdmission, ask.Lapse, ask.ExpireInsurance):
        yield kind(record_id=FACE)
    yield ask.ConcludeRelease(record_id=FACE, mentors=0)
    yield Remind(record_id=FACE, key="documents:1:2025-11-24:1")
    yield RecordDelivery(record_id=FACE, key="documents:1:2025-11-24:1", channel="mail", problem="plein")
    for ground in (Ground.OBJECTION, Ground.RETENTION):
        yield from [Erase(record_id=FACE, ground=ground)] * 2


def _of_itself(today: date, odd: str) -> Iterator[Command]:
    yield ask.RegisterAssociation(record_id=FACE, identity=Identity("X"), academies=("10",))
    yield ask.ChangeIdentity(record_id=FACE, identity=Identity("X"))
    yield ask.Extend(record_id=FACE, academie="10")
    for role in (LEAD, ContactRole.PRESIDENT):
        yield ask.NameContact(record_id=FACE, role=role, contact=Contact(odd, odd, odd))
        yield ask.RemoveContact(record_id=FACE, role=role)
    held = Entitlement(EntitlementKind.APPROVED, "A-1", (), today, today)
    for title in (held, replace(held, ends=date(2020, 1, 1))):
        yield ask.GrantEntitlement(record_id=FACE, entitlement=title)
    for reference in ("?", AWARD.reference):
        for day in (today, date(2099, 1, 1), date(2020, 1, 1)):
            yield ask.EndEntitlement(record_id=FACE, reference=reference, on=day)
    for link in ("l1", "l8", "l9"):
        yield ask.RevokeLink(record_id=FACE, link=link)
        for days in (10, -1, 31):
            until = today + timedelta(days=days)
            for action in ("admission", "candidacy", "form", "burn"):
                yield ask.IssueLink(
                    record_id=FACE, link=link, action=action, digest=sha(link), expires_on=until
                )


def _of_documents(today: date) -> Iterator[Command]:
    for document in ("charter", "insurance", "statutes", "horoscope"):
        yield ask.AskDocument(record_id=FACE, document=document)
        for received in (
            version(on=today),
            version(on=today + timedelta(days=1)),
            version(sha256="?"),
            version(media_type="text/html"),
            version(size=0),
            version(valid_until=date(2020, 1, 1)),
        ):
            yield ask.ReceiveDocument(record_id=FACE, document=document, version=received)
        for content in ("charter", "i"):
            for until in (None, UNTIL):
                yield ask.AcceptDocument(
                    record_id=FACE, document=document, sha256=sha(content), valid_until=until
                )
            yield ask.RefuseDocument(record_id=FACE, document=document, sha256=sha(content))


def unlookable(record: Association) -> Association:
    """The record with nothing personal in it that could be looked at."""
    nothing = cast("str", Unlookable())
    again = cast("Association", copied(record))
    again.contacts = dict.fromkeys(record.contacts, Contact(nothing, nothing, nothing))
    return again


def attempts(stage: Callable[[Desk], None], odd: str) -> Iterator[tuple[Command, DomainError]]:
    """Everything that somebody is refused at this stage."""
    desk = Desk(("08", "10"), admission=AdmissionRules(documents=ASKED), required_entitlements=("laureate",))
    stage(desk)
    if stage is not erased:
        desk.do(draft_command("convention-1"))
    records: dict[str, Root] = {
        i: found
        for i in (FACE, PROGRAMME, "convention-1")
        if (found := settled(fold_at(desk.house.recorder, i)))
    }
    records[FACE] = unlookable(desk.record)
    world, now = desk.house.executor.world, desk.house.clock.instant
    for n, command in enumerate(asked(desk.today, odd)):
        for actor in EVERYBODY:
            shelf = Shelf(records, world, actor, command)
            act = Act(actor, now, "" if n % 3 == 0 else f"à la demande de {odd}")
            try:
                handler_of(command)(command, act, cast("Any", shelf))
            except DomainError as refused:
                yield command, refused


@pytest.fixture(scope="module")
def met() -> list[Met]:
    return refusals_at(STAGES, attempts)


def test_no_refusal_quotes_what_is_personal(met: list[Met]) -> None:
    assert len(met) > 5_000
    quotes_nobody(met, different=80)


def test_a_guard_that_looks_at_a_contact_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def indiscreet(association: Association, reference: str) -> None:
        raise Refused("indiscreet", f"{association.contacts[LEAD].name} ne répond pas.")

    monkeypatch.setattr(guards, "held", indiscreet)
    with pytest.raises(AssertionError, match="looks at a personal value"):
        list(attempts(admitted, MARK))


def test_every_guard_of_an_association_has_refused_something(met: list[Met]) -> None:
    tried = {type(command) for _, command, _ in met}
    assert {c for name, c in command_types().items() if name.startswith("association.")} <= tried
    untold = codes("association", "links.py", "guards.py") - {no.code for _, _, no in met}
    assert untold == {"link_revoked", "link_full", "candidacies_closed", "lycee_elsewhere", "proposals_full"}
    """A link that was revoked shows nothing of the record: whoever still has it finds none (test_links). The
    others are told to candidates, and to lycées (test_candidacies)."""
