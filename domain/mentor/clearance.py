"""What a mentor still lacks on a day: for clearance, for a new binôme, for each step before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Final

from domain.calendar import french_date
from domain.kernel import Refused
from domain.mentor.parts import STANDING, Certificate, Status
from domain.programme.rules import MODULES

if TYPE_CHECKING:
    from domain.mentor.model import Mentor
    from domain.programme.rules import Rules

CHECK: Final = "une vérification des antécédents qui compte encore"
"""What is missing to whoever was not checked, or too long ago."""
CLEARANCE: Final = "clear"
"""The kind of a clearance's deadline, which waits for the operator too: see ``domain.mentor.operator``."""

Lack = tuple[str, str, tuple[str, ...]]
"""The code of a guard, its sentence, and what is missing."""


def training_missing(certificates: Iterable[Certificate], rules: Rules, day: date) -> tuple[str, ...]:
    """The required modules without a certificate that counts on ``day``, and the minutes short."""
    counting = [one for one in certificates if one.counts(day)]
    followed = {module for one in counting for module in one.modules}
    missing = [
        f"le module « {MODULES.get(module, module)} »"
        for module in rules.training.modules
        if module not in followed
    ]
    short = rules.training.minutes - sum(one.minutes for one in counting)
    if short > 0:
        missing.append(f"{_hours(short)} de formation")
    return tuple(missing)


def trained_until(mentor: Mentor, rules: Rules, today: date) -> date | None:
    """The last day on which the training required is still covered; ``None`` if it is not, today."""
    held = mentor.certificates.values()
    ends = sorted({one.valid_until for one in held if one.counts(today)}, reverse=True)
    return next((day for day in ends if not training_missing(held, rules, day)), None)


def check_until(mentor: Mentor, rules: Rules) -> date | None:
    """The last day on which the background check counts."""
    return mentor.check.until(rules) if mentor.check else None


def blocks(mentor: Mentor, rules: Rules, day: date) -> tuple[str, ...]:
    """Why no new binôme may begin on ``day``: keys of ``BLOCK_LABELS``. Running ones go on."""
    if mentor.status not in STANDING:
        return ("not_cleared",)
    found = {
        "suspended": mentor.status == Status.SUSPENDED,
        "check_overdue": not (mentor.check and mentor.check.counts(rules, day)),
        "certificate_expired": bool(training_missing(mentor.certificates.values(), rules, day)),
        "identity_unseen": mentor.identity_seen_on is None,
    }
    return tuple(code for code, holds in found.items() if holds)


def must_be_clearable(mentor: Mentor, rules: Rules, day: date, operator: tuple[Lack, ...]) -> None:
    """Raises ``Refused`` by the first guard that fails on ``day``, with what is missing to all of them.

    ``operator``: what the operator lacks that day, see ``domain.mentor.operator``.
    """
    found = [*lacks(mentor, rules, day), *operator]
    if found:
        code, sentence, _ = found[0]
        raise Refused(code, sentence, tuple(word for _, _, missing in found for word in missing))


def lacks(mentor: Mentor, rules: Rules, day: date) -> Iterator[Lack]:
    """Every guard of the mentor's own that would refuse a clearance on ``day``, in the order in which they
    are asked."""
    yield from _file(mentor, day)
    interview = mentor.interview
    if not (interview and interview.favourable and interview.on <= day):
        yield "interview_missing", "Aucun entretien favorable n'a eu lieu.", ("un entretien favorable",)
    if not (mentor.check and mentor.check.counts(rules, day)):
        yield (
            "check_missing",
            f"La vérification des antécédents manque, ou ne compte pas le {french_date(day)}.",
            (CHECK,),
        )
    if training := training_missing(mentor.certificates.values(), rules, day):
        yield "training_missing", "La formation n'est pas complète.", training


def _file(mentor: Mentor, day: date) -> Iterator[Lack]:
    dated = (mentor.identity_seen_on, mentor.charter_signed_on)
    if mentor.file_missing:
        yield "file_incomplete", "Le dossier n'est pas complet.", mentor.file_missing
    elif any(one and one > day for one in dated):
        yield (
            "file_incomplete",
            f"Le dossier n'était pas complet le {french_date(day)}.",
            ("une date à partir de celle où il l'est devenu",),
        )


def _hours(minutes: int) -> str:
    """« 1 h 30 », « 45 min »."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest:02}" if rest else f"{hours} h"
