"""The page that explains an export to whoever opens it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from api.export.cells import FORGOTTEN, UNREADABLE, WITHHELD

if TYPE_CHECKING:
    from api.export.gathering import Tables

FORMAT: Final = "mentorat-export"
VERSION: Final = 1
"""Of the format: changed when a column or a field changes its meaning or goes away."""

_TEXT: Final = """Export des dossiers d'un opérateur du mentorat en lycée professionnel
=====================================================================

Fait le {at} (heure de Paris). Format {format}, version {version}.
Tout est dit tel que le registre le connaissait à la position {position}, y compris ce qui s'écrivait
pendant l'export : rien de plus récent n'y est.

Ce que contient ce dossier
--------------------------
{tables}
  registre.xlsx          les mêmes tableaux, une feuille chacun
  evenements.jsonl       {told} événements et refus de ces dossiers, un objet JSON par ligne
  documents/             les pièces remises, telles quelles
  manifest.json          la position, et l'empreinte SHA-256 de chaque fichier

Lire les tableaux
-----------------
CSV : séparateur point-virgule, UTF-8 avec marque (BOM). Les jours s'écrivent 2025-12-05, les instants à
l'heure de Paris. Une cellule qui commencerait par = + - @, une tabulation ou une apostrophe est précédée
d'une apostrophe, pour qu'aucun tableur ne l'exécute : ôtez la première apostrophe d'une cellule qui en
porte une pour retrouver la valeur exacte.
{forgotten} : la personne a été effacée, personne ne peut plus lire cette valeur.
{unreadable} : la clé de cette valeur manque au trousseau de l'installation ; prévenez l'exploitant.
{withheld} : la valeur existe, mais elle n'est pas à vous.

Lire les événements
-------------------
Ils sont groupés par dossier ; `position` donne l'ordre du registre. `data` porte les faits ; une valeur
effacée vaut null et son nom est dans `forgotten` (dans `unreadable`, si c'est sa clé qui manque) ; une
valeur qui n'est pas la vôtre est absente et son nom est dans `withheld` (qui signe pour une autre partie,
par exemple). `version` est absente (null) d'un refus.

Ce fichier contient des données personnelles en clair : sa remise est inscrite au journal des lectures.
Gardez-le chiffré, et détruisez-le quand il a servi.
"""


def notice(tables: Tables, position: int, at: datetime) -> str:
    listed = [f"  {t.name + '.csv':22} {t.title} : {t.rows} ligne(s)" for t in tables.all()]
    return _TEXT.format(
        at=f"{at:%d/%m/%Y à %H:%M}",
        format=FORMAT,
        version=VERSION,
        position=position,
        tables="\n".join(listed),
        told=tables.told,
        forgotten=FORGOTTEN,
        unreadable=UNREADABLE,
        withheld=WITHHELD,
    )
