"""The codes by which the rules about mentors, and about links for persons, say no."""

from __future__ import annotations

from typing import Final

from api.entry import Entry

RECORDS: Final = {
    "already_applied": Entry(
        409, "Dossier déjà ouvert", "Un dossier de mentor·e porte déjà cet identifiant."
    ),
    "mentor_known": Entry(
        409,
        "Personne déjà connue",
        "Cette personne a déjà un dossier dans la même association : ouvert, ou clos sous une suspension que "
        "l'académie n'a pas levée. À l'association, missing dit lequel, et que faire : le mettre à jour, "
        "rattacher les deux dossiers, ou attendre cette levée.",
    ),
}

LINKS: Final = {
    "link_action_unknown": Entry(
        409,
        "Opération sans lien",
        "Aucun lien ne permet cette opération sur ce dossier ; missing dit lesquelles.",
    ),
    "link_action_reserved": Entry(
        403,
        "Lien d'un autre rôle",
        "Votre rôle ne donne ni ne retire de lien pour cette opération : l'académie invite à l'admission, "
        "l'association invite ses candidat·es.",
    ),
    "link_term": Entry(
        409,
        "Terme du lien",
        "Un lien expire au plus tard 30 jours après sa création, un formulaire public 365 jours après.",
    ),
    "link_known": Entry(409, "Lien déjà donné", "Un lien de ce dossier porte déjà cet identifiant."),
    "too_many_links": Entry(
        409, "Trop de liens en cours", "Ce dossier a autant de liens en cours qu'il peut : retirez-en un."
    ),
    "link_elsewhere": Entry(
        409, "Lien d'autre chose", "Ce lien n'est pas de ce dossier, ou ne permet pas cette opération."
    ),
    "charter_superseded": Entry(
        409,
        "Autre version de la charte",
        "Par un lien, on signe la version dont le texte est montré : rouvrez le lien et lisez-la.",
    ),
    "link_spent": Entry(409, "Lien déjà utilisé", "Ce lien ne sert qu'une fois : demandez-en un nouveau."),
    "link_revoked": Entry(409, "Lien retiré", "Ce lien a été retiré : demandez-en un nouveau."),
    "link_expired": Entry(
        409, "Lien expiré", "Le dernier jour de ce lien est passé : demandez-en un nouveau."
    ),
    "link_full": Entry(
        409,
        "Formulaire complet pour aujourd'hui",
        "Ce formulaire public a reçu autant de candidatures qu'il peut en un jour : réessayez demain.",
    ),
    "candidacies_closed": Entry(
        409,
        "Candidatures closes",
        "Cette association ne reçoit pas de candidature en ligne pour le moment : écrivez-lui ou appelez-la.",
    ),
    "lycee_elsewhere": Entry(
        409,
        "Lycée d'une autre académie",
        "Un lycée propose des mentor·es aux associations de son académie seulement.",
    ),
    "proposals_full": Entry(
        409,
        "Propositions complètes pour aujourd'hui",
        "Un lycée propose au plus 50 personnes par jour à une association : réessayez demain.",
    ),
    "online_today": Entry(
        409, "En ligne, le jour même", "Par un lien, on agit en ligne (online) et à la date du jour."
    ),
}

_WHO: Final = {
    "name_unreadable": Entry(
        409, "Nom illisible", "Le nom ou le prénom manque, dépasse 100 caractères ou ne se lit pas."
    ),
    "email_unreadable": Entry(
        409, "Adresse électronique illisible", "L'adresse électronique n'en a pas la forme."
    ),
    "phone_unreadable": Entry(
        409,
        "Téléphone illisible",
        "Un téléphone s'écrit en chiffres, comme 06 01 02 03 04 ou +33 6 01 02 03 04.",
    ),
    "birth_date_unlikely": Entry(
        409, "Date de naissance invraisemblable", "La date de naissance ne peut pas être juste."
    ),
    "under_age": Entry(
        409,
        "Âge minimal",
        "Cette personne n'a pas l'âge que demandent les règles du programme ; detail dit lequel.",
    ),
    "contact_missing": Entry(
        409, "Moyen de joindre manquant", "Un dossier complet garde une adresse électronique ou un téléphone."
    ),
    "identity_settled": Entry(
        409,
        "Identité établie",
        "Ce dossier prouve déjà quelque chose de cette personne (pièce, charte, entretien, formation…) : ses "
        "noms et sa date de naissance se corrigent, avec un motif, et la pièce d'identité est à revoir.",
    ),
    "another_person": Entry(
        409,
        "Autre personne",
        "Une correction garde les noms ou la date de naissance : les deux à la fois, ou l'un après l'autre "
        "sans revoir la pièce d'identité, feraient de ce dossier celui d'une autre personne.",
    ),
    "nothing_to_correct": Entry(
        409,
        "Rien à corriger",
        "Ni les noms ni la date de naissance ne changent : une adresse ou un téléphone se remplacent.",
    ),
    "family_unknown": Entry(
        409, "Famille de métiers inconnue", "Une famille de métiers n'est pas de la liste ; missing la donne."
    ),
    "commune_unreadable": Entry(
        409, "Commune illisible", "Une commune se dit par son code Insee, comme 69123."
    ),
    "language_unreadable": Entry(409, "Langue illisible", "Une langue se dit par son code, comme fr ou ar."),
    "capacity_unlikely": Entry(409, "Capacité invraisemblable", "Une capacité d'accueil va de 0 à 50."),
    "text_too_long": Entry(
        409, "Texte trop long", "Ce texte dépasse la longueur permise ; missing dit lequel."
    ),
    "identifier_unreadable": Entry(
        409,
        "Code illisible",
        "Un code (SIRET, NAF, ROME, UAI) n'a pas sa forme canonique ; missing en donne un.",
    ),
    "company_own": Entry(
        409,
        "Entreprise d'un·e indépendant·e",
        "L'entreprise d'un·e indépendant·e peut porter son nom, et se lirait d'autres : laissez l'entreprise "
        "vide.",
    ),
    "company_closed": Entry(409, "Entreprise fermée", "Cette entreprise est fermée : citez-en une active."),
    "uai_missing": Entry(409, "Lycée non dit", "Un·e mentor·e proposé·e par un lycée dit lequel (uai)."),
    "no_such_duplicate": Entry(
        409, "Doublon inconnu", "Aucun autre dossier de la même association ne porte cet identifiant."
    ),
    "duplicate_further": Entry(
        409,
        "Doublon plus avancé",
        "Le dossier à rattacher est plus avancé : c'est lui que l'on garde, et l'autre que l'on y rattache.",
    ),
    "duplicate_unlike": Entry(
        409,
        "Doublon sous un autre nom",
        "Les deux dossiers n'ont pas les mêmes noms ou la même date de naissance : un motif dit que c'est la "
        "même personne.",
    ),
    "too_many_duplicates": Entry(
        409,
        "Trop de doublons",
        "Un dossier en réunit au plus 10 autres : notez le départ de la personne de celui-ci.",
    ),
    "duplicate_suspended": Entry(
        409,
        "Doublon suspendu",
        "Le dossier à rattacher est suspendu par une décision : c'est lui que l'on garde.",
    ),
}

_PATH: Final = {
    "file_incomplete": Entry(
        409, "Dossier incomplet", "Le dossier n'est pas complet ; missing dit ce qui manque."
    ),
    "version_unreadable": Entry(
        409, "Version illisible", "La version d'une charte s'écrit en lettres, chiffres, points et tirets."
    ),
    "report_missing": Entry(409, "Compte rendu manquant", "Un entretien laisse un compte rendu (report)."),
    "interview_missing": Entry(
        409, "Entretien manquant", "Rien ne se demande ni ne se valide avant un entretien favorable."
    ),
    "honorabilite_outside_perimeter": Entry(
        409,
        "Hors du périmètre légal",
        "Une attestation d'honorabilité ne se demande que pour les missions, les lieux et les dates que la "
        "loi prévoit ; ailleurs, la demander est une infraction.",
    ),
    "check_not_asked": Entry(
        409, "Document non demandé", "Ce document n'a pas été demandé : demandez-le d'abord."
    ),
    "issue_date": Entry(
        409, "Date du document", "La date d'un document se note quand il est présenté, et seulement alors."
    ),
    "issued_later": Entry(
        409, "Document postérieur", "Un document ne peut être établi après le jour où il a été vu."
    ),
    "check_too_old": Entry(
        409, "Bulletin trop ancien", "Un bulletin n° 3 se présente récent ; detail dit de quand au plus."
    ),
    "check_missing": Entry(
        409, "Vérification manquante", "La vérification des antécédents manque, ou elle est échue."
    ),
    "training_missing": Entry(
        409, "Formation incomplète", "missing dit les modules et les heures qui manquent."
    ),
    "operator_not_admitted": Entry(
        409, "Association non référencée", "L'association n'est pas référencée par l'académie."
    ),
    "operator_suspended": Entry(
        409,
        "Association suspendue",
        "L'association est suspendue : elle ne reçoit ni ne valide personne avant que l'académie ne lève la "
        "suspension.",
    ),
    "operator_closed": Entry(
        409,
        "Association sortie du dispositif",
        "L'association est hors du dispositif : sans nouvelle admission elle ne reçoit plus de candidature "
        "et ne tient plus de formation.",
    ),
    "operator_uninsured": Entry(
        409,
        "Assurance échue",
        "L'assurance de l'association ne couvre pas ce jour : elle ne valide personne.",
    ),
    "entitlement_missing": Entry(
        409,
        "Titre manquant",
        "L'association n'a pas tous les titres que le dispositif demande ; missing les nomme.",
    ),
    "too_early": Entry(
        409, "Date trop ancienne", "Cette date précède ce dont elle dépend ; missing dit à partir de quand."
    ),
    "already_suspended": Entry(
        409, "Déjà suspendu", "Ce dossier est déjà suspendu par le même, pour la même cause."
    ),
    "suspended_by_other": Entry(
        409,
        "Suspension d'un autre",
        "Une suspension n'est levée que par qui l'a décidée, association ou académie ; missing dit qui.",
    ),
    "not_suspended": Entry(409, "Aucune suspension à lever", "Ce dossier n'est pas suspendu pour cela."),
    "cause_reserved": Entry(
        409,
        "Cause réservée",
        "Un dossier ne part « rattaché » (merged) que par le rattachement, ni « association sortie du "
        "dispositif » (operator) que par la sortie de l'association.",
    ),
}

RULES: Final = {**LINKS, **_WHO, **_PATH}
