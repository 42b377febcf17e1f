"""The codes by which the rules about imports say no."""

from __future__ import annotations

from typing import Final

from api.entry import Entry

RECORDS: Final = {
    "already_submitted": Entry(409, "Import déjà reçu", "Un import porte déjà cet identifiant."),
}
FILES: Final = {
    "table_type": Entry(
        415,
        "Ni CSV ni XLSX",
        "Le corps est le fichier lui-même, annoncé par son Content-Type : text/csv, ou "
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.",
    ),
    "import_under_way": Entry(
        404,
        "Import pas encore terminé",
        "Le compte rendu et le fichier annoté sont là une fois l'import terminé : voyez son état.",
    ),
}
RULES: Final = {
    "import_target": Entry(
        409,
        "Cible de l'import",
        "Un import de mentors nomme l'association ; un import de présences l'association et la formation ; "
        "un import d'associations, ni l'une ni l'autre.",
    ),
    "no_such_training": Entry(
        409, "Formation inconnue", "Aucune formation de cette association sous cet identifiant."
    ),
}
