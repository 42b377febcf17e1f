"""What answers about mentors look like, with invented persons and ids."""

from __future__ import annotations

from typing import Any, Final

from api.examples import ASSOCIATION, AWAITED, COMPANY

MENTOR: Final[dict[str, Any]] = {
    "id": "mentor-8d0c2f57-41a9-5b0e-9c6e-1f0d7a2b3c4e",
    "status": "interviewed",
    "status_label": "entretien favorable",
    "since": "2025-12-07T23:00:00Z",
    "since_recorded": "2025-12-08T16:20:00Z",
    "version": 4,
    "association": ASSOCIATION["id"],
    "academies": ["10"],
    "uai": None,
    "programme_id": "programme-1j1m",
    "rules_version": 1,
    "channel": "company",
    "channel_label": "entreprise",
    "applied_on": "2025-12-01",
    "profile": {
        "status": "employee",
        "engagement": "volunteer",
        "rome": "K2104",
        "naf": "62.01Z",
        "families": [{"code": "transitions", "label": "transitions numérique et énergétique"}],
        "languages": ["fr"],
        "modes": ["on_site"],
        "communes": ["69123"],
        "mentees": None,
        "classes": None,
    },
    "capacity": {"mentees": 2, "classes": 1},
    "file_missing": [],
    "identity_seen_on": "2025-12-05",
    "charter": {"signed_on": "2025-12-05", "version": "2025.1"},
    "interview": {"on": "2025-12-08", "favourable": True},
    "checks_asked": [
        {"kind": "b3", "label": "bulletin n° 3 du casier judiciaire", "mission": None, "departement": None}
    ],
    "check": None,
    "check_until": None,
    "certificates": [],
    "training_missing": ["le module « posture du mentor »", "4 h de formation"],
    "trained_until": None,
    "cleared_on": None,
    "suspensions": [],
    "blocks": [{"code": "not_cleared", "label": "pas encore validé·e"}],
    "leaving": None,
    "closed_on": None,
    "merged_into": None,
    "links": [],
    "next": [
        AWAITED
        | {
            "kind": "check",
            "key": "check",
            "at": "2025-12-08T23:00:00+00:00",
            "what": "Vérifier les antécédents (candidature du 1er décembre 2025)",
            "by": "2026-12-08",
            "missing": ["la présentation du document"],
            "automatic": False,
        }
    ],
    "created_at": "2025-12-01T09:00:00Z",
    "updated_at": "2025-12-08T16:25:00Z",
    "position": 1077,
    "operator": {"status": "admitted", "status_label": "référencée", "blocks": []},
    "persons": {
        "given_name": "Camille",
        "family_name": "Exemple",
        "email": "camille@exemple.example",
        "company_id": COMPANY["id"],
        "interview_report": "Motivation claire, disponible le mercredi.",
    },
}
