"""What an association waits for, on days written by hand from the calendar of Lyon (zone A).

Holidays: 20 December 2025 to 4 January 2026, 7 to 22 February 2026.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from domain.association import commands as ask
from domain.association.parts import EntitlementKind, SuspensionCause
from domain.calendar import start_of
from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM
from domain.programme.rules import AdmissionRules, Delay, Rules, Unit
from domain.reminding import RecordDelivery, Remind
from tests.domain.association_support import ALL, AWARD, Desk, insurance, renamed, sha, version
from tests.support import COORDINATOR, FACE, FACE_PARTY


@pytest.fixture
def desk() -> Desk:
    return Desk()


def kinds(desk: Desk) -> list[str]:
    return [one.kind for one in desk.dues()]


def test_before_its_admission_nothing_is_due(desk: Desk) -> None:
    desk.do(ask.GrantEntitlement(record_id=FACE, entitlement=AWARD))
    desk.at(date(2026, 12, 1))
    assert desk.dues() == []
    desk.do(Remind(record_id=FACE, key="documents:0:None:1"), SYSTEM, "")
    desk.do(ask.Lapse(record_id=FACE), SYSTEM, "")
    assert desk.topics() == ["Registered", "EntitlementGranted"]


def test_documents_are_reminded_on_the_fifth_and_tenth_school_day(desk: Desk) -> None:
    desk.open()
    due = desk.due("remind_documents")
    assert (due.at, due.by) == (start_of(date(2025, 12, 1)), date(2026, 2, 2)), "its term is the lapse's"
    assert (due.awaits, due.automatic) == ((FACE_PARTY,), True)
    assert due.missing == (
        "statuts",
        "attestation d'assurance",
        "accord de protection des données",
        "politique de protection des mineurs",
        "charte signée",
    )
    assert desk.ready() == []
    desk.at(date(2025, 12, 1))
    assert list(desk.remind()) == ["documents:1:2025-11-24:1"]
    assert desk.due("remind_documents").at == start_of(date(2025, 12, 8))
    desk.at(date(2025, 12, 8))
    assert list(desk.remind()) == ["documents:1:2025-11-24:2"]
    still = desk.due("remind_documents")
    assert (still.automatic, still.by) == (False, date(2026, 2, 2))
    reminder = desk.record.reminders["documents:1:2025-11-24:2"]
    assert (reminder.kind, reminder.to, reminder.due_on) == (
        "remind_documents",
        FACE_PARTY,
        date(2025, 12, 8),
    )


def test_a_reminder_that_time_has_overtaken_is_not_sent(desk: Desk) -> None:
    desk.open()
    desk.at(date(2025, 12, 9))
    assert list(desk.remind()) == ["documents:1:2025-11-24:2"]
    assert not [key for key in desk.record.reminders if key.endswith(":1")]


def test_a_refusal_starts_the_reminders_again(desk: Desk) -> None:
    desk.open()
    desk.at(date(2025, 12, 8))
    desk.refuse("charter")
    assert desk.due("remind_documents").at == start_of(date(2025, 12, 15))
    desk.at(date(2026, 1, 5))
    assert list(desk.remind()) == ["documents:1:2025-12-08:2"]


def test_what_was_received_awaits_the_academie_and_nobody_else(desk: Desk) -> None:
    desk.open()
    desk.at(date(2025, 11, 26))
    desk.receive("charter", version("c", on=date(2025, 11, 25)))
    due = desk.due("read_document")
    assert (due.awaits, due.automatic, due.at) == (("academie:10",), False, start_of(date(2025, 11, 26)))
    assert due.by == date(2025, 12, 10)
    assert due.what == "Accepter ou refuser la pièce reçue : charte signée"
    assert "charte signée" not in desk.due("remind_documents").missing
    for document in ALL[:-1]:
        desk.receive(document)
    assert {one.awaits for one in desk.dues()} == {("academie:10",), ("drafpic:10",)}
    assert kinds(desk).count("read_document") == 5
    desk.at(date(2026, 4, 1))
    assert {one.kind for one in desk.ready()} == {"escalate_assessment"}, "its own delay never makes it lapse"


def test_a_file_handed_in_whole_that_nobody_reads_has_a_term(desk: Desk) -> None:
    """Handed in on Monday 24 November: ten school days later is Monday 8 December."""
    desk.open()
    for document in ALL:
        desk.receive(document)
    assert (desk.record.handed_on, desk.record.complete_on) == (date(2025, 11, 24), None)
    due, escalation = desk.due("remind_assessment"), desk.due("escalate_assessment")
    assert (due.at, due.by) == (start_of(date(2025, 12, 8)), date(2025, 12, 8))
    assert due.awaits == ("academie:10",)
    assert due.missing[0] == "statuts : reçue, à lire"
    assert len(due.missing) == 5
    assert (escalation.at, escalation.awaits) == (start_of(date(2025, 12, 9)), ("drafpic:10",))
    assert {one.by for one in desk.dues()} == {date(2025, 12, 8)}, "reading it has the same term"
    assert "remind_reading" not in kinds(desk), "one series of reminders is enough"
    desk.at(date(2025, 12, 8))
    assert list(desk.remind()) == ["assessment:1:2025-11-24:term"]
    desk.at(date(2025, 12, 9))
    assert list(desk.remind()) == ["assessment:1:2025-11-24:escalation"]


def test_the_term_stops_while_something_is_refused_or_asked_and_runs_again_once_it_was_given(
    desk: Desk,
) -> None:
    desk.open()
    for document in ALL:
        desk.receive(document)
    desk.at(date(2025, 12, 3))
    desk.do(ask.RefuseDocument(record_id=FACE, document="charter", sha256=sha("charter")))
    assert desk.record.handed_on is None
    assert "remind_assessment" not in kinds(desk)
    desk.at(date(2025, 12, 9))
    assert list(desk.remind()) == ["reading:1:2025-11-24:escalation"], "the others are still to be read"
    desk.at(date(2025, 12, 10))
    desk.receive("charter", version("c2"))
    assert desk.due("remind_assessment").by == date(2026, 1, 7)
    assert desk.due("escalate_assessment").key == "assessment:1:2025-12-10:escalation"


def test_what_was_asked_after_a_complete_file_stops_the_term_until_it_is_given(desk: Desk) -> None:
    desk = Desk(admission=AdmissionRules(documents=("charter",)))
    desk.open()
    desk.accept("charter")
    assert desk.due("remind_assessment").by == date(2025, 12, 8)
    desk.do(ask.AskDocument(record_id=FACE, document="statutes"))
    assert "remind_assessment" not in kinds(desk)
    desk.at(date(2025, 12, 1))
    desk.receive("statutes")
    assert desk.due("remind_assessment").by == date(2025, 12, 15)


def test_the_term_runs_from_the_day_on_which_a_file_was_handed_in_whatever_day_is_told(desk: Desk) -> None:
    desk = Desk(admission=AdmissionRules(documents=("charter",)))
    desk.open()
    desk.at(date(2025, 12, 10))
    desk.receive("charter", version("c", on=date(2025, 11, 24)))
    assert desk.record.handed_on == date(2025, 12, 10)
    assert desk.due("read_document").by == date(2026, 1, 7)


def test_what_an_admitted_operator_hands_in_is_read_within_the_same_term(desk: Desk) -> None:
    """Monday 1 June 2026, then ten school days: Monday 15 June."""
    desk.admitted(until=date(2026, 6, 30))
    desk.at(date(2026, 6, 1))
    desk.receive("insurance", insurance(date(2027, 6, 30), "new"))
    reading, escalation = desk.due("remind_reading"), desk.due("escalate_reading")
    assert (reading.by, reading.awaits) == (date(2026, 6, 15), ("academie:10",))
    assert reading.missing == ("attestation d'assurance",)
    assert (escalation.at, escalation.awaits) == (start_of(date(2026, 6, 16)), ("drafpic:10",))
    desk.at(date(2026, 6, 15))
    assert set(desk.remind()) == {"insurance:1:2026-06-30:before", "reading:1:2026-06-01:term"}
    desk.do(desk.acceptance("insurance", sha("new")))
    assert kinds(desk) == ["alert_insurance"], "nobody is chased for what they have done"


def test_an_incomplete_file_lapses_after_its_fortieth_school_day(desk: Desk) -> None:
    desk.open()
    due = desk.due("lapse")
    assert (due.by, due.at) == (date(2026, 2, 2), start_of(date(2026, 2, 3)))
    assert due.key == "lapse:1"


def test_a_lapse_is_dated_of_its_own_day_however_late_a_worker_comes(desk: Desk) -> None:
    desk.open()
    desk.at(date(2025, 12, 8))
    desk.reminded()
    desk.at(date(2026, 2, 20))
    desk.do(ask.Lapse(record_id=FACE), SYSTEM, "")
    assert (desk.record.status, desk.record.closed_on) == ("lapsed", date(2026, 2, 3))


def test_after_an_outage_a_file_is_reminded_first_and_lapses_as_long_after_as_the_rules_leave(
    desk: Desk,
) -> None:
    """Nothing worked until Monday 1 June 2026. The rules leave thirty school days after the second reminder:
    they run from the day on which it came, Tuesday 2 June."""
    desk.open()
    desk.at(date(2026, 6, 1))
    assert "lapse" not in [one.kind for one in desk.ready()]
    desk.do(ask.Lapse(record_id=FACE), SYSTEM, "")
    assert desk.record.status == "in_admission"
    assert desk.due("remind_documents").key == "documents:1:2025-11-24:2"
    desk.at(date(2026, 6, 2))
    desk.reminded()
    calendar = desk.house.executor.world.calendars.for_academie("10")
    last = calendar.add_school_days(date(2026, 6, 2), 30)
    assert desk.due("lapse").by == desk.due("remind_documents").by == last
    assert desk.due("lapse").at == start_of(last + timedelta(days=1))


def test_an_admission_opened_for_a_day_long_past_does_not_lapse_at_once(desk: Desk) -> None:
    desk.at(date(2026, 6, 1))
    desk.open(on=date(2025, 11, 24))
    assert {one.kind for one in desk.ready()} == {"remind_documents"}
    assert desk.due("lapse").at > desk.house.clock.instant


def test_what_was_refused_late_leaves_the_time_of_all_its_reminders(desk: Desk) -> None:
    desk.open()
    desk.at(date(2026, 1, 30))
    desk.refuse("charter")
    assert desk.due("lapse").by == date(2026, 2, 27)
    desk.do(ask.AskDocument(record_id=FACE, document="statutes"))
    assert desk.due("lapse").by == date(2026, 2, 27)


def test_a_complete_file_is_assessed_within_ten_school_days_then_told_to_the_drafpic(desk: Desk) -> None:
    desk.open()
    desk.at(date(2025, 12, 1))
    for document in ALL:
        desk.accept(document)
    assert kinds(desk) == ["remind_assessment", "escalate_assessment", "expire_insurance"]
    due, escalation, _ = desk.dues()
    assert (due.by, due.at) == (date(2025, 12, 15), start_of(date(2025, 12, 15)))
    assert (due.awaits, due.missing) == (("academie:10",), ())
    assert (escalation.at, escalation.awaits) == (start_of(date(2025, 12, 16)), ("drafpic:10",))
    desk.at(date(2025, 12, 15))
    assert list(desk.remind()) == ["assessment:1:2025-12-01:term"]
    desk.at(date(2025, 12, 16))
    assert list(desk.remind()) == ["assessment:1:2025-12-01:escalation"]
    assert desk.record.reminders["assessment:1:2025-12-01:escalation"].to == "drafpic:10"
    desk.at(date(2026, 6, 1))
    assert [one.kind for one in desk.ready()] == ["deliver", "deliver"]
    assert [one.automatic for one in desk.dues() if one.kind.endswith("assessment")] == [False, False]
    assert desk.record.status == "in_admission"


def test_the_assessment_says_when_the_insurance_has_run_out_meanwhile(desk: Desk) -> None:
    desk.completed(until=date(2025, 12, 1))
    desk.at(date(2025, 12, 2))
    assert desk.due("remind_assessment").missing == ("attestation d'assurance",)


def test_an_insurance_that_ends_before_the_decision_is_asked_of_the_operator_again(desk: Desk) -> None:
    """Its last day is Monday 1 December: five and ten school days after Tuesday are the 9th and the 16th."""
    desk.completed(until=date(2025, 12, 1))
    due = desk.due("expire_insurance")
    assert (due.at, due.by, due.awaits) == (start_of(date(2025, 12, 2)), date(2025, 12, 1), (FACE_PARTY,))
    desk.do(ask.ExpireInsurance(record_id=FACE), SYSTEM, "")
    assert desk.record.missing_documents == (), "not yet"
    desk.at(date(2025, 12, 2))
    assert [one.kind for one in desk.ready()] == ["expire_insurance"]
    for _ in range(2):
        desk.do(ask.ExpireInsurance(record_id=FACE), SYSTEM, "")
    assert desk.topics().count("DocumentExpired") == 1
    record = desk.record
    assert (record.missing_documents, record.handed_on) == (("insurance",), None)
    assert set(kinds(desk)) == {"remind_documents", "lapse"}, "the académie's term has stopped"
    assert desk.due("remind_documents").at == start_of(date(2025, 12, 9))
    assert desk.due("lapse").missing == ("attestation d'assurance",)
    desk.at(date(2025, 12, 16))
    desk.reminded()
    desk.at(date(2025, 12, 17))
    desk.accept("insurance", insurance(date(2026, 12, 31), "new"))
    assert desk.record.complete_on == date(2025, 12, 17)
    assert desk.due("remind_assessment").by == date(2026, 1, 14)


def test_an_admission_whose_insurance_ended_lapses_in_its_turn(desk: Desk) -> None:
    """Long after the fortieth school day, ten more are left from the day on which it is asked again."""
    desk.completed(until=date(2026, 3, 31))
    desk.at(date(2026, 4, 1))
    desk.do(ask.ExpireInsurance(record_id=FACE), SYSTEM, "")
    calendar = desk.house.executor.world.calendars.for_academie("10")
    last = calendar.add_school_days(date(2026, 4, 1), 10)
    assert desk.due("lapse").by == last
    desk.at(last)
    desk.reminded()
    desk.at(last + timedelta(days=1))
    desk.do(ask.Lapse(record_id=FACE), SYSTEM, "")
    assert desk.record.status == "lapsed"


def test_a_renewal_that_waits_to_be_read_leaves_the_academie_its_term(desk: Desk) -> None:
    desk.completed(until=date(2025, 12, 1))
    desk.receive("insurance", insurance(date(2026, 12, 31), "new"))
    assert desk.due("expire_insurance").missing[0].endswith("reçue, à lire")
    desk.at(date(2025, 12, 2))
    desk.do(ask.ExpireInsurance(record_id=FACE), SYSTEM, "")
    assert (desk.record.missing_documents, desk.record.complete_on) == ((), None)
    assert desk.due("remind_assessment").by == date(2025, 12, 8), "since the 24th"
    desk.do(ask.RefuseDocument(record_id=FACE, document="insurance", sha256=sha("new")))
    assert desk.record.missing_documents == ("insurance",)


def test_an_insurance_found_late_to_have_ended_is_asked_again_since_its_own_day(desk: Desk) -> None:
    """Nobody looked for three months: the operator is reminded first, and nothing lapses before that."""
    desk.completed(until=date(2025, 12, 1))
    desk.at(date(2026, 3, 2))
    assert desk.ready()[0].kind == "expire_insurance", "before anybody is chased for the file"
    desk.do(ask.ExpireInsurance(record_id=FACE), SYSTEM, "")
    assert desk.record.documents_since == date(2025, 12, 2)
    assert {one.kind for one in desk.ready()} == {"remind_documents"}


def test_once_decided_nobody_is_reminded_of_it(desk: Desk) -> None:
    desk.completed()
    desk.at(date(2025, 12, 8))
    desk.house.clock.advance(days=1)
    assert list(desk.remind()) == ["assessment:1:2025-11-24:escalation"]
    assert kinds(desk).count("deliver") == 1
    desk.do(ask.RefuseAdmission(record_id=FACE))
    assert kinds(desk) == ["release_mentors", "erase"]


def test_the_insurance_is_renewed_under_an_alert_and_its_lapse_is_told_once(desk: Desk) -> None:
    desk.admitted(until=date(2026, 6, 30))
    due = desk.due("alert_insurance")
    assert (due.at, due.by) == (start_of(date(2026, 5, 31)), date(2026, 6, 30))
    assert (due.awaits, due.missing) == (
        (FACE_PARTY,),
        ("une attestation d'assurance valable au-delà du 30 juin 2026",),
    )
    desk.at(date(2026, 5, 31))
    assert list(desk.remind()) == ["insurance:1:2026-06-30:before"]
    desk.at(date(2026, 6, 30))
    assert [one.kind for one in desk.ready()] == ["deliver"]
    desk.at(date(2026, 7, 1))
    assert list(desk.remind()) == ["insurance:1:2026-06-30:lapsed"]
    desk.at(date(2026, 9, 1))
    due = desk.due("alert_insurance")
    assert (due.automatic, due.by) == (False, date(2026, 6, 30))
    assert due.what == "Assurance échue depuis le 30 juin 2026 : aucun nouveau binôme"
    desk.receive("insurance", insurance(date(2027, 6, 30), "new"))
    assert desk.due("alert_insurance").missing == (
        "une attestation d'assurance valable au-delà du 30 juin 2026 : reçue, à lire",
    )
    desk.do(desk.acceptance("insurance", sha("new")))
    assert desk.due("alert_insurance").at == start_of(date(2027, 5, 31))


def test_a_suspended_operator_renews_its_insurance_too(desk: Desk) -> None:
    desk.admitted()
    desk.do(ask.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=desk.today))
    assert desk.due("alert_insurance").automatic
    desk.do(ask.Leave(record_id=FACE, on=desk.today))
    assert kinds(desk) == ["release_mentors", "erase"]


def test_each_title_is_alerted_sixty_and_thirty_days_before_its_own_end(desk: Desk) -> None:
    approval = renamed(AWARD, kind=EntitlementKind.APPROVED, reference="AG-1", ends=date(2026, 10, 15))
    for title in (AWARD, approval):
        desk.do(ask.GrantEntitlement(record_id=FACE, entitlement=title))
    desk.admitted(until=date(2027, 12, 31))
    assert [(one.key, one.at, one.by) for one in desk.dues() if one.kind == "alert_entitlement"] == [
        ("entitlement:AG-1:2026-10-15:60", start_of(date(2026, 8, 16)), date(2026, 10, 15)),
        ("entitlement:AAP-2025-12:2026-12-31:60", start_of(date(2026, 11, 1)), date(2026, 12, 31)),
    ]
    desk.at(date(2026, 9, 15))
    assert list(desk.remind()) == ["entitlement:AG-1:2026-10-15:30"]
    desk.at(date(2026, 10, 15))
    assert [one.by for one in desk.dues() if one.kind == "alert_entitlement"] == [
        date(2026, 10, 15),
        date(2026, 12, 31),
    ]
    desk.at(date(2026, 10, 16))
    assert desk.due("alert_entitlement").by == date(2026, 12, 31)


def test_a_title_ended_early_is_alerted_no_more(desk: Desk) -> None:
    desk.do(ask.GrantEntitlement(record_id=FACE, entitlement=AWARD))
    desk.admitted(until=date(2027, 12, 31))
    desk.at(date(2026, 11, 2))
    assert len(list(desk.remind())) == 1
    assert "deliver" in kinds(desk)
    desk.do(ask.EndEntitlement(record_id=FACE, reference=AWARD.reference, on=date(2026, 11, 1)))
    assert kinds(desk) == ["alert_insurance"]


def test_nobody_is_chased_for_what_they_have_done(desk: Desk) -> None:
    desk.open()
    desk.at(date(2025, 12, 1))
    assert len(list(desk.remind())) == 1
    key = "documents:1:2025-11-24:1"
    desk.do(RecordDelivery(record_id=FACE, key=key, channel="mail", problem="boîte pleine"), SYSTEM, "")
    assert desk.due("deliver").at == start_of(date(2025, 12, 2))
    for document in ALL:
        desk.receive(document)
    assert "deliver" not in kinds(desk)


def test_an_insurance_that_nobody_has_read_insures_nobody_and_its_alerts_go_on(desk: Desk) -> None:
    desk.admitted(until=date(2026, 6, 30))
    desk.at(date(2026, 6, 1))
    assert len(list(desk.remind())) == 1
    desk.receive("insurance", insurance(date(2026, 6, 30), "blank"))
    assert kinds(desk)[0] == "deliver"
    assert desk.due("alert_insurance").missing[0].endswith("reçue, à lire")
    desk.at(date(2026, 7, 1))
    assert "insurance:1:2026-06-30:lapsed" in list(desk.remind())
    assert desk.due("read_document").by == date(2026, 6, 15)


def test_its_personal_data_are_erased_at_their_term_unless_it_came_back(desk: Desk) -> None:
    desk = Desk(retention=Delay(12, Unit.MONTHS))
    desk.admitted()
    desk.do(ask.Leave(record_id=FACE, on=desk.today), COORDINATOR)
    desk.released()
    (due,) = desk.dues()
    assert (due.kind, due.key, due.at) == ("erase", "retention:2026-11-24", start_of(date(2026, 11, 24)))
    desk.open()
    assert "erase" not in kinds(desk)
    desk.do(ask.Leave(record_id=FACE, on=desk.today))
    desk.released()
    desk.at(date(2026, 11, 23))
    term = Erase(record_id=FACE, ground=Ground.RETENTION)
    desk.do(term, SYSTEM, "")
    assert desk.record.status == "left"
    desk.at(date(2026, 11, 24))
    desk.do(term, SYSTEM, "")
    assert (desk.record.status, desk.dues(), desk.record.claims()) == ("erased", [], frozenset())


def test_new_rules_meant_for_open_files_move_their_deadlines(desk: Desk) -> None:
    desk.open()
    desk.adopt(Rules(admission=AdmissionRules(lapse=Delay(10), reminders=(Delay(3),))))
    assert desk.due("lapse").by == date(2025, 12, 4)
    assert desk.due("remind_documents").at == start_of(date(2025, 11, 27))


def test_a_new_round_has_deadlines_of_its_own(desk: Desk) -> None:
    desk.open()
    desk.at(date(2025, 12, 8))
    desk.reminded()
    desk.at(date(2026, 2, 3))
    desk.do(ask.Lapse(record_id=FACE), SYSTEM, "")
    desk.open()
    assert desk.due("lapse").key == "lapse:2"
    assert desk.due("remind_documents").key == "documents:2:2026-02-03:1"


def test_a_title_that_is_required_stays_awaited_once_it_has_lapsed() -> None:
    desk = Desk(required_entitlements=("laureate",))
    desk.do(ask.GrantEntitlement(record_id=FACE, entitlement=AWARD))
    desk.admitted(until=date(2027, 12, 31))
    desk.at(date(2027, 1, 1))
    due = desk.due("alert_entitlement")
    assert due.what.startswith("Titre « AAP-2025-12 » échu depuis le 31 décembre 2026 et manquant (lauréate")
    assert (due.by, due.awaits, due.at) == (date(2026, 12, 31), (FACE_PARTY,), start_of(date(2027, 1, 1)))
    assert "missing_title:1:laureate:2026-12-31:10" in list(desk.remind()), "it is told once"
    assert not desk.due("alert_entitlement").automatic
    renewed = renamed(AWARD, reference="AAP-2027", starts=date(2027, 1, 1), ends=date(2028, 12, 31))
    desk.do(ask.GrantEntitlement(record_id=FACE, entitlement=renewed))
    assert [one.by for one in desk.dues() if one.kind == "alert_entitlement"] == [date(2028, 12, 31)]


def test_a_title_newly_required_and_never_held_is_told_once_and_awaited_until_it_is_held(desk: Desk) -> None:
    desk.admitted(until=date(2027, 12, 31))
    assert "alert_entitlement" not in kinds(desk)
    desk.at(date(2026, 1, 5))
    desk.adopt(Rules(required_entitlements=("laureate",)))
    due = desk.due("alert_entitlement")
    assert (
        due.what
        == "Titre requis et manquant (lauréate d'un appel à projets, académie 10) : aucun nouveau binôme"
    )
    assert (due.awaits, due.automatic) == ((FACE_PARTY,), True)
    assert due.missing == (
        "un titre en cours : lauréate d'un appel à projets couvrant 1j1m dans l'académie 10",
    )
    assert list(desk.remind()) == ["missing_title:1:laureate::10"]
    still = desk.due("alert_entitlement")
    assert not still.automatic
    assert "deliver" in kinds(desk)
    desk.do(ask.GrantEntitlement(record_id=FACE, entitlement=AWARD))
    assert [one.by for one in desk.dues() if one.kind == "alert_entitlement"] == [AWARD.ends]
    assert "deliver" not in kinds(desk), "nobody is chased for what they have done"


def test_a_document_sent_again_before_it_is_read_leaves_the_academie_its_first_term(desk: Desk) -> None:
    desk.open()
    desk.receive("charter", version("first"))
    first = desk.due("read_document").by
    desk.at(date(2025, 12, 5))
    desk.receive("charter", version("again"))
    assert (desk.due("read_document").by, first) == (date(2025, 12, 8), date(2025, 12, 8))
    desk.do(ask.RefuseDocument(record_id=FACE, document="charter", sha256=sha("again")))
    desk.receive("charter", version("anew"))
    assert desk.due("read_document").by == date(2025, 12, 19), "what was refused is read anew"
