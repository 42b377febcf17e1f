"""What answers look like: the conventions of the press release, with invented names and ids."""

from __future__ import annotations

from typing import Any, Final

from api.texts import CLAUSES

_ID: Final = "convention-3c1b6a52-7c6d-5f0f-8e0a-64f7a3a4f1b9"
_ASSOCIATION: Final = "association-6f5c1f0e-2a57-5d0b-9a54-0f6a8a3f7d11"
_ACADEMIE: Final = {"key": "academie:10", "kind": "academie", "name": "académie de Lyon", "public": False}
_OPERATOR: Final = {"key": f"association:{_ASSOCIATION}", "kind": "operator", "name": "FACE", "public": False}

AWAITED: Final[dict[str, Any]] = {
    "kind": "remind_signature",
    "key": f"signature:1:association:{_ASSOCIATION}:1",
    "at": "2025-12-11T23:00:00+00:00",
    "what": "Signature de FACE",
    "awaits": [f"association:{_ASSOCIATION}"],
    "by": "2025-12-12",
    "missing": ["la désignation du signataire"],
    "automatic": True,
    "late": False,
    "estimated": False,
}
CONVENTION: Final[dict[str, Any]] = {
    "id": _ID,
    "title": "Mentorat en lycée professionnel : FACE et l'académie de Lyon",
    "status": "partially_signed",
    "status_label": "partiellement signée",
    "since": "2025-12-04T23:00:00Z",
    "since_recorded": "2025-12-05T10:12:31Z",
    "version": 7,
    "academie": "10",
    "academies": ["10"],
    "associations": [_ASSOCIATION],
    "parties": [
        _ACADEMIE
        | {
            "signatory": {"title": "rectrice de l'académie de Lyon", "capacity": "head"},
            "signed_on": "2025-12-05",
            "medium": "paper",
            "vote": None,
        },
        _OPERATOR | {"signatory": None, "signed_on": None, "medium": None, "vote": None},
    ],
    "shared": False,
    "programme_id": "programme-1j1m",
    "rules_version": 1,
    "schemes": ["1j1m"],
    "kinds": ["metier", "parcours"],
    "number": None,
    "school_years": ["2025-2026"],
    "clauses": CLAUSES,
    "coverage": {"academies": ["10"], "uais": [], "annex_version": 0},
    "announced_for": "2025-12-05",
    "announced_in": "communiqué de la région académique Auvergne-Rhône-Alpes",
    "signed_on": None,
    "in_force_from": None,
    "ends_on": "2026-12-04",
    "evidence": "announced",
    "evidence_label": "annoncée, signature non attestée",
    "evidence_source": "communiqué de la région académique Auvergne-Rhône-Alpes",
    "text_hash": "9f2feb0f1ef425b292f2f94bc8482494df48e5b2b8b8b5f3f0a9f5d0e1b2c3d4",
    "unsigned": [f"association:{_ASSOCIATION}"],
    "amendment": None,
    "reports": [],
    "report_overdue": False,
    "renews": None,
    "renewed_by": None,
    "notice_until": None,
    "end_cause": None,
    "ended_on": None,
    "next": [AWAITED],
    "created_at": "2025-11-24T09:00:00Z",
    "updated_at": "2025-12-05T10:12:31Z",
    "position": 1042,
    "persons": {
        "academie:10": "Camille Exemple",
        "academie:10.delegation": "arrêté du 1er septembre 2025",
        f"association:{_ASSOCIATION}": {"forgotten": True},
    },
}
STANDING: Final[dict[str, Any]] = {
    "id": _ID,
    "as_of": "2025-12-10T22:59:59.999999Z",
    "known_at": "2025-12-11T08:00:00Z",
    "status": "partially_signed",
    "status_label": "partiellement signée",
    "since": "2025-12-04T23:00:00Z",
    "since_recorded": "2025-12-05T10:12:31Z",
    "version": 7,
    "announced_for": "2025-12-05",
    "ends_on": "2026-12-04",
    "rules_version": 1,
}
ASSOCIATION: Final[dict[str, Any]] = {
    "id": _ASSOCIATION,
    "name": "FACE",
    "aliases": [],
    "legal_form": "association",
    "rna": None,
    "siren": "732829320",
    "parent_body": None,
    "seat": "Paris",
    "mailbox": "contact@face.example",
    "academies": ["10"],
    "status": "in_admission",
    "status_label": "en cours d'admission",
    "suspensions": [],
    "programme_id": "programme-1j1m",
    "rules_version": 1,
    "admission_round": 1,
    "opened_on": "2025-12-05",
    "handed_on": None,
    "complete_on": None,
    "documents": [
        {
            "document": "insurance",
            "label": "attestation d'assurance",
            "state": "received",
            "state_label": "reçue, à examiner",
            "sha256": "9f2feb0f1ef425b292f2f94bc8482494df48e5b2b8b8b5f3f0a9f5d0e1b2c3d4",
            "size": 184320,
            "media_type": "application/pdf",
            "received_on": "2025-12-09",
            "channel": "online",
            "valid_until": "2026-12-31",
        }
    ],
    "missing_documents": ["statutes"],
    "insured_until": None,
    "entitlements": [
        {
            "kind": "laureate",
            "label": "lauréate d'un appel à projets",
            "reference": "AAP-2025-017",
            "schemes": ["1j1m"],
            "starts": "2025-09-01",
            "ends": "2028-08-31",
            "academies": [],
        }
    ],
    "contacts": [{"role": "coordinator", "label": "coordination"}],
    "links": [
        {
            "id": "link-0c4ad1f8-6d9a-5a1d-8a43-2d2f4d1c8e57",
            "action": "admission",
            "expires_on": "2025-12-19",
            "state": "spent",
        }
    ],
    "next": [],
    "scopes": ["academie:10", f"association:{_ASSOCIATION}", "role:national"],
    "since": "2025-11-24T09:00:00Z",
    "since_recorded": "2025-11-24T09:00:00Z",
    "version": 2,
    "created_at": "2025-11-24T09:00:00Z",
    "updated_at": "2025-11-24T09:30:00Z",
    "position": 12,
    "conventionnee": [{"id": _ID, "scheme": "1j1m", "from": "2025-12-05", "to": "2026-12-04"}],
    "blocks": [],
    "persons": {"coordinator.name": "Camille Exemple", "coordinator.phone": "06 12 34 56 78"},
}
PROGRAMME: Final[dict[str, Any]] = {
    "id": "programme-1j1m",
    "scheme": "1j1m",
    "label": "1 jeune, 1 mentor",
    "status": "open",
    "versions": [
        {
            "number": 1,
            "on": "2025-09-01",
            "academie": "",
            "to_open": False,
            "rules": {"notice": {"count": 3, "unit": "months"}},
        }
    ],
    "targets": [{"academie": "10", "school_year": "2025-2026", "mentees": 1500, "lycees": 40}],
    "next": [],
    "version": 3,
    "created_at": "2025-09-01T08:00:00Z",
    "updated_at": "2025-10-02T08:00:00Z",
    "position": 3,
}
TRAINING: Final[dict[str, Any]] = {
    "id": "training-4b7c0d1e-92a3-5c64-8f15-6d2e7a9b3c80",
    "title": "Être mentor·e en lycée professionnel",
    "status": "held",
    "status_label": "tenue",
    "since": "2026-01-11T23:00:00Z",
    "since_recorded": "2026-01-13T23:00:04Z",
    "version": 6,
    "association_id": _ASSOCIATION,
    "programme_id": "programme-1j1m",
    "rules_version": 1,
    "academies": ["10"],
    "starts_at": "2026-01-12T08:00:00Z",
    "ends_at": "2026-01-12T12:00:00Z",
    "place": "Maison des associations, salle 2",
    "link": None,
    "modules": [{"code": "posture", "minutes": 240, "required": True, "label": "posture du mentor"}],
    "minutes": 240,
    "places": 12,
    "taken": 1,
    "waiting": 0,
    "enrolments": [
        {
            "mentor_id": "mentor-0c4ad1f8-6d9a-5a1d-8a43-2d2f4d1c8e57",
            "state": "certified",
            "label": "attestation délivrée",
            "minutes": 240,
            "valid_until": "2028-01-14",
        }
    ],
    "closed_on": None,
    "next": [],
    "created_at": "2025-12-05T10:12:31Z",
    "updated_at": "2026-01-14T09:00:00Z",
    "position": 1107,
    "persons": {"trainer": "Camille Exemple"},
}
COMPANY: Final[dict[str, Any]] = {
    "id": "company-8e1f5a7c-03b2-5d49-a6c8-71d0e9f42b35",
    "naf": "62.01Z",
    "sites": ["Lyon", "Villeurbanne"],
    "clee": "Lyon Centre",
    "campus": None,
    "status": "active",
    "status_label": "active",
    "since": "2025-11-24T09:00:00Z",
    "since_recorded": "2025-11-24T09:00:00Z",
    "closed_on": None,
    "ties": [{"kind": "visit", "label": "visites", "school_year": "2025-2026", "count": 3}],
    "next": [],
    "version": 3,
    "created_at": "2025-11-24T09:00:00Z",
    "updated_at": "2025-12-05T10:12:31Z",
    "position": 40,
    "persons": {"name": "Ateliers du Rhône", "siret": "73282932000074"},
}
HISTORY: Final[dict[str, Any]] = {
    "position": 1042,
    "event_id": "0c4ad1f8-6d9a-5a1d-8a43-2d2f4d1c8e57",
    "record_id": _ID,
    "version": 7,
    "topic": "convention.Signed@1",
    "label": "Signée par une partie",
    "facts": {"party": "academie:10", "on": "2025-12-05", "medium": "paper"},
    "persons": {},
    "reserved": {},
    "actor": "3f9c2a7d51e0b846",
    "role": "academie",
    "command": "convention.sign",
    "reason": {"withheld": True},
    "effective_at": "2025-12-04T23:00:00Z",
    "effective_precision": "day",
    "recorded_at": "2025-12-05T10:12:31Z",
    "causation": "",
    "correlation": "dossier-42",
    "rests_on": {},
    "status": "partially_signed",
    "supersedes": None,
    "backdated": False,
    "rules_version": 1,
    "corrected_by": [],
}
READING: Final[dict[str, Any]] = {
    "number": 5021,
    "at": "2025-12-05T10:14:02Z",
    "reader": "3f9c2a7d51e0b846",
    "role": "academie",
    "subject": _ID,
    "purpose": "conventions_read : Réponse à une demande d'accès",
}
DEADLINE: Final[dict[str, Any]] = AWAITED | {
    "record_id": _ID,
    "record_kind": "convention",
    "title": CONVENTION["title"],
    "academies": ["10"],
}
EVENT: Final[dict[str, Any]] = {
    "specversion": "1.0",
    "id": HISTORY["event_id"],
    "source": "/v1/events",
    "type": "convention.Signed@1",
    "subject": _ID,
    "time": "2025-12-05T10:12:31Z",
    "datacontenttype": "application/json",
    "sequence": "1042",
    "data": HISTORY["facts"],
}


def answer(example: Any) -> dict[str, Any]:
    """The 200 of an operation, with what it looks like."""
    return {"content": {"application/json": {"example": example}}}


def listed(item: dict[str, Any], after: str | None = None) -> dict[str, Any]:
    """The 200 of a list."""
    return answer({"items": [item], "next": after})


def either(today: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    """The 200 of a record: as it stands, or as of a date."""
    shown = {
        "today": {"summary": "Aujourd'hui, ou tel qu'on le connaissait (known_at)", "value": today},
        "as_of": {"summary": "À une date (as_of)", "value": then},
    }
    return {"content": {"application/json": {"examples": shown}}}
