"""Who acts from a terminal: the bearer of a token, so that the trail names somebody."""

from __future__ import annotations

import json
import os

from api.tokens import TokenStore
from domain.kernel import Actor
from ops.database import Pool
from ops.settings import Settings

VARIABLE = "MENTORAT_TOKEN"


class NobodyKnown(Exception):
    """No token, or none that is valid here: a French sentence."""


def token_of(settings: Settings, role: str) -> str:
    """The token of the environment; else, in development, the demonstration's for that role.

    Raises ``NobodyKnown``.
    """
    given = os.environ.get(VARIABLE, "")
    if given:
        return given
    if not settings.production and settings.tokens_file.exists():
        tokens: dict[str, str] = json.loads(settings.tokens_file.read_text(encoding="utf-8"))
        if role not in tokens:
            raise NobodyKnown(
                f"Aucun jeton de démonstration du rôle « {role} » : {', '.join(sorted(tokens))}."
            )
        return tokens[role]
    raise NobodyKnown(f"Donnez votre jeton dans {VARIABLE} (jamais en argument : il s'y lirait).")


async def actor_of(settings: Settings, pool: Pool, role: str) -> Actor:
    """Whoever acts. What that role may do is the domain's to say. Raises ``NobodyKnown``."""
    actor = await TokenStore(pool).actor_of(token_of(settings, role))
    if actor is None:
        raise NobodyKnown(f"Le jeton de {VARIABLE} n'est pas valide ici, ou ne l'est plus.")
    return actor
