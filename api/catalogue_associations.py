"""The codes about associations: how the rules of an admission say no, and how a file is not taken in."""

from __future__ import annotations

from typing import Final

from api.entry import Entry

FILES: Final = {
    "file_type": Entry(
        415,
        "Fichier non accepté",
        "Une pièce est un fichier PDF, JPEG ou PNG, et ses premiers octets sont ceux du type annoncé "
        "(Content-Type: application/pdf, image/jpeg ou image/png).",
    ),
    "no_such_file": Entry(
        404,
        "Aucun fichier",
        "Aucune version de cette pièce n'est conservée : elle n'est pas demandée, n'est pas arrivée, a été "
        "refusée, a pris fin avant la décision, ou le dossier a été effacé.",
    ),
}

RULES: Final = {
    "before_last_change": Entry(
        409,
        "Avant le dernier changement d'état",
        "Un changement d'état ne précède pas celui qu'il suit ; missing dit à partir de quand.",
    ),
    "already_in_academie": Entry(
        409, "Déjà dans cette académie", "L'association intervient déjà dans l'académie que vous nommez."
    ),
    "no_such_contact": Entry(409, "Aucun contact", "Personne n'est désigné pour ce rôle."),
    "document_unknown": Entry(
        409, "Pièce inconnue", "Ce n'est pas une pièce que l'on demande ; missing en donne la liste."
    ),
    "document_not_asked": Entry(
        409, "Pièce non demandée", "Cette pièce n'est pas demandée à cette association : demandez-la d'abord."
    ),
    "hash_malformed": Entry(
        409, "Empreinte illisible", "Une empreinte SHA-256 s'écrit en 64 chiffres hexadécimaux minuscules."
    ),
    "media_type_refused": Entry(409, "Type de fichier refusé", "Une pièce est un fichier PDF, JPEG ou PNG."),
    "size_refused": Entry(409, "Taille refusée", "Une pièce compte au moins un octet et au plus 10 Mio."),
    "valid_until_missing": Entry(
        409, "Dernier jour manquant", "Une attestation d'assurance dit jusqu'à quand elle vaut (valid_until)."
    ),
    "document_expired": Entry(409, "Pièce périmée", "Le dernier jour de cette pièce est passé."),
    "nothing_received": Entry(
        409, "Rien à examiner", "Aucune version de cette pièce n'attend d'être acceptée ou refusée."
    ),
    "document_changed": Entry(
        409,
        "Une autre version est arrivée",
        "L'empreinte, ou le dernier jour (valid_until), n'est pas de la version à examiner : lisez celle-ci.",
    ),
    "documents_missing": Entry(
        409, "Pièces manquantes", "Toutes les pièces demandées ne sont pas acceptées ; missing les nomme."
    ),
    "still_suspended": Entry(
        409,
        "Suspension en cours",
        "Une suspension survit au départ : l'association n'est pas référencée avant que chaque académie qui "
        "en a décidé une ne l'ait levée ; missing les nomme.",
    ),
    "insurance_lapsed": Entry(
        409, "Assurance échue", "L'assurance acceptée ne couvre pas ce jour : il en faut une en cours."
    ),
}
