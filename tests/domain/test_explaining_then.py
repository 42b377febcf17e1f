"""*Pourquoi ?* of another day: the facts and the rules of that day, whatever has happened since."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.association import commands as of_association
from domain.association.parts import SuspensionCause
from domain.calendar import start_of
from domain.explaining import Fact, Reason
from domain.folding import standing_at
from domain.kernel import SYSTEM
from domain.links import Channel
from domain.mentor import commands as ask
from domain.programme.commands import AdoptRules
from domain.programme.rules import Delay, MentorRules, Rules, Unit
from domain.registry import explained
from domain.reminding import RecordDelivery, Remind
from tests.domain import association_support
from tests.domain.convention_stage import ID as CONVENTION
from tests.domain.mentor_support import COURSE, MENTOR, PROGRAMME, Desk, presenting
from tests.domain.play import played
from tests.domain.rehearsal import settled
from tests.domain.test_association_machine import AssociationMachine
from tests.domain.test_convention_machine import ConventionMachine
from tests.domain.test_explaining import case, why
from tests.domain.test_mentor_machine import MentorMachine
from tests.domain.test_training_machine import TrainingMachine
from tests.support import FACE, LYON, NATIONAL, House


def status(reasons: list[Reason]) -> Reason:
    (found,) = [one for one in reasons if one.about == "status"]
    return found


def topics(facts: tuple[Fact, ...]) -> list[str]:
    return [one.topic.partition("@")[0] for one in facts]


def adopted(house: House, rules: Rules) -> None:
    adopt = AdoptRules(record_id=PROGRAMME, rules=rules, on=house.clock.today, to_open=True)
    settled(house.do(adopt, NATIONAL))


def test_a_lapse_is_told_with_what_was_missing_and_the_days_counted_by_the_rules_of_then() -> None:
    desk = Desk()
    desk.apply()
    for day in (date(2025, 12, 1), date(2025, 12, 8)):
        desk.go_to(day)
        (reminder,) = [one for one in desk.ready(MENTOR) if one.kind == "remind_file"]
        desk.do(Remind(record_id=MENTOR, key=reminder.key), SYSTEM)
        desk.do(RecordDelivery(record_id=MENTOR, key=reminder.key, channel="mail"), SYSTEM)
    desk.go_to(date(2026, 1, 13))
    desk.do(ask.Lapse(record_id=MENTOR), SYSTEM)
    adopted(desk.house, Rules(mentors=MentorRules(lapse=Delay(30, Unit.SCHOOL_DAYS))))
    desk.house.clock.advance(days=1)

    lapsed = status(why(desk.house, MENTOR))

    assert lapsed.code == "lapsed"
    assert lapsed.ruling
    assert lapsed.ruling.number == 1
    (used,) = [one for one in lapsed.rules if one.path == "mentors.lapse"]
    assert (used.value, used.version.number) == ("25 jours de classe", 1)
    assert "la charte signée" in lapsed.missing
    assert (lapsed.counted[0].start, lapsed.counted[0].end) == (date(2025, 11, 24), date(2026, 1, 12))
    assert {"mentor.Lapsed", "mentor.Applied"} <= set(topics(lapsed.facts))


def test_an_association_that_lapsed_is_told_what_was_missing_then() -> None:
    desk = association_support.Desk()
    desk.open()
    desk.accept("statutes")
    for day in (date(2025, 12, 1), date(2025, 12, 8)):
        desk.at(day)
        (reminder,) = [one for one in desk.ready() if one.kind == "remind_documents"]
        desk.do(Remind(record_id=FACE, key=reminder.key), SYSTEM, reason="")
        desk.do(RecordDelivery(record_id=FACE, key=reminder.key, channel="mail"), SYSTEM, reason="")
    desk.at(date(2026, 2, 20))
    desk.do(of_association.Lapse(record_id=FACE), SYSTEM, reason="")

    lapsed = status(why(desk.house, FACE))

    assert lapsed.code == "lapsed"
    assert "charte signée" in lapsed.missing
    assert "statuts" not in lapsed.missing
    assert {one.delay for one in lapsed.counted} == {"40 jours de classe", "10 jours de classe"}


def test_what_came_after_a_clearance_is_not_what_it_rested_on() -> None:
    desk = Desk()
    desk.cleared()
    before = status(why(desk.house, MENTOR))
    desk.house.clock.advance(days=60)
    desk.do(presenting(MENTOR, desk.today, desk.today))
    adopted(desk.house, Rules(required_entitlements=("laureate",)))

    after = status(why(desk.house, MENTOR))

    assert after == before
    assert {one.version.number for one in after.rules} == {1}


def test_a_clearance_tells_the_admission_of_the_operator_and_the_titles_that_it_held() -> None:
    desk = Desk()
    grant = of_association.GrantEntitlement(record_id=FACE, entitlement=association_support.AWARD)
    desk.do(grant, LYON)
    desk.cleared()
    ended = of_association.EndEntitlement(record_id=FACE, reference="AAP-2025-12", on=desk.today)
    desk.house.clock.advance(days=1)
    desk.do(ended, LYON, "retrait")

    others = [one for one in status(why(desk.house, MENTOR)).facts if one.record_id != MENTOR]

    assert topics(tuple(others)) == ["association.Admitted", "association.EntitlementGranted"]
    assert {one.record_id for one in others} == {FACE}
    assert "lauréate d'un appel à projets, référence AAP-2025-12" in others[1].sentence
    assert {one.reason for one in others} == {""}


def test_an_admission_after_a_suspension_tells_the_lifting_and_the_admission() -> None:
    desk = association_support.Desk()
    desk.open()
    for document in association_support.ALL:
        desk.accept(document, association_support.insurance() if document == "insurance" else None)
    desk.do(of_association.Admit(record_id=FACE, on=desk.today))
    desk.do(of_association.Suspend(record_id=FACE, cause=SuspensionCause.FAULT, on=desk.today))
    desk.do(of_association.LiftSuspension(record_id=FACE, cause=SuspensionCause.FAULT))

    told = status(why(desk.house, FACE))

    assert topics(told.facts)[:3] == [
        "association.SuspensionLifted",
        "association.Suspended",
        "association.Admitted",
    ]
    assert [one.reserved for one in told.facts[:3]] == ["Cause : manquement"] * 2 + [""]
    assert topics(told.facts).count("association.DocumentAccepted") == 5
    assert any("attestation d'assurance" in one.sentence for one in told.facts)


def test_a_return_tells_the_new_check_and_the_clearance() -> None:
    desk = Desk()
    desk.cleared()
    desk.go_to(date(2026, 11, 26))
    desk.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)
    overdue = status(why(desk.house, MENTOR))
    desk.do(presenting(MENTOR, desk.today, None))
    still = status(why(desk.house, MENTOR))
    desk.do(presenting(MENTOR, desk.today, desk.today))
    back = status(why(desk.house, MENTOR))

    (term,) = overdue.counted
    assert (overdue.code, term.start, term.end) == ("suspended", date(2025, 11, 24), date(2026, 11, 24))
    assert [one.path for one in overdue.rules] == ["mentors.check"]
    assert "vérification des antécédents échue" in overdue.facts[0].sentence
    assert (still.code, still.facts) == ("suspended", overdue.facts)
    assert back.code == "cleared"
    assert {"mentor.Returned", "mentor.SuspensionLifted", "mentor.Cleared"} <= set(topics(back.facts))
    checks = [one.on for one in back.facts if one.topic == "mentor.CheckPresented@1"]
    assert checks == ["2026-11-26", "2025-11-24"]


def test_a_document_that_was_not_presented_does_not_read_as_if_it_had_been() -> None:
    desk = Desk()
    desk.apply()
    desk.complete_file()
    desk.interview()
    desk.do(ask.AskCheck(record_id=MENTOR, kind=presenting(MENTOR, desk.today, None).kind))
    desk.do(presenting(MENTOR, desk.today, None))

    (missing,) = [one for one in why(desk.house, MENTOR) if one.code == "check_missing"]

    assert "(bulletin n° 3 du casier judiciaire : non présenté)" in missing.facts[-1].sentence


def test_as_of_a_day_the_record_is_told_as_it_was_with_what_was_then_due() -> None:
    desk = Desk()
    desk.apply()
    desk.go_to(date(2025, 12, 10))
    desk.do(ask.SeeIdentity(record_id=MENTOR, on=date(2025, 12, 1), channel=Channel.PAPER))
    desk.do(
        ask.SignCharter(
            record_id=MENTOR,
            on=date(2025, 12, 3),
            version="2025.1",
            channel=Channel.PAPER,
        )
    )
    desk.house.clock.advance(days=30)
    now = desk.now

    def then(day: date, known: datetime = now) -> tuple[str, set[str], list[str]]:
        found = case(desk.house, MENTOR, as_of=start_of(day), known_at=known)
        reasons = explained(found)
        codes = {one.code for one in reasons if one.about == "due"}
        return status(reasons).code, codes, topics(status(reasons).facts)

    assert then(date(2025, 12, 2)) == ("candidate", {"remind_file", "lapse"}, ["mentor.Applied"])
    assert then(date(2025, 12, 4))[:2] == ("file_complete", {"interview", "remind_idle", "lapse_idle"})
    before_the_writing = datetime(2025, 12, 9, 12, tzinfo=now.tzinfo)
    assert then(date(2025, 12, 4), before_the_writing)[0] == "candidate"
    (missing,) = [
        one
        for one in explained(case(desk.house, MENTOR, as_of=start_of(date(2025, 12, 2))))
        if one.code == "file_incomplete"
    ]
    assert missing.missing == ("la charte signée",)


def test_as_of_a_day_the_rules_are_those_of_that_day() -> None:
    desk = Desk()
    desk.apply()
    desk.go_to(date(2025, 12, 10))
    adopted(desk.house, Rules(mentors=MentorRules(lapse=Delay(30, Unit.SCHOOL_DAYS))))
    desk.house.clock.advance(days=1)

    def lapse(day: date) -> tuple[str, int]:
        (found,) = [one for one in why(desk.house, MENTOR, as_of=start_of(day)) if one.code == "lapse"]
        (used,) = [one for one in found.rules if one.path == "mentors.lapse"]
        return used.value, used.version.number

    assert lapse(date(2025, 12, 9)) == ("25 jours de classe", 1)
    assert lapse(date(2025, 12, 11)) == ("30 jours de classe", 2)


def test_a_refusal_of_march_is_told_with_the_rules_of_march() -> None:
    desk = Desk()
    desk.apply()
    desk.refused(ask.Clear(record_id=MENTOR, on=desk.today))
    position = len(settled(desk.house.recorder.after(0, 1_000)))
    told = Fact(
        MENTOR, "Demande refusée", "2025-11-24", desk.now, position, 0, "refusal.Recorded@1", "a", "r"
    )
    desk.house.clock.advance(days=10)
    adopted(desk.house, Rules(mentors=MentorRules(b3_age=Delay(2, Unit.MONTHS))))

    refusal = case(desk.house, MENTOR).refusal(told, "check_missing", "Non.", ("un extrait",))

    assert refusal.ruling
    assert refusal.ruling.number == 1
    assert [(one.path, one.value) for one in refusal.rules][1] == ("mentors.b3_age", "3 mois")
    assert refusal.facts == (told,)


class Explained(RuleBasedStateMachine):
    """What was told at each step is what is told of that step at the end, and of its moment."""

    subject = ""

    @property
    def stage(self) -> House:
        house: House = self.desk.house if hasattr(self, "desk") else getattr(self, "house")  # noqa: B009
        return house

    @invariant()
    def it_is_told(self) -> None:
        if not hasattr(self, "given"):
            self.given: list[tuple[int, datetime, list[Reason]]] = []
        house = self.stage
        position = settled(house.recorder.head())
        if not settled(house.recorder.load([self.subject])).events:
            return
        told = why(house, self.subject)
        if self.given and (before := status(self.given[-1][2])).facts[0] == status(told).facts[0]:
            same = (
                "code",
                "ruling",
                *(() if before.code == "suspended" else ("rules", "missing")),
            )
            assert [getattr(status(told), name) for name in same] == [getattr(before, name) for name in same]
        self.given.append((position, house.clock.instant, told))

    def teardown(self) -> None:
        super().teardown()
        if not getattr(self, "given", None):
            return
        now = case(self.stage, self.subject)
        for position, instant, told in self.given:
            then = now.until(position, instant)
            assert then is not None
            assert explained(then) == told
            as_of = now.of(self.subject, now.known, instant, now.world, now.waits)
            found = standing_at(now.known[self.subject], instant, now.now)
            assert (as_of and as_of.timeline[-1]) == found
            if as_of:
                assert status(explained(as_of)).code == as_of.record.status
        position, instant, told = self.given[-1]
        assert why(self.stage, self.subject, as_of=instant, known_at=instant) == told


class MentorThen(Explained, MentorMachine):
    subject = MENTOR

    @rule()
    def the_rules_change(self) -> None:
        """Something that the machine does not look at: the version that is followed is another."""
        adopted(self.desk.house, Rules(mentors=MentorRules(mentees=3), retention=self.desk.rules.retention))


class TrainingThen(Explained, TrainingMachine):
    subject = COURSE


class AssociationThen(Explained, AssociationMachine):
    subject = FACE


class ConventionThen(Explained, ConventionMachine):
    subject = CONVENTION


@pytest.mark.parametrize("machine", [MentorThen, TrainingThen, AssociationThen, ConventionThen])
def test_the_explanation_of_every_past_moment_is_the_one_given_then(machine: type[Explained]) -> None:
    played(machine, 4, steps=25)
