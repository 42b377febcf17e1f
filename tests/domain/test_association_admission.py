"""The admission of an association: opened, completed, assessed, decided; then interrupted, or ended."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.association import commands as ask
from domain.association.parts import (
    BLOCK_LABELS,
    CONTACT_LABELS,
    DOCUMENT_STATE_LABELS,
    STATUS_LABELS,
    SUSPENSION_LABELS,
    Block,
    Contact,
    ContactRole,
    DocumentState,
    EntitlementKind,
    Status,
    SuspensionCause,
)
from domain.calendar import start_of
from domain.commands import Command
from domain.folding import standing_at
from domain.kernel import SYSTEM, NotFound
from domain.links import CHANNEL_LABELS, Channel
from domain.programme.rules import AdmissionRules
from ledger.events import happened
from tests.domain.association_support import (
    ALL,
    AWARD,
    PROGRAMME,
    Desk,
    guest,
    insurance,
    renamed,
    sha,
    version,
)
from tests.domain.rehearsal import settled
from tests.support import COORDINATOR, FACE, GRENOBLE

MONDAY = date(2025, 11, 24)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_file_is_opened_completed_and_admitted(desk: Desk) -> None:
    assert desk.record.status == "candidate"
    desk.open()
    record = desk.record
    assert (record.status, record.programme_id, record.scheme) == ("in_admission", PROGRAMME, "1j1m")
    assert (record.round, record.rules_version, record.opened_on) == (1, 1, MONDAY)
    assert record.missing_documents == ALL
    desk.at(date(2025, 12, 1))
    for document in ALL[:-1]:
        desk.accept(document)
    assert desk.record.complete_on is None
    desk.at(date(2025, 12, 3))
    desk.accept(ALL[-1])
    assert desk.record.complete_on == date(2025, 12, 3)
    desk.do(ask.Admit(record_id=FACE, on=date(2025, 12, 3)))
    assert desk.record.status == "admitted"
    assert desk.record.blocks(desk.today) == []


def test_it_asks_for_the_documents_that_the_rules_ask_for_and_for_one_more(desk: Desk) -> None:
    desk = Desk(admission=AdmissionRules(documents=("charter",)))
    desk.open()
    desk.accept("charter")
    assert desk.record.complete_on == MONDAY
    for _ in range(2):
        desk.do(ask.AskDocument(record_id=FACE, document="statutes"))
    assert desk.record.missing_documents == ("statutes",)
    assert desk.record.complete_on is None
    assert desk.topics().count("DocumentAsked") == 1
    assert desk.refused(ask.Admit(record_id=FACE, on=MONDAY)).missing == ("statuts",)
    desk.at(date(2025, 12, 1))
    desk.accept("statutes")
    assert desk.record.complete_on == date(2025, 12, 1)


def test_a_newer_version_waits_beside_the_accepted_one_which_counts_until_then(desk: Desk) -> None:
    desk.completed()
    first = desk.record.documents["charter"]
    assert (first.state, first.accepted) == ("accepted", version("charter"))
    desk.receive("charter", version("b"))
    desk.receive("charter", version("c"))
    held = desk.record.documents["charter"]
    assert (held.state, held.pending, held.accepted) == ("received", version("c"), version("charter"))
    assert desk.record.complete_on == MONDAY
    stale = ask.AcceptDocument(record_id=FACE, document="charter", sha256=sha("b"))
    no = desk.refused(stale)
    assert (no.code, no.missing) == (
        "document_changed",
        (f"une décision sur celle dont l'empreinte est {sha('c')}",),
    )
    desk.do(ask.RefuseDocument(record_id=FACE, document="charter", sha256=sha("c")))
    assert desk.record.documents["charter"].state == "accepted"
    assert desk.record.documents["charter"].accepted == version("charter")
    desk.accept("charter", version("d"))
    assert desk.record.documents["charter"].accepted == version("d")


def test_the_same_file_sent_again_with_another_last_day_is_not_accepted_as_the_one_that_was_read(
    desk: Desk,
) -> None:
    """The académie has read until when it runs; the operator then sends it again, dated otherwise."""
    desk.open()
    read = insurance(date(2026, 6, 30))
    desk.receive("insurance", read)
    desk.receive("insurance", insurance(date(2036, 6, 30)))

    def accept(until: date | None) -> Command:
        return ask.AcceptDocument(record_id=FACE, document="insurance", sha256=read.sha256, valid_until=until)

    for until in (read.valid_until, None):
        no = desk.refused(accept(until))
        assert (no.code, no.missing) == (
            "document_changed",
            ("une décision sur la version reçue, qui vaut jusqu'au 30 juin 2036 (valid_until)",),
        )
    desk.do(accept(date(2036, 6, 30)))
    assert desk.record.insured_until == date(2036, 6, 30)


def test_the_same_file_twice_is_one_version(desk: Desk) -> None:
    desk.open()
    for _ in range(2):
        desk.receive("charter")
    desk.do(ask.AcceptDocument(record_id=FACE, document="charter", sha256=sha("charter")))
    desk.receive("charter")
    assert desk.topics().count("DocumentReceived") == 1
    assert desk.record.documents["charter"].state == "accepted"


def test_a_refused_document_is_missing_again(desk: Desk) -> None:
    desk.open()
    desk.refuse("charter")
    assert desk.record.documents["charter"].state == "refused"
    assert "charter" in desk.record.missing_documents
    desk.receive("charter")
    assert "charter" not in desk.record.missing_documents


def test_opened_again_everything_is_asked_again(desk: Desk) -> None:
    desk.completed()
    desk.do(ask.RefuseAdmission(record_id=FACE))
    assert (desk.record.status, desk.record.closed_on) == ("refused", MONDAY)
    desk.at(date(2026, 1, 12))
    desk.open()
    record = desk.record
    assert (record.status, record.round, record.closed_on) == ("in_admission", 2, None)
    assert record.missing_documents == ALL
    assert record.complete_on is None
    assert record.insured_until is None


def test_it_leaves_from_any_moment_of_its_admission_and_may_come_back(desk: Desk) -> None:
    desk.admitted()
    desk.do(ask.Leave(record_id=FACE, on=MONDAY), COORDINATOR)
    assert (desk.record.status, desk.record.closed_on) == ("left", MONDAY)
    desk.open()
    desk.do(ask.Leave(record_id=FACE, on=MONDAY))
    assert desk.record.status == "left"


def test_a_suspension_has_its_cause_and_is_lifted(desk: Desk) -> None:
    desk.admitted()
    desk.do(ask.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=MONDAY))
    record = desk.record
    assert (record.status, set(record.suspensions)) == ("suspended", {("10", SuspensionCause.FAULT)})
    assert record.blocks(MONDAY) == [Block.SUSPENDED]
    desk.do(ask.LiftSuspension(record_id=FACE, cause=SuspensionCause.FAULT))
    assert (desk.record.status, desk.record.suspensions) == ("admitted", {})
    assert desk.record.blocks(MONDAY) == []


def test_causes_of_suspension_are_lifted_each_by_itself_in_any_order(desk: Desk) -> None:
    """The first day is the status's own: it is suspended since then, whatever comes on top."""
    fault, safeguarding = SuspensionCause.FAULT, SuspensionCause.SAFEGUARDING
    desk.admitted()
    desk.do(ask.Suspend(record_id=FACE, cause=fault, on=MONDAY))
    desk.at(date(2025, 12, 1))
    desk.do(ask.Suspend(record_id=FACE, cause=safeguarding, on=date(2025, 11, 28)))
    assert desk.record.suspensions == {("10", fault): MONDAY, ("10", safeguarding): date(2025, 11, 28)}
    assert desk.record.status_since == MONDAY
    assert desk.refused(ask.Suspend(record_id=FACE, cause=fault, on=desk.today)).code == "already_suspended"
    desk.do(ask.LiftSuspension(record_id=FACE, cause=fault))
    assert desk.record.status == "suspended"
    no = desk.refused(ask.LiftSuspension(record_id=FACE, cause=fault))
    assert no.code == "not_suspended"
    assert "protection" not in no.sentence + "".join(no.missing), "a refusal is read by many"
    assert len([one for one in desk.dues() if one.kind == "lift_suspension"]) == 1
    desk.at(date(2025, 12, 3))
    desk.do(ask.LiftSuspension(record_id=FACE, cause=safeguarding))
    assert (desk.record.status, desk.record.status_since) == ("admitted", date(2025, 12, 3))
    desk.do(ask.Suspend(record_id=FACE, cause=fault, on=desk.today))
    desk.do(ask.Leave(record_id=FACE, on=desk.today))
    desk.open()
    assert set(desk.record.suspensions) == {("10", fault)}, "nobody leaves a suspension"


def test_the_status_of_a_day_is_the_one_that_was_true_that_day(desk: Desk) -> None:
    desk.open()
    desk.at(date(2025, 12, 10))
    for document in ALL:
        desk.accept(document)
    desk.do(ask.Admit(record_id=FACE, on=date(2025, 12, 8)))
    desk.do(ask.Suspend(record_id=FACE, cause=SuspensionCause.REQUEST, on=date(2025, 12, 9)))
    stored = [happened(one) for one in settled(desk.house.recorder.load([FACE])).events]
    now = desk.house.clock.instant

    def told(day: date) -> str | None:
        found = standing_at(stored, start_of(day) + timedelta(hours=12), now)
        return found.status if found else None

    days = [date(2025, 11, 23), MONDAY, date(2025, 12, 7), date(2025, 12, 8), date(2025, 12, 9)]
    assert [told(day) for day in days] == [None, "in_admission", "in_admission", "admitted", "suspended"]


# Refusals ---------------------------------------------------------------------------------------------

OPEN = ask.OpenAdmission(record_id=FACE, programme_id=PROGRAMME, on=MONDAY, channel=Channel.PAPER)
CHARTER = ask.ReceiveDocument(record_id=FACE, document="charter", version=version())
STATES = ("candidate", "in_admission", "complete", "admitted", "suspended", "left")
WRONG = {
    OPEN: ("in_admission", "complete", "admitted", "suspended"),
    ask.AskDocument(record_id=FACE, document="charter"): ("candidate", "left"),
    CHARTER: ("candidate", "left"),
    ask.AcceptDocument(record_id=FACE, document="charter", sha256=sha("a")): ("candidate", "left"),
    ask.RefuseDocument(record_id=FACE, document="charter", sha256=sha("a")): ("candidate", "left"),
    ask.Admit(record_id=FACE, on=MONDAY): ("candidate", "admitted", "suspended", "left"),
    ask.RefuseAdmission(record_id=FACE): ("candidate", "admitted", "suspended", "left"),
    ask.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=MONDAY): (
        "candidate",
        "in_admission",
        "complete",
        "left",
    ),
    ask.LiftSuspension(record_id=FACE, cause=SuspensionCause.FAULT): ("candidate", "admitted"),
    ask.Leave(record_id=FACE, on=MONDAY): ("candidate", "left"),
}


def brought_to(desk: Desk, state: str) -> None:
    if state == "in_admission":
        desk.open()
    elif state == "complete":
        desk.completed()
    elif state != "candidate":
        desk.admitted()
    if state == "suspended":
        desk.do(ask.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=MONDAY))
    if state == "left":
        desk.do(ask.Leave(record_id=FACE, on=MONDAY))


@pytest.mark.parametrize("state", STATES)
def test_what_is_not_of_that_state_is_refused_and_names_the_state(desk: Desk, state: str) -> None:
    brought_to(desk, state)
    label = STATUS_LABELS[Status(desk.record.status)]
    for command in [command for command, states in WRONG.items() if state in states]:
        no = desk.refused(command)
        assert no.code == "wrong_status", command
        assert f"« {label} »" in no.sentence
        assert no.missing[0].startswith("une association ")


def received(document: str = "charter", **changes: object) -> Command:
    return ask.ReceiveDocument(record_id=FACE, document=document, version=version(**changes))  # type: ignore[arg-type]


REFUSED: list[tuple[str, Command, str]] = [
    ("candidate", ask.OpenAdmission(record_id=FACE, programme_id=PROGRAMME, on=date(2025, 11, 25),
     channel=Channel.PAPER), "in_the_future"),
    ("candidate", ask.OpenAdmission(record_id=FACE, programme_id="programme-9", on=MONDAY,
     channel=Channel.PAPER), "unknown_record"),
    ("left", ask.OpenAdmission(record_id=FACE, programme_id=PROGRAMME, on=date(2025, 11, 23),
     channel=Channel.PAPER), "before_last_change"),
    ("in_admission", ask.AskDocument(record_id=FACE, document="horoscope"), "document_unknown"),
    ("in_admission", received("horoscope"), "document_unknown"),
    ("in_admission", received(on=date(2025, 11, 25)), "in_the_future"),
    ("in_admission", received(sha256="A" * 64), "hash_malformed"),
    ("in_admission", received(sha256="a" * 63), "hash_malformed"),
    ("in_admission", received(media_type="text/html"), "media_type_refused"),
    ("in_admission", received(size=0), "size_refused"),
    ("in_admission", received(size=10 * 1024 * 1024 + 1), "size_refused"),
    ("in_admission", received("insurance"), "valid_until_missing"),
    ("in_admission", received("insurance", valid_until=date(2025, 11, 23)), "document_expired"),
    ("in_admission", ask.AcceptDocument(record_id=FACE, document="charter", sha256=sha("a")),
     "nothing_received"),
    ("in_admission", ask.RefuseDocument(record_id=FACE, document="charter", sha256=sha("a")),
     "nothing_received"),
    ("in_admission", ask.Admit(record_id=FACE, on=MONDAY), "documents_missing"),
    ("complete", ask.Admit(record_id=FACE, on=date(2025, 11, 25)), "in_the_future"),
    ("complete", ask.Admit(record_id=FACE, on=date(2025, 11, 23)), "before_last_change"),
    ("complete", ask.Admit(record_id=FACE, on=MONDAY, conventions=("convention-9",)), "unknown_record"),
    ("admitted", ask.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=date(2025, 11, 25)),
     "in_the_future"),
    ("admitted", ask.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=date(2025, 11, 23)),
     "before_last_change"),
    ("admitted", ask.Leave(record_id=FACE, on=date(2025, 11, 25)), "in_the_future"),
    ("admitted", ask.Leave(record_id=FACE, on=date(2025, 11, 23)), "before_last_change"),
    ("candidate", ask.RemoveContact(record_id=FACE, role=ContactRole.PRESIDENT), "no_such_contact"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "command", "code"), REFUSED)
def test_each_guard_refuses_under_its_own_code(desk: Desk, state: str, command: Command, code: str) -> None:
    brought_to(desk, state)
    no = desk.refused(command)
    assert (no.code, bool(no.missing)) == (code, True)


def test_a_document_that_nobody_asked_for_is_refused() -> None:
    desk = Desk(admission=AdmissionRules(documents=("charter",)))
    desk.open()
    no = desk.refused(received("statutes"))
    assert (no.code, no.missing) == (
        "document_not_asked",
        ("l'une de : charter", "ou une demande de cette pièce"),
    )


@pytest.mark.parametrize("size", [1, 10 * 1024 * 1024])
def test_the_smallest_and_the_largest_file_are_taken(desk: Desk, size: int) -> None:
    desk.open()
    desk.do(received(size=size))
    assert desk.record.documents["charter"].state == "received"


def test_what_a_person_decides_against_somebody_has_its_reason(desk: Desk) -> None:
    desk.open()
    desk.receive("charter")
    for command in (
        ask.RefuseDocument(record_id=FACE, document="charter", sha256=sha("charter")),
        ask.RefuseAdmission(record_id=FACE),
        ask.Leave(record_id=FACE, on=MONDAY),
    ):
        assert desk.refused(command, reason=" ").code == "reason_missing"
    desk = Desk()
    desk.admitted()
    suspend = ask.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=MONDAY)
    assert desk.refused(suspend, reason="").code == "reason_missing"
    desk.do(suspend)
    assert (
        desk.refused(ask.LiftSuspension(record_id=FACE, cause=SuspensionCause.FAULT), reason="").code
        == "reason_missing"
    )


def test_an_insurance_that_runs_out_before_the_decision_stops_it(desk: Desk) -> None:
    desk.completed(until=date(2025, 12, 1))
    desk.at(date(2025, 12, 2))
    assert desk.refused(ask.Admit(record_id=FACE, on=desk.today)).code == "insurance_lapsed"
    late = ask.ReceiveDocument(
        record_id=FACE, document="insurance", version=insurance(date(2025, 12, 5), "z")
    )
    desk.do(late)
    desk.at(date(2025, 12, 6))
    accept = ask.AcceptDocument(
        record_id=FACE, document="insurance", sha256=sha("z"), valid_until=date(2025, 12, 5)
    )
    no = desk.refused(accept)
    assert no.code == "document_expired"
    desk.accept("insurance", insurance(date(2026, 12, 31), "y"))
    desk.do(ask.Admit(record_id=FACE, on=desk.today))


def test_an_academie_assesses_an_association_answers_and_nobody_else_knows(desk: Desk) -> None:
    assert desk.refused(OPEN, COORDINATOR).code == "role_not_allowed"
    assert isinstance(desk.refused(OPEN, GRENOBLE), NotFound)
    desk.open()
    desk.do(CHARTER, COORDINATOR)
    accept = ask.AcceptDocument(record_id=FACE, document="charter", sha256=sha("a"))
    assert desk.refused(accept, COORDINATOR).code == "role_not_allowed"
    for command in (ask.RefuseAdmission(record_id=FACE), ask.AskDocument(record_id=FACE, document="charter")):
        assert desk.refused(command, COORDINATOR).code == "role_not_allowed"
    assert desk.refused(ask.Lapse(record_id=FACE)).code == "role_not_allowed"


# Contacts ---------------------------------------------------------------------------------------------


def test_a_contact_is_sealed_replaced_and_removed(desk: Desk) -> None:
    first = Contact("Camille Exemple", "camille@face.test")
    lead = ContactRole.SAFEGUARDING_LEAD
    for contact in (first, Contact("Dominique Modèle", phone="0600000000")):
        desk.do(ask.NameContact(record_id=FACE, role=lead, contact=contact), COORDINATOR)
    stored = settled(desk.house.recorder.load([FACE])).events
    assert not [one for one in stored if "Camille" in one.state or "0600000000" in one.state]
    held = desk.record.contacts[lead]
    assert (held.mailbox, held.name == "Dominique Modèle") == (None, False)
    desk.do(ask.RemoveContact(record_id=FACE, role=lead), COORDINATOR)
    assert desk.record.contacts == {}


# Titles and blocks ------------------------------------------------------------------------------------


def test_each_title_lapses_alone_and_blocks_only_if_the_rules_required_it() -> None:
    desk = Desk(required_entitlements=("laureate",))
    award = renamed(AWARD, ends=date(2026, 1, 31))
    approval = renamed(
        AWARD, kind=EntitlementKind.APPROVED, reference="AG-1", schemes=(), ends=date(2025, 12, 31)
    )
    for title in (award, approval):
        desk.do(ask.GrantEntitlement(record_id=FACE, entitlement=title))
    desk.admitted()
    record = desk.record
    assert [one.reference for one in record.entitlements_on(date(2025, 12, 31))] == ["AAP-2025-12", "AG-1"]
    assert [one.reference for one in record.entitlements_on(date(2026, 1, 31))] == ["AAP-2025-12"]
    assert record.entitlements_on(date(2026, 2, 1)) == ()
    assert record.blocks(date(2026, 1, 31)) == []
    assert record.blocks(date(2026, 2, 1)) == [Block.ENTITLEMENT_LAPSED]
    assert record.status == "admitted"


def test_a_lapsed_insurance_blocks_from_the_day_after_and_the_status_stays(desk: Desk) -> None:
    desk.admitted(until=date(2026, 3, 31))
    desk.at(date(2026, 4, 1))
    record = desk.record
    assert (record.insured(date(2026, 3, 31)), record.insured(date(2026, 4, 1))) == (True, False)
    assert record.blocks(date(2026, 3, 31)) == []
    assert record.blocks(date(2026, 4, 1)) == [Block.INSURANCE_LAPSED]
    assert record.status == "admitted"
    desk.accept("insurance", insurance(date(2027, 3, 31), "new"))
    assert desk.record.blocks(date(2026, 4, 1)) == []


# The invitation ---------------------------------------------------------------------------------------


def test_an_invited_operator_opens_its_admission_once(desk: Desk) -> None:
    desk.invited()
    online = ask.OpenAdmission(record_id=FACE, programme_id=PROGRAMME, on=MONDAY, channel=Channel.ONLINE)
    desk.do(online, guest(), "")
    assert desk.topics()[-2:] == ["LinkSpent", "AdmissionOpened"]
    assert desk.record.status == "in_admission"
    for late in (online, CHARTER):
        assert desk.refused(late, guest(), "").code == "link_spent"
    assert isinstance(desk.refused(online, guest("l9"), ""), NotFound)


def test_a_link_that_was_not_of_use_is_not_spent(desk: Desk) -> None:
    desk.invited()
    desk.open()
    online = ask.OpenAdmission(record_id=FACE, programme_id=PROGRAMME, on=MONDAY, channel=Channel.ONLINE)
    assert desk.refused(online, guest(), "").code == "wrong_status"
    assert desk.refused(CHARTER, guest(), "").code == "role_not_allowed"
    assert desk.record.links["l1"].is_live


@pytest.mark.parametrize(("channel", "on"), [(Channel.PAPER, MONDAY), (Channel.ONLINE, date(2025, 11, 21))])
def test_by_a_link_one_acts_online_and_today(desk: Desk, channel: Channel, on: date) -> None:
    desk.invited()
    command = ask.OpenAdmission(record_id=FACE, programme_id=PROGRAMME, on=on, channel=channel)
    assert desk.refused(command, guest(), "").code == "online_today"
    desk.do(command)
    assert desk.record.opened_on == on


def test_nobody_is_invited_to_what_is_open_already(desk: Desk) -> None:
    desk.open()
    command = ask.IssueLink(
        record_id=FACE, link="l1", action="admission", digest=sha("l1"), expires_on=date(2025, 12, 1)
    )
    assert desk.refused(command).code == "wrong_status"


# Words ------------------------------------------------------------------------------------------------


def test_everything_shown_has_its_french_word() -> None:
    for labels, words in (
        (STATUS_LABELS, Status),
        (DOCUMENT_STATE_LABELS, DocumentState),
        (BLOCK_LABELS, Block),
        (SUSPENSION_LABELS, SuspensionCause),
        (CONTACT_LABELS, ContactRole),
        (CHANNEL_LABELS, Channel),
    ):
        assert set(labels) == set(words)
    assert STATUS_LABELS[Status.ADMITTED] == "référencée"


def test_the_lapse_of_a_file_is_idempotent(desk: Desk) -> None:
    desk.open()
    desk.at(date(2025, 12, 8))
    desk.reminded()
    desk.house.clock.instant = datetime(2026, 2, 2, 12, tzinfo=UTC)
    desk.do(ask.Lapse(record_id=FACE), SYSTEM, "")
    assert desk.record.status == "in_admission"
    desk.house.clock.instant = datetime(2026, 2, 3, 12, tzinfo=UTC)
    for _ in range(2):
        desk.do(ask.Lapse(record_id=FACE), SYSTEM, "")
    assert (desk.record.status, desk.record.closed_on) == ("lapsed", date(2026, 2, 3))
    assert desk.topics().count("Lapsed") == 1
