"""Renders the authorization table: `python -m tests.house.rights > docs/droits.md`."""

from __future__ import annotations

from domain.authorization import READS, ROLES, TABLE
from domain.commands import command_types
from domain.registry import RECORDS

HEAD = """# Qui peut faire quoi

Table unique, tirée de `domain/authorization.py` (un test les tient ensemble). Voir un dossier dépend du
périmètre du jeton ; y agir dépend de cette table **et** du fait de le tenir ou d'y être partie. Une
association ou un lycée n'agit que pour lui-même ; ce qu'une garde refuse est noté dans l'historique du
dossier.

`system` désigne les processus (échéances). `operator` et `auditor` n'écrivent rien ici : l'auditeur lit tout
sauf les personnes, l'exploitant ne lit que les programmes. Le délégué à la protection des données (`dpo`) lit
les personnes et n'écrit qu'une chose : l'effacement (`record.erase`), sur un fondement de l'article 17 du
RGPD.
Une entreprise se partage entre ceux qui agissent ; ni l'échelon national ni l'exploitant ne la lisent.
Une ligne n'écrit rien : `association.export`, par laquelle un opérateur repart avec tous ses dossiers.
Le système efface de même au terme de la durée de conservation ; un dossier effacé est clos pour tous.

"""


def rendered() -> str:
    """The page, as it should stand in docs/droits.md."""
    assert RECORDS, "importing the registry registers every command"
    lines = ["| opération | " + " | ".join(ROLES) + " |", "|---|" + "---|" * len(ROLES)]
    for name in (*sorted(command_types()), *sorted(READS)):
        marks = ["✓" if role in TABLE[name] else "" for role in ROLES]
        lines.append(f"| `{name}` | " + " | ".join(marks) + " |")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    import domain.association.commands
    import domain.company.commands
    import domain.convention.commands
    import domain.imports.commands
    import domain.mentor.candidacies
    import domain.mentor.commands
    import domain.mentor.identity
    import domain.programme.commands
    import domain.training.commands  # noqa: F401

    print(rendered(), end="")
