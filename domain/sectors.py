"""The sectors of the economy: sections and divisions of the French nomenclature NAF (révision 2, 2008)."""

from __future__ import annotations

from typing import Final

SECTORS_VERSION: Final = "NAF rév. 2"

UNTOLD: Final = ""
"""The code of whoever told no sector."""

UNTOLD_LABEL: Final = "secteur non renseigné"

SECTIONS: Final = {
    "A": "agriculture, sylviculture et pêche",
    "B": "industries extractives",
    "C": "industrie manufacturière",
    "D": "électricité, gaz, vapeur et air conditionné",
    "E": "eau, assainissement, déchets et dépollution",
    "F": "construction",
    "G": "commerce ; réparation d'automobiles et de motocycles",
    "H": "transports et entreposage",
    "I": "hébergement et restauration",
    "J": "information et communication",
    "K": "activités financières et d'assurance",
    "L": "activités immobilières",
    "M": "activités spécialisées, scientifiques et techniques",
    "N": "services administratifs et de soutien",
    "O": "administration publique",
    "P": "enseignement",
    "Q": "santé humaine et action sociale",
    "R": "arts, spectacles et activités récréatives",
    "S": "autres activités de services",
    "T": "ménages employeurs",
    "U": "activités extra-territoriales",
}

_DIVISIONS_OF: Final = {
    "A": {
        "01": "culture et production animale, chasse",
        "02": "sylviculture et exploitation forestière",
        "03": "pêche et aquaculture",
    },
    "B": {
        "05": "houille et lignite",
        "06": "hydrocarbures",
        "07": "minerais métalliques",
        "08": "autres industries extractives",
        "09": "soutien aux industries extractives",
    },
    "C": {
        "10": "industries alimentaires",
        "11": "boissons",
        "12": "tabac",
        "13": "textiles",
        "14": "habillement",
        "15": "cuir et chaussure",
        "16": "travail du bois, articles en bois et en liège",
        "17": "papier et carton",
        "18": "imprimerie et reproduction d'enregistrements",
        "19": "cokéfaction et raffinage",
        "20": "industrie chimique",
        "21": "industrie pharmaceutique",
        "22": "caoutchouc et plastique",
        "23": "autres produits minéraux non métalliques",
        "24": "métallurgie",
        "25": "produits métalliques, hors machines",
        "26": "produits informatiques, électroniques et optiques",
        "27": "équipements électriques",
        "28": "machines et équipements",
        "29": "industrie automobile",
        "30": "autres matériels de transport",
        "31": "meubles",
        "32": "autres industries manufacturières",
        "33": "réparation et installation de machines",
    },
    "D": {"35": "électricité, gaz, vapeur et air conditionné"},
    "E": {
        "36": "captage, traitement et distribution d'eau",
        "37": "eaux usées",
        "38": "déchets et récupération",
        "39": "dépollution",
    },
    "F": {
        "41": "construction de bâtiments",
        "42": "génie civil",
        "43": "travaux de construction spécialisés",
    },
    "G": {
        "45": "commerce et réparation d'automobiles et de motocycles",
        "46": "commerce de gros",
        "47": "commerce de détail",
    },
    "H": {
        "49": "transports terrestres et par conduites",
        "50": "transports par eau",
        "51": "transports aériens",
        "52": "entreposage et services auxiliaires des transports",
        "53": "poste et courrier",
    },
    "I": {"55": "hébergement", "56": "restauration"},
    "J": {
        "58": "édition",
        "59": "cinéma, vidéo, télévision, enregistrement sonore",
        "60": "programmation et diffusion",
        "61": "télécommunications",
        "62": "programmation et conseil informatiques",
        "63": "services d'information",
    },
    "K": {
        "64": "services financiers",
        "65": "assurance",
        "66": "auxiliaires de services financiers et d'assurance",
    },
    "L": {"68": "activités immobilières"},
    "M": {
        "69": "activités juridiques et comptables",
        "70": "sièges sociaux et conseil de gestion",
        "71": "architecture et ingénierie, contrôle et analyses techniques",
        "72": "recherche-développement scientifique",
        "73": "publicité et études de marché",
        "74": "autres activités spécialisées, scientifiques et techniques",
        "75": "activités vétérinaires",
    },
    "N": {
        "77": "location et location-bail",
        "78": "activités liées à l'emploi",
        "79": "agences de voyage et réservation",
        "80": "enquêtes et sécurité",
        "81": "services aux bâtiments et aménagement paysager",
        "82": "soutien administratif aux entreprises",
    },
    "O": {"84": "administration publique et défense, sécurité sociale obligatoire"},
    "P": {"85": "enseignement"},
    "Q": {
        "86": "santé humaine",
        "87": "hébergement médico-social et social",
        "88": "action sociale sans hébergement",
    },
    "R": {
        "90": "création artistique et spectacle",
        "91": "bibliothèques, archives, musées et patrimoine",
        "92": "jeux de hasard et d'argent",
        "93": "sport, loisirs et récréation",
    },
    "S": {
        "94": "organisations associatives",
        "95": "réparation d'ordinateurs et de biens domestiques",
        "96": "autres services personnels",
    },
    "T": {"97": "ménages employeurs de personnel domestique", "98": "production des ménages pour eux-mêmes"},
    "U": {"99": "organisations extra-territoriales"},
}

DIVISIONS: Final = {code: label for labels in _DIVISIONS_OF.values() for code, label in labels.items()}
_SECTION_OF: Final = {code: section for section, labels in _DIVISIONS_OF.items() for code in labels}


def section_of(naf: str | None) -> str:
    """The section of a NAF code or a division: ``J`` for ``62.01Z``; ``UNTOLD`` for none, or none known."""
    return _SECTION_OF.get((naf or "")[:2], UNTOLD)


def division_of(naf: str | None) -> str:
    """The division: ``62`` for ``62.01Z``; ``UNTOLD`` for none, or none known."""
    code = (naf or "")[:2]
    return code if code in DIVISIONS else UNTOLD
