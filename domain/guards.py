"""Guards that hold for any record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Protocol

from domain.calendar import french_date
from domain.kernel import Act, Refused


class HasStatus(Protocol):
    """A record, or a part of one that decides by where the record stands."""

    @property
    def status(self) -> str: ...

    @property
    def status_labels(self) -> Mapping[Any, str]: ...


def status_in(record: HasStatus, allowed: Iterable[str], doing: str, *, the: str, one: str) -> None:
    """``the`` and ``one`` name the kind of record: « La convention », « une convention »."""
    if record.status not in allowed:
        labels = record.status_labels
        raise Refused(
            "wrong_status",
            f"{the} est « {labels[record.status]} » : {impossible(doing)}.",
            (f"{one} {either(labels[status] for status in allowed)}",),
        )


def either(labels: Iterable[str]) -> str:
    """« admise » ou « suspendue »: a status is quoted, wherever a sentence names it."""
    return " ou ".join(f"« {label} »" for label in sorted(labels))


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
