"""The guards of a mentor's record: each raises ``Refused`` with its code, a sentence, and what is missing.

None of them reads who the person is: what a command tells of somebody is only looked at for its form, and
never quoted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING, Final

from domain import guards
from domain.calendar import french_date
from domain.guards import reason_given
from domain.identifiers import InvalidIdentifier, parse_uai
from domain.kernel import Act, Refused
from domain.mentor.parts import (
    CHECK_LABELS,
    LEAVING_LABELS,
    NOT_ASKED,
    OPEN,
    OVERDUE,
    STANDING,
    CheckKind,
    Interview,
    MentorLeaving,
    MentorSuspension,
    Origin,
    Person,
    Status,
    Suspension,
)

if TYPE_CHECKING:
    from domain.mentor.model import Mentor
    from domain.programme.rules import Rules

_EMAIL: Final = re.compile(r"[^\s@<>,;\"]{1,64}@[^\s@<>,;\"]+\.[^\s@<>,;\"]{2,63}")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 .\-]{7,24}")
_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,19}")
_LONGEST_NAME: Final = 100
LONGEST_TEXT: Final = 4_000
_EARLIEST_BIRTH: Final = date(1900, 1, 1)


def status_in(mentor: Mentor, allowed: Iterable[str], doing: str) -> None:
    guards.status_in(mentor, allowed, doing, the="Ce dossier", one="un dossier")


def is_open(mentor: Mentor, doing: str) -> None:
    status_in(mentor, OPEN, doing)


def no_reason(act: Act) -> None:
    """Of a background check nothing is kept but that it was seen: words would tell what it says."""
    if act.reason.strip():
        raise Refused(
            "reason_not_taken",
            "Ce que dit une vérification des antécédents ne s'écrit pas : aucun motif n'est enregistré.",
            ("la même demande sans motif (reason)",),
        )


def not_before(day: date, first: date | None, what: str) -> None:
    if first and day < first:
        raise Refused(
            "too_early",
            f"Le {french_date(day)} précède {what} ({french_date(first)}).",
            (f"une date à partir du {french_date(first)}",),
        )


# Who, and what they bring -------------------------------------------------------------------------


def person(act: Act, told: Person) -> None:
    """What was typed of somebody has the form it should have; it is not quoted."""
    for name, word in ((told.given_name, "given_name"), (told.family_name, "family_name")):
        if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
            raise _unreadable("name_unreadable", "Le nom ou le prénom manque, ou ne se lit pas.", word)
    if told.email is not None and not _EMAIL.fullmatch(told.email.strip()):
        raise _unreadable("email_unreadable", "L'adresse électronique n'en est pas une.", "email")
    if told.phone is not None and not _PHONE.fullmatch(told.phone.strip()):
        raise _unreadable("phone_unreadable", "Le numéro de téléphone n'en est pas un.", "phone")
    if told.birth_date is not None and not _EARLIEST_BIRTH <= told.birth_date < act.today:
        raise _unreadable("birth_date_unlikely", "La date de naissance ne peut pas être juste.", "birth_date")


def of_age(told: Person, day: date, rules: Rules) -> None:
    """On that day they are as old as the programme asks; whoever tells no birth date is seen to be by their
    paper."""
    born, least = told.birth_date, rules.mentors.minimum_age
    if born and day.year - born.year - ((day.month, day.day) < (born.month, born.day)) < least:
        raise Refused(
            "under_age",
            f"Un·e mentor·e a au moins {least} ans le jour de sa candidature, ou du changement.",
            ("une candidature plus tard, ou la vraie date de naissance (person.birth_date)",),
        )


def person_told(mentor: Mentor, act: Act, told: Person) -> bool:
    """Whether they can be written to or called: once the file is complete, whoever is in it always can."""
    person(act, told)
    reachable = bool(told.email or told.phone)
    if not reachable and mentor.status != Status.CANDIDATE:
        raise Refused(
            "contact_missing",
            "Un dossier complet garde une adresse électronique ou un téléphone.",
            ("person.email ou person.phone",),
        )
    return reachable


def identifier(told: str | None, parse: Callable[[str], str], wanted: str) -> None:
    """It is written as it is stored."""
    try:
        fits = told is None or parse(told) == told
    except InvalidIdentifier:
        fits = False
    if not fits:
        raise Refused("identifier_unreadable", "Un code n'a pas sa forme canonique.", (wanted,))


def proposed_by(channel: Origin, uai: str | None) -> None:
    """Who came through a lycée says which; nobody else has one to tell."""
    if channel is Origin.LYCEE and uai is None:
        raise Refused(
            "uai_missing", "Un·e mentor·e proposé·e par un lycée dit lequel.", ("le code du lycée (uai)",)
        )
    identifier(uai, parse_uai, "un code UAI comme 0010001W")


def _unreadable(code: str, sentence: str, field: str) -> Refused:
    return Refused(code, sentence, (f"person.{field}",))


def too_long(field: str) -> Refused:
    return Refused("text_too_long", f"Ce texte dépasse {LONGEST_TEXT} caractères.", (f"{field} plus court",))


# The steps ----------------------------------------------------------------------------------------


def charter_version(version: str) -> None:
    if not _VERSION.fullmatch(version):
        raise Refused(
            "version_unreadable",
            "La version d'une charte se dit en lettres, chiffres, points et tirets.",
            ("une version comme 2025.1",),
        )


def file_is_complete(mentor: Mentor) -> None:
    if missing := mentor.file_missing:
        raise Refused("file_incomplete", "Le dossier n'est pas complet.", missing)


def interview_told(report: str) -> None:
    if not report.strip():
        raise Refused("report_missing", "Un entretien laisse un compte rendu.", ("le compte rendu (report)",))
    if len(report) > LONGEST_TEXT:
        raise too_long("report")


def was_interviewed(mentor: Mentor) -> Interview:
    """Nothing is asked of somebody's past before an interview was favourable."""
    if mentor.interview is None or not mentor.interview.favourable:
        raise Refused(
            "interview_missing",
            "On ne demande ni ne consulte aucun extrait avant un entretien favorable.",
            ("un entretien favorable",),
        )
    return mentor.interview


def may_be_asked(
    act: Act, kind: CheckKind, mission: str | None, departement: str | None, rules: Rules
) -> None:
    """The attestation d'honorabilité is asked for where the law says so, within its dates, and nowhere else:
    elsewhere asking is an offence. The perimeters are those of the programme's rules."""
    if kind is CheckKind.HONORABILITE and not any(
        one.covers(mission or "", departement or "", act.today) for one in rules.mentors.honorabilite
    ):
        raise Refused(
            "honorabilite_outside_perimeter",
            "Demander une attestation d'honorabilité hors des missions, des lieux et des dates que la loi "
            "prévoit est une infraction.",
            ("une mission que les règles du programme disent dans le périmètre légal", "ou le bulletin n° 3"),
        )


def was_asked(mentor: Mentor, kind: CheckKind) -> None:
    if kind not in mentor.asked:
        raise Refused(
            "check_not_asked",
            f"Ce document n'a pas été demandé : {CHECK_LABELS[kind]}.",
            ("la demande de ce document (mentor.ask_check)",),
        )


def check_dated(
    kind: CheckKind, presented: bool, issued_on: date | None, on: date, interview: Interview, rules: Rules
) -> None:
    """Seen after the interview; a bulletin n° 3 is then younger than the rules say."""
    not_before(on, interview.on, "l'entretien")
    if (issued_on is None) == presented:
        raise Refused(
            "issue_date",
            "La date d'un document se note quand il est présenté, et seulement alors.",
            ("la date du document (issued_on)" if presented else "la même demande sans issued_on",),
        )
    if issued_on is None:
        return
    if issued_on > on:
        raise Refused(
            "issued_later",
            f"Un document vu le {french_date(on)} n'a pas pu être établi le {french_date(issued_on)}.",
            (f"une date au plus tard le {french_date(on)}",),
        )
    if kind is CheckKind.B3 and on >= rules.mentors.b3_age.plainly_after(issued_on):
        raise Refused(
            "check_too_old",
            f"Un bulletin n° 3 se présente à moins de {rules.mentors.b3_age.label}.",
            ("un bulletin plus récent",),
        )


# Standing and leaving -----------------------------------------------------------------------------


def leaving(cause: MentorLeaving) -> None:
    if cause in NOT_ASKED:
        raise Refused(
            "cause_reserved",
            f"« {LEAVING_LABELS[cause]} » ne se note pas : c'est l'effet d'un rattachement, ou de la sortie "
            "de l'association.",
            ("une autre cause", "ou le rattachement (mentor.merge)"),
        )


def decisions_of(mentor: Mentor, act: Act) -> tuple[Suspension, ...]:
    """The suspensions that are the actor's to decide, and to lift."""
    if act.actor.role != "academie":
        return (Suspension(MentorSuspension.ASSOCIATION),)
    own = act.actor.academies(mentor.academies)
    return tuple(Suspension(MentorSuspension.ACADEMIE, code) for code in own)


def own_suspensions(mentor: Mentor, act: Act) -> list[Suspension]:
    """Those that hold and that the actor may lift: nobody lifts what others decided."""
    if own := [one for one in decisions_of(mentor, act) if one in mentor.suspensions]:
        return own
    not_suspended_by_others(mentor, act)
    raise Refused(
        "not_suspended",
        "Aucune personne n'a suspendu ce dossier.",
        ("une suspension décidée par l'association ou par l'académie",),
    )


def not_suspended_by_others(mentor: Mentor, act: Act) -> None:
    """Nor escapes it by a departure, and a new candidacy after that."""
    if others := mentor.suspensions.keys() - {*decisions_of(mentor, act), OVERDUE}:
        told = sorted(other.label for other in others)
        raise Refused(
            "suspended_by_other",
            f"Cette suspension n'est pas la vôtre : {', '.join(told)}.",
            tuple(f"la levée par qui l'a décidée ({label})" for label in told),
        )


def not_suspended_twice(mentor: Mentor, decided: Suspension) -> None:
    if since := mentor.suspensions.get(decided):
        raise Refused(
            "already_suspended",
            f"Ce dossier est suspendu depuis le {french_date(since)} ({decided.label}).",
            ("la levée de cette suspension, si elle doit être décidée à nouveau",),
        )


def refusable(mentor: Mentor, act: Act) -> None:
    """A candidacy is refused before clearance, with its reason; none is taken once a background check was
    asked for, because its content must not be guessed from it."""
    status_in(mentor, OPEN - STANDING, "le refuser")
    if mentor.asked:
        no_reason(act)
    else:
        reason_given(act)
