"""The convention: who binds whom to mentor where, from when to when, and how it was decided.

draft → in_review → to_sign → partially_signed → signed → in_force → ending → renewed | expired | terminated;
before it is in force, a person may abandon it. Sources: the press release (``reference/``), Code de
l'éducation R421-20 and R421-54 for the votes of an EPLE, and the programme's rules for every delay.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

from domain.calendar import PartialDate, paris_day
from domain.convention import settling
from domain.convention import timeline as times
from domain.convention.parts import (
    AUTHORITIES,
    ENDED,
    STATUS_LABELS,
    Amendment,
    Capacity,
    Clauses,
    Coverage,
    EndCause,
    Medium,
    Party,
    Report,
    Signatory,
    Signature,
    Status,
    Vote,
    text_hash,
)
from domain.erasure import Ground
from domain.kernel import FREE_TEXT, PERSONAL, Act, Claim, Root, event
from domain.reminding import Reminder, Reminding


class Convention(Reminding, Root):
    """What the record is and what its events assign. What is decided about it stands in a file a subject:
    ``preparing``, ``signing``, ``amending``, ``reporting``, ``ending``, ``correcting``."""

    TOPIC = "convention@1"
    status_labels = STATUS_LABELS
    own_instant = times.own_instant
    since = times.since
    resting = frozenset({Status.SIGNED, Status.IN_FORCE})
    final = ENDED | {Status.ABANDONED, Status.ERASED}

    @event("Created", topic="convention.Drafted@1")
    def __init__(
        self,
        id: str,
        title: str,
        programme_id: str,
        rules_version: int,
        academie: str,
        parties: tuple[Party, ...],
        clauses: Clauses,
        coverage: Coverage,
        renews: str | None = None,
    ) -> None:
        self.status: str = Status.DRAFT
        self.title = title
        self.programme_id = programme_id
        self.rules_version = rules_version
        self.academie = academie
        self.parties = {party.key: party for party in parties}
        self.every_party = dict(self.parties)
        self.clauses = clauses
        self.coverage = coverage
        self.renews = renews
        self.renewed_by: str | None = None
        self.announced_for: PartialDate | None = None
        self.announced_in: str | None = None
        self.signatories: dict[str, Signatory] = {}
        self.votes: dict[str, Vote] = {}
        self.round = 0
        self.submitted_on: date | None = None
        self.sent_on: date | None = None
        self.text: str | None = None
        self.signatures: dict[str, Signature] = {}
        self.evidence: str | None = None
        self.signed_on: PartialDate | None = None
        self.in_force_from: PartialDate | None = None
        self.amendment: Amendment | None = None
        self.amendments_in_force: tuple[Amendment, ...] = ()
        self.reports: dict[str, Report] = {}
        self.reports_since: date | None = None
        self.reminders: dict[str, Reminder] = {}
        self.notice_until: date | None = None
        self.notice_by: str = ""
        self.notice_on_paper = False
        self.end_cause: EndCause | None = None
        self.abandoned_on: date | None = None
        self.ended_on: date | None = None
        self.recorded_in: dict[str, tuple[int, ...]] = {"ends_on": (1,)} if clauses.ends_on else {}

    # What it is ------------------------------------------------------------------------------

    def scopes(self) -> frozenset[str]:
        """Its parties, the académies it covers, and those who see everything but persons."""
        return frozenset(
            {"role:national", "role:auditor", "role:dpo", self.owner}
            | {f"academie:{code}" for code in self.coverage.academies}
            | set(self.parties)
        )

    def keepers(self) -> frozenset[str]:
        """Whoever keeps the file, its parties, and who answers for persons' data: others only read it."""
        return frozenset({self.owner, *self.parties, "role:dpo"})

    def claims(self) -> frozenset[Claim]:
        """A number designates one convention of the académie; an abandoned or erased one gives it back."""
        kept = self.status not in {Status.ABANDONED, Status.ERASED}
        number = self.clauses.number if kept else None
        return frozenset({Claim(f"convention:{self.academie}:{number}")} if number else ())

    @property
    def owner(self) -> str:
        """Who keeps the file: its académie, or its first authority when several académies share it."""
        if self.academie:
            return f"academie:{self.academie}"
        return next((key for key, p in self.parties.items() if p.kind in AUTHORITIES), "state")

    @property
    def heading(self) -> str:
        return f"Convention : {self.title}"

    @property
    def unsigned(self) -> tuple[Party, ...]:
        """Nobody once its history was recorded: the evidence attests the signatures."""
        if self.evidence:
            return ()
        return tuple(p for key, p in self.parties.items() if key not in self.signatures)

    @property
    def text_now(self) -> str:
        """The hash of the text as it reads now."""
        return text_hash(tuple(self.parties.values()), self.clauses, self.coverage)

    # Reminding -------------------------------------------------------------------------------

    def remind(self, act: Act, *, key: str, kind: str, to: str, what: str) -> None:
        """A reminder falls due, once for each key; with the first alert of its end, the ending begins."""
        first = key not in self.reminders
        super().remind(act, key=key, kind=kind, to=to, what=what)
        if first and kind == "alert_end" and self.status == Status.IN_FORCE:
            self._ending_began(on=act.today)

    # Events: they assign, and never compute with personal fields ------------------------------

    @event("Announced", topic="convention.Announced@1")
    def _announced(self, announced_for: PartialDate, source: Annotated[str, FREE_TEXT]) -> None:
        self.announced_for = announced_for
        self._recorded("announced_for")
        self.announced_in = source

    @event("PartyAdded", topic="convention.PartyAdded@1")
    def _party_added(self, party: Party, voids: tuple[str, ...], day: date) -> None:
        before = self.text_now
        self.parties[party.key] = self.every_party[party.key] = party
        settling.text_changed(self, before, day)

    @event("PartyRemoved", topic="convention.PartyRemoved@1")
    def _party_removed(self, party: str, voids: tuple[str, ...], day: date) -> None:
        before = self.text_now
        del self.parties[party]
        self.signatories.pop(party, None)
        settling.text_changed(self, before, day)

    @event("SignatoryNamed", topic="convention.SignatoryNamed@1")
    def _signatory_named(
        self,
        party: str,
        name: Annotated[str, PERSONAL],
        title: str,
        capacity: Capacity,
        delegation: Annotated[str, PERSONAL] | None,
        delegation_until: date | None,
    ) -> None:
        self.signatories[party] = Signatory(name, title, capacity, delegation, delegation_until)

    @event("ClausesSet", topic="convention.ClausesSet@1")
    def _clauses_set(self, clauses: Clauses, voids: tuple[str, ...], day: date) -> None:
        before = self.text_now
        self.clauses = clauses
        self._recorded(*(("ends_on",) if clauses.ends_on else ()))
        settling.text_changed(self, before, day)

    @event("CoverageSet", topic="convention.CoverageSet@1")
    def _coverage_set(self, coverage: Coverage, voids: tuple[str, ...], day: date) -> None:
        before = self.text_now
        self.coverage = coverage
        settling.text_changed(self, before, day)

    @event("Submitted", topic="convention.Submitted@1")
    def _submitted(self, day: date) -> None:
        self.status = Status.IN_REVIEW
        self.submitted_on = day
        self.round += 1

    @event("Returned", topic="convention.Returned@1")
    def _returned(self) -> None:
        self.status = Status.DRAFT

    @event("SentForSignature", topic="convention.SentForSignature@1")
    def _sent_for_signature(self, text_hash: str, day: date) -> None:
        self.status = Status.TO_SIGN
        self.text = text_hash
        self.sent_on = day

    @event("VoteRecorded", topic="convention.VoteRecorded@1")
    def _vote_recorded(self, party: str, voted_on: date, transmitted_on: date, executory_on: date) -> None:
        self.votes[party] = Vote(voted_on, transmitted_on, executory_on)

    @event("Signed", topic="convention.Signed@1")
    def _signed(self, party: str, on: PartialDate, medium: Medium, text_hash: str) -> None:
        self.signatures[party] = Signature(on, medium)
        self._recorded(f"signature:{party}")
        self.status = Status.SIGNED if not self.unsigned else Status.PARTIALLY_SIGNED
        if self.status == Status.SIGNED:
            settling.all_signed(self)

    @event("HistoryRecorded", topic="convention.HistoryRecorded@1")
    def _history_recorded(
        self,
        on: PartialDate,
        in_force_from: PartialDate,
        ends_on: date,
        evidence: Annotated[str, FREE_TEXT],
        day: date,
    ) -> None:
        self.status = Status.SIGNED
        self.reports_since = day
        self.signed_on = on
        self.in_force_from = in_force_from
        self.clauses = replace(self.clauses, starts_on=in_force_from.first, ends_on=ends_on)
        self.evidence = evidence
        self._recorded("signed_on", "in_force_from", "ends_on")

    @event("CameIntoForce", topic="convention.CameIntoForce@1")
    def _came_into_force(self, on: PartialDate) -> None:
        self.status = Status.IN_FORCE
        self._recorded("in_force_from")

    @event("AmendmentProposed", topic="convention.AmendmentProposed@1")
    def _amendment_proposed(self, number: int, clauses: Clauses, text_hash: str, proposed_on: date) -> None:
        self.amendment = Amendment(number, clauses, text_hash, proposed_on)
        self.votes = {}

    @event("AmendmentSigned", topic="convention.AmendmentSigned@1")
    def _amendment_signed(self, number: int, party: str, on: PartialDate, medium: Medium) -> None:
        settling.amended(self, party, Signature(on, medium))

    @event("AmendmentWithdrawn", topic="convention.AmendmentWithdrawn@1")
    def _amendment_withdrawn(self, number: int) -> None:
        self.amendment = None

    @event("ReportReceived", topic="convention.ReportReceived@1")
    def _report_received(self, report: str, on: PartialDate, document_sha256: str | None) -> None:
        self.reports[report] = Report(received_on=on)

    @event("ReportFellOverdue", topic="convention.ReportFellOverdue@1")
    def _report_fell_overdue(self, report: str, on: date) -> None:
        self.reports[report] = Report(overdue=True)

    @event("RenewalLinked", topic="convention.RenewalLinked@1")
    def _renewal_linked(self, successor: str) -> None:
        self.renewed_by = successor

    @event("NoticeGiven", topic="convention.NoticeGiven@1")
    def _notice_given(self, party: str, on: date, until: date, cause: EndCause, on_paper: bool) -> None:
        self.notice_until = until
        self.notice_by = party
        self.notice_on_paper = on_paper
        self.end_cause = cause
        self.status = Status.ENDING

    @event("NoticeWithdrawn", topic="convention.NoticeWithdrawn@1")
    def _notice_withdrawn(self, party: str) -> None:
        self.notice_until = None
        self.notice_by = ""
        self.notice_on_paper = False
        self.end_cause = None
        settling.ending(self)

    @event("EndingBegan", topic="convention.EndingBegan@1")
    def _ending_began(self, on: date) -> None:
        self.status = Status.ENDING

    @event("Terminated", topic="convention.Terminated@1")
    def _terminated(self, on: date, cause: EndCause) -> None:
        self._ended(Status.TERMINATED, on, cause)

    @event("Expired", topic="convention.Expired@1")
    def _expired(self, on: date) -> None:
        self._ended(Status.EXPIRED, on, EndCause.TERM)

    @event("Renewed", topic="convention.Renewed@1")
    def _renewed(self, on: date, successor: str) -> None:
        self._ended(Status.RENEWED, on, EndCause.TERM)

    @event("Abandoned", topic="convention.Abandoned@1")
    def _abandoned(self, timestamp: datetime | None = None) -> None:
        # No field of the event: the library hands the time of its recording to whoever names it so.
        self.status = Status.ABANDONED
        self.abandoned_on = paris_day(timestamp) if timestamp else None

    @event("ReminderDue", topic="convention.ReminderDue@1")
    def _reminder_due(self, key: str, kind: str, to: str, what: str, due_on: date) -> None:
        self.reminders[key] = Reminder(kind, to, what, due_on)

    @event("ReminderDelivered", topic="convention.ReminderDelivered@1")
    def _reminder_delivered(self, key: str, channel: str, day: date) -> None:
        self._delivered(key, day)

    @event("ReminderFailed", topic="convention.ReminderFailed@1")
    def _reminder_failed(self, key: str, channel: str, problem: str) -> None:
        self._failed(key)

    @event("Corrected", topic="convention.Corrected@1")
    def _corrected(self, supersedes: int, date_name: str, value: PartialDate) -> None:
        self._recorded(date_name)
        name, _, party = date_name.partition(":")
        if name == "signature":
            self.signatures[party] = replace(self.signatures[party], on=value)
            settling.signed_otherwise(self)
        elif name == "ends_on":
            self.clauses = replace(self.clauses, ends_on=value.last)
            settling.ending(self)
        else:
            setattr(self, name, value)

    @event("SubjectErased", topic="convention.SubjectErased@1")
    def _subject_erased(self, ground: Ground) -> None:
        self._closed()

    # Shared by several events -----------------------------------------------------------------

    def _recorded(self, *dates: str) -> None:
        """Notes that the event being applied, whose version comes next, recorded these dates."""
        for name in dates:
            self.recorded_in[name] = (*self.recorded_in.get(name, ()), self.version + 1)

    def _ended(self, status: Status, on: date, cause: EndCause) -> None:
        self.status = status
        self.ended_on = on
        self.end_cause = cause
