"""What answers about imports look like, with invented lines."""

from __future__ import annotations

from typing import Any, Final

from api.examples import ASSOCIATION

IMPORT: Final[dict[str, Any]] = {
    "id": "import-2f6c1b7a-9d3e-5a48-b1c0-7e5d4f3a2b19",
    "kind": "mentors",
    "kind_label": "mentors",
    "association_id": ASSOCIATION["id"],
    "training_id": None,
    "academies": [],
    "dry_run": False,
    "size": 182_340,
    "media_type": "text/csv",
    "status": "recorded",
    "status_label": "enregistré",
    "since": "2025-11-30T23:00:00Z",
    "since_recorded": "2025-12-01T09:00:04Z",
    "done": 1_000,
    "total": 1_000,
    "lines": 1_000,
    "fresh": 997,
    "known": 3,
    "faults": 0,
    "submitted_on": "2025-12-01",
    "ended_on": "2025-12-01",
    "kept_until": "2025-12-31",
    "next": [],
    "version": 4,
    "created_at": "2025-12-01T09:00:00Z",
    "updated_at": "2025-12-01T09:00:04Z",
    "position": 3120,
}
FAULT: Final[dict[str, Any]] = {
    "line": 12,
    "column": "Date de naissance",
    "value": "31/02/1985",
    "problem": "Ce jour n'existe pas au calendrier.",
    "remedy": "Écrivez le jour, le mois et l'année sur quatre chiffres, par exemple 01/09/1985.",
}
FAULTS: Final[dict[str, Any]] = {
    "count": 1,
    "left_aside": ["Observations"],
    "items": [FAULT],
    "next": None,
}
