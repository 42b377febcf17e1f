"""What somebody is told when a thing that only one record may hold is already another's."""

from __future__ import annotations

from typing import Final

from domain.kernel import Conflict

_NUMBERS: Final = {
    "rna": "Le numéro RNA",
    "siren": "Le numéro SIREN",
    "siret": "Le numéro SIRET",
    "convention": "Le numéro de convention",
}
"""What stands after the first colon of such a claim may be told: it was asked for."""


def taken(key: str, holder: str) -> Conflict:
    """The refusal of whoever asked for what ``holder`` (a record's id) already holds under ``key``.

    Of a person, a claim knows a digest only; its record is of the same operator as the one refused.
    """
    kind, _, value = key.partition(":")
    if kind == "mentor":
        return Conflict(
            "mentor_known",
            f"Cette personne a déjà un dossier de mentor·e dans la même association : {holder}.",
            (f"la mise à jour du dossier {holder}", "ou le rattachement des deux dossiers (mentor.merge)"),
        )
    return Conflict("already_held", f"{_NUMBERS.get(kind, kind)} {value} est déjà celui d'un autre dossier.")
