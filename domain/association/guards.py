"""The guards of an association: each raises ``Refused`` with its code, a sentence, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from domain import guards
from domain.association.parts import (
    INSURANCE,
    MEDIA_TYPES,
    MOST_BYTES,
    Document,
    DocumentVersion,
    Entitlement,
    Status,
    Suspension,
    SuspensionCause,
)
from domain.calendar import french_date
from domain.guards import not_in_the_future
from domain.kernel import Act, Refused
from domain.programme.rules import DOCUMENTS

if TYPE_CHECKING:
    from domain.association.admitting import Admitting
    from domain.association.inviting import Inviting
    from domain.association.model import Association


def status_in(association: Inviting, allowed: Iterable[str], doing: str) -> None:
    guards.status_in(association, allowed, doing, the="L'association", one="une association")


def in_order(association: Admitting, act: Act, on: date) -> None:
    """A change of status took place by today, and not before the one that it follows."""
    not_in_the_future(act, on)
    _not_before(on, association.status_since, "L'association n'est dans cet état que depuis le")


def _not_before(on: date, since: date | None, why: str) -> None:
    if since and on < since:
        raise Refused(
            "before_last_change",
            f"{why} {french_date(since)}.",
            (f"une date à partir du {french_date(since)}",),
        )


def not_there_yet(association: Association, academie: str) -> None:
    if academie in association.academies:
        raise Refused(
            "already_in_academie",
            f"L'association intervient déjà dans l'académie {academie}.",
            ("une académie où elle n'intervient pas encore",),
        )


# Documents ----------------------------------------------------------------------------------------


def known_document(document: str) -> None:
    if document not in DOCUMENTS:
        raise Refused(
            "document_unknown",
            "Ce n'est pas une pièce que l'on demande.",
            (f"l'une de : {', '.join(DOCUMENTS)}",),
        )


def asked_document(association: Admitting, document: str) -> Document:
    known_document(document)
    asked = association.documents.get(document)
    if asked is None:
        raise Refused(
            "document_not_asked",
            f"Cette pièce n'est pas demandée : {DOCUMENTS[document]}.",
            (f"l'une de : {', '.join(association.documents)}", "ou une demande de cette pièce"),
        )
    return asked


def receivable(document: str, version: DocumentVersion) -> None:
    """What the content-addressed store takes in: its hash, size and type; and how long an insurance runs."""
    if not re.fullmatch(r"[0-9a-f]{64}", version.sha256):
        raise Refused(
            "hash_malformed", "L'empreinte n'est pas un SHA-256.", ("64 chiffres hexadécimaux en minuscules",)
        )
    if version.media_type not in MEDIA_TYPES:
        raise Refused(
            "media_type_refused",
            "Ce type de fichier n'est pas accepté.",
            (f"l'un de : {', '.join(MEDIA_TYPES)}",),
        )
    if not 0 < version.size <= MOST_BYTES:
        raise Refused(
            "size_refused",
            "Une pièce compte au moins un octet et au plus 10 Mio.",
            ("un fichier de 10 Mio au plus",),
        )
    if document == INSURANCE and version.valid_until is None:
        raise Refused(
            "valid_until_missing",
            "Une attestation d'assurance dit jusqu'à quand elle vaut.",
            ("son dernier jour (valid_until)",),
        )


def not_run_out(act: Act, version: DocumentVersion) -> None:
    until = version.valid_until
    if until and until < act.today:
        raise Refused(
            "document_expired",
            f"Cette pièce ne vaut plus depuis le {french_date(until)}.",
            ("une pièce en cours de validité",),
        )


def pending_version(asked: Document, document: str, sha256: str) -> DocumentVersion:
    """The version that awaits a decision, which is about what was read and nothing else."""
    if asked.pending is None:
        raise Refused(
            "nothing_received",
            f"Aucune version n'est à examiner : {DOCUMENTS[document]}.",
            ("une version reçue et non examinée",),
        )
    if asked.pending.sha256 != sha256:
        raise Refused(
            "document_changed",
            "La version reçue n'est pas celle que vous avez lue.",
            (f"une décision sur celle dont l'empreinte est {asked.pending.sha256}",),
        )
    return asked.pending


def dated_as_read(version: DocumentVersion, valid_until: date | None) -> None:
    """The same file may have come again, said to run longer."""
    until = version.valid_until
    if until != valid_until:
        runs = f"qui vaut jusqu'au {french_date(until)}" if until else "qui n'a pas de dernier jour"
        raise Refused(
            "document_changed",
            "Le dernier jour de la version reçue n'est pas celui que vous avez lu.",
            (f"une décision sur la version reçue, {runs} (valid_until)",),
        )


# Admitting ----------------------------------------------------------------------------------------


def under_way(association: Admitting, doing: str) -> None:
    status_in(association, {Status.IN_ADMISSION}, doing)


def documents_accepted(association: Admitting) -> None:
    lacking = [DOCUMENTS[name] for name, one in association.documents.items() if one.accepted is None]
    if lacking:
        raise Refused("documents_missing", "Toutes les pièces demandées ne sont pas acceptées.", lacking)


def insured(association: Admitting, day: date) -> None:
    if not association.insured(day):
        raise Refused(
            "insurance_lapsed",
            f"L'assurance ne couvre pas le {french_date(day)}.",
            ("une attestation d'assurance en cours, acceptée",),
        )


def entitled(missing: tuple[str, ...]) -> None:
    if missing:
        raise Refused(
            "entitlement_missing", "Il manque un titre que les règles du programme demandent.", missing
        )


# Entitlements -------------------------------------------------------------------------------------


def period(entitlement: Entitlement) -> None:
    if entitlement.ends < entitlement.starts:
        raise Refused(
            "period_reversed",
            f"La période finit ({entitlement.ends}) avant de commencer ({entitlement.starts}).",
        )


def held(association: Admitting, reference: str) -> Entitlement:
    found = association.entitlements.get(reference)
    if found is None:
        raise Refused(
            "no_such_entitlement",
            f"Aucun titre n'est enregistré sous la référence « {reference} ».",
            (f"l'une de : {', '.join(association.entitlements) or 'aucune'}",),
        )
    return found


def within_its_period(entitlement: Entitlement, on: date) -> None:
    if not entitlement.covers(on):
        starts, ends = entitlement.starts.isoformat(), entitlement.ends.isoformat()
        raise Refused(
            "outside_its_period",
            f"Ce titre court du {starts} au {ends} : sa fin anticipée tombe entre les deux.",
            (f"une date entre le {starts} et le {ends}",),
        )


# Suspension ---------------------------------------------------------------------------------------


def not_suspended_twice(association: Association, decided: Suspension) -> None:
    """A refusal is read by more people than a cause: it names none."""
    if since := association.suspensions.get(decided):
        raise Refused(
            "already_suspended",
            f"L'association est déjà suspendue pour cette cause, depuis le {french_date(since)}.",
            ("une autre cause",),
        )


def suspension_in_order(association: Association, act: Act, decided: Suspension, on: date) -> None:
    """Since its admission; the same cause, after it was last lifted. Others may have begun later."""
    not_in_the_future(act, on)
    _not_before(on, association.admitted_on, "L'association n'est référencée que depuis le")
    _not_before(on, association.lifted.get(decided), "La suspension pour cette cause a été levée le")


def none_suspends(association: Admitting) -> None:
    """Nobody escapes what an académie decided by leaving, and being admitted by another one."""
    if association.suspensions:
        others = " et ".join(sorted({one.academie for one in association.suspensions}))
        raise Refused(
            "still_suspended",
            f"Une suspension décidée avant cette admission court encore (académie : {others}).",
            (f"la levée par l'académie qui l'a décidée ({others})",),
        )


def not_before_lifted(association: Admitting, on: date) -> None:
    _not_before(on, max(association.lifted.values(), default=None), "Une suspension n'a été levée que le")


def own_suspensions(association: Association, act: Act, cause: SuspensionCause) -> list[Suspension]:
    """Those for that cause that the actor may lift: nobody lifts what another académie decided."""
    running = [one for one in association.suspensions if one.cause is cause]
    if not running:
        raise Refused(
            "not_suspended",
            "L'association n'est pas suspendue pour cette cause.",
            ("l'une des causes pour lesquelles elle l'est (suspensions)",),
        )
    academies = act.actor.academies(one.academie for one in running)
    if not academies:
        others = " et ".join(sorted(one.academie for one in running))
        raise Refused(
            "suspended_by_other",
            f"Cette suspension a été décidée par une autre académie ({others}) : elle seule la lève.",
            (f"la levée par l'académie qui l'a décidée ({others})",),
        )
    return [one for one in running if one.academie in academies]
