"""How it was measured, and what limits a figure that falls short: said from what was measured, no further."""

from __future__ import annotations

from typing import Final

from benchmarks.figures import Figure, Row

METHOD: Final = """\
Page écrite par `make bench`. Toutes les mesures partagent un serveur PostgreSQL embarqué, `fsync` actif, aux
réglages ordinaires du dépôt, dans un dossier temporaire ; chacune a ses propres bases. La référence et la
nôtre alternent, tour après tour, dans la même série ; un tour de chauffe ne compte pas. La valeur est le
rapport des médianes ; entre parenthèses, le plus petit et le plus grand rapport d'un même tour. Le serveur,
PostgreSQL et le générateur de charge se partagent les cœurs de la machine, des deux côtés également."""


def note_on(row: Row, figure: Figure) -> str:
    """What limits, in French; nothing for what is reached or only informative."""
    if row.reach is None or row.reach.met(figure.value.middle):
        return ""
    return "Seuil non atteint" + (f" : {figure.limit}" if figure.limit else "")
