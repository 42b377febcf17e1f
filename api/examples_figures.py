"""What figures look like to the national level: invented numbers, the small ones hidden."""

from __future__ import annotations

from typing import Any, Final


def _count(value: int | None) -> dict[str, Any]:
    return {"value": value, "hidden": value is None}


def _labelled(code: str, label: str, value: int | None) -> dict[str, Any]:
    return {"code": code, "label": label, **_count(value)}


def _step(code: str, label: str, reached: int, now: int | None, days: float | None) -> dict[str, Any]:
    told = {"code": code, "label": label, "median_days": days}
    return told | {"reached": _count(reached), "now": _count(now)}


_PART: Final[dict[str, Any]] = {
    "key": "",
    "label": "Ensemble",
    "steps": [
        _step("candidate", "candidat·e", 240, 15, None),
        _step("file_complete", "dossier complet", 205, 10, 6.0),
        _step("interviewed", "entretien favorable", 180, None, 9.0),
        _step("checked", "antécédents vérifiés", 170, None, 12.0),
        _step("trained", "formé·e", 150, 5, 14.0),
        _step("cleared", "validé·e", 140, 115, 2.0),
    ],
    "median_days": 41.0,
    "elsewhere": [
        _labelled("suspended", "suspendu·e", None),
        _labelled("left", "parti·e", 20),
        _labelled("lapsed", "candidature caduque", 25),
        _labelled("refused", "refusé·e", None),
    ],
    "sections": [
        _labelled("C", "industrie manufacturière", 60),
        _labelled("J", "information et communication", 45),
        _labelled("L", "activités immobilières", None),
    ],
    "divisions": [],
    "families": [
        _labelled("relation_client", "relation client", 55),
        _labelled("mer", "métiers de la mer", None),
    ],
    "training": {
        "certified": _count(155),
        "valid": _count(150),
        "certificates": _count(None),
        "hours": _count(930),
    },
    "associations": {
        "states": [
            _labelled("in_admission", "en cours d'admission", 2),
            _labelled("admitted", "référencée", 3),
        ],
        "median_days": 38.0,
    },
}
FIGURES: Final[dict[str, Any]] = {
    "as_of": "2026-03-31",
    "exact": False,
    "group_by": "academie",
    "rules": [
        "Hors de son association, un effectif est arrondi par défaut à un multiple de 5 dans chaque groupe "
        "(une association, une année scolaire) ; sous 5 il est masqué, zéro compris."
    ],
    "total": _PART,
    "groups": [_PART | {"key": "10", "label": "académie de Lyon"}],
}
