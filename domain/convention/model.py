"""The convention: who binds whom to mentor where, from when to when, and how it was decided.

draft → in_review → to_sign → partially_signed → signed → in_force → ending → renewed | expired | terminated;
before it is in force, a person may abandon it. Sources: the press release (``reference/``), Code de
l'éducation R421-20 and R421-54 for the votes of an EPLE, and the programme's rules for every delay.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

from domain.calendar import PartialDate, french_date, paris_day
from domain.convention import guards
from domain.convention import timeline as times
from domain.convention.parts import (
    AUTHORITIES,
    BEFORE_FORCE,
    BEING_SIGNED,
    ENDED,
    RUNNING,
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
from domain.kernel import FREE_TEXT, PERSONAL, Act, Claim, Refused, Root, event
from domain.reminding import Reminder, Reminding

if TYPE_CHECKING:
    from domain.programme.rules import Rules

EXECUTORY_AFTER: Final = timedelta(days=15)
"""An EPLE's act binds 15 days after its transmission (Code de l'éducation, R421-54)."""


class Convention(Reminding, Root):
    """The aggregate. Public methods decide; the methods under ``@event`` assign."""

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

    # Preparing -------------------------------------------------------------------------------

    def announce(self, act: Act, *, announced_for: PartialDate, source: str) -> None:
        """Notes the day on which its signing was announced: a communiqué proves nothing more."""
        guards.status_in(self, BEFORE_FORCE, "annoncer sa signature")
        self._announced(announced_for=announced_for, source=source)

    def add_party(self, act: Act, *, party: Party) -> None:
        """Adds a party, or replaces it; signatures and votes given on the former text are void."""
        guards.editable(self)
        if self.parties.get(party.key) != party:
            parties = tuple({**self.parties, party.key: party}.values())
            same = text_hash(parties, self.clauses, self.coverage) == self.text_now
            self._party_added(party=party, voids=() if same else tuple(self.signatures), day=act.today)

    def remove_party(self, act: Act, *, party: str) -> None:
        guards.editable(self)
        guards.party_of(self, party)
        self._party_removed(party=party, voids=tuple(self.signatures), day=act.today)

    def name_signatory(self, act: Act, *, party: str, signatory: Signatory) -> None:
        """Says who signs for a party, by office or by delegation; refused once that party has signed."""
        guards.status_in(self, (BEFORE_FORCE - {Status.SIGNED}) | RUNNING, "désigner un signataire")
        guards.answers_for(self, act.actor, party)
        being_signed = dict(self.amendment.signatures) if self.amendment else self.signatures
        if party in being_signed and (self.amendment or self.status not in RUNNING):
            raise Refused("already_signed", f"{self.parties[party].name} a déjà signé ce texte.")
        if signatory.capacity is Capacity.DELEGATION and not signatory.delegation:
            raise Refused(
                "delegation_missing",
                "Une signature par délégation cite la décision qui délègue.",
                ("la référence de la délégation (delegation)",),
            )
        self._signatory_named(
            party=party,
            name=signatory.name,
            title=signatory.title,
            capacity=signatory.capacity,
            delegation=signatory.delegation,
            delegation_until=signatory.delegation_until,
        )

    def set_clauses(self, act: Act, *, clauses: Clauses) -> None:
        """Replaces the clauses; signatures and votes given on the former text are void."""
        guards.editable(self)
        guards.period(clauses)
        if clauses != self.clauses:
            self._clauses_set(clauses=clauses, voids=tuple(self.signatures), day=act.today)

    def set_coverage(self, act: Act, *, coverage: Coverage) -> None:
        """Replaces the territory; signatures and votes given on the former text are void."""
        guards.editable(self)
        if coverage != self.coverage:
            self._coverage_set(coverage=coverage, voids=tuple(self.signatures), day=act.today)

    def submit(self, act: Act) -> None:
        """Sends the draft to be read over. Refused with the list of what a complete text still lacks."""
        guards.status_in(self, {Status.DRAFT}, "la soumettre à relecture")
        guards.complete(guards.lacks(self))
        self._submitted(day=act.today)

    def send_back(self, act: Act) -> None:
        """The reviewer asks for changes, with a reason."""
        guards.status_in(self, {Status.IN_REVIEW}, "la renvoyer en préparation")
        guards.reason_given(act)
        self._returned()

    def send_for_signature(self, act: Act) -> None:
        """The reviewer approves: from now on every party signs this very text."""
        guards.status_in(self, {Status.IN_REVIEW}, "l'envoyer à la signature")
        guards.complete(guards.lacks(self))
        self._sent_for_signature(text_hash=self.text_now, day=act.today)

    # Signing ---------------------------------------------------------------------------------

    def record_vote(self, act: Act, *, party: str, voted_on: date, transmitted_on: date) -> None:
        """Records the vote of an EPLE's conseil d'administration and its transmission (R421-20, R421-54)."""
        open_to_votes = RUNNING if self.amendment else frozenset()
        guards.status_in(self, (BEFORE_FORCE - {Status.SIGNED}) | open_to_votes, "enregistrer un vote")
        guards.answers_for(self, act.actor, party)
        if not guards.votes(self.parties[party]):
            raise Refused(
                "no_vote_needed",
                f"{self.parties[party].name} n'est pas un EPLE : aucun vote requis.",
            )
        guards.not_in_the_future(act, transmitted_on)
        if transmitted_on < voted_on:
            raise Refused("vote_after_transmission", "La transmission ne peut précéder le vote.")
        if self.amendment:
            guards.after_proposal(self.amendment, PartialDate(voted_on))
        self._vote_recorded(
            party=party,
            voted_on=voted_on,
            transmitted_on=transmitted_on,
            executory_on=transmitted_on + EXECUTORY_AFTER,
        )

    def sign(self, act: Act, *, party: str, on: PartialDate, medium: Medium, text_hash: str) -> None:
        """A party signs the text whose hash it was shown, on a day that may be past (on paper only).

        Raises ``Refused``: not at this stage, not that party's business, another text, a day to come, or
        past for an electronic signature, no signatory or a delegation that has run out, a vote not yet
        executory, already signed.
        """
        guards.status_in(self, BEING_SIGNED, "la signer")
        guards.answers_for(self, act.actor, party)
        guards.on_paper(self, act.actor, party, medium)
        guards.complete(guards.text_lacks(self))
        guards.same_text(self.text, text_hash)
        guards.not_in_the_future(act, on.first)
        guards.electronic_today(act, on, medium)
        if party in self.signatures:
            raise Refused("already_signed", f"{self.parties[party].name} a déjà signé ce texte.")
        guards.signatory_entitled(self, party, on)
        guards.vote_executory(self, party, on)
        self._signed(party=party, on=on, medium=medium, text_hash=text_hash)

    def record_history(
        self,
        act: Act,
        *,
        signed_on: PartialDate,
        in_force_from: PartialDate,
        ends_on: date,
        evidence: str,
    ) -> None:
        """Records a convention signed before this register existed, dated to the day or the month.

        ``evidence`` says what proves it, the signatures too. Raises ``Refused`` past the draft, for a day
        to come, for a period that ends before it starts or starts before the signature, or without evidence.
        """
        guards.status_in(self, {Status.DRAFT}, "reprendre son historique")
        guards.not_in_the_future(act, signed_on.first)
        if not evidence.strip():
            raise Refused(
                "evidence_missing",
                "Une reprise cite sa preuve.",
                ("la pièce qui l'atteste (evidence)",),
            )
        if ends_on < in_force_from.first:
            raise Refused("period_reversed", "La convention finit avant d'entrer en vigueur.")
        guards.in_force_once_signed(in_force_from, signed_on)
        self._history_recorded(
            on=signed_on,
            in_force_from=in_force_from,
            ends_on=ends_on,
            evidence=evidence,
            day=act.today,
        )

    def enter_into_force(self, act: Act) -> None:
        """Everybody has signed and the day has come. Nothing happens before, nor twice."""
        if self.status != Status.SIGNED or self.in_force_from is None:
            return
        if self.in_force_from.first <= act.today:
            self._came_into_force(on=self.in_force_from)

    # Amending --------------------------------------------------------------------------------

    def propose_amendment(self, act: Act, *, clauses: Clauses) -> None:
        """Proposes an avenant: the clauses as they would read. One at a time."""
        guards.status_in(self, RUNNING, "proposer un avenant")
        guards.period(clauses)
        guards.keeps_an_end(self, clauses)
        if self.amendment:
            raise Refused(
                "amendment_open",
                f"L'avenant n° {self.amendment.number} est encore à signer.",
                ("sa signature par tous, ou son retrait",),
            )
        self._amendment_proposed(
            number=len(self.amendments_in_force) + 1,
            clauses=clauses,
            text_hash=text_hash(tuple(self.parties.values()), clauses, self.coverage),
            proposed_on=act.today,
        )

    def sign_amendment(
        self, act: Act, *, party: str, on: PartialDate, medium: Medium, text_hash: str
    ) -> None:
        """A party signs the avenant, once proposed; with the last signature it takes effect."""
        guards.status_in(self, RUNNING, "signer un avenant")
        guards.answers_for(self, act.actor, party)
        guards.on_paper(self, act.actor, party, medium)
        amendment = guards.open_amendment(self)
        guards.same_text(amendment.text_hash, text_hash)
        guards.not_in_the_future(act, on.first)
        guards.electronic_today(act, on, medium)
        guards.after_proposal(amendment, on)
        if party in dict(amendment.signatures):
            raise Refused("already_signed", f"{self.parties[party].name} a déjà signé cet avenant.")
        guards.signatory_entitled(self, party, on)
        guards.vote_executory(self, party, on)
        self._amendment_signed(number=amendment.number, party=party, on=on, medium=medium)

    def withdraw_amendment(self, act: Act) -> None:
        guards.status_in(self, RUNNING, "retirer un avenant")
        guards.reason_given(act)
        self._amendment_withdrawn(number=guards.open_amendment(self).number)

    # Reporting -------------------------------------------------------------------------------

    def receive_report(
        self, act: Act, *, report: str, on: PartialDate, document_sha256: str | None, rules: Rules
    ) -> None:
        """Records that a report (``bilan:2026``, ``financial:2026``) was received, early or late.

        ``rules``, those followed that day, say which reports are owed.
        """
        guards.status_in(self, RUNNING | ENDED, "recevoir un compte rendu")
        guards.not_in_the_future(act, on.first)
        guards.report_expected(self, report, rules)
        if self.reports.get(report, Report()).received_on:
            raise Refused("already_received", f"Ce compte rendu ({report}) a déjà été reçu.")
        self._report_received(report=report, on=on, document_sha256=document_sha256)

    def mark_report_overdue(self, act: Act, *, report: str, due_on: date) -> None:
        """Its day has passed without it: visible until it is received."""
        state = self.reports.get(report, Report())
        if not state.received_on and not state.overdue and due_on < act.today:
            self._report_fell_overdue(report=report, on=due_on + timedelta(days=1))

    # Ending ----------------------------------------------------------------------------------

    def link_renewal(self, act: Act, *, successor: str, former_abandoned: bool = False) -> None:
        """Names the new convention that carries this one on; another one, once the former was abandoned."""
        guards.status_in(self, RUNNING | {Status.EXPIRED}, "la renouveler")
        if self.renewed_by and not former_abandoned:
            raise Refused("already_renewed", f"Le renouvellement {self.renewed_by} existe déjà.")
        self._renewal_linked(successor=successor)

    def denounce(self, act: Act, *, party: str, on: date, until: date) -> None:
        """A party gives notice (dénonciation), with its reason; one of the past, the keeper of the file."""
        guards.status_in(self, RUNNING, "la dénoncer")
        guards.answers_for(self, act.actor, party)
        guards.reason_given(act)
        guards.not_in_the_future(act, on)
        guards.notice_dated(self, act, on)
        if self.notice_until:
            raise Refused("notice_given", f"Un préavis court déjà jusqu'au {self.notice_until.isoformat()}.")
        self._notice_given(
            party=party, on=on, until=until, cause=EndCause.NOTICE, on_paper=not act.actor.holds(party)
        )

    def withdraw_notice(self, act: Act, *, party: str) -> None:
        """Who gave notice takes it back (the keeper, if on paper); an académie, a résiliation to come."""
        guards.answers_for(self, act.actor, party)
        guards.reason_given(act)
        guards.notice_given_by(self, act.actor, party)
        self._notice_withdrawn(party=party)

    def terminate(self, act: Act, *, cause: EndCause, effective: date) -> None:
        """Résiliation for fault or in the public interest, at once or on a day to come, with its reason."""
        guards.status_in(self, RUNNING, "la résilier")
        guards.reason_given(act)
        if cause not in {EndCause.FAULT, EndCause.PUBLIC_INTEREST}:
            raise Refused(
                "cause_missing",
                "Une résiliation a pour cause la faute ou l'intérêt général.",
                ("cause : fault ou public_interest",),
            )
        if self.in_force_from and effective < self.in_force_from.first:
            raise Refused(
                "period_reversed",
                "Une convention ne se résilie pas avant d'être entrée en vigueur.",
                (f"une date d'effet à partir du {french_date(self.in_force_from.first)}",),
            )
        if effective <= act.today:
            self._terminated(on=effective, cause=cause)
        else:
            self._notice_given(party="", on=act.today, until=effective, cause=cause, on_paper=False)

    def end(self, act: Act, *, successor_signed: bool) -> None:
        """Its last day, or the end of a notice, has passed. Nothing happens before, nor twice."""
        if self.status not in RUNNING:
            return
        last = self.clauses.ends_on
        if self.notice_until and self.notice_until < act.today and (not last or self.notice_until <= last):
            self._terminated(on=self.notice_until, cause=self.end_cause or EndCause.NOTICE)
        elif last and last < act.today:
            after = last + timedelta(days=1)
            if successor_signed and self.renewed_by:
                self._renewed(on=after, successor=self.renewed_by)
            else:
                self._expired(on=after)

    def abandon(self, act: Act) -> None:
        """A person gives it up before it is in force, with a reason. No timer ever does."""
        guards.status_in(self, BEFORE_FORCE, "l'abandonner")
        if not act.actor.is_person:
            raise Refused("person_needed", "Seule une personne abandonne une convention.")
        guards.reason_given(act)
        self._abandoned()

    # Reminding -------------------------------------------------------------------------------

    def remind(self, act: Act, *, key: str, kind: str, to: str, what: str) -> None:
        """A reminder falls due, once for each key; with the first alert of its end, the ending begins."""
        first = key not in self.reminders
        super().remind(act, key=key, kind=kind, to=to, what=what)
        if first and kind == "alert_end" and self.status == Status.IN_FORCE:
            self._ending_began(on=act.today)

    # Correcting ------------------------------------------------------------------------------

    def correct(self, act: Act, *, supersedes: int, date_name: str, value: PartialDate) -> None:
        """Corrects a date that was recorded wrongly: not a change of fact. ``supersedes`` is the version
        of the event that was wrong.

        Raises ``Refused`` for a date that is not recorded, or not by that event, for one that contradicts
        the signature or the end, or a correction without reason.
        """
        guards.reason_given(act)
        if not 1 <= supersedes <= self.version:
            raise Refused("no_such_event", f"Le dossier n'a pas d'événement n° {supersedes}.")
        guards.correctable(self, act, date_name, value)
        guards.recorded_by(self, supersedes, date_name)
        guards.consistent_once_corrected(self, date_name, value)
        self._corrected(supersedes=supersedes, date_name=date_name, value=value)

    # Events: they assign, and never compute with personal fields ------------------------------

    @event("Announced", topic="convention.Announced@1")
    def _announced(self, announced_for: PartialDate, source: Annotated[str, FREE_TEXT]) -> None:
        self.announced_for = announced_for
        self._recorded("announced_for")
        self.announced_in = source

    @event("PartyAdded", topic="convention.PartyAdded@1")
    def _party_added(self, party: Party, voids: tuple[str, ...], day: date) -> None:
        before = self.text_now
        self.parties[party.key] = party
        self._text_changed(before, day)

    @event("PartyRemoved", topic="convention.PartyRemoved@1")
    def _party_removed(self, party: str, voids: tuple[str, ...], day: date) -> None:
        before = self.text_now
        del self.parties[party]
        self.signatories.pop(party, None)
        self._text_changed(before, day)

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
        self._text_changed(before, day)

    @event("CoverageSet", topic="convention.CoverageSet@1")
    def _coverage_set(self, coverage: Coverage, voids: tuple[str, ...], day: date) -> None:
        before = self.text_now
        self.coverage = coverage
        self._text_changed(before, day)

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
            self._all_signed()

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
        proposed = guards.open_amendment(self)
        signed = {**dict(proposed.signatures), party: Signature(on, medium)}
        self.amendment = replace(proposed, signatures=tuple(signed.items()))
        if set(signed) >= set(self.parties):
            self.clauses = self.amendment.clauses
            self.amendments_in_force = (*self.amendments_in_force, self.amendment)
            self.amendment = None
            self._recorded("ends_on")
            self._settle_ending()

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
        self._settle_ending()

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
            self._resigned()
        elif name == "ends_on":
            self.clauses = replace(self.clauses, ends_on=value.last)
            self._settle_ending()
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

    def _text_changed(self, before: str, day: date) -> None:
        if self.text_now == before:
            return
        self.votes = {}
        if self.status in BEING_SIGNED:
            for party in self.signatures:
                del self.recorded_in[f"signature:{party}"]
            self.signatures = {}
            self.text = self.text_now
            self.sent_on = day
            self.round += 1
            self.status = Status.TO_SIGN

    def _settle_ending(self) -> None:
        """Its end is near when a notice runs, or once the parties were alerted to the end as it now is."""
        if self.status in RUNNING:
            alerts = f"end_alert:{self.clauses.ends_on}:"
            near = self.notice_until or any(key.startswith(alerts) for key in self.reminders)
            self.status = Status.ENDING if near else Status.IN_FORCE

    def _all_signed(self) -> None:
        last = max((s.on for s in self.signatures.values()), key=lambda on: on.first)
        starts = PartialDate(self.clauses.starts_on, "day") if self.clauses.starts_on else last
        self.signed_on = last
        self.in_force_from = max(starts, last, key=lambda on: on.first)

    def _resigned(self) -> None:
        if self.status == Status.SIGNED:
            self._all_signed()
        elif self.signed_on is not None:
            self.signed_on = max((s.on for s in self.signatures.values()), key=lambda on: on.first)

    def _ended(self, status: Status, on: date, cause: EndCause) -> None:
        self.status = status
        self.ended_on = on
        self.end_cause = cause
