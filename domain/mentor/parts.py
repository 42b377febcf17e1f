"""The values a mentor's record is made of, and the words for them on screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

from domain.kernel import ERASED, FREE_TEXT, INTERNAL, PERSONAL

if TYPE_CHECKING:
    from domain.programme.rules import Rules


class Status(StrEnum):
    CANDIDATE = "candidate"
    FILE_COMPLETE = "file_complete"
    INTERVIEWED = "interviewed"
    CHECKED = "checked"
    TRAINED = "trained"
    CLEARED = "cleared"
    SUSPENDED = "suspended"
    LEFT = "left"
    LAPSED = "lapsed"
    REFUSED = "refused"
    ERASED = ERASED


STATUS_LABELS: Final = {
    Status.CANDIDATE: "candidat·e",
    Status.FILE_COMPLETE: "dossier complet",
    Status.INTERVIEWED: "entretien favorable",
    Status.CHECKED: "antécédents vérifiés",
    Status.TRAINED: "formé·e",
    Status.CLEARED: "validé·e",
    Status.SUSPENDED: "suspendu·e",
    Status.LEFT: "parti·e",
    Status.LAPSED: "candidature caduque",
    Status.REFUSED: "refusé·e",
    Status.ERASED: "effacé·e",
}
LADDER: Final = (
    Status.CANDIDATE,
    Status.FILE_COMPLETE,
    Status.INTERVIEWED,
    Status.CHECKED,
    Status.TRAINED,
)
"""Climbed rung by rung: a fact that comes before its turn waits for the rungs below."""
STANDING: Final = frozenset({Status.CLEARED, Status.SUSPENDED})
OPEN: Final = STANDING | frozenset(LADDER)


class Origin(StrEnum):
    """Through whom somebody came."""

    ASSOCIATION = "association"
    LYCEE = "lycee"
    COMPANY = "company"
    FORM = "form"
    IMPORT = "import"


ORIGIN_LABELS: Final = {
    Origin.ASSOCIATION: "association",
    Origin.LYCEE: "bureau des entreprises d'un lycée",
    Origin.COMPANY: "entreprise",
    Origin.FORM: "formulaire public",
    Origin.IMPORT: "reprise d'un fichier",
}


class Occupation(StrEnum):
    """What somebody does for a living."""

    EMPLOYEE = "employee"
    RETIRED = "retired"
    STUDYING = "student"
    SELF_EMPLOYED = "self_employed"


OCCUPATION_LABELS: Final = {
    Occupation.EMPLOYEE: "salarié·e",
    Occupation.RETIRED: "retraité·e",
    Occupation.STUDYING: "étudiant·e",
    Occupation.SELF_EMPLOYED: "indépendant·e",
}


class Engagement(StrEnum):
    VOLUNTEER = "volunteer"
    MECENAT = "mecenat"


ENGAGEMENT_LABELS: Final = {
    Engagement.VOLUNTEER: "bénévole",
    Engagement.MECENAT: "mécénat de compétences",
}


class Mode(StrEnum):
    ON_SITE = "on_site"
    REMOTE = "remote"


MODE_LABELS: Final = {Mode.ON_SITE: "sur place", Mode.REMOTE: "à distance"}


class CheckKind(StrEnum):
    B3 = "b3"
    HONORABILITE = "honorabilite"


CHECK_LABELS: Final = {
    CheckKind.B3: "bulletin n° 3 du casier judiciaire",
    CheckKind.HONORABILITE: "attestation d'honorabilité",
}


class MentorSuspension(StrEnum):
    """Why a mentor is suspended, or by whose decision: there may be several causes, each lifted on its own, a
    decision by those who took it."""

    CHECK_OVERDUE = "check_overdue"
    ASSOCIATION = "association"
    ACADEMIE = "academie"
    INCIDENT = "incident"


SUSPENSION_LABELS: Final = {
    MentorSuspension.CHECK_OVERDUE: "vérification des antécédents échue",
    MentorSuspension.ASSOCIATION: "décision de l'association",
    MentorSuspension.ACADEMIE: "décision de l'académie",
    MentorSuspension.INCIDENT: "mesure de protection",
}


class Suspension(NamedTuple):
    """Its cause and, decided by an académie, which: two may decide it, and each lifts its own only."""

    cause: MentorSuspension
    academie: str | None = None

    @property
    def label(self) -> str:
        return f"{SUSPENSION_LABELS[self.cause]} {self.academie or ''}".strip()


OVERDUE: Final = Suspension(MentorSuspension.CHECK_OVERDUE)


class MentorLeaving(StrEnum):
    END = "end"
    MOVED = "moved"
    REQUEST = "request"
    OTHER = "other"
    MERGED = "merged"
    OPERATOR = "operator"


LEAVING_LABELS: Final = {
    MentorLeaving.END: "fin d'engagement",
    MentorLeaving.MOVED: "déménagement",
    MentorLeaving.REQUEST: "à sa demande",
    MentorLeaving.OTHER: "autre cause",
    MentorLeaving.MERGED: "dossier rattaché à un autre",
    MentorLeaving.OPERATOR: "association sortie du dispositif",
}
NOT_ASKED: Final = frozenset({MentorLeaving.MERGED, MentorLeaving.OPERATOR})
"""What nobody notes as a departure: it follows from something else."""

BLOCK_LABELS: Final = {
    "not_cleared": "pas encore validé·e",
    "suspended": "suspendu·e",
    "check_overdue": "vérification des antécédents échue",
    "certificate_expired": "attestation de formation expirée",
    "identity_unseen": "identité corrigée, pièce à voir de nouveau",
    "operator_suspended": "association suspendue",
    "operator_not_admitted": "association non référencée",
    "operator_uninsured": "assurance de l'association échue",
    "entitlement_missing": "titre de l'association manquant",
}
"""Why no new binôme may begin; running ones go on."""


@dataclass(frozen=True)
class Person:
    """Who the mentor is: nothing here is ever read by a rule, nor told in a refusal."""

    given_name: Annotated[str, PERSONAL]
    family_name: Annotated[str, PERSONAL]
    email: Annotated[str, PERSONAL] | None = None
    phone: Annotated[str, PERSONAL] | None = None
    birth_date: Annotated[date, PERSONAL] | None = None


@dataclass(frozen=True)
class Profile:
    """What a mentor brings. ``company_id``: where they work, which is forgotten with them. ``rome``, ``naf``,
    ``communes`` (INSEE) and ``languages`` (ISO 639) are codes, ``families`` keys of ``domain.families``;
    ``mentees`` and ``classes`` default to the programme's rules.
    """

    status: Occupation
    engagement: Engagement = Engagement.VOLUNTEER
    company_id: Annotated[str, PERSONAL] | None = None
    rome: str | None = None
    naf: str | None = None
    families: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("fr",)
    modes: tuple[Mode, ...] = (Mode.ON_SITE,)
    communes: tuple[str, ...] = ()
    mentees: int | None = None
    classes: int | None = None
    availability: Annotated[str, FREE_TEXT] | None = None

    def capacity(self, rules: Rules) -> tuple[int, int]:
        """Mentees and classes at the same time."""
        mentees = rules.mentors.mentees if self.mentees is None else self.mentees
        return mentees, rules.mentors.classes if self.classes is None else self.classes


@dataclass(frozen=True)
class Digests:
    """By what the same person is recognised without being read: keyed digests of the e-mail address, and of
    the names with the birth date. ``bare_digest``, of the names alone, and ``birth_digest``, of the birth
    date alone, which many share: they tell a record's own person from another, and find nobody. Nor does
    ``told_digest``, of all that was told, as it was typed: told again alike, nothing changes."""

    email_digest: Annotated[str | None, INTERNAL] = None
    name_digest: Annotated[str | None, INTERNAL] = None
    bare_digest: Annotated[str | None, INTERNAL] = None
    birth_digest: Annotated[str | None, INTERNAL] = None
    told_digest: Annotated[str | None, INTERNAL] = None

    def all(self) -> tuple[str, ...]:
        return tuple(one for one in (self.email_digest, self.name_digest) if one)

    def is_followed_by(self, told: Digests) -> bool:
        """Whether ``told`` is of the same person: of the same names, and of the same birth date unless none
        was known. A birth date that is taken away could be followed by another one."""
        dated = self.name_digest in {None, told.name_digest}
        return dated and self.bare_digest == told.bare_digest

    def is_given_up_by(self, told: Digests) -> bool:
        """Whether neither the names stay nor the birth date, which was known."""
        redated = self.birth_digest not in {None, told.birth_digest}
        return redated and self.bare_digest != told.bare_digest

    def may_be_of_one_person(self, other: Digests) -> bool:
        """The same names, and no birth date that contradicts the other's."""
        return self.is_followed_by(other) or other.is_followed_by(self)


@dataclass(frozen=True)
class Interview:
    """When the association met somebody, and what came of it: the report is the association's own."""

    on: date
    favourable: bool
    report: Annotated[str, FREE_TEXT]


@dataclass(frozen=True)
class Asked:
    """A document asked for, and for an attestation d'honorabilité the mission that the law names."""

    mission: str | None = None
    departement: str | None = None


@dataclass(frozen=True)
class Check:
    """That a document was seen, and when: neither what it says, nor a copy. ``checker`` is an actor's id."""

    kind: CheckKind
    issued_on: date
    on: date
    checker: str

    def until(self, rules: Rules) -> date:
        """The last day on which it counts."""
        return rules.mentors.check.plainly_after(self.on)

    def counts(self, rules: Rules, day: date) -> bool:
        return self.on <= day <= self.until(rules)


@dataclass(frozen=True)
class Certificate:
    """A course followed, by its id; it counts until ``valid_until``, included."""

    course_id: str
    modules: tuple[str, ...]
    minutes: int
    certified_on: date
    valid_until: date

    def counts(self, day: date) -> bool:
        return self.certified_on <= day <= self.valid_until
