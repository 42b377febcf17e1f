"""The codes by which the rules about courses and companies say no."""

from __future__ import annotations

from typing import Final

from api.entry import Entry

RECORDS: Final = {
    "already_planned": Entry(409, "Formation déjà programmée", "Une formation porte déjà cet identifiant."),
}

_COURSE: Final = {
    "title_missing": Entry(409, "Intitulé manquant", "Une formation a un intitulé."),
    "modules_missing": Entry(
        409, "Modules manquants", "Une formation compte de un à vingt modules, chacun une fois."
    ),
    "module_unreadable": Entry(
        409, "Code de module illisible", "Le code d'un module s'écrit en minuscules sans accents."
    ),
    "module_unknown": Entry(
        409, "Module inconnu", "Un module obligatoire est l'un de ceux des règles ; missing les énumère."
    ),
    "course_too_short": Entry(
        409, "Formation trop courte", "Les modules durent plus que la formation, du début à la fin."
    ),
    "minutes_unlikely": Entry(
        409, "Durée invraisemblable", "Cette durée ne peut pas être juste ; missing dit entre quoi et quoi."
    ),
    "places_unlikely": Entry(
        409, "Nombre de places invraisemblable", "Une formation compte de 1 à 500 places."
    ),
    "places_taken": Entry(
        409, "Places déjà prises", "Personne ne perd une place donnée : missing dit combien il en faut."
    ),
    "not_utc": Entry(409, "Heure hors du temps universel", "Les heures s'enregistrent en UTC."),
    "place_missing": Entry(409, "Lieu manquant", "Une formation a un lieu, ou un lien pour la suivre."),
}

_ENROLMENTS: Final = {
    "no_such_mentor": Entry(
        409, "Mentor·e inconnu·e", "Aucun dossier de mentor·e de cette association sous cet identifiant."
    ),
    "mentor_closed": Entry(
        409,
        "Dossier de mentor·e clos",
        "On n'inscrit qu'à partir d'un dossier ouvert ; une attestation délivrée à qui est parti ne "
        "compterait nulle part.",
    ),
    "already_enrolled": Entry(
        409, "Déjà inscrit·e", "Cette personne a déjà une place, ou l'attend, dans cette formation."
    ),
    "not_enrolled": Entry(409, "Non inscrit·e", "Aucune inscription à cette formation sous cet identifiant."),
    "course_full": Entry(
        409, "Formation complète", "Une fois la formation tenue, on n'attend plus de place."
    ),
    "still_waiting": Entry(
        409, "Sur liste d'attente", "Cette personne n'a pas de place : elle attend qu'il s'en libère une."
    ),
    "not_begun": Entry(409, "Formation à venir", "Une présence se note une fois la formation commencée."),
    "course_begun": Entry(
        409,
        "Formation commencée",
        "Une fois la formation commencée, notez une absence : la place ne se rend plus.",
    ),
    "attendance_recorded": Entry(
        409, "Présence déjà notée", "Une présence est déjà notée : ce qui a eu lieu ne se défait pas."
    ),
    "attendance_missing": Entry(
        409, "Présences à noter", "Toutes les présences ne sont pas notées ; missing dit lesquelles."
    ),
    "not_attended": Entry(409, "Présence non notée", "Une attestation suppose la présence."),
    "modules_untold": Entry(
        409,
        "Modules suivis à dire",
        "Qui n'a pas tout suivi a suivi certains modules : lesquels, en entier ?",
    ),
    "modules_unlikely": Entry(
        409, "Modules suivis invraisemblables", "Ces modules ne sont pas de la formation, ou durent trop."
    ),
    "module_missed": Entry(
        409,
        "Module obligatoire non suivi",
        "Pas d'attestation sans les modules obligatoires ; missing les dit.",
    ),
    "no_module_followed": Entry(
        409, "Aucun module suivi", "Une attestation suppose au moins un module suivi en entier."
    ),
    "not_certified": Entry(
        409, "Attestation non délivrée", "On ne retire qu'une attestation délivrée et encore en cours."
    ),
    "already_certified": Entry(
        409, "Attestation déjà délivrée", "L'attestation de cette personne est déjà délivrée."
    ),
}

_COMPANY: Final = {
    "name_missing": Entry(409, "Nom manquant", "Une entreprise a un nom."),
    "nothing_counted": Entry(409, "Rien à compter", "Un lien se compte à partir de un."),
}

RULES: Final = {**_COURSE, **_ENROLMENTS, **_COMPANY}
