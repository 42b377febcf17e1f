"""`mentorat show`, `mentorat history`: a record at any moment, through the API, as the bearer of a token."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import typer

from domain.calendar import PARIS
from ops import running
from ops.running import connected
from ops.settings import Settings
from ops.terminal import fail, out

PLACES = {
    "convention": "conventions",
    "association": "associations",
    "programme": "programmes",
    "mentor": "mentors",
    "training": "trainings",
    "company": "companies",
    "import": "imports",
}
"""Where the API shows each kind of record."""
_Record = Annotated[str, typer.Argument(help="L'identifiant du dossier.")]
_MOMENT = "Un jour ou un instant : 2025-12-10 ou 2025-12-10T08:00:00Z."


def add_to(app: typer.Typer) -> None:
    app.command()(show)
    app.command()(history)


def show(
    record: _Record,
    as_of: Annotated[str | None, typer.Option(help=f"L'état à cette date. {_MOMENT}")] = None,
    known_at: Annotated[
        str | None, typer.Option(help=f"Le dossier tel qu'il était su alors. {_MOMENT}")
    ] = None,
    role: Annotated[
        str, typer.Option(help="Jeton de démonstration, à défaut de MENTORAT_TOKEN.")
    ] = "academie",
) -> None:
    """Montre un dossier, aujourd'hui, à une date, ou tel qu'il était su."""
    asked = {"as_of": as_of, "known_at": known_at}
    found = _get(f"/v1/{_place(record)}/{record}", {k: v for k, v in asked.items() if v}, role)
    out.print(json.dumps(found, ensure_ascii=False, indent=1), markup=False)


def history(
    record: _Record,
    role: Annotated[
        str, typer.Option(help="Jeton de démonstration, à défaut de MENTORAT_TOKEN.")
    ] = "academie",
) -> None:
    """Montre la piste d'audit, à l'heure de Paris : qui, quoi, quand, pourquoi ; refus compris."""
    after: dict[str, str] = {}
    while True:
        page = _get(f"/v1/{_place(record)}/{record}/history", after, role)
        for row in page["items"]:
            out.print(_line(row), markup=False)
        if not page["next"]:
            return
        after = {"after": page["next"]}


def _line(row: dict[str, Any]) -> str:
    number = "refusée" if row["version"] is None else f"v{row['version']}"
    recorded = datetime.fromisoformat(row["recorded_at"]).astimezone(PARIS)
    marks = [
        row["facts"]["sentence"] if row["version"] is None else "",
        f"vraie {_true_on(row)}, écrite après coup" if row["backdated"] else "",
        f"corrige v{row['supersedes']}" if row["supersedes"] else "",
        " et ".join(f"corrigée par v{version}" for version in row["corrected_by"]),
        _reason(row["reason"]),
        f"règles n° {row['rules_version']}" if row["rules_version"] else "",
    ]
    told = " ; ".join(mark for mark in marks if mark)
    who = f"{row['role']} {_actor(row['actor'])}"
    return f"{recorded:%d/%m/%Y %H:%M:%S}  {number:8}  {row['label']} — {who}" + (
        f" ({told})" if told else ""
    )


def _actor(told: str | dict[str, bool]) -> str:
    """Of a record that operators share, another's is not told."""
    return told if isinstance(told, str) else "(jeton réservé)"


def _true_on(row: dict[str, Any]) -> str:
    """A day of Paris, or a month when no more is known."""
    at = datetime.fromisoformat(row["effective_at"]).astimezone(PARIS)
    return f"en {at:%m/%Y}" if row["effective_precision"] == "month" else f"le {at:%d/%m/%Y}"


def _reason(told: str | dict[str, bool]) -> str:
    if isinstance(told, str):
        return f"motif : {told}" if told else ""
    if told.get("unreadable"):
        return "motif illisible (sa clé manque)"
    return "motif oublié" if told.get("forgotten") else "motif réservé"


def _place(record: str) -> str:
    kind = record.partition("-")[0]
    if kind not in PLACES:
        fail(f"« {record} » n'est pas l'identifiant d'un dossier : {', '.join(PLACES)}-…")
    return PLACES[kind]


def _get(path: str, query: dict[str, str], role: str) -> dict[str, Any]:
    """Raises nothing: what the API refuses is said in its own words."""
    import httpx

    from ops.who import NobodyKnown, token_of

    settings = connected(Settings())
    where = running.addresses(settings)
    url = where.api if where else f"http://{settings.host}:{settings.port}"
    try:
        headers = {"Authorization": f"Bearer {token_of(settings, role)}"}
        answer = httpx.get(f"{url}{path}", params=query, headers=headers, timeout=30)
    except NobodyKnown as nobody:
        fail(str(nobody))
    except httpx.HTTPError:
        fail(f"L'API ({url}) ne répond pas : lancez `make run`.")
    found: dict[str, Any] = answer.json()
    if not answer.is_success:
        fail(found.get("detail") or found["title"])
    return found
