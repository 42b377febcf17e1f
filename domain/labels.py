"""What happened and who acted, in the words of the screens: one French label a topic, one a role."""

from __future__ import annotations

from typing import Final

LABELS: Final = {
    "programme.Opened@1": "Programme ouvert",
    "programme.RulesAdopted@1": "Règles adoptées",
    "programme.TargetSet@1": "Cible fixée",
    "association.Registered@1": "Association enregistrée",
    "association.IdentityChanged@1": "Identité modifiée",
    "association.EntitlementGranted@1": "Titre accordé",
    "association.EntitlementEnded@1": "Fin anticipée d'un titre",
    "association.SubjectErased@1": "Données personnelles de l'association effacées",
    "convention.Drafted@1": "Convention mise en préparation",
    "convention.Announced@1": "Signature annoncée",
    "convention.PartyAdded@1": "Partie ajoutée",
    "convention.PartyRemoved@1": "Partie retirée",
    "convention.SignatoryNamed@1": "Signataire désigné",
    "convention.ClausesSet@1": "Clauses modifiées",
    "convention.CoverageSet@1": "Territoire modifié",
    "convention.Submitted@1": "Soumise à relecture",
    "convention.Returned@1": "Renvoyée en préparation",
    "convention.SentForSignature@1": "Envoyée à la signature",
    "convention.VoteRecorded@1": "Vote du conseil d'administration enregistré",
    "convention.Signed@1": "Signature d'une partie",
    "convention.HistoryRecorded@1": "Historique repris",
    "convention.CameIntoForce@1": "Entrée en vigueur",
    "convention.AmendmentProposed@1": "Avenant proposé",
    "convention.AmendmentSigned@1": "Signature d'un avenant par une partie",
    "convention.AmendmentWithdrawn@1": "Avenant retiré",
    "convention.ReportReceived@1": "Compte rendu reçu",
    "convention.ReportFellOverdue@1": "Compte rendu en retard",
    "convention.RenewalLinked@1": "Renouvellement ouvert",
    "convention.NoticeGiven@1": "Préavis donné",
    "convention.NoticeWithdrawn@1": "Préavis retiré",
    "convention.EndingBegan@1": "Fin de vie commencée",
    "convention.Terminated@1": "Convention résiliée ou dénoncée",
    "convention.Expired@1": "Convention échue",
    "convention.Renewed@1": "Convention renouvelée",
    "convention.Abandoned@1": "Convention abandonnée",
    "convention.ReminderDue@1": "Relance à envoyer",
    "convention.ReminderDelivered@1": "Relance remise",
    "convention.ReminderFailed@1": "Échec d'une relance",
    "convention.Corrected@1": "Date corrigée",
    "convention.SubjectErased@1": "Données personnelles de la convention effacées",
    "refusal.Recorded@1": "Demande refusée",
}

ROLE_LABELS: Final = {
    "national": "niveau national",
    "academie": "académie",
    "association": "association",
    "lycee": "lycée",
    "auditor": "inspection",
    "dpo": "délégué·e à la protection des données",
    "operator": "exploitant de l'installation",
    "system": "système",
}


def label_of(topic: str) -> str:
    """What happened, in French. Raises ``KeyError`` for an unknown topic, a bug that a test looks for."""
    return LABELS[topic]


def role_label(role: str) -> str:
    """Who acted, in French. Raises ``KeyError`` for an unknown role."""
    return ROLE_LABELS[role]
