"""Guards that hold for any record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from domain.calendar import french_date
from domain.kernel import Act, Refused, Root


def status_in(record: Root, allowed: Iterable[str], doing: str, *, the: str, one: str) -> None:
    """``the`` and ``one`` name the kind of record: « La convention », « une convention »."""
    if record.status not in allowed:
        labels = record.status_labels
        raise Refused(
            "wrong_status",
            f"{the} est « {labels[record.status]} » : {impossible(doing)}.",
            (f"{one} {' ou '.join(sorted(labels[status] for status in allowed))}",),
        )


def impossible(doing: str) -> str:
    """« impossible de la signer », « impossible d'y inscrire quelqu'un »: ``doing`` is an infinitive, before
    whose vowel « de » is elided."""
    de = "d'" if doing[0] in "aeiouyéè" else "de "
    return f"impossible {de}{doing}"


def reason_given(act: Act) -> None:
    if not act.reason.strip():
        raise Refused("reason_missing", "Cette décision se motive.", ("le motif (reason)",))


def not_in_the_future(act: Act, day: date) -> None:
    if day > act.today:
        raise Refused(
            "in_the_future",
            f"Le {french_date(day)} est à venir : on n'enregistre que ce qui a eu lieu.",
            (f"une date au plus tard le {french_date(act.today)}",),
        )
