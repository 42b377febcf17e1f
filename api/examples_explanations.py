"""What an explanation looks like, with invented ids."""

from __future__ import annotations

from typing import Any, Final

from api.examples_mentors import MENTOR

_VERSION: Final[dict[str, Any]] = {
    "number": 1,
    "academie": "",
    "in_force_from": "2025-09-01",
    "adopted_at": "2025-09-01T08:00:00Z",
    "position": 2,
    "actor": "0b1d6c5a9e3f2478",
    "role": "national",
}
_APPLIED: Final[dict[str, Any]] = {
    "record_id": MENTOR["id"],
    "sentence": "Candidature reçue, le 1er décembre 2025",
    "on": "2025-12-01",
    "recorded_at": "2025-12-01T09:00:00Z",
    "position": 1060,
    "version": 1,
    "topic": "mentor.Applied@1",
    "actor": "3f9c2a7d51e0b846",
    "role": "association",
    "reason": "",
    "reserved": None,
}
_REASON: Final[dict[str, Any]] = {
    "about": "status",
    "code": "candidate",
    "sentence": "« candidat·e » depuis le 1er décembre 2025 : candidature reçue.",
    "facts": [_APPLIED],
    "rules": [],
    "counted": [],
    "missing": [],
    "awaits": [],
    "by": None,
    "ruling": _VERSION,
}
EXPLANATION: Final[dict[str, Any]] = {
    "id": MENTOR["id"],
    "as_of": "2025-12-05T10:12:31Z",
    "known_at": "2025-12-05T10:12:31Z",
    "status": "candidate",
    "status_label": "candidat·e",
    "since": "2025-12-01T09:00:00Z",
    "since_recorded": "2025-12-01T09:00:00Z",
    "version": 1,
    "rules": _VERSION,
    "reasons": [
        _REASON,
        _REASON
        | {
            "about": "due",
            "code": "lapse",
            "sentence": "Sans suite, la candidature devient caduque passé le 20 janvier 2026.",
            "rules": [
                {
                    "path": "mentors.lapse",
                    "name": "caducité d'une candidature sans suite",
                    "value": "25 jours de classe",
                    "version": _VERSION,
                }
            ],
            "counted": [
                {
                    "sentence": "25 jours de classe à compter du 1er décembre 2025 (non compris), dans "
                    "l'académie 10, zone A : le 20 janvier 2026 ; ne comptent pas : samedis et dimanches "
                    "(8 j), Vacances de Noël (17 j)",
                    "start": "2025-12-01",
                    "delay": "25 jours de classe",
                    "end": "2026-01-20",
                    "academie": "10",
                    "zone": "A",
                    "calendar": "2026-2027/1c2d3e4f",
                    "skipped": [["samedis et dimanches", 8], ["Vacances de Noël", 17]],
                    "estimated": False,
                }
            ],
            "missing": ["la charte signée"],
            "awaits": [f"association:{MENTOR['association']}"],
            "by": "2026-01-20",
            "ruling": None,
        },
    ],
}
