"""The guards of a course: each raises ``Refused`` with its code, a sentence, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from domain import guards
from domain.calendar import french_date
from domain.kernel import Act, Refused
from domain.programme.rules import MODULES
from domain.training.parts import Course, Enrolment, Place, Status

if TYPE_CHECKING:
    from domain.programme.rules import Rules
    from domain.training.model import Training

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{1,39}")
_MOST_MODULES: Final = 20
_MOST_PLACES: Final = 500
_MOST_MINUTES: Final = 60 * 24 * 10
_LONGEST: Final = 500


def status_in(training: Training, allowed: Iterable[str], doing: str) -> None:
    guards.status_in(training, allowed, doing, the="La formation", one="une formation")


def course(told: Course, rules: Rules) -> None:
    """Something to be taught, somewhere to sit, and time enough between its beginning and its end."""
    if not told.title.strip() or len(told.title) > _LONGEST:
        raise Refused("title_missing", "Une formation a un intitulé.", (f"de 1 à {_LONGEST} caractères",))
    _modules(told, rules)
    if not 0 < told.places <= _MOST_PLACES:
        raise Refused(
            "places_unlikely",
            f"Une formation compte de 1 à {_MOST_PLACES} places.",
            ("un nombre de places (places)",),
        )
    _hours(told)
    if not (told.place or told.link):
        raise Refused("place_missing", "Une formation a un lieu, ou un lien.", ("place, ou link à distance",))
    if any(text is not None and len(text) > _LONGEST for text in (told.place, told.link, told.trainer)):
        raise Refused(
            "text_too_long",
            f"Un texte dépasse {_LONGEST} caractères.",
            ("place, link ou trainer plus court",),
        )


def _modules(told: Course, rules: Rules) -> None:
    codes = told.codes
    if not codes or len(codes) > _MOST_MODULES or len(set(codes)) < len(codes):
        raise Refused(
            "modules_missing",
            "Une formation compte des modules, chacun une fois.",
            (f"de 1 à {_MOST_MODULES} modules différents",),
        )
    if not all(_CODE.fullmatch(code) for code in codes):
        raise Refused(
            "module_unreadable",
            "Le code d'un module s'écrit en minuscules sans accents.",
            ("un code comme posture",),
        )
    _modules_known(told, rules)
    if not all(0 < module.minutes <= _MOST_MINUTES for module in told.modules):
        raise Refused("minutes_unlikely", "Un module dure au moins une minute.", ("modules.minutes",))


def _hours(told: Course) -> None:
    if any(hour.utcoffset() != timedelta(0) for hour in (told.starts_at, told.ends_at)):
        raise Refused("not_utc", "Les heures s'enregistrent en UTC.", ("starts_at et ends_at en UTC",))
    if told.ends_at <= told.starts_at:
        raise Refused(
            "period_reversed",
            "La formation finit avant de commencer.",
            ("une fin (ends_at) après le début (starts_at)",),
        )
    if timedelta(minutes=told.minutes) > told.ends_at - told.starts_at:
        raise Refused(
            "course_too_short",
            f"Les modules durent {told.minutes} minutes, plus que la formation du début à la fin.",
            ("des modules plus courts (modules.minutes), ou une fin plus tardive (ends_at)",),
        )


def _modules_known(told: Course, rules: Rules) -> None:
    """A module in which a mistake of spelling would be missed at the clearance only: whoever must follow it
    follows one that the rules know. Those of an operator's own are optional."""
    known = {**MODULES, **{code: code for code in rules.training.modules}}
    if strange := [one.code for one in told.modules if one.required and one.code not in known]:
        raise Refused(
            "module_unknown",
            f"Aucune règle ne connaît le module « {strange[0]} ».",
            (
                f"un code parmi {', '.join(known)}",
                "pour un module propre à l'association : facultatif (required : false)",
            ),
        )


def nobody_came(training: Training) -> None:
    if training.has_taken_place:
        raise Refused(
            "attendance_recorded",
            "Des présences sont déjà notées : la formation a eu lieu.",
            ("une formation dont aucune présence n'est notée",),
        )


def room_enough(training: Training, told: Course) -> None:
    """Nobody loses a place that was given."""
    if told.places < training.taken:
        raise Refused(
            "places_taken",
            f"{training.taken} places sont déjà prises.",
            (f"au moins {training.taken} places",),
        )


def not_enrolled(training: Training, mentor_id: str) -> None:
    if mentor_id in training.enrolments:
        raise Refused(
            "already_enrolled",
            f"{mentor_id} est déjà inscrit·e à cette formation.",
            ("rien de plus, ou quelqu'un d'autre",),
        )


def seat_left(training: Training) -> None:
    """Once the course was held nobody waits for a place any more."""
    if training.status == Status.HELD and training.taken >= training.course.places:
        raise Refused("course_full", "La formation, déjà tenue, était complète.", ("une place libre",))


def enrolled(training: Training, mentor_id: str) -> Enrolment:
    found = training.enrolments.get(mentor_id)
    if found is None:
        raise Refused(
            "not_enrolled",
            "Aucune inscription sous cet identifiant.",
            ("l'identifiant d'une personne inscrite (mentor_id)",),
        )
    return found


def withdrawable(training: Training, place: Enrolment, act: Act) -> None:
    """Until the course begins; afterwards whoever had a place came or did not."""
    if place.place not in {Place.ENROLLED, Place.WAITING}:
        raise Refused(
            "attendance_recorded",
            "La présence de cette personne est déjà notée.",
            ("une inscription sans présence notée",),
        )
    if place.place is Place.ENROLLED and act.now >= training.course.starts_at:
        raise Refused(
            "course_begun",
            "La formation a commencé : on ne rend plus sa place, on était présent·e ou non.",
            ("une absence (training.attend, present : false)",),
        )


def begun(training: Training, act: Act) -> None:
    if act.now < training.course.starts_at:
        raise Refused(
            "not_begun",
            f"La formation ne commence que le {french_date(training.course.first_day)}.",
            ("une présence notée une fois la formation commencée",),
        )


def seated(place: Enrolment) -> None:
    """Present or absent is said of whoever had a place, until a certificate was given."""
    if place.place is Place.WAITING:
        raise Refused(
            "still_waiting",
            "Cette personne est sur liste d'attente : elle n'a pas de place.",
            ("une place, par désistement ou par ajout de places",),
        )
    if place.place is Place.CERTIFIED:
        raise Refused(
            "already_certified",
            "L'attestation de cette personne est déjà délivrée.",
            ("le retrait de l'attestation (training.revoke_certificate)",),
        )


def minutes_attended(training: Training, present: bool, minutes: int | None) -> int:
    """How long somebody was there: the whole course unless told otherwise."""
    if not present:
        if minutes:
            raise Refused("minutes_unlikely", "Une personne absente n'a pas suivi de minutes.", ("minutes",))
        return 0
    attended = training.course.minutes if minutes is None else minutes
    if not 0 < attended <= training.course.minutes:
        raise Refused(
            "minutes_unlikely",
            f"La formation dure {training.course.minutes} minutes.",
            (f"minutes de 1 à {training.course.minutes}",),
        )
    return attended


def modules_followed(
    training: Training, present: bool, minutes: int, modules: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Which modules somebody followed whole: all of them in the time of all, else those that are named, which
    take no longer than that somebody was there."""
    taught = {one.code: one.minutes for one in training.course.modules}
    if not present:
        if modules:
            raise Refused("modules_unlikely", "Une personne absente n'a suivi aucun module.", ("modules",))
        return ()
    if modules is None:
        if minutes < training.course.minutes:
            raise Refused(
                "modules_untold",
                f"{minutes} minutes sur {training.course.minutes} : quels modules ont été suivis en entier ?",
                (f"les modules suivis en entier (modules), parmi {', '.join(taught)}",),
            )
        return tuple(taught)
    if set(modules) - set(taught) or len(set(modules)) < len(modules):
        raise Refused(
            "modules_unlikely",
            "Les modules suivis sont de ceux de la formation, chacun une fois.",
            (f"des modules parmi {', '.join(taught)}",),
        )
    followed = tuple(code for code in taught if code in modules)
    if (needed := sum(taught[code] for code in followed)) > minutes:
        raise Refused(
            "modules_unlikely",
            f"Ces modules durent {needed} minutes, plus que les {minutes} minutes de présence.",
            (f"minutes à partir de {needed}, ou moins de modules",),
        )
    return followed


def certified(place: Enrolment) -> None:
    if place.place is not Place.CERTIFIED:
        raise Refused(
            "not_certified",
            "Aucune attestation de cette personne n'est en cours.",
            ("une attestation délivrée",),
        )


def certifiable(training: Training, place: Enrolment, on: date) -> None:
    if place.place is Place.CERTIFIED:
        raise Refused(
            "already_certified",
            "L'attestation de cette personne est déjà délivrée.",
            ("rien de plus, ou le retrait de l'attestation (training.revoke_certificate)",),
        )
    if place.place is not Place.ATTENDED:
        raise Refused(
            "not_attended",
            "Une attestation suppose la présence.",
            ("la présence de cette personne (training.attend)",),
        )
    if missed := training.course.missed(place.modules):
        raise Refused(
            "module_missed",
            "Un module obligatoire de la formation n'a pas été suivi.",
            tuple(f"le module « {MODULES.get(code, code)} »" for code in missed),
        )
    if not place.modules:
        raise Refused(
            "no_module_followed",
            "Cette personne n'a suivi aucun module en entier : il n'y a rien à attester.",
            ("un module suivi en entier (training.attend)",),
        )
    if on < training.course.last_day:
        raise Refused(
            "too_early",
            f"La formation n'a fini que le {french_date(training.course.last_day)}.",
            (f"une date à partir du {french_date(training.course.last_day)}",),
        )


def everybody_noted(training: Training) -> None:
    if unmarked := training.unmarked:
        raise Refused(
            "attendance_missing",
            f"{len(unmarked)} présences ne sont pas notées.",
            tuple(f"la présence de {mentor_id}" for mentor_id in unmarked),
        )
