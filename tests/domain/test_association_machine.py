"""The association against a plain model of it, ``association_sheet``.

Each step either succeeds and the model moves too, or is refused by one of the guards that the model says
should fail, and then nothing has changed. The seed of every run is printed; ``MENTORAT_SEED`` replays it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from domain.association import commands as ask
from domain.association import due as of_association
from domain.association import guards
from domain.association.model import Association
from domain.association.parts import (
    Contact,
    ContactRole,
    Entitlement,
    EntitlementKind,
    SuspensionCause,
)
from domain.calendar import start_of
from domain.commands import Command
from domain.erasure import Erase, Ground
from domain.folding import fold, standing_at
from domain.kernel import SYSTEM, Actor, Claim, DomainError, Due, Root
from domain.links import Channel, Link
from domain.programme.rules import AdmissionRules, Delay, Unit
from domain.reminding import RecordDelivery, Remind
from ledger.events import happened
from tests.domain.association_sheet import (
    ASKED,
    CLOSED,
    FOLLOWED,
    KEPT,
    OPENABLE,
    STANDING,
    Sheet,
)
from tests.domain.association_support import PROGRAMME, Desk, guest, sha, version
from tests.domain.play import SEEN, Story, met, played, tell
from tests.domain.rehearsal import OFFICER, Expected, one_of, settled
from tests.support import COORDINATOR, FACE, GRENOBLE, IN_PARIS, LYON

PARIS = ZoneInfo("Europe/Paris")

IN = {LYON: "10", IN_PARIS: "01"}
actors = st.sampled_from([LYON, LYON, LYON, COORDINATOR, GRENOBLE])
openers = st.sampled_from([LYON, LYON, COORDINATOR, GRENOBLE, IN_PARIS])
reasons = st.sampled_from(["motif", "motif", "motif", " "])
back = st.sampled_from([0, 0, 0, 1, 12, -1])
"""Days before today on which the fact took place; -1 is tomorrow."""
documents = st.sampled_from([*ASKED, *ASKED, "statutes"])
contents = st.sampled_from(["a", "a", "b"])
validity = st.sampled_from([None, -1, 0, 20, 100, 365])
"""Days for which a document is valid from today."""
ids = st.sampled_from([f"l{n}" for n in range(7)])
titles = st.sampled_from(["A", "B"])


def in_season(*statuses: str) -> Callable[[Any], Any]:
    """Most steps are tried when they make sense; ``out_of_season`` tries them all the rest of the time."""
    return precondition(lambda machine: machine.sheet.status in statuses)


class AssociationMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.live: Root | None = None
        self.folded = 0
        self.sheet = Sheet(school=lambda academie, day: True)

    # The stage ---------------------------------------------------------------------------------

    @initialize(
        award=st.booleans(),
        stage=st.sampled_from(["invited", "invited", "opened", "complete", "admitted", "admitted"]),
        insured=st.sampled_from([20, 45, 365]),
    )
    def begin(self, award: bool, stage: str, insured: int) -> None:
        self.desk = Desk(
            retention=Delay(KEPT, Unit.MONTHS),
            admission=AdmissionRules(documents=ASKED),
            required_entitlements=("laureate",) if award else (),
        )
        calendars = self.desk.house.executor.world.calendars
        self.sheet = Sheet(
            school=lambda academie, day: calendars.for_academie(academie).is_school_day(day), award=award
        )
        if stage == "invited":
            self.invite("l1", 30, LYON)
            self.invite("l2", 10, LYON)
        else:
            self.open(LYON, 0, Channel.PAPER)
        if stage in {"complete", "admitted"}:
            for document in ASKED:
                self.receive(document, "a", insured, 0, LYON)
                self.accept(document, True, LYON)
        if stage == "admitted":
            self.grant("A", 100, 300, True, LYON)
            self.admit(0, LYON)

    @property
    def today(self) -> date:
        return self.desk.house.clock.instant.astimezone(PARIS).date()

    def ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def attempt(
        self, command: Command, expected: Expected, actor: Actor = LYON, reason: str = "motif"
    ) -> bool:
        """Carries the command out; whether it was. Refused, it is by a guard that had to fail."""
        if command.name != ask.ConcludeRelease.name:
            expected = self.sheet.once_erased(expected)
        before, refused = self.traces(), None
        try:
            self.desk.do(command, actor, reason)
        except DomainError as error:
            refused = error
        if refused is None:
            assert not expected, (command, "should have been refused", expected)
            SEEN[command.name] += 1
            return True
        assert refused.code in expected, (command, refused.code, expected)
        assert refused.sentence
        assert before == self.traces()
        SEEN[f"refused {refused.code}"] += 1
        return False

    def traces(self) -> tuple[object, ...]:
        return vars(self.desk.record), len(settled(self.desk.house.recorder.load([FACE])).events)

    # Time --------------------------------------------------------------------------------------

    def later(self, days: int, steps: int, problem: str | None = None) -> None:
        self.desk.house.clock.advance(days=days)
        for _ in range(steps):
            self.one_step_of_the_process(problem)

    @rule(days=st.integers(0, 4), steps=st.integers(0, 3), problem=st.sampled_from([None, "boîte pleine"]))
    def days_pass(self, days: int, steps: int, problem: str | None) -> None:
        self.later(days, steps, problem)

    @rule(days=st.integers(5, 40), steps=st.integers(0, 4))
    def weeks_pass(self, days: int, steps: int) -> None:
        self.later(days, steps)

    @rule(days=st.integers(60, 320), steps=st.integers(1, 6))
    def months_pass(self, days: int, steps: int) -> None:
        self.later(days, steps)

    @rule(before=st.booleans(), steps=st.integers(0, 2))
    def a_deadline_comes(self, before: bool, steps: int) -> None:
        """It is the minute before the next one, or the instant itself."""
        clock = self.desk.house.clock
        ahead = [due.at - timedelta(minutes=before) for due in self.desk.dues()]
        if later := min((at for at in ahead if at > clock.instant), default=None):
            clock.instant = later
            self.later(0, steps)

    def one_step_of_the_process(self, problem: str | None = None) -> None:
        """The first deadline is met, and something has changed: else the process would spin."""
        if not (ready := self.desk.ready()):
            return
        due, before = ready[0], self.desk.record.version
        if due.kind == "deliver":
            key = due.key.removeprefix("deliver:").rpartition(":")[0]
            command: Command = RecordDelivery(record_id=FACE, key=key, channel="mail", problem=problem)
        elif due.kind == "lapse":
            command = ask.Lapse(record_id=FACE)
        elif due.kind == "expire_insurance":
            command = ask.ExpireInsurance(record_id=FACE)
        elif due.kind == "erase":
            command = Erase(record_id=FACE, ground=Ground.RETENTION)
        elif due.kind == "release_mentors":
            command = ask.ConcludeRelease(record_id=FACE, mentors=0)
        else:
            command = Remind(record_id=FACE, key=due.key)
        assert self.attempt(command, set(), SYSTEM, reason="")
        assert self.desk.record.version > before, f"{due.key} stays due for ever"
        SEEN[f"due {due.kind}"] += 1
        if due.kind != "deliver":
            self.sheet.time_did(*about(due), self.today)
        elif due.key.startswith("deliver:documents:"):
            _, _, number, since, step, _ = due.key.split(":")
            self.sheet.told_of(int(number), date.fromisoformat(since), step == "2", problem, self.today)

    @rule()
    def time_does_its_work(self) -> None:
        for _ in range(100):
            if not self.desk.ready():
                return
            self.one_step_of_the_process()
        raise AssertionError(f"never quiet: {self.desk.ready()}")

    # Its admission -----------------------------------------------------------------------------

    @in_season(*OPENABLE)
    @rule(actor=openers, days=back, channel=st.sampled_from(Channel))
    def open(self, actor: Actor, days: int, channel: Channel) -> None:
        on = self.ago(days)
        command = ask.OpenAdmission(record_id=FACE, programme_id=PROGRAMME, on=on, channel=channel)
        expected = self.sheet.allowed(actor, "academie") | self.sheet.unless(*OPENABLE)
        if self.attempt(command, expected | self.sheet.dated(on, self.today), actor):
            self.sheet.opens(on, IN[actor])

    @in_season(*OPENABLE)
    @rule(link=ids, online=st.sampled_from([True, True, False]), days=st.sampled_from([0, 0, 1]))
    def open_by_link(self, link: str, online: bool, days: int) -> None:
        link = link if link in self.sheet.links else next(iter(self.sheet.links), link)
        on, channel = self.ago(days), Channel.ONLINE if online else Channel.PAPER
        command = ask.OpenAdmission(record_id=FACE, programme_id=PROGRAMME, on=on, channel=channel)
        expected = self.sheet.refusals_by_link(link, online, on, self.today)
        if self.attempt(command, expected, guest(link)):
            SEEN["opened by a link"] += 1
            self.sheet.links[link] = ("spent", self.sheet.links[link][1])
            self.sheet.opens(on, self.sheet.givers[link])

    @in_season(*OPENABLE)
    @rule(link=ids, days=st.sampled_from([-1, 0, 10, 30, 30, 31]), actor=openers)
    def invite(self, link: str, days: int, actor: Actor) -> None:
        until = self.ago(-days)
        command = ask.IssueLink(
            record_id=FACE, link=link, action="admission", digest=sha(link), expires_on=until
        )
        expected = self.sheet.allowed(actor, "academie", "association")
        expected |= one_of(link_action_reserved=actor.role == "association")
        if self.attempt(command, expected | self.sheet.refusals_to_invite(link, until, self.today), actor):
            self.sheet.links[link] = ("live", until)
            self.sheet.givers[link] = IN[actor]

    @in_season(*OPENABLE)
    @rule(link=ids)
    def revoke(self, link: str) -> None:
        if self.attempt(ask.RevokeLink(record_id=FACE, link=link), self.sheet.refusals_to_revoke(link)):
            self.sheet.links[link] = ("revoked", self.sheet.links[link][1])

    @in_season(*FOLLOWED)
    @rule(document=st.sampled_from(["statutes", "charter", "horoscope"]), actor=actors)
    def ask_for(self, document: str, actor: Actor) -> None:
        expected = self.sheet.allowed(actor, "academie") | self.sheet.unless(*FOLLOWED)
        expected |= {"document_unknown"} if document == "horoscope" else set()
        if self.attempt(ask.AskDocument(record_id=FACE, document=document), expected, actor):
            self.sheet.asks(document, self.today)

    @in_season(*FOLLOWED)
    @rule(document=documents, content=contents, valid=validity, days=back, actor=actors)
    def receive(self, document: str, content: str, valid: int | None, days: int, actor: Actor) -> None:
        until = None if valid is None else self.ago(-valid)
        # One day for each content: the same file received twice is the same version.
        on = date(2025, 11, 3) if days >= 0 else self.ago(days)
        received = version(content, on=on, valid_until=until)
        command = ask.ReceiveDocument(record_id=FACE, document=document, version=received)
        expected = self.sheet.allowed(actor, "academie", "association")
        expected |= self.sheet.refusals_to_receive(document, (content, until), on, self.today)
        if self.attempt(command, expected, actor):
            self.sheet.receives(document, (content, until), self.today)

    def content(self, document: str, same: bool) -> str:
        """That of the version to read, or another."""
        folder = self.sheet.folders.get(document)
        return folder.to_read[0] if folder and folder.to_read and same else "z"

    @in_season(*FOLLOWED)
    @rule(
        document=documents,
        same=st.sampled_from([True, True, True, False]),
        actor=actors,
        dated=st.sampled_from([True, True, True, False]),
    )
    def accept(self, document: str, same: bool, actor: Actor, dated: bool = True) -> None:
        folder = self.sheet.folders.get(document)
        until = folder.to_read[1] if folder and folder.to_read and dated else date(2099, 12, 31)
        paper = (self.content(document, same), until)
        command = ask.AcceptDocument(
            record_id=FACE, document=document, sha256=sha(paper[0]), valid_until=until
        )
        expected = self.sheet.allowed(actor, "academie")
        if self.attempt(
            command, expected | self.sheet.refusals_to_accept(document, paper, self.today), actor
        ):
            self.sheet.accepts(document, self.today)

    @in_season(*FOLLOWED)
    @rule(document=documents, same=st.sampled_from([True, True, False]), reason=reasons)
    def refuse(self, document: str, same: bool, reason: str) -> None:
        content = self.content(document, same)
        command = ask.RefuseDocument(record_id=FACE, document=document, sha256=sha(content))
        expected = self.sheet.motivated(reason) | self.sheet.refusals_to_read(document, content)
        if self.attempt(command, expected, reason=reason):
            self.sheet.refuses(document, self.today)

    @in_season("in_admission")
    @rule(days=st.integers(60, 110), document=st.sampled_from(ASKED))
    def read_late(self, days: int, document: str) -> None:
        """Everything came in time, and the académie took its own."""
        for missing in sorted(self.sheet.missing()):
            self.receive(missing, "a", 365, 0, LYON)
        self.later(days, 0)
        self.refuse(document, True, "motif")

    @in_season("in_admission")
    @rule(days=back, actor=actors)
    def admit(self, days: int, actor: Actor) -> None:
        on = self.ago(days)
        expected = self.sheet.allowed(actor, "academie") | self.sheet.refusals_to_admit(on, self.today)
        if self.attempt(ask.Admit(record_id=FACE, on=on), expected, actor):
            self.sheet.admits(on)

    @in_season("in_admission")
    @rule(reason=reasons, seriously=st.sampled_from([True, False, False]))
    def refuse_admission(self, reason: str, seriously: bool) -> None:
        expected = self.sheet.unless("in_admission") | self.sheet.motivated(reason)
        if not expected and not seriously:
            return
        if self.attempt(ask.RefuseAdmission(record_id=FACE), expected, reason=reason):
            self.sheet.becomes("refused", self.today)

    # Its standing ------------------------------------------------------------------------------

    @in_season(*STANDING)
    @rule(cause=st.sampled_from(SuspensionCause), days=back, reason=reasons, actor=actors)
    def suspend(self, cause: SuspensionCause, days: int, reason: str, actor: Actor) -> None:
        on = self.ago(days)
        expected = self.sheet.allowed(actor, "academie") | self.sheet.unless(*STANDING)
        expected |= self.sheet.motivated(reason) | self.sheet.refusals_to_suspend(cause, on, self.today)
        if self.attempt(ask.Suspend(record_id=FACE, cause=cause, on=on), expected, actor, reason):
            self.sheet.suspends(cause, on)

    @in_season(*STANDING, "in_admission", *CLOSED)
    @rule(reason=reasons, cause=st.sampled_from(SuspensionCause), one_of_its=st.booleans())
    def lift(self, reason: str, cause: SuspensionCause, one_of_its: bool) -> None:
        if one_of_its and self.sheet.causes:
            cause = SuspensionCause(min(self.sheet.causes))
        expected = self.sheet.unless("suspended", "in_admission", *CLOSED) | self.sheet.motivated(reason)
        expected |= one_of(not_suspended=cause not in self.sheet.causes)
        if self.attempt(ask.LiftSuspension(record_id=FACE, cause=cause), expected, reason=reason):
            self.sheet.lifts(cause, self.today)

    @in_season(*FOLLOWED)
    @rule(days=back, reason=reasons, actor=actors, seriously=st.sampled_from([True, False, False]))
    def leave(self, days: int, reason: str, actor: Actor, seriously: bool) -> None:
        on = self.ago(days)
        expected = self.sheet.allowed(actor, "academie", "association") | self.sheet.unless(*FOLLOWED)
        expected |= self.sheet.motivated(reason) | self.sheet.dated(on, self.today)
        if not expected and not seriously:
            return
        if self.attempt(ask.Leave(record_id=FACE, on=on), expected, actor, reason):
            self.sheet.becomes("left", on)

    @rule(academie=st.sampled_from(["01", "01", "10"]), actor=actors)
    def extend(self, academie: str, actor: Actor) -> None:
        expected = self.sheet.allowed(actor, "academie") | self.sheet.refusals_to_extend(academie)
        if self.attempt(ask.Extend(record_id=FACE, academie=academie), expected, actor):
            self.sheet.extends(academie)

    # Titles, contacts --------------------------------------------------------------------------

    @rule(title=titles, before=st.sampled_from([0, 30, 300]), after=st.sampled_from([-400, -1, 0, 45, 300]),
          here=st.sampled_from([True, True, False]), actor=actors)  # fmt: skip
    def grant(self, title: str, before: int, after: int, here: bool, actor: Actor) -> None:
        first, last = self.ago(before), self.ago(-after)
        award = Entitlement(EntitlementKind.LAUREATE, title, ("1j1m",), first, last, () if here else ("08",))
        expected = self.sheet.allowed(actor, "academie") | ({"period_reversed"} if last < first else set())
        if self.attempt(ask.GrantEntitlement(record_id=FACE, entitlement=award), expected, actor):
            self.sheet.titles[title] = (first, last, here)

    @rule(title=titles, days=st.sampled_from([0, 5, 200, -1]))
    def end_title(self, title: str, days: int) -> None:
        on = self.ago(days)
        expected = self.sheet.refusals_to_end_title(title, on, self.today)
        if self.attempt(ask.EndEntitlement(record_id=FACE, reference=title, on=on), expected):
            first, _, here = self.sheet.titles[title]
            self.sheet.titles[title] = (first, on, here)

    @in_season("admitted", "erased")
    @rule(role=st.sampled_from(ContactRole), named=st.booleans(), actor=actors)
    def contact(self, role: ContactRole, named: bool, actor: Actor) -> None:
        expected = self.sheet.allowed(actor, "academie", "association")
        if named:
            who = Contact("Prénom Nom", phone="0600000000")
            if self.attempt(ask.NameContact(record_id=FACE, role=role, contact=who), expected, actor):
                self.sheet.contacts.add(role)
            return
        expected |= {"no_such_contact"} if role not in self.sheet.contacts else set()
        if self.attempt(ask.RemoveContact(record_id=FACE, role=role), expected, actor):
            self.sheet.contacts.discard(role)

    @rule(attempt=st.integers(0, 14))
    def out_of_season(self, attempt: int) -> None:
        attempts: list[Callable[[], None]] = [
            lambda: self.open(LYON, 0, Channel.PAPER),
            lambda: self.open_by_link("l0", True, 0),
            lambda: self.invite("l0", 10, LYON),
            lambda: self.ask_for("statutes", LYON),
            lambda: self.receive("charter", "a", None, 0, LYON),
            lambda: self.accept("charter", True, LYON),
            lambda: self.refuse("charter", True, "motif"),
            lambda: self.admit(0, LYON),
            lambda: self.refuse_admission("motif", False),
            lambda: self.suspend(SuspensionCause.FAULT, 0, "motif", LYON),
            lambda: self.lift("motif", SuspensionCause.FAULT, True),
            lambda: self.revoke("l1"),
            lambda: self.contact(ContactRole.PRESIDENT, True, LYON),
            lambda: self.contact(ContactRole.PRESIDENT, False, LYON),
            self.erase,
        ]
        attempts[attempt]()

    def erase(self) -> None:
        """It ends the play."""
        if self.sheet.status != "erased":
            assert self.attempt(Erase(record_id=FACE, ground=Ground.OBJECTION), set(), OFFICER, "")
            self.sheet.erases()

    # What must hold at every moment --------------------------------------------------------------

    @invariant()
    def the_record_is_what_the_model_says(self) -> None:
        if not hasattr(self, "desk"):
            return
        record, sheet = self.desk.record, self.sheet
        SEEN[f"status {record.status}"] += 1
        assert record.status == sheet.status
        assert record.round == sheet.rounds
        assert (record.handed_on, record.complete_on) == (sheet.handed, sheet.complete)
        assert set(record.missing_documents) == sheet.missing()
        assert record.insured_until == sheet.insured_until
        assert record.insured(self.today) == sheet.insured(self.today)
        assert set(record.blocks(self.today)) == sheet.blocks(self.today)
        assert {one.cause for one in record.suspensions} == sheet.causes
        assert record.status_since == sheet.since or record.status in {"candidate", "erased"}
        assert set(record.contacts) == sheet.contacts
        assert (list(record.academies), record.academie) == (sheet.academies, sheet.academie)
        held = {(one.starts, one.ends) for one in record.entitlements.values()}
        assert held == {(first, last) for first, last, _ in sheet.titles.values()}

    @invariant()
    def only_live_links_open_it(self) -> None:
        if not hasattr(self, "desk"):
            return
        live = {link for link, (state, _) in self.sheet.links.items() if state == "live"}
        live = set() if self.sheet.status == "erased" else live
        record = self.desk.record
        assert {scope for scope in record.scopes() if scope.startswith("link:")} == {
            f"link:{i}" for i in live
        }
        academies = [] if self.sheet.status == "erased" else self.sheet.academies
        named = {Claim(f"name:{academie}:face") for academie in academies}
        assert record.claims() == named | {Claim(f"link:{sha(link)}") for link in live}

    @invariant()
    def what_time_should_do_is_what_is_due(self) -> None:
        if not hasattr(self, "desk"):
            return
        dues = self.desk.dues()
        assert dues == sorted(dues, key=lambda due: due.at)
        assert len({due.key for due in dues}) == len(dues)
        if self.sheet.status == "erased":
            assert {due.kind for due in dues} <= {"release_mentors"}
        ready = {about(due) for due in self.desk.ready() if due.kind != "deliver"}
        assert ready == self.sheet.ready(self.today)
        read = {due.key.split(":")[2] for due in dues if due.kind == "read_document"}
        followed = self.sheet.status in FOLLOWED
        assert read == {name for name, one in self.sheet.folders.items() if one.to_read and followed}

    @invariant()
    def its_history_folds_to_itself(self) -> None:
        if not hasattr(self, "desk"):
            return
        events = [happened(one) for one in settled(self.desk.house.recorder.load([FACE])).events]
        for one in events[self.folded :]:
            self.live = one.event.mutate(self.live)
        self.folded = len(events)
        again, now = fold(events), self.desk.house.clock.instant
        assert again is not None
        assert self.live is not None
        assert vars(again) == vars(self.live)
        standing = standing_at(events, now, now)
        assert standing is not None
        assert standing.status == again.status
        assert all(one.effective_at <= one.recorded_at for one in events)


def about(due: Due) -> tuple[str, str]:
    """The kind of a step, and the title, or the day of what is read, that it is about."""
    if due.kind in {"remind_reading", "escalate_reading"}:
        return due.kind, due.key.split(":")[2]
    if due.key.startswith("missing_title:"):
        return due.kind, "missing"
    return due.kind, due.key.split(":")[1] if due.kind == "alert_entitlement" else ""


@pytest.mark.parametrize("examples", [80, pytest.param(1_000, marks=pytest.mark.stress)])
def test_an_association_does_what_a_plain_model_of_it_does(examples: int) -> None:
    played(AssociationMachine, examples, steps=40)


STORIES: dict[str, Story[AssociationMachine]] = {
    "nothing comes": (
        lambda m: m.begin(False, "invited", 45),
        lambda m: m.open_by_link("l1", True, 0),
        lambda m: m.a_deadline_comes(True, 2),
        lambda m: m.a_deadline_comes(False, 2),
        lambda m: m.days_pass(0, 2, "boîte pleine"),
        lambda m: m.months_pass(200, 6),
        lambda m: m.time_does_its_work(),
        lambda m: m.invite("l3", 10, COORDINATOR),
        lambda m: m.months_pass(320, 6),
        lambda m: m.time_does_its_work(),
        lambda m: m.out_of_season(1),
    ),
    "the insurance ends before the decision": (
        lambda m: m.begin(False, "complete", 20),
        lambda m: m.weeks_pass(21, 4),
        lambda m: m.time_does_its_work(),
        lambda m: m.admit(0, LYON),
        lambda m: m.receive("insurance", "b", 365, 0, COORDINATOR),
        lambda m: m.accept("insurance", True, LYON, False),
        lambda m: m.accept("insurance", True, LYON),
        lambda m: m.admit(0, LYON),
    ),
    "nobody reads": (
        lambda m: m.begin(False, "opened", 45),
        lambda m: m.receive("charter", "a", None, 0, COORDINATOR),
        lambda m: m.weeks_pass(14, 4),
        lambda m: m.receive("insurance", "a", 365, 0, COORDINATOR),
        *(lambda m: m.weeks_pass(14, 4) for _ in range(3)),
        lambda m: m.refuse("charter", True, "motif"),
        lambda m: m.refuse_admission("motif", True),
        lambda m: m.months_pass(320, 6),
        lambda m: m.time_does_its_work(),
    ),
    "every day of an insurance that nobody renews": (
        lambda m: m.begin(False, "admitted", 45),
        *(lambda m: m.days_pass(1, 1, None) for _ in range(50)),
    ),
    "a document runs out before it is read": (
        lambda m: m.begin(False, "opened", 45),
        lambda m: m.receive("insurance", "a", 0, 0, COORDINATOR),
        lambda m: m.days_pass(1, 0, None),
        lambda m: m.accept("insurance", True, LYON),
    ),
    "decided on a day before the file was complete": (
        lambda m: m.begin(False, "complete", 45),
        lambda m: m.days_pass(2, 0, None),
        lambda m: m.admit(5, LYON),
        lambda m: m.admit(2, LYON),
        lambda m: m.suspend(SuspensionCause.FAULT, 3, "motif", LYON),
        lambda m: m.suspend(SuspensionCause.FAULT, 1, "motif", LYON),
        lambda m: m.leave(2, "motif", COORDINATOR, True),
    ),
    "an award ends": (
        lambda m: m.begin(True, "admitted", 45),
        lambda m: m.suspend(SuspensionCause.FAULT, 0, "motif", LYON),
        lambda m: m.months_pass(60, 6),
        lambda m: m.time_does_its_work(),
        lambda m: m.lift("motif", SuspensionCause.FAULT, True),
        lambda m: m.months_pass(320, 6),
        lambda m: m.extend("01", LYON),
        lambda m: m.receive("charter", "b", None, 0, LYON),
        lambda m: m.weeks_pass(40, 6),
        lambda m: m.time_does_its_work(),
        lambda m: m.leave(0, "motif", COORDINATOR, True),
        lambda m: m.time_does_its_work(),
    ),
    "a suspension outlives a departure": (
        lambda m: m.begin(False, "admitted", 365),
        lambda m: m.suspend(SuspensionCause.SAFEGUARDING, 0, "motif", LYON),
        lambda m: m.suspend(SuspensionCause.FAULT, 0, "motif", LYON),
        lambda m: m.leave(0, "motif", COORDINATOR, True),
        lambda m: m.time_does_its_work(),
        lambda m: m.lift("motif", SuspensionCause.FAULT, False),
        lambda m: m.open(LYON, 0, Channel.PAPER),
        *(lambda m, d=d: m.receive(d, "a", 365, 0, LYON) for d in ASKED),
        *(lambda m, d=d: m.accept(d, True, LYON) for d in ASKED),
        lambda m: m.admit(0, LYON),
        lambda m: m.days_pass(2, 0, None),
        lambda m: m.lift("motif", SuspensionCause.SAFEGUARDING, False),
        lambda m: m.admit(1, LYON),
        lambda m: m.admit(0, LYON),
    ),
    "the one that refused it extends it to another, which assesses it in its turn": (
        lambda m: m.begin(True, "complete", 45),
        lambda m: m.refuse_admission("motif", True),
        lambda m: m.open(IN_PARIS, 0, Channel.PAPER),
        lambda m: m.extend("01", COORDINATOR),
        lambda m: m.extend("01", LYON),
        lambda m: m.extend("01", LYON),
        lambda m: m.time_does_its_work(),
        lambda m: m.invite("l1", 10, IN_PARIS),
        lambda m: m.open_by_link("l1", True, 0),
        *(lambda m, d=d: m.receive(d, "a", 365, 0, COORDINATOR) for d in ASKED),
        *(lambda m: m.days_pass(1, 2, None) for _ in range(30)),
        *(lambda m, d=d: m.accept(d, True, IN_PARIS) for d in ASKED),
        lambda m: m.admit(0, IN_PARIS),
        lambda m: m.grant("A", 100, 300, True, IN_PARIS),
        lambda m: m.admit(0, IN_PARIS),
        lambda m: m.leave(0, "motif", LYON, True),
        lambda m: m.open(LYON, 0, Channel.PAPER),
    ),
    "a link that served is nothing to an erased record": (
        lambda m: m.begin(False, "invited", 45),
        lambda m: m.open_by_link("l1", True, 0),
        lambda m: m.erase(),
        lambda m: m.open_by_link("l1", True, 0),
        lambda m: m.open_by_link("l9", True, 0),
    ),
}


def test_the_stories_meet_every_status_and_every_deadline() -> None:
    tell(AssociationMachine, STORIES.values())
    assert met("due") == {
        "remind_documents",
        "lapse",
        "expire_insurance",
        "remind_assessment",
        "escalate_assessment",
        "remind_reading",
        "escalate_reading",
        "alert_insurance",
        "alert_entitlement",
        "release_mentors",
        "deliver",
        "erase",
    }
    assert met("status") == {*OPENABLE, *FOLLOWED, "erased"}


def _a_day_late(association: Any, rules: Any, now: Any) -> Any:
    return [replace(due, at=due.at + timedelta(days=1)) for due in INSURANCE(association, rules, now)]


def _lapses_whatever_was_refused_lately(association: Any, rules: Any, calendar: Any, now: Any) -> Any:
    opened = association.opened_on
    for due in LAPSE(association, rules, calendar, now):
        yield replace(due, at=start_of(rules.admission.lapse.after(opened, calendar) + timedelta(days=1)))


def _never_incomplete_again(association: Association, day: date) -> None:
    if all(one.accepted for one in association.documents.values()):
        association.complete_on = association.complete_on or day
    if not association.missing_documents:
        association.handed_on = association.handed_on or day


INSURANCE, LAPSE = of_association._insurance, of_association._lapse
MISTAKES: dict[str, tuple[object, str, object]] = {
    "an alert comes a day late": (of_association, "_insurance", _a_day_late),
    "a file lapses the night after a refusal": (
        of_association,
        "_lapse",
        _lapses_whatever_was_refused_lately,
    ),
    "an insurance that ended is not asked again": (of_association, "_expiry", lambda association: []),
    "a document asked late leaves the file complete": (Association, "_settle", _never_incomplete_again),
    "who refused it assesses the admission that another opens": (
        Association,
        "assessed_in",
        lambda association, act: association.academie,
    ),
    "a spent link still opens the record": (Link, "is_live", True),
    "a document that has run out is accepted": (guards, "not_run_out", lambda act, version: None),
    "a day before the last change is taken": (guards, "in_order", lambda association, act, on: None),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a story: what plays of chance meet depends on chance."""
    monkeypatch.setattr(*MISTAKES[mistake])
    with pytest.raises(AssertionError):
        tell(AssociationMachine, STORIES.values())
