"""Every code a problem can carry: its status, its title, and what it means. The contract of the refusals."""

from __future__ import annotations

from typing import Final

from api import catalogue_associations, catalogue_imports, catalogue_mentors, catalogue_trainings
from api.entry import Entry

__all__ = ["CATALOGUE", "EVERYWHERE", "GUARDS", "Entry"]

_REQUEST: Final = {
    "unauthenticated": Entry(
        401,
        "Jeton absent ou refusé",
        "Présentez dans l'en-tête Authorization un jeton valide (Bearer mto_…), ou le secret d'un lien en "
        "cours (Bearer lnk_…).",
    ),
    "idempotency_key_missing": Entry(
        400,
        "Clé d'idempotence absente",
        "Toute écriture porte l'en-tête Idempotency-Key : 1 à 200 caractères ASCII visibles, "
        "une valeur neuve pour chaque demande, la même pour la répéter (par exemple un UUID).",
    ),
    "header_malformed": Entry(
        400, "En-tête illisible", "Un en-tête de la demande n'a pas la forme attendue."
    ),
    "body_malformed": Entry(
        400, "Corps illisible", "Le corps de la demande n'est pas du JSON bien formé, en UTF-8."
    ),
    "body_too_large": Entry(
        413,
        "Corps trop volumineux",
        "Le corps d'une demande compte au plus 1 Mio ; une pièce remise, au plus 10 Mio ; un "
        "fichier à importer, au plus 20 Mio.",
    ),
    "media_type": Entry(
        415, "Format non pris en charge", "Envoyez le corps en JSON : Content-Type: application/json."
    ),
    "too_many_tries": Entry(
        429,
        "Trop d'essais",
        "Trop de demandes par lien viennent de votre adresse : Retry-After dit dans combien de secondes "
        "réessayer.",
    ),
    "method_not_allowed": Entry(
        405, "Méthode non prise en charge", "L'en-tête Allow donne les méthodes de cette adresse."
    ),
    "no_such_address": Entry(404, "Adresse inconnue", "Aucune ressource n'existe à cette adresse."),
    "invalid": Entry(422, "Demande invalide", "Un ou plusieurs champs ne sont pas acceptés : voyez errors."),
    "cursor_malformed": Entry(
        422,
        "Curseur illisible",
        "Le curseur (after) n'est pas l'un de ceux que cette liste a donnés dans next.",
    ),
    "position_unknown": Entry(
        422, "Position inconnue", "Aucun événement n'a encore été enregistré à cette position (min_position)."
    ),
    "version_required": Entry(
        428,
        "Version attendue",
        "Modifier le texte exige l'en-tête If-Match avec l'ETag de votre dernière lecture.",
    ),
    "not_yet_readable": Entry(
        503,
        "Lecture pas encore à jour",
        "L'écriture est enregistrée, mais la lecture ne l'a pas encore rejointe : réessayez.",
    ),
    "busy": Entry(
        503, "Trop de demandes à la fois", "Rien n'est fait ni montré : réessayez dans quelques secondes."
    ),
    "key_lost": Entry(
        503,
        "Clé manquante",
        "La clé du dossier manque au trousseau : rien de personnel n'y est écrit avant qu'elle soit remise.",
    ),
    "unavailable": Entry(
        503, "Service indisponible", "La base de données ne répond pas : réessayez dans quelques secondes."
    ),
    "bug": Entry(
        500, "Erreur interne", "Une erreur imprévue est survenue ; elle est signalée à l'exploitant."
    ),
}

_RECORDS: Final = {
    "not_found": Entry(404, "Dossier introuvable", "Aucun dossier de cet identifiant dans votre périmètre."),
    "not_yet_known": Entry(
        404, "Dossier pas encore connu", "Ce dossier n'était pas encore enregistré à cette date."
    ),
    "version_changed": Entry(
        412, "Le dossier a changé", "Le dossier n'est plus à la version que vous avez lue : relisez-le."
    ),
    "changed_meanwhile": Entry(
        409, "Modification simultanée", "Le dossier a changé pendant l'opération : relisez-le et réessayez."
    ),
    "already_drafted": Entry(409, "Convention déjà ouverte", "Une convention porte déjà cet identifiant."),
    "already_registered": Entry(
        409, "Déjà enregistrée", "Une association ou une entreprise porte déjà cet identifiant."
    ),
    "already_open": Entry(409, "Programme déjà ouvert", "Ce dispositif a déjà son programme."),
    "already_held": Entry(
        409,
        "Identifiant déjà pris",
        "Un autre dossier porte déjà ce numéro (RNA, SIREN, SIRET, convention), ou une autre association ce "
        "nom dans la même académie : missing dit alors que faire.",
    ),
    "key_reused": Entry(
        422,
        "Clé d'idempotence déjà utilisée",
        "Cette clé a déjà servi pour une autre demande : prenez-en une neuve.",
    ),
}

_RULES: Final = {
    "role_not_allowed": Entry(
        403, "Opération non permise à ce rôle", "Le rôle de votre jeton ne permet pas cette opération."
    ),
    "outside_your_scope": Entry(
        403,
        "Hors de votre périmètre",
        "Le dossier à créer serait hors de votre périmètre.",
    ),
    "not_your_record": Entry(
        403, "Dossier tenu par d'autres", "Ce dossier vous concerne, mais il est tenu par d'autres."
    ),
    "not_your_party": Entry(
        403, "Vous n'agissez pas pour cette partie", "Votre jeton n'est pas celui de cette partie."
    ),
    "not_your_notice": Entry(
        403,
        "Préavis d'une autre partie",
        "Seul celui qui a décidé la fin peut y renoncer ; qui tient le dossier, si ce fut sur papier.",
    ),
    "paper_needed": Entry(
        403,
        "Signature sur papier attendue",
        "Pour une autre partie que la vôtre, on n'enregistre qu'une signature sur papier.",
    ),
    "not_your_academie": Entry(
        409, "Académie hors de votre périmètre", "Cette académie n'est pas dans votre périmètre."
    ),
    "unknown_record": Entry(
        409, "Dossier cité inconnu", "Un dossier sur lequel la demande repose n'existe pas."
    ),
    "wrong_status": Entry(
        409,
        "État du dossier",
        "L'état du dossier ne permet pas cette opération ; missing dit lequel il faut.",
    ),
    "reason_missing": Entry(409, "Motif manquant", "Cette décision se motive (reason)."),
    "in_the_future": Entry(409, "Date à venir", "On n'enregistre que ce qui a eu lieu."),
    "not_a_party": Entry(409, "Partie inconnue", "Cette partie n'est pas à la convention."),
    "period_reversed": Entry(409, "Période inversée", "La fin précède le début."),
    "text_incomplete": Entry(
        409, "Texte incomplet", "Le texte n'est pas complet : missing dit tout ce qui manque."
    ),
    "text_changed": Entry(
        409, "Texte changé", "L'empreinte n'est pas celle du texte à signer : relisez la convention."
    ),
    "signatory_missing": Entry(409, "Signataire non désigné", "Nul n'est désigné pour signer."),
    "delegation_missing": Entry(
        409, "Délégation non citée", "Une signature par délégation cite la décision qui délègue."
    ),
    "delegation_expired": Entry(409, "Délégation échue", "La délégation du signataire a pris fin."),
    "vote_missing": Entry(
        409, "Vote manquant", "Le conseil d'administration de l'établissement n'a pas voté (R421-20)."
    ),
    "vote_not_executory": Entry(
        409, "Vote non exécutoire", "La délibération est exécutoire 15 jours après sa transmission (R421-54)."
    ),
    "vote_after_transmission": Entry(
        409, "Dates du vote inversées", "La transmission ne peut précéder le vote."
    ),
    "no_vote_needed": Entry(
        409, "Aucun vote requis", "Seul un EPLE fait voter son conseil d'administration."
    ),
    "electronic_today": Entry(
        409,
        "Signature électronique antidatée",
        "Une signature électronique porte la date du jour où elle est donnée ; un papier peut être passé.",
    ),
    "before_proposal": Entry(
        409,
        "Avant la proposition de l'avenant",
        "On ne vote ni ne signe un avenant avant qu'il soit proposé.",
    ),
    "before_signature": Entry(
        409, "Avant la signature", "Une convention n'entre pas en vigueur avant d'être signée."
    ),
    "already_signed": Entry(409, "Déjà signé", "Cette partie a déjà signé ce texte."),
    "evidence_missing": Entry(409, "Preuve manquante", "Une reprise d'historique cite sa preuve."),
    "amendment_open": Entry(409, "Avenant en cours", "Un avenant est encore à signer ou à retirer."),
    "no_amendment": Entry(409, "Aucun avenant", "Aucun avenant n'est à signer."),
    "report_not_expected": Entry(
        409, "Compte rendu non attendu", "Ce compte rendu n'est pas de ceux que la convention doit."
    ),
    "already_received": Entry(409, "Compte rendu déjà reçu", "Ce compte rendu est déjà enregistré."),
    "already_renewed": Entry(409, "Déjà renouvelée", "Le renouvellement de cette convention existe déjà."),
    "notice_given": Entry(409, "Préavis déjà donné", "Un préavis court déjà."),
    "notice_backdated": Entry(
        409,
        "Préavis antidaté",
        "Seul qui tient le dossier enregistre un préavis d'un jour passé, reçu sur papier.",
    ),
    "no_notice": Entry(409, "Aucun préavis", "Aucun préavis ne court."),
    "notice_too_short": Entry(
        409,
        "Préavis trop court",
        "La date d'effet précède la fin du préavis ; missing dit à partir de quand.",
    ),
    "cause_missing": Entry(
        409, "Cause manquante", "Une résiliation a pour cause la faute ou l'intérêt général."
    ),
    "person_needed": Entry(409, "Décision d'une personne", "Seule une personne prend cette décision."),
    "no_such_event": Entry(
        409, "Événement inconnu", "Le dossier n'a pas d'événement de ce numéro (supersedes)."
    ),
    "date_not_recorded": Entry(
        409, "Date non enregistrée", "On ne corrige qu'une date enregistrée ; missing dit lesquelles."
    ),
    "not_its_event": Entry(
        409,
        "Un autre événement",
        "L'événement cité (supersedes) n'a pas enregistré cette date ; missing dit lesquels l'ont fait.",
    ),
    "ended_already": Entry(
        409,
        "Convention déjà finie",
        "La date corrigée contredirait la fin de la convention : ouvrez-en une nouvelle.",
    ),
    "no_such_entitlement": Entry(409, "Titre inconnu", "Aucun titre n'est enregistré sous cette référence."),
    "outside_its_period": Entry(
        409, "Hors de la période du titre", "La fin anticipée d'un titre tombe dans sa période."
    ),
    "unknown_scheme": Entry(
        409, "Dispositif inconnu", "Ce dispositif n'existe pas ; missing donne la liste."
    ),
    "rules_unusable": Entry(
        409, "Règles inapplicables", "Aucun dossier ne pourrait suivre ces règles : detail dit pourquoi."
    ),
    "rule_out_of_bounds": Entry(
        409,
        "Règle hors bornes",
        "Une règle est plus courte ou plus longue que la loi, ou le bon sens, ne le permet : missing dit "
        "laquelle, et ses bornes.",
    ),
    "perimeter_is_national": Entry(
        409,
        "Périmètre national",
        "Où une attestation d'honorabilité peut être demandée, seules les règles nationales le disent.",
    ),
    "rules_backdated": Entry(409, "Règles antidatées", "Des règles ne s'adoptent pas pour le passé."),
    "negative_target": Entry(409, "Cible négative", "Une cible est un nombre positif ou nul."),
    "erased": Entry(
        409,
        "Dossier effacé",
        "Les données personnelles de ce dossier ont été effacées : il est clos, et ne fait plus que se lire.",
    ),
    "already_erased": Entry(409, "Déjà effacé", "Les données personnelles de ce dossier sont déjà effacées."),
    "nothing_personal": Entry(409, "Rien à effacer", "Ce dossier ne contient les données de personne."),
    "reason_not_taken": Entry(
        409,
        "Motif en texte libre",
        "Ni un effacement ni une vérification des antécédents ne prend de motif : ce texte dirait ce qui ne "
        "doit pas s'écrire. Refaites la même demande sans reason.",
    ),
    "ground_reserved": Entry(
        409,
        "Fondement réservé",
        "Le terme de conservation (retention) est constaté par le système : choisissez un autre fondement.",
    ),
    "no_rules_in_force": Entry(
        409, "Aucune règle en vigueur", "Le programme n'a pas de règles en vigueur à cette date."
    ),
}

_ALL_RULES: Final = {
    **_RULES,
    **catalogue_associations.RULES,
    **catalogue_imports.RULES,
    **catalogue_mentors.RULES,
    **catalogue_trainings.RULES,
}

CATALOGUE: Final[dict[str, Entry]] = {
    **_REQUEST,
    **_RECORDS,
    **catalogue_associations.FILES,
    **catalogue_imports.FILES,
    **catalogue_imports.RECORDS,
    **catalogue_mentors.RECORDS,
    **catalogue_trainings.RECORDS,
    **_ALL_RULES,
}
GUARDS: Final = frozenset(_ALL_RULES)
"""The codes by which a rule of the domain says no."""

EVERYWHERE: Final = (
    "unauthenticated",
    "role_not_allowed",
    "method_not_allowed",
    "invalid",
    "too_many_tries",
    "unavailable",
    "bug",
)
"""What any operation under ``/v1`` may answer; the second and the fifth to whoever comes by a link."""
