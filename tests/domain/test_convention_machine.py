"""The convention against a plain model of it: dicts and days, written from the procedure, not from the code.

Each step either succeeds and the model moves too, or is refused by one of the guards that the model says
should fail, and then nothing has changed. The seed of every run is printed; ``MENTORAT_SEED`` replays it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Literal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from domain.calendar import PartialDate
from domain.commands import Command
from domain.convention import commands as ask
from domain.convention.parts import EndCause, Kind, Medium, Party, PartyKind, Signatory
from domain.erasure import Erase, Ground
from domain.folding import fold, standing_at
from domain.kernel import SYSTEM, Actor, Root
from domain.programme.commands import AdoptRules, programme_id
from domain.programme.rules import Delay, Rules, Unit
from ledger import codec
from ledger.events import happened
from ledger.personal import Box
from tests.domain.convention_stage import ID, ConventionStage
from tests.domain.play import SEEN, played
from tests.domain.rehearsal import ENDED, KEPT, OFFICER, RUNNING, SIGNING, months_later, settled
from tests.support import COORDINATOR, FACE_PARTY, GRENOBLE, LYON, NATIONAL, clauses

ACADEMIE = "academie:10"
LYCEE = "lycee:0690001A"
Precision = Literal["day", "month"]

parties = st.sampled_from([ACADEMIE, FACE_PARTY, LYCEE])
actors = st.sampled_from([LYON, LYON, COORDINATOR])
reasons = st.sampled_from(["motif", "motif", "motif", " "])
back = st.sampled_from([0, 0, 1, 5, 20, -1])
"""Days before today on which the fact took place; -1 is tomorrow."""
ends = st.sampled_from([-5, 20, 100, 364, 364, 900])
"""Days between the beginning and the end of the convention."""
precisions: st.SearchStrategy[Precision] = st.sampled_from(["day", "month"])
problems = st.sampled_from([None, None, "boîte pleine"])
A_SIGNATORY_NAMED = 2
"""The version of an event that records no date at all."""


def in_season(*statuses: str) -> Callable[[Any], Any]:
    """Most steps are tried when they make sense; ``out_of_season`` tries them all the rest of the time."""
    return precondition(lambda machine: machine.sheet.status in statuses)


class ConventionMachine(ConventionStage):
    @initialize(
        lycee=st.booleans(),
        stage=st.sampled_from(["draft", "to_sign", "in_force", "in_force", "history", "erased"]),
    )
    def open(self, lycee: bool, stage: str) -> None:
        settled(self.house.open())
        rules = Rules(retention=Delay(KEPT, Unit.MONTHS))
        adopt = AdoptRules(record_id=programme_id("1j1m"), rules=rules, on=self.today)
        settled(self.house.do(adopt, NATIONAL))
        sides = [
            Party(ACADEMIE, PartyKind.ACADEMIE, "académie de Lyon"),
            Party(FACE_PARTY, PartyKind.OPERATOR, "FACE"),
            Party(LYCEE, PartyKind.LYCEE, "lycée de Vénissieux", public=True),
        ][: 3 if lycee else 2]
        settled(self.house.drafted(ID, parties=tuple(sides)))
        if lycee:
            head = Signatory("Prénom Nom", "proviseure")
            settled(self.house.do(ask.NameSignatory(record_id=ID, party=LYCEE, signatory=head)))
        self.sheet.open(tuple(side.key for side in sides), clauses())
        if stage == "history":
            self.record_history(40, 40, 400, "day", "un courrier")
        elif stage != "draft":
            self.submit(LYON)
            self.send(LYON)
        if stage == "in_force":
            self.vote(LYCEE, 30)
            for party in self.sheet.parties:
                self.sign(party, LYON, 0, Medium.PAPER, True)
            self.later(30)
            self.time_does_its_work()
        if stage == "erased":
            self.erase(OFFICER, Ground.OBJECTION, "", True)

    # Time --------------------------------------------------------------------------------------

    @rule(days=st.integers(0, 2), hours=st.integers(0, 23), steps=st.integers(0, 3), problem=problems)
    def days_pass(self, days: int, hours: int, steps: int, problem: str | None) -> None:
        self.later(days, hours, steps, problem)

    @rule(days=st.integers(5, 35), steps=st.integers(0, 3), problem=problems)
    def weeks_pass(self, days: int, steps: int, problem: str | None) -> None:
        self.later(days, 0, steps, problem)

    @rule(days=st.integers(60, 220), steps=st.integers(1, 6), problem=problems)
    def months_pass(self, days: int, steps: int, problem: str | None) -> None:
        self.later(days, 0, steps, problem)

    @rule()
    def time_does_its_work(self) -> None:
        for _ in range(100):
            if not self.ready():
                return
            self.one_step_of_the_process()
        raise AssertionError(f"never quiet: {self.ready()}")

    # Preparing and signing ---------------------------------------------------------------------

    @in_season("draft")
    @rule(actor=actors)
    def submit(self, actor: Actor) -> None:
        expected = self.sheet.refusals_to_submit() | self.sheet.only_academie(actor)
        if self.attempt(ask.Submit(record_id=ID), expected, actor):
            self.sheet.status = "in_review"

    @in_season("in_review")
    @rule(reason=reasons)
    def send_back(self, reason: str) -> None:
        expected = self.sheet.unless("in_review") | self.sheet.motivated(reason)
        if self.attempt(ask.Return(record_id=ID), expected, reason=reason):
            self.sheet.status = "draft"

    @in_season("in_review")
    @rule(actor=actors)
    def send(self, actor: Actor) -> None:
        expected = self.sheet.unless("in_review") | self.sheet.only_academie(actor)
        expected |= self.sheet.incomplete()
        if self.attempt(ask.SendForSignature(record_id=ID), expected, actor):
            self.sheet.status = "to_sign"

    @in_season("draft", *SIGNING)
    @rule(length=ends, kinds=st.sampled_from([(Kind.METIER,), (Kind.PARCOURS,), (Kind.METIER,), ()]))
    def edit(self, length: int, kinds: tuple[Kind, ...]) -> None:
        text = clauses(ends_on=date(2025, 12, 5) + timedelta(days=length), kinds=kinds)
        if self.attempt(ask.SetClauses(record_id=ID, clauses=text), self.sheet.refusals_to_edit(text)):
            self.sheet.edited(text)

    @in_season("draft", *SIGNING, *RUNNING)
    @rule(party=parties, days=back)
    def vote(self, party: str, days: int) -> None:
        on = self.ago(days).value
        command = ask.RecordVote(record_id=ID, party=party, voted_on=on, transmitted_on=on)
        if self.attempt(command, self.sheet.refusals_to_vote(party, on, self.today)):
            self.sheet.votes[party] = on + timedelta(days=15)

    @in_season(*SIGNING)
    @rule(party=parties, actor=actors, days=back, medium=st.sampled_from(Medium), same=st.integers(0, 4))
    def sign(self, party: str, actor: Actor, days: int, medium: Medium, same: int) -> None:
        text, on = self.record.text if same else "0" * 64, self.ago(days)
        command = ask.Sign(record_id=ID, party=party, on=on, medium=medium, text_hash=text or "")
        expected = self.sheet.refusals_to_sign(party, actor, on.value, self.today, medium)
        if not same or not text:
            expected |= {"text_changed"}
        if self.attempt(command, expected, actor):
            self.sheet.signed_by(party, on.value, medium)

    @in_season("draft")
    @rule(
        days=st.sampled_from([0, 1, 40, 400, 1500, -3]),
        ago=st.sampled_from([0, 40, 400, -20]),
        length=st.sampled_from([-1, 30, 400, 1100]),
        precision=precisions,
        evidence=st.sampled_from(["communiqué", "courrier", " "]),
    )
    def record_history(self, days: int, ago: int, length: int, precision: Precision, evidence: str) -> None:
        on, start = self.ago(days).value, self.ago(ago).value
        if precision == "month":
            on, start = on.replace(day=1), start.replace(day=1)
        last = start + timedelta(days=length)
        at_latest = start if precision == "day" else months_later(start, 1) - timedelta(days=1)
        command = ask.RecordHistory(
            record_id=ID,
            signed_on=PartialDate(on, precision),
            in_force_from=PartialDate(start, precision),
            ends_on=last,
            evidence=evidence,
        )
        expected = self.sheet.refusals_of_history(on, start, at_latest, last, evidence, self.today)
        if self.attempt(command, expected):
            self.sheet.history(on, start, last, self.today)

    # Amending and reporting --------------------------------------------------------------------

    @in_season(*RUNNING)
    @rule(length=st.sampled_from([-400, 30, 500, 900, None]), all_sign=st.booleans())
    def propose_amendment(self, length: int | None, all_sign: bool) -> None:
        last = self.sheet.start + timedelta(days=length) if length is not None else None
        text = clauses(starts_on=self.sheet.start, ends_on=last)
        if self.attempt(ask.ProposeAmendment(record_id=ID, clauses=text), self.sheet.refusals_to_amend(last)):
            self.sheet.amendment, self.sheet.amendment_signed = last, set()
            self.sheet.votes, self.sheet.proposed = {}, self.today
            self.later(20 if all_sign else 0)
            for party in self.sheet.parties if all_sign else ():
                self.vote(LYCEE, 16)
                self.sign_amendment(party, LYON, 1)

    @in_season(*RUNNING)
    @rule(party=parties, actor=actors, days=back)
    def sign_amendment(self, party: str, actor: Actor, days: int) -> None:
        amendment, on = self.record.amendment, self.ago(days)
        text = amendment.text_hash if amendment else ""
        command = ask.SignAmendment(record_id=ID, party=party, on=on, medium=Medium.PAPER, text_hash=text)
        expected = self.sheet.refusals_to_sign_amendment(party, actor, on.value, self.today)
        if self.attempt(command, expected, actor):
            self.sheet.amendment_signed_by(party)

    @in_season(*RUNNING)
    @rule(reason=reasons)
    def withdraw_amendment(self, reason: str) -> None:
        expected = self.sheet.unless("in_force", "ending") | self.sheet.motivated(reason)
        expected |= set() if self.sheet.amendment else {"no_amendment"}
        if self.attempt(ask.WithdrawAmendment(record_id=ID), expected, reason=reason):
            self.sheet.amendment = None

    @in_season(*RUNNING, *ENDED)
    @rule(kind=st.sampled_from(["bilan", "financial"]), year=st.integers(2024, 2029), actor=actors)
    def receive_report(self, kind: str, year: int, actor: Actor) -> None:
        report = f"{kind}:{year}"
        command = ask.ReceiveReport(record_id=ID, report=report, on=self.ago(0))
        if self.attempt(command, self.sheet.refusals_of_report(report), actor):
            self.sheet.reports[report] = "received"

    # Ending ------------------------------------------------------------------------------------

    @in_season(*RUNNING)
    @rule(party=parties, actor=actors, days=back, extra=st.sampled_from([None, 0, 30, -2]), reason=reasons)
    def denounce(self, party: str, actor: Actor, days: int, extra: int | None, reason: str) -> None:
        on = self.ago(days).value
        until = None if extra is None else months_later(on, 3) + timedelta(days=extra)
        expected = self.sheet.refusals_to_denounce(party, actor, on, self.today, reason)
        expected |= {"notice_too_short"} if (extra or 0) < 0 else set()
        command = ask.Denounce(record_id=ID, party=party, on=on, until=until)
        if self.attempt(command, expected, actor, reason):
            on_paper = not self.sheet.own(party, actor)
            self.sheet.notice(until or months_later(on, 3), party, on_paper)

    @in_season(*RUNNING)
    @rule(party=parties, actor=actors, reason=reasons)
    def withdraw_notice(self, party: str, actor: Actor, reason: str) -> None:
        expected = self.sheet.refusals_to_withdraw(party, actor, reason)
        if self.attempt(ask.WithdrawNotice(record_id=ID, party=party), expected, actor, reason):
            self.sheet.no_notice()

    @in_season(*RUNNING)
    @rule(
        cause=st.sampled_from(["fault", "term", "public_interest"]),
        days=st.sampled_from([40, 90, 9, 1, 0, -40]),
        actor=actors,
    )
    def terminate(self, cause: str, days: int, actor: Actor) -> None:
        on = self.today + timedelta(days=days)
        expected = self.sheet.unless("in_force", "ending") | self.sheet.only_academie(actor)
        expected |= {"cause_missing"} if cause == "term" else set()
        expected |= {"period_reversed"} if self.sheet.in_force and on < self.sheet.in_force else set()
        command = ask.Terminate(record_id=ID, cause=EndCause(cause), effective=on)
        if self.attempt(command, expected, actor):
            if days <= 0:
                self.sheet.ended("terminated", on)
            else:
                self.sheet.notice(on, "")

    @in_season("draft", *SIGNING, "signed")
    @rule(actor=st.sampled_from([LYON, COORDINATOR, SYSTEM, GRENOBLE]), reason=reasons)
    def abandon(self, actor: Actor, reason: str) -> None:
        before_force = ("draft", "in_review", "to_sign", "partially_signed", "signed")
        expected = self.sheet.unless(*before_force) | self.sheet.motivated(reason)
        expected |= {"role_not_allowed"} if actor is SYSTEM else set()
        expected |= {"not_found"} if actor is GRENOBLE else set()
        if self.attempt(ask.Abandon(record_id=ID), expected, actor, reason):
            self.sheet.status, self.sheet.given_up = "abandoned", self.today

    @in_season(*RUNNING, "expired")
    @rule()
    def renew(self) -> None:
        successor = f"convention-{self.sheet.renewals + 2}"
        command = ask.Renew(
            record_id=ID, successor_id=successor, title="Suite", clauses=clauses(ends_on=date(2040, 1, 1))
        )
        if self.attempt(command, self.sheet.refusals_to_renew()):
            self.sheet.renewals += 1
            self.sheet.successor = "draft"

    @in_season(*RUNNING, "expired")
    @rule(signed=st.booleans())
    def the_successor_is_signed_or_abandoned(self, signed: bool) -> None:
        if self.sheet.successor != "draft":
            return
        successor = f"convention-{self.sheet.renewals + 1}"
        if signed:
            command: Command = ask.RecordHistory(
                record_id=successor,
                signed_on=self.ago(0),
                in_force_from=self.ago(0),
                ends_on=date(2040, 1, 1),
                evidence="courrier",
            )
        else:
            command = ask.Abandon(record_id=successor)
        settled(self.house.do(command, reason="motif"))
        self.sheet.successor = "signed" if signed else "abandoned"

    @in_season(*SIGNING, *RUNNING, "signed", *ENDED)
    @rule(
        name=st.sampled_from(["ends_on", "signature", "in_force_from", "n'importe quoi"]),
        days=back,
        party=parties,
        reason=reasons,
        right=st.sampled_from([True, True, True, False]),
    )
    def correct(self, name: str, days: int, party: str, reason: str, right: bool) -> None:
        value = self.ago(days)
        date_name = f"signature:{party}" if name == "signature" else name
        wrong = self.last_event_with(name, party) if right else A_SIGNATORY_NAMED
        command = ask.Correct(record_id=ID, supersedes=wrong, date_name=date_name, value=value)
        expected = self.sheet.refusals_to_correct(name, party, value.value, self.today)
        expected |= self.sheet.motivated(reason) | (set() if right else {"not_its_event"})
        if self.attempt(command, expected, reason=reason):
            self.sheet.corrected(name, party, value.value)

    @rule(
        actor=st.sampled_from([OFFICER, OFFICER, LYON, COORDINATOR, GRENOBLE, SYSTEM]),
        ground=st.sampled_from([Ground.RETENTION, Ground.RETENTION, Ground.OBJECTION]),
        reason=st.sampled_from(["motif", ""]),
        seriously=st.sampled_from([False, False, False, True]),
    )
    def erase(self, actor: Actor, ground: Ground, reason: str, seriously: bool) -> None:
        """What would succeed ends the play: it is done less often than refused."""
        if actor is SYSTEM:
            ground, reason = Ground.RETENTION, ""
        expected = self.sheet.refusals_to_erase(actor, ground, reason)
        if not expected and not seriously:
            return
        works = actor is OFFICER or self.sheet.should_forget(self.today)
        if self.attempt(Erase(record_id=ID, ground=ground), expected, actor, reason) and works:
            self.sheet.status = "erased"
            self.out_of_season(0)

    @rule(attempt=st.integers(0, 12))
    def out_of_season(self, attempt: int) -> None:
        party = ACADEMIE
        attempts: list[Callable[[], None]] = [
            lambda: self.submit(LYON),
            lambda: self.send_back("motif"),
            lambda: self.send(LYON),
            lambda: self.edit(364, (Kind.PROXIMITE,)),
            lambda: self.sign(party, LYON, 0, Medium.PAPER, True),
            lambda: self.vote(LYCEE, 20),
            lambda: self.record_history(1, 1, 30, "day", "courrier"),
            lambda: self.propose_amendment(500, False),
            lambda: self.sign_amendment(party, LYON, 0),
            lambda: self.denounce(party, LYON, 0, None, "motif"),
            lambda: self.withdraw_notice(party, LYON, "motif"),
            self.renew,
            lambda: self.correct("ends_on", 0, party, "motif", True),
        ]
        attempts[attempt]()

    @in_season("erased")
    @rule(attempts=st.permutations(range(13)))
    def nothing_more_is_asked_of_it(self, attempts: list[int]) -> None:
        for attempt in attempts[:4]:
            self.out_of_season(attempt)

    # What must hold at every moment --------------------------------------------------------------

    @invariant()
    def the_record_is_what_the_model_says(self) -> None:
        if not self.sheet.parties:
            return
        record, sheet = self.record, self.sheet
        SEEN[f"status {record.status}"] += 1
        assert record.status == sheet.status
        assert {key: s.on.first for key, s in record.signatures.items()} == sheet.signed
        assert (record.in_force_from.first if record.in_force_from else None) == sheet.in_force
        assert record.clauses.ends_on == sheet.ends
        assert record.notice_until == sheet.notice_until
        assert {key: "received" if r.received_on else "overdue" for key, r in record.reports.items()} == (
            sheet.reports
        )
        assert bool(record.amendment) == bool(sheet.amendment)

    @invariant()
    def its_history_folds_to_itself(self) -> None:
        if not self.sheet.parties:
            return
        events = [happened(e) for e in settled(self.house.recorder.load([ID])).events]
        for one in events[self.folded :]:
            self.live = one.event.mutate(self.live)
        self.folded = len(events)
        again, now = fold(events), self.house.clock.instant
        assert again is not None
        assert self.live is not None
        assert vars(again) == vars(self.live)
        standing = standing_at(events, now, now)
        assert standing is not None
        assert standing.status == again.status
        recorded = [one.recorded_at for one in events]
        assert recorded == sorted(recorded)
        assert all(one.effective_at <= one.recorded_at for one in events)

    @invariant()
    def its_deadlines_are_in_order_and_complete(self) -> None:
        if not self.sheet.parties:
            return
        dues = self.dues()
        assert dues == sorted(dues, key=lambda due: due.at)
        assert len({due.key for due in dues}) == len(dues)
        automatic = {due.kind for due in dues if due.automatic and due.at <= self.house.clock.instant}
        assert ("enter_into_force" in automatic) == self.sheet.should_enter(self.today)
        assert ("end" in automatic) == self.sheet.should_end(self.today)
        assert ("erase" in automatic) == self.sheet.should_forget(self.today)
        if self.sheet.status == "erased":
            assert dues == []
            assert self.record.claims() == frozenset()
        assert {
            due.key.partition(":")[2]
            for due in dues
            if due.kind == "report_overdue" and (due.at <= self.house.clock.instant)
        } == self.sheet.reports_late(self.today)
        waited = {due.awaits[0] for due in dues if due.kind == "remind_signature"}
        assert waited == self.sheet.awaited()


@pytest.mark.parametrize("examples", [40, pytest.param(1_000, marks=pytest.mark.stress)])
def test_a_convention_does_what_a_plain_model_of_it_does(
    monkeypatch: pytest.MonkeyPatch, examples: int
) -> None:
    encode = codec.encode

    def encode_and_compare(event: Root.Event, box: Box) -> str:
        boxed: dict[str, Any] = {}

        def noting(mark: str, value: Any) -> str:
            word = box(mark, value)
            boxed[word] = value
            return word

        state = encode(event, noting)
        event_class, values = codec.decode(codec.topic_of(type(event)), state, boxed.__getitem__)
        assert event_class is type(event)
        for name, value in values.items():
            assert (value, type(value)) == (getattr(event, name), type(getattr(event, name))), (event, name)
        return state

    monkeypatch.setattr(codec, "encode", encode_and_compare)
    played(ConventionMachine, examples)
