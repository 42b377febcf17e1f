"""The tables of an export: a row of a read model becomes lines, column by column, with French headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from domain.mentor.parts import ENGAGEMENT_LABELS, MODE_LABELS, OCCUPATION_LABELS
from projections.associations import AssociationRow
from projections.companies import CompanyRow
from projections.conventions import ConventionRow
from projections.imports import ImportRow
from projections.mentors import MentorRow
from projections.trainings import TrainingRow

TABLES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "association": ("Association", (
        "identifiant", "nom", "autres noms", "forme", "RNA", "SIREN", "organisme de rattachement", "siège",
        "boîte", "académies", "état", "depuis le", "programme", "admission ouverte le", "dossier complet le",
        "assurée jusqu'au", "pièces manquantes", "empêchements")),
    "titres": ("Titres", ("titre", "référence", "dispositifs", "académies", "du", "au")),
    "contacts": ("Contacts", ("rôle", "nom", "courriel", "téléphone")),
    "pieces": ("Pièces", (
        "pièce", "code", "état", "reçue le", "voie", "valable jusqu'au", "type", "octets", "SHA-256",
        "fichier")),
    "mentors": ("Mentors", (
        "identifiant", "prénom", "nom", "courriel", "téléphone", "date de naissance", "état", "depuis le",
        "candidature le", "voie", "situation", "engagement", "entreprise", "code ROME", "code NAF",
        "familles de métiers", "langues", "modalités", "communes", "capacité (mentorés)",
        "capacité (classes)", "disponibilités", "manque au dossier", "identité vue le", "charte signée le",
        "version de la charte", "entretien le", "entretien favorable", "compte rendu de l'entretien",
        "vérification", "vérification présentée le", "vérification valable jusqu'au",
        "formation valable jusqu'au", "validé·e le", "suspensions", "départ", "clos le", "rattaché à",
        "lycée", "académies")),
    "formations": ("Formations", (
        "identifiant", "titre", "état", "début", "fin", "lieu", "lien", "formateur·rice", "modules",
        "minutes", "places", "places prises", "en attente", "close le")),
    "inscriptions": ("Inscriptions et présences", (
        "formation", "titre", "mentor", "état", "minutes de présence", "attestation valable jusqu'au")),
    "conventions": ("Conventions", (
        "identifiant", "titre", "état", "depuis le", "numéro", "académies", "dispositifs", "natures",
        "années scolaires", "annoncée pour", "signée le", "en vigueur le", "fin le", "préavis jusqu'au",
        "close le", "empreinte du texte", "notre signataire", "notre délégation", "renouvelle",
        "renouvelée par")),
    "parties": ("Parties aux conventions", (
        "convention", "partie", "nom", "qualité du signataire", "signée le", "support")),
    "entreprises": ("Entreprises des mentors", (
        "identifiant", "nom", "SIRET", "code NAF", "sites", "CLEE", "Campus", "état", "close le")),
    "imports": ("Fichiers repris", (
        "identifiant", "contenu", "formation", "essai", "état", "remis le", "terminé le", "lignes",
        "nouvelles", "déjà connues", "anomalies")),
}  # fmt: skip
"""By the name of its CSV file: the title of its sheet, and its columns."""

Line = tuple[str, list[Any]]
"""The table, and a value a column."""


def association_lines(row: AssociationRow) -> Iterator[Line]:
    blocks = [one["label"] for one in row.blocks]
    yield "association", [
        row.id, row.name, row.aliases, row.legal_form, row.rna, row.siren, row.parent_body, row.seat,
        row.mailbox, row.academies, row.status_label, row.since, row.programme_id, row.opened_on,
        row.complete_on, row.insured_until, row.missing_documents, blocks,
    ]  # fmt: skip
    for held in row.entitlements:
        yield "titres", [
            held["label"], held["reference"], held["schemes"], held["academies"], held["starts"],
            held["ends"],
        ]  # fmt: skip
    for contact in row.contacts:
        named = [row.persons.get(f"{contact['role']}.{one}") for one in ("name", "mailbox", "phone")]
        yield "contacts", [contact["label"], *named]


def mentor_lines(row: MentorRow) -> Iterator[Line]:
    profile, told = row.profile, row.persons
    charter, interview, check = row.charter or {}, row.interview or {}, row.check or {}
    yield "mentors", [
        row.id, *(told.get(name) for name in ("given_name", "family_name", "email", "phone", "birth_date")),
        row.status_label, row.since, row.applied_on, row.channel_label,
        OCCUPATION_LABELS[profile["status"]], ENGAGEMENT_LABELS[profile["engagement"]],
        told.get("company_id"), profile["rome"], profile["naf"],
        [family["label"] for family in profile["families"]], profile["languages"],
        [MODE_LABELS[mode] for mode in profile["modes"]], profile["communes"], row.capacity["mentees"],
        row.capacity["classes"], told.get("availability"), row.file_missing, row.identity_seen_on,
        charter.get("signed_on"), charter.get("version"), interview.get("on"), interview.get("favourable"),
        told.get("interview_report"), check.get("label"), check.get("on"), row.check_until,
        row.trained_until, row.cleared_on, [f"{one['label']} ({one['on']})" for one in row.suspensions],
        row.leaving["label"] if row.leaving else None, row.closed_on, row.merged_into, row.uai, row.academies,
    ]  # fmt: skip


def training_lines(row: TrainingRow) -> Iterator[Line]:
    modules = [f"{one['label']} ({one['minutes']} min)" for one in row.modules]
    yield "formations", [
        row.id, row.title, row.status_label, row.starts_at, row.ends_at, row.place, row.link,
        row.persons.get("trainer"), modules, row.minutes, row.places, row.taken, row.waiting, row.closed_on,
    ]  # fmt: skip
    for one in row.enrolments:
        yield "inscriptions", [
            row.id, row.title, one["mentor_id"], one["label"], one["minutes"], one["valid_until"],
        ]  # fmt: skip


def convention_lines(row: ConventionRow, party: str) -> Iterator[Line]:
    """``party``: the key of the operator in the convention."""
    yield "conventions", [
        row.id, row.title, row.status_label, row.since, row.number, row.academies, row.schemes, row.kinds,
        row.school_years, row.announced_for, row.signed_on, row.in_force_from, row.ends_on, row.notice_until,
        row.ended_on, row.text_hash, row.persons.get(party), row.persons.get(f"{party}.delegation"),
        row.renews, row.renewed_by,
    ]  # fmt: skip
    for one in row.parties:
        title = (one["signatory"] or {}).get("title")
        yield "parties", [row.id, one["key"], one["name"], title, one["signed_on"], one["medium"]]


def company_lines(row: CompanyRow) -> Iterator[Line]:
    yield "entreprises", [
        row.id, row.persons.get("name"), row.persons.get("siret"), row.naf, row.sites, row.clee, row.campus,
        row.status_label, row.closed_on,
    ]  # fmt: skip


def import_lines(row: ImportRow) -> Iterator[Line]:
    """What came of a file, in lines; never a word of it."""
    yield "imports", [
        row.id, row.kind_label, row.training_id, row.dry_run, row.status_label, row.submitted_on,
        row.ended_on, row.lines, row.fresh, row.known, row.faults,
    ]  # fmt: skip
