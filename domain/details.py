"""What the label of an event leaves unsaid: which document, which title, whether it was shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from domain.association.parts import ENTITLEMENT_LABELS, Entitlement
from domain.association.parts import SUSPENSION_LABELS as OPERATOR_SUSPENSIONS
from domain.calendar import french_date
from domain.mentor.parts import CHECK_LABELS, LEAVING_LABELS, CheckKind, Suspension
from domain.programme.rules import DOCUMENTS, MODULES

Detail = Callable[[Any], str]


def _document(event: Any) -> str:
    return DOCUMENTS[event.document]


def _dated_document(event: Any) -> str:
    return _until(_document(event), event.valid_until)


def _title(event: Any) -> str:
    title: Entitlement = event.entitlement
    since = f"{ENTITLEMENT_LABELS[title.kind]}, référence {title.reference}, du {french_date(title.starts)}"
    return f"{since} au {french_date(title.ends)}"


def _candidacy(event: Any) -> str:
    return f"enregistrée le {french_date(event.day)}" if event.on < event.day else ""


def _check(event: Any) -> str:
    shown = "présentée" if event.kind is CheckKind.HONORABILITE else "présenté"
    return f"{CHECK_LABELS[event.kind]} : {shown if event.presented else f'non {shown}'}"


def _course(event: Any) -> str:
    modules = ", ".join(MODULES.get(module, module) for module in event.modules)
    return _until(modules or "aucun module", event.valid_until)


def _suspension(event: Any) -> str:
    return Suspension(event.cause, event.academie).label


def _cause(event: Any) -> str:
    return f"Cause : {OPERATOR_SUSPENSIONS[event.cause]}"


def _until(what: str, day: date | None) -> str:
    return f"{what}, valable jusqu'au {french_date(day)}" if day else what


_DETAILS: Final[dict[str, Detail]] = {
    "association.DocumentAsked": _document,
    "association.DocumentReceived": _dated_document,
    "association.DocumentAccepted": _document,
    "association.DocumentRefused": _document,
    "association.DocumentExpired": _document,
    "association.EntitlementGranted": _title,
    "association.EntitlementEnded": lambda event: f"référence {event.reference}",
    "mentor.Applied": _candidacy,
    "mentor.Interviewed": lambda event: "favorable" if event.favourable else "non favorable",
    "mentor.CheckAsked": lambda event: CHECK_LABELS[event.kind],
    "mentor.CheckPresented": _check,
    "mentor.TrainingRecorded": _course,
    "mentor.Suspended": _suspension,
    "mentor.SuspensionLifted": _suspension,
    "mentor.Left": lambda event: LEAVING_LABELS[event.cause],
}
_RESERVED: Final[dict[str, Detail]] = {
    "association.Suspended": _cause,
    "association.SuspensionLifted": _cause,
}
"""For the roles of ``Root.reserved_to`` alone."""


def detail_of(topic: str, event: Any) -> str:
    """What is said between brackets after the label; nobody is ever named. Empty when nothing is."""
    return _told(_DETAILS, topic, event)


def reserved_of(topic: str, event: Any) -> str:
    """What only some roles are told besides."""
    return _told(_RESERVED, topic, event)


def _told(details: dict[str, Detail], topic: str, event: Any) -> str:
    detail = details.get(topic.partition("@")[0])
    return detail(event) if detail else ""
