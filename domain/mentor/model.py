"""The mentor: a candidate becomes cleared step by step, stays so by a yearly check, and leaves.

candidate → file_complete → interviewed → checked → trained → cleared ⇄ suspended → left; before clearance
lapsed or refused. Facts are recorded as they come; the status is the highest rung that they reach. Sources:
the design's domain page, Code de procédure pénale 777 (a bulletin n° 3 is the person's own to show), and the
programme's rules for every delay.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from domain.erasure import Ground
from domain.kernel import FREE_TEXT, INTERNAL, Claim, Root, event
from domain.links import Allowance, Channel, Link, Linked
from domain.mentor import timeline as times
from domain.mentor.known import recognised_by
from domain.mentor.parts import (
    OPEN,
    STATUS_LABELS,
    Asked,
    Certificate,
    Check,
    CheckKind,
    Digests,
    Interview,
    MentorLeaving,
    MentorSuspension,
    Origin,
    Person,
    Profile,
    Status,
    Suspension,
)
from domain.mentor.proof import climb, is_settled, proved_of
from domain.reminding import Reminder, Reminding

if TYPE_CHECKING:
    from domain.folding import Timeline

FILE: Final = "file"
"""What a link on a mentor's record allows: to sign the charter."""


class Mentor(Reminding, Linked, Root):
    """What the record is and what its events assign. What is decided about it: ``steps``, ``standing``,
    ``persons``, ``courses``."""

    TOPIC = "mentor@1"
    LINK_ACTIONS: ClassVar[Mapping[str, Allowance]] = {FILE: Allowance()}
    persons_shown_to = frozenset({"association", "dpo"})
    status_labels = STATUS_LABELS
    resting = frozenset({Status.CLEARED})
    final = frozenset(Status) - OPEN

    @event("Created", topic="mentor.Applied@1")
    def __init__(
        self,
        id: str,
        association_id: str,
        programme_id: str,
        rules_version: int,
        academies: tuple[str, ...],
        academie: str,
        person: Person,
        profile: Profile,
        channel: Origin,
        uai: str | None,
        digests: Digests,
        profile_digest: Annotated[str, INTERNAL],
        reachable: bool,
        day: date,
        on: date,
    ) -> None:
        self.association_id = association_id
        self.programme_id = programme_id
        self.rules_version = rules_version
        self.academies = academies
        self.academie = academie
        self.person = person
        self.profile = profile
        self.channel = channel
        self.uai = uai
        self.digests = digests
        self.profile_digest = profile_digest
        self.reachable = reachable
        self.reachable_since: date | None = None
        self.applied_on = on
        self.entered_on = day
        self.progress_on = day
        self.aliases: tuple[str, ...] = ()
        self.former: tuple[str, ...] = ()
        self.identity_seen_on: date | None = None
        self.identity_channel: Channel | None = None
        self.corrected_on: date | None = None
        self.corrected_from: Digests | None = None
        self.charter_signed_on: date | None = None
        self.charter_version: str | None = None
        self.charter_channel: Channel | None = None
        self.interview: Interview | None = None
        self.asked: dict[CheckKind, Asked] = {}
        self.check: Check | None = None
        self.courses: tuple[str, ...] = ()
        self.certificates: dict[str, Certificate] = {}
        self.training_complete = False
        self.cleared_on: date | None = None
        self.suspensions: dict[Suspension, date] = {}
        self.released_on: date | None = None
        self.closed_on: date | None = None
        self.leaving: MentorLeaving | None = None
        self.merged_into: str | None = None
        self.absorbed: tuple[str, ...] = ()
        self.reminders: dict[str, Reminder] = {}
        self.links: dict[str, Link] = {}
        self.status: str = Status.CANDIDATE

    def scopes(self) -> frozenset[str]:
        """The association, and the académies, whose readers are shown nobody. Not the lycée that proposed
        them: that a record appeared, or none, would tell it who is known already."""
        return (
            frozenset({f"association:{self.association_id}", "role:auditor", "role:dpo"})
            | {f"academie:{code}" for code in self.academies}
            | (self.link_scopes() if self.is_open else frozenset())
        )

    def claims(self) -> frozenset[Claim]:
        """By what they are recognised in their operator; and its links."""
        return recognised_by(self) | (self.link_claims() if self.is_open else frozenset())

    def since(self, timeline: Timeline, place: int) -> datetime:
        return times.since(self, timeline, place)

    def kin(self) -> tuple[str, ...]:
        return (self.merged_into,) if self.merged_into else self.absorbed

    @property
    def owner(self) -> str:
        return f"association:{self.association_id}"

    @property
    def heading(self) -> str:
        return "Dossier de mentor·e"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def is_barred(self) -> bool:
        """Whether what an académie decided runs: a record closed under it stays so until it is lifted."""
        return not self.is_erased and any(one.academie for one in self.suspensions)

    @property
    def file_missing(self) -> tuple[str, ...]:
        """What a complete file still wants, in French."""
        wanted = {
            "la pièce d'identité vue": self.identity_seen_on,
            "la charte signée": self.charter_signed_on,
            "une adresse électronique ou un téléphone": self.reachable,
        }
        return tuple(what for what, there in wanted.items() if not there)

    # Events: they assign, and never compute with personal fields ------------------------------

    @event("CandidacyRepeated", topic="mentor.CandidacyRepeated@1")
    def _candidacy_repeated(self, day: date, uai: str | None) -> None:
        """Nothing changes."""

    @event("PersonChanged", topic="mentor.PersonChanged@1")
    def _person_changed(self, person: Person, digests: Digests, reachable: bool, day: date) -> None:
        self._is_now(person, digests, reachable, day)

    @event("PersonCorrected", topic="mentor.PersonCorrected@1")
    def _person_corrected(self, person: Person, digests: Digests, reachable: bool, day: date) -> None:
        self.corrected_from = proved_of(self) if is_settled(self) else None
        self.identity_seen_on = None
        self.corrected_on = self.progress_on = day
        self._is_now(person, digests, reachable, day)

    @event("ProfileChanged", topic="mentor.ProfileChanged@1")
    def _profile_changed(self, profile: Profile, digest: Annotated[str, INTERNAL]) -> None:
        self.profile = profile
        self.profile_digest = digest

    @event("IdentitySeen", topic="mentor.IdentitySeen@1")
    def _identity_seen(self, on: date, channel: Channel, day: date) -> None:
        missing = self.file_missing
        self.identity_seen_on, self.identity_channel = on, channel
        climb(self, day, missing)

    @event("CharterSigned", topic="mentor.CharterSigned@1")
    def _charter_signed(self, on: date, version: str, channel: Channel, day: date) -> None:
        missing = self.file_missing
        self.charter_signed_on, self.charter_version, self.charter_channel = on, version, channel
        climb(self, day, missing)

    @event("Interviewed", topic="mentor.Interviewed@1")
    def _interviewed(self, on: date, favourable: bool, report: Annotated[str, FREE_TEXT]) -> None:
        if self.interview is None or on >= self.interview.on:
            self.interview = Interview(on, favourable, report)
        climb(self)

    @event("CheckAsked", topic="mentor.CheckAsked@1")
    def _check_asked(self, kind: CheckKind, mission: str | None, departement: str | None) -> None:
        self.asked[kind] = Asked(mission, departement)

    @event("CheckPresented", topic="mentor.CheckPresented@1")
    def _check_presented(
        self, kind: CheckKind, presented: bool, issued_on: date | None, on: date, checker: str
    ) -> None:
        if issued_on and presented and (self.check is None or on >= self.check.on):
            self.check = Check(kind, issued_on, on, checker)
        climb(self)

    @event("Enrolled", topic="mentor.Enrolled@1")
    def _enrolled(self, course_id: str) -> None:
        self.courses = (*self.courses, course_id)

    @event("CourseLeft", topic="mentor.CourseLeft@1")
    def _course_left(self, course_id: str) -> None:
        self.courses = tuple(one for one in self.courses if one != course_id)

    @event("TrainingRecorded", topic="mentor.TrainingRecorded@1")
    def _training_recorded(
        self,
        course_id: str,
        modules: tuple[str, ...],
        minutes: int,
        on: date,
        valid_until: date,
        complete: bool,
    ) -> None:
        self.certificates[course_id] = Certificate(course_id, modules, minutes, on, valid_until)
        self.courses = tuple(one for one in self.courses if one != course_id)
        self.training_complete = complete
        climb(self)

    @event("TrainingWithdrawn", topic="mentor.TrainingWithdrawn@1")
    def _training_withdrawn(self, course_id: str, complete: bool) -> None:
        del self.certificates[course_id]
        self.training_complete = complete
        climb(self)

    @event("Cleared", topic="mentor.Cleared@1")
    def _cleared(self, on: date) -> None:
        self.status = Status.CLEARED
        self.cleared_on = on

    @event("Suspended", topic="mentor.Suspended@1")
    def _suspended(self, cause: MentorSuspension, academie: str | None, on: date) -> None:
        self.suspensions[Suspension(cause, academie)] = on
        self.status = Status.SUSPENDED

    @event("SuspensionLifted", topic="mentor.SuspensionLifted@1")
    def _suspension_lifted(self, cause: MentorSuspension, academie: str | None, on: date) -> None:
        del self.suspensions[Suspension(cause, academie)]
        self.released_on = max(on, self.released_on or on)
        self.former = self.former if self.is_barred else ()

    @event("Returned", topic="mentor.Returned@1")
    def _returned(self, on: date) -> None:
        self.status = Status.CLEARED

    @event("Left", topic="mentor.Left@1")
    def _left(self, on: date, cause: MentorLeaving) -> None:
        self.leaving = cause
        self._ended(Status.LEFT, on)

    @event("CandidacyRefused", topic="mentor.CandidacyRefused@1")
    def _candidacy_refused(self, on: date) -> None:
        self._ended(Status.REFUSED, on)

    @event("Lapsed", topic="mentor.Lapsed@1")
    def _lapsed(self, on: date) -> None:
        self._ended(Status.LAPSED, on)

    @event("MergedInto", topic="mentor.MergedInto@1")
    def _merged_into(self, kept: str, on: date) -> None:
        self.merged_into = kept
        self.leaving = MentorLeaving.MERGED
        self._ended(Status.LEFT, on)

    @event("Absorbed", topic="mentor.Absorbed@1")
    def _absorbed(
        self,
        duplicate: str,
        brought: tuple[str, ...],
        aliases: Annotated[tuple[str, ...], INTERNAL],
        certificates: tuple[Certificate, ...],
        check: Check | None,
        identity_seen_on: date | None,
        charter_signed_on: date | None,
        charter_version: str | None,
        courses: tuple[str, ...],
        complete: bool,
    ) -> None:
        self.absorbed = (*self.absorbed, duplicate, *brought)
        self.aliases = tuple(sorted({*self.aliases, *aliases}))
        self.certificates = {one.course_id: one for one in certificates}
        self.check = check
        self.identity_seen_on = identity_seen_on
        self.charter_signed_on, self.charter_version = charter_signed_on, charter_version
        self.courses = tuple(dict.fromkeys((*self.courses, *courses)))
        self.training_complete = complete
        climb(self)

    @event("ReminderDue", topic="mentor.ReminderDue@1")
    def _reminder_due(self, key: str, kind: str, to: str, what: str, due_on: date) -> None:
        self.reminders[key] = Reminder(kind, to, what, due_on)

    @event("ReminderDelivered", topic="mentor.ReminderDelivered@1")
    def _reminder_delivered(self, key: str, channel: str, day: date) -> None:
        self._delivered(key, day)

    @event("ReminderFailed", topic="mentor.ReminderFailed@1")
    def _reminder_failed(self, key: str, channel: str, problem: str) -> None:
        self._failed(key)

    @event("LinkIssued", topic="mentor.LinkIssued@1")
    def _link_issued(
        self, link: str, action: str, digest: Annotated[str, INTERNAL], expires_on: date, academie: str
    ) -> None:
        self.links[link] = Link(link, action, digest, expires_on, academie=academie)

    @event("LinkRevoked", topic="mentor.LinkRevoked@1")
    def _link_revoked(self, link: str) -> None:
        self._link_is(link, "revoked")

    @event("LinkSpent", topic="mentor.LinkSpent@1")
    def _link_spent(self, link: str) -> None:
        self._link_is(link, "spent")

    @event("SubjectErased", topic="mentor.SubjectErased@1")
    def _subject_erased(self, ground: Ground) -> None:
        self._closed()

    def _is_now(self, person: Person, digests: Digests, reachable: bool, day: date) -> None:
        missing = self.file_missing
        self.former = (*self.former, *self.digests.all()) if self.is_barred else ()
        self.person = person
        self.digests = digests
        self.reachable_since = day if reachable and not self.reachable else self.reachable_since
        self.reachable = reachable
        climb(self, day, missing)

    def _ended(self, status: Status, on: date) -> None:
        self.status = status
        self.closed_on = on
