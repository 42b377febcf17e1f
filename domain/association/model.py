"""The association (any operator): who it is, how it is admitted, what entitles it, and what interrupts that.

candidate → in_admission → admitted ⇄ suspended → left | refused | lapsed; from the last three, and from
candidate, an admission is opened (again). Sources: the design's domain page, and the programme's rules.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

from domain.association import guards
from domain.association.admitting import Admitting
from domain.association.parts import (
    CLOSED,
    ENTITLEMENT_LABELS,
    FOLLOWED,
    STATUS_LABELS,
    Contact,
    ContactRole,
    Document,
    DocumentVersion,
    Entitlement,
    EntitlementKind,
    Identity,
    Status,
    Suspension,
    SuspensionCause,
)
from domain.calendar import start_of
from domain.erasure import Ground
from domain.guards import not_in_the_future, reason_given
from domain.kernel import INTERNAL, PERSONAL, RESERVED, Act, Claim, Refused, Root, event
from domain.links import Channel, Link
from domain.reminding import Reminder, Reminding

if TYPE_CHECKING:
    from domain.folding import Timeline

__all__ = ["ENTITLEMENT_LABELS", "Association", "Entitlement", "EntitlementKind", "Identity"]


class Association(Admitting, Reminding, Root):
    """An operator that a convention binds."""

    TOPIC = "association@1"
    status_labels = STATUS_LABELS
    resting = frozenset({Status.CANDIDATE, Status.ADMITTED})
    final = CLOSED | {Status.ERASED}
    counted = True

    @event("Created", topic="association.Registered@1")
    def __init__(self, id: str, identity: Identity, academies: tuple[str, ...]) -> None:
        self.status: str = Status.CANDIDATE
        self.status_since: date | None = None
        self.closed_on: date | None = None
        self.releasing = False
        self.identity = identity
        self.academies, self.academie = academies, next(iter(academies), "")
        self.contacts: dict[ContactRole, Contact] = {}
        self.entitlements: dict[str, Entitlement] = {}
        self.programme_id = ""
        self.scheme = ""
        self.rules_version = 0
        self.round = 0
        self.opened_on: date | None = None
        self.documents: dict[str, Document] = {}
        self.documents_since: date | None = None
        self.handed_on: date | None = None
        self.complete_on: date | None = None
        self.required: tuple[str, ...] = ()
        self.admitted_on: date | None = None
        self.suspensions: dict[Suspension, date] = {}
        self.lifted: dict[Suspension, date] = {}
        self.reminders: dict[str, Reminder] = {}
        self.links: dict[str, Link] = {}
        self.proposed_on: date | None = None
        self.proposed: dict[str, int] = {}

    # What it is ------------------------------------------------------------------------------

    def scopes(self) -> frozenset[str]:
        return frozenset(
            {f"association:{self.id}", "role:national", "role:auditor", "role:dpo"}
            | {f"academie:{code}" for code in self.academies}
            | (frozenset() if self.is_erased else self.link_scopes())
        )

    def claims(self) -> frozenset[Claim]:
        """An RNA or SIREN number belongs to one association only, a name to one only of an académie; once
        erased it gives them back."""
        if self.is_erased:
            return frozenset()
        return frozenset(map(Claim, self.identity.marks(self.academies))) | self.link_claims()

    def since(self, timeline: Timeline, place: int) -> datetime:
        """Suspended since the earliest of the causes, though it may be noted after another one."""
        one = timeline[place]
        earliest = self.status_since if one.status == Status.SUSPENDED and one is timeline[-1] else None
        return min(one.effective_at, start_of(earliest)) if earliest else one.effective_at

    @property
    def owner(self) -> str:
        """Who assesses it: the académie whose rules and calendar its admission follows."""
        return f"academie:{self.academie}"

    @property
    def heading(self) -> str:
        return f"Association : {self.identity.name}"

    # Who it is -------------------------------------------------------------------------------

    def change_identity(self, act: Act, *, identity: Identity) -> None:
        """Replaces the identity (a change of fact, not the correction of an error)."""
        if identity != self.identity:
            self._identity_changed(identity=identity)

    def name_contact(self, act: Act, *, role: ContactRole, contact: Contact) -> None:
        """Says whom to call, in place of whoever had that role."""
        self._contact_named(role=role, name=contact.name, mailbox=contact.mailbox, phone=contact.phone)

    def remove_contact(self, act: Act, *, role: ContactRole) -> None:
        """Nobody has that role any more. Raises ``Refused`` when nobody had."""
        if role not in self.contacts:
            raise Refused(
                "no_such_contact",
                "Personne n'est désigné pour ce rôle.",
                (f"l'un de : {', '.join(self.contacts) or 'aucun'}",),
            )
        self._contact_removed(role=role)

    def grant_entitlement(self, act: Act, *, entitlement: Entitlement) -> None:
        """Records an award or an approval, by its reference.

        Raises ``Refused`` when it ends before it starts.
        """
        guards.period(entitlement)
        if self.entitlements.get(entitlement.reference) != entitlement:
            self._entitlement_granted(entitlement=entitlement)

    def end_entitlement(self, act: Act, *, reference: str, on: date) -> None:
        """Ends an entitlement early (withdrawal), ``on`` being its last day.

        Raises ``Refused`` when there is none under this reference, the day lies ahead, or outside its period.
        """
        held = guards.held(self, reference)
        not_in_the_future(act, on)
        guards.within_its_period(held, on)
        if on != held.ends:
            self._entitlement_ended(reference=reference, on=on)

    # Its end ---------------------------------------------------------------------------------

    def leave(self, act: Act, *, on: date) -> None:
        """It goes, or gives its candidacy up, with the reason."""
        guards.status_in(self, FOLLOWED, "la faire sortir du dispositif")
        reason_given(act)
        guards.in_order(self, act, on)
        self._left(on=on)

    def conclude_release(self, act: Act, *, mentors: int) -> None:
        """All that it left behind when it went has ended: nothing happens twice."""
        if self.releasing:
            self._mentors_released(mentors=mentors)

    # Events: they assign, and never compute with personal fields ------------------------------

    @event("IdentityChanged", topic="association.IdentityChanged@1")
    def _identity_changed(self, identity: Identity) -> None:
        self.identity = identity

    @event("Extended", topic="association.Extended@1")
    def _extended(self, academie: str) -> None:
        self.academies = (*self.academies, academie)

    @event("ContactNamed", topic="association.ContactNamed@1")
    def _contact_named(
        self,
        role: ContactRole,
        name: Annotated[str, PERSONAL],
        mailbox: Annotated[str, PERSONAL] | None,
        phone: Annotated[str, PERSONAL] | None,
    ) -> None:
        self.contacts[role] = Contact(name, mailbox, phone)

    @event("ContactRemoved", topic="association.ContactRemoved@1")
    def _contact_removed(self, role: ContactRole) -> None:
        del self.contacts[role]

    @event("EntitlementGranted", topic="association.EntitlementGranted@1")
    def _entitlement_granted(self, entitlement: Entitlement) -> None:
        self.entitlements[entitlement.reference] = entitlement

    @event("EntitlementEnded", topic="association.EntitlementEnded@1")
    def _entitlement_ended(self, reference: str, on: date) -> None:
        self.entitlements[reference] = replace(self.entitlements[reference], ends=on)

    @event("AdmissionOpened", topic="association.AdmissionOpened@1")
    def _admission_opened(
        self,
        programme_id: str,
        scheme: str,
        rules_version: int,
        documents: tuple[str, ...],
        academie: str,
        on: date,
        channel: Channel,
    ) -> None:
        self._becomes(Status.IN_ADMISSION, on)
        self.academie = academie
        self.programme_id = programme_id
        self.scheme = scheme
        self.rules_version = rules_version
        self.round += 1
        self.opened_on = self.documents_since = on
        self.handed_on = self.complete_on = None
        self.documents = {document: Document() for document in documents}
        self.required = ()
        self._settle(on)

    @event("DocumentAsked", topic="association.DocumentAsked@1")
    def _document_asked(self, document: str, day: date) -> None:
        self.documents[document] = Document()
        self.documents_since = day
        self._settle(day)

    @event("DocumentReceived", topic="association.DocumentReceived@1")
    def _document_received(
        self,
        document: str,
        sha256: str,
        size: int,
        media_type: str,
        on: date,
        channel: Channel,
        valid_until: date | None,
        day: date,
    ) -> None:
        version = DocumentVersion(sha256, size, media_type, on, channel, valid_until)
        self.documents[document] = replace(
            self.documents[document],
            pending=version,
            waiting_since=self.documents[document].waiting_since or day,
        )
        self._settle(day)

    @event("DocumentAccepted", topic="association.DocumentAccepted@1")
    def _document_accepted(self, document: str, sha256: str, day: date) -> None:
        self.documents[document] = Document(accepted=self.documents[document].pending)
        self._settle(day)

    @event("DocumentRefused", topic="association.DocumentRefused@1")
    def _document_refused(self, document: str, sha256: str, day: date) -> None:
        self.documents[document] = replace(
            self.documents[document], pending=None, waiting_since=None, refused=True
        )
        self.documents_since = day
        self._settle(day)

    @event("DocumentExpired", topic="association.DocumentExpired@1")
    def _document_expired(self, document: str, on: date) -> None:
        self.documents[document] = replace(self.documents[document], accepted=None, refused=False)
        if document in self.missing_documents:
            self.documents_since = max(on, self.documents_since or on)
        self._settle(on)

    @event("Admitted", topic="association.Admitted@1")
    def _admitted(self, on: date, required: tuple[str, ...], conventions: tuple[str, ...]) -> None:
        self._becomes(Status.ADMITTED, on)
        self.admitted_on = on
        self.lifted = {}
        self.required = required

    @event("AdmissionRefused", topic="association.AdmissionRefused@1")
    def _admission_refused(self, on: date) -> None:
        self._becomes(Status.REFUSED, on)

    @event("Lapsed", topic="association.Lapsed@1")
    def _lapsed(self, on: date) -> None:
        self._becomes(Status.LAPSED, on)

    @event("Suspended", topic="association.Suspended@1")
    def _suspended(self, academie: str, cause: Annotated[SuspensionCause, RESERVED], on: date) -> None:
        if self.status != Status.SUSPENDED:
            self._becomes(Status.SUSPENDED, on)
        self.status_since = min(on, self.status_since or on)
        self.suspensions[Suspension(academie, cause)] = on

    @event("SuspensionLifted", topic="association.SuspensionLifted@1")
    def _suspension_lifted(
        self, academie: str, cause: Annotated[SuspensionCause, RESERVED], on: date
    ) -> None:
        lifted = Suspension(academie, cause)
        del self.suspensions[lifted]
        self.lifted[lifted] = on
        if self.status == Status.SUSPENDED and not self.suspensions:
            self._becomes(Status.ADMITTED, on)

    @event("Left", topic="association.Left@1")
    def _left(self, on: date) -> None:
        self._becomes(Status.LEFT, on)

    @event("MentorsReleased", topic="association.MentorsReleased@1")
    def _mentors_released(self, mentors: Annotated[int, RESERVED]) -> None:
        self.releasing = False

    @event("LinkIssued", topic="association.LinkIssued@1")
    def _link_issued(
        self, link: str, action: str, digest: Annotated[str, INTERNAL], expires_on: date, academie: str
    ) -> None:
        self.links[link] = Link(link, action, digest, expires_on, academie=academie)

    @event("LinkRevoked", topic="association.LinkRevoked@1")
    def _link_revoked(self, link: str) -> None:
        self._link_is(link, "revoked")

    @event("LinkSpent", topic="association.LinkSpent@1")
    def _link_spent(self, link: str) -> None:
        self._link_is(link, "spent")

    @event("LinkUsed", topic="association.LinkUsed@1")
    def _link_used(self, link: str, day: date) -> None:
        self._link_served(link, day)

    @event("CandidacyProposed", topic="association.CandidacyProposed@1")
    def _candidacy_proposed(self, uai: str, day: date) -> None:
        before = self.proposed if day == self.proposed_on else {}
        self.proposed_on, self.proposed = day, {**before, uai: before.get(uai, 0) + 1}

    @event("ReminderDue", topic="association.ReminderDue@1")
    def _reminder_due(self, key: str, kind: str, to: str, what: str, due_on: date) -> None:
        self.reminders[key] = Reminder(kind, to, what, due_on)

    @event("ReminderDelivered", topic="association.ReminderDelivered@1")
    def _reminder_delivered(self, key: str, channel: str, day: date) -> None:
        self._delivered(key, day)

    @event("ReminderFailed", topic="association.ReminderFailed@1")
    def _reminder_failed(self, key: str, channel: str, problem: str) -> None:
        self._failed(key)

    @event("SubjectErased", topic="association.SubjectErased@1")
    def _subject_erased(self, ground: Ground) -> None:
        self.releasing = self.releasing or self.status not in CLOSED
        self._closed()

    # Shared by several events -----------------------------------------------------------------

    def _becomes(self, status: Status, on: date) -> None:
        self.status = status
        self.status_since = on
        self.closed_on = on if status in CLOSED else None
        self.releasing = self.releasing or status in CLOSED

    def _settle(self, day: date) -> None:
        """The file is handed on from the day on which nothing asked was left to give, until something is;
        it is complete from the day on which nothing asked was left to accept."""
        self.handed_on = None if self.missing_documents else (self.handed_on or day)
        complete = all(one.accepted for one in self.documents.values())
        self.complete_on = (self.complete_on or day) if complete else None
