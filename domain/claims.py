"""What somebody is told when a thing that only one record may hold is already another's."""

from __future__ import annotations

from typing import Final

from domain.kernel import Conflict

_NUMBERS: Final = {
    "rna": "Le numéro RNA",
    "siren": "Le numéro SIREN",
    "convention": "Le numéro de convention",
}
"""What stands after the first colon of such a claim may be told: it was asked for."""


def taken(key: str) -> Conflict:
    """The refusal of whoever asked for what another record already holds under ``key``."""
    kind, _, value = key.partition(":")
    return Conflict("already_held", f"{_NUMBERS.get(kind, kind)} {value} est déjà celui d'un autre dossier.")
