"""The first start: the programmes with their default rules, the press release's conventions, the tokens."""

from __future__ import annotations

import json
from datetime import date
from typing import Final

from api.tokens import TokenStore
from domain.kernel import Actor, Conflict
from domain.ports import Request
from domain.programme.commands import OpenProgramme, programme_id
from domain.programme.model import SCHEMES
from domain.programme.rules import Rules
from ops import tokens
from ops.compose import House, house
from ops.imports import direct
from ops.imports.operators import association_id
from ops.private import write_private
from ops.reference import FOLDER
from ops.settings import Settings

REGION: Final = "Auvergne-Rhône-Alpes"
RULES_FROM: Final = date(2020, 9, 1)
"""The default rules hold since before the oldest convention that is recorded."""
PRESS_RELEASE: Final = FOLDER / "conventions_aura_2025.csv"
DEMO_ASSOCIATION: Final = "FACE"
DEMO_ACADEMIE: Final = "10"
DEMO_LYCEE: Final = "0690010L"


async def load(settings: Settings) -> str | None:
    """Loads what is not there yet; answers what it did, in French, or ``None`` for nothing.

    In production the programmes only: conventions come by an import, tokens by `mentorat token create`.
    """
    async with house(settings, "seed") as parts:
        if await parts.recorder.head() > 0 and (settings.production or settings.tokens_file.exists()):
            return None
        await open_programmes(parts)
        if settings.production:
            return "Les programmes et leurs règles par défaut sont chargés."
        count = await load_conventions(parts)
        await write_tokens(parts)
    return (
        f"Premier démarrage : {count} conventions du communiqué chargées (annoncées, signature non attestée)."
    )


async def open_programmes(parts: House) -> None:
    national = Actor("seed:national", "national", frozenset({"role:national"}))
    for scheme in SCHEMES:
        command = OpenProgramme(record_id=programme_id(scheme), scheme=scheme, rules=Rules(), on=RULES_FROM)
        try:
            await parts.executor.execute(Request(command, national, f"seed:programme:{scheme}"))
        except Conflict:
            continue


async def load_conventions(parts: House) -> int:
    """The six conventions as announced: what the press release proves, and nothing more."""
    academie = Actor(
        "seed:academie", "academie", tokens.scopes_of("academie", parts.world.territory, region=REGION)
    )
    report = await direct.import_conventions(PRESS_RELEASE, parts.executor, academie)
    if report.faults:
        raise ValueError(report.faults)
    return report.lines


async def write_tokens(parts: House) -> None:
    """One token a role in ``demo-tokens.json`` (mode 600), so that the README's walk can begin."""
    path = parts.settings.tokens_file
    if path.exists():
        return
    store = TokenStore(parts.pool)
    bounds: dict[str, dict[str, str]] = {
        "national": {},
        "academie": {"region": REGION},
        "association": {"association": association_id(DEMO_ASSOCIATION, (DEMO_ACADEMIE,))},
        "lycee": {"lycee": DEMO_LYCEE},
        "auditor": {},
        "dpo": {},
        "operator": {},
    }
    made = {}
    for role, bound in bounds.items():
        scopes = tokens.scopes_of(role, parts.world.territory, **bound)  # type: ignore[arg-type]
        _, made[role] = await store.create(role, f"démonstration {role}", scopes)
    write_private(path, json.dumps(made, indent=1))
