"""What somebody is told when a thing that only one record may hold is already another's."""

from __future__ import annotations

from typing import Final

from domain.authorization import may_see
from domain.kernel import Actor, Conflict, Root

_NUMBERS: Final = {
    "rna": "Le numéro RNA",
    "siren": "Le numéro SIREN",
    "convention": "Le numéro de convention",
}
"""What stands after the first colon of such a claim may be told: it was asked for."""
_EXTENDED: Final = (
    "un autre numéro, si ce n'est pas la même association",
    "ou son extension à votre académie, par une académie qui la connaît déjà (association.extend)",
)
"""Of an operator's number. Which académie knows it is not told."""


def taken(key: str, holder: str, asker: Actor, held: Root | None) -> Conflict:
    """The refusal of ``asker``, who asked for what ``holder`` (a record's id) already holds under ``key``;
    ``held``: that record, as it stands.

    Of a person or a company, a claim knows a digest only. A person's record is of the same operator as the
    one refused: that operator alone is told which record it is; whoever proposes somebody learns that they
    are known, no more.
    """
    kind, _, value = key.partition(":")
    if kind == "mentor":
        return _known(f"association:{value.partition(':')[0]}", holder, asker, held)
    if kind == "name":
        return _namesake(value.partition(":")[0], holder, asker)
    if kind == "siret":
        return Conflict("already_held", "Ce numéro SIRET est déjà celui d'une autre entreprise.")
    sentence = f"{_NUMBERS.get(kind, kind)} {value} est déjà celui d'un autre dossier."
    return Conflict("already_held", sentence, _EXTENDED if kind in {"rna", "siren"} else ())


def _namesake(academie: str, holder: str, asker: Actor) -> Conflict:
    """Of an operator's name, which is no secret; which record bears it is told to whoever may read it."""
    told = may_see(asker, frozenset({f"academie:{academie}"}))
    existing = f"ou le dossier existant : {holder}" if told else "ou le dossier que cette académie tient déjà"
    return Conflict(
        "already_held",
        f"Une association de ce nom est déjà enregistrée dans l'académie {academie}.",
        ("un autre nom, qui dise par exemple la ville ou le département", existing),
    )


def _known(operator: str, holder: str, asker: Actor, held: Root | None) -> Conflict:
    """A closed record holds its person while an académie's suspension runs: there is but one remedy."""
    if not may_see(asker, frozenset({operator})):
        return Conflict(
            "mentor_known",
            "Cette personne a déjà un dossier de mentor·e dans cette association.",
            ("rien de votre part : l'association connaît déjà cette personne",),
        )
    said = "Cette personne a déjà un dossier de mentor·e dans la même association"
    if held and held.status in held.final:
        return Conflict(
            "mentor_known",
            f"{said}, clos sous une suspension décidée par l'académie : {holder}.",
            (f"la levée, par l'académie, de la suspension du dossier {holder}",),
        )
    return Conflict(
        "mentor_known",
        f"{said} : {holder}.",
        (f"la mise à jour du dossier {holder}", "ou le rattachement des deux dossiers (mentor.merge)"),
    )
