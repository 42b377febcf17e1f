"""The familles de métiers of the seconde professionnelle: a versioned list, by codes of ours."""

from __future__ import annotations

from typing import Final

FAMILIES_VERSION: Final = "2025"

FAMILIES: Final = {
    "construction": "construction durable, bâtiment et travaux publics",
    "gestion": "gestion administrative, transport et logistique",
    "relation_client": "relation client",
    "graphique": "industries graphiques et communication",
    "etudes_batiment": "études et modélisation numérique du bâtiment",
    "aeronautique": "aéronautique",
    "alimentation": "alimentation",
    "hotellerie": "hôtellerie-restauration",
    "beaute": "beauté et bien-être",
    "agencement": "agencement, menuiserie et ameublement",
    "pilotage": "pilotage et maintenance d'installations automatisées",
    "maintenance": "maintenance des matériels et des véhicules",
    "realisation": "réalisation d'ensembles mécaniques et industriels",
    "transitions": "transitions numérique et énergétique",
    "mer": "métiers de la mer",
    "productions_agricoles": "productions agricoles",
    "conseil_vente": "conseil-vente en milieu agricole",
    "nature": "nature, jardin, paysage, forêt",
    "bio_industries": "alimentation, bio-industries et laboratoire",
    "hors_famille": "hors famille de métiers",
}
