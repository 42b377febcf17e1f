"""One table: which role may do what. Seeing is decided by scopes, doing by this table."""

from __future__ import annotations

from typing import Final

from domain.kernel import Actor, Forbidden, NotFound, Root
from domain.links import PERSON, Linked

ROLES: Final = (
    "national",
    "academie",
    "association",
    "lycee",
    "person",
    "auditor",
    "dpo",
    "operator",
    "system",
)

PUBLIC: Final = "public"
"""The scope of whoever acts, keeps watch or protects: not of the national level, which is told figures only,
nor of who runs the machines."""
NO_PUBLIC: Final = frozenset({"national", "operator"})
"""The roles without it."""

ERASING: Final = "record.erase"

AFTER_ERASING: Final = frozenset({ERASING, "association.conclude_release", "training.leave"})
"""What may still be asked of a record whose personal data were erased."""

HANDED_IN: Final = frozenset({"mentor.apply_by_link", "mentor.propose"})
"""What opens a record that whoever asks for it will not see. By what they may, the link by which they came or
the lycée for which they act, is for the decision to ask."""

EXPORTING: Final = "association.export"
"""To be handed all the records of an operator at once."""

READS: Final = frozenset({EXPORTING})
"""What of the table changes nothing: it is no command, and an erased record may be read."""

UNCOUNTED: Final = frozenset(
    f"association.{fact}@1"
    for fact in ("LinkIssued", "LinkUsed", "LinkSpent", "LinkRevoked", "CandidacyProposed")
)
"""The events by which somebody would count an operator's candidacies one by one."""
UNCOUNTING: Final = "role:national"
"""Whoever is told no small number of mentors is not told of these either."""

_PREPARES: Final = frozenset({"academie"})
_PARTIES: Final = frozenset({"academie", "association", "lycee"})
_OPERATOR: Final = frozenset({"association"})
_SYSTEM: Final = frozenset({"system"})
_NATIONAL: Final = frozenset({"national"})

TABLE: Final[dict[str, frozenset[str]]] = {
    "programme.open": _NATIONAL,
    "programme.adopt_rules": frozenset({"national", "academie"}),
    "programme.set_target": frozenset({"national", "academie"}),
    "association.register": _PREPARES,
    "association.change_identity": frozenset({"academie", "association"}),
    "association.extend": _PREPARES,
    "association.grant_entitlement": _PREPARES,
    "association.end_entitlement": _PREPARES,
    "association.name_contact": frozenset({"academie", "association"}),
    "association.remove_contact": frozenset({"academie", "association"}),
    "association.issue_link": frozenset({"academie", "association"}),
    "association.revoke_link": frozenset({"academie", "association"}),
    "association.open_admission": frozenset({"academie", "person"}),
    "association.ask_document": _PREPARES,
    "association.receive_document": frozenset({"academie", "association"}),
    "association.accept_document": _PREPARES,
    "association.refuse_document": _PREPARES,
    "association.admit": _PREPARES,
    "association.refuse_admission": _PREPARES,
    "association.suspend": _PREPARES,
    "association.lift_suspension": _PREPARES,
    "association.leave": frozenset({"academie", "association"}),
    "association.expire_insurance": _SYSTEM,
    "association.lapse": _SYSTEM,
    "association.conclude_release": _SYSTEM,
    EXPORTING: frozenset({"association", "dpo"}),
    "convention.draft": _PREPARES,
    "convention.announce": _PREPARES,
    "convention.add_party": _PREPARES,
    "convention.remove_party": _PREPARES,
    "convention.name_signatory": _PARTIES,
    "convention.set_clauses": _PREPARES,
    "convention.set_territory": _PREPARES,
    "convention.submit": _PREPARES,
    "convention.return": _PREPARES,
    "convention.send_for_signature": _PREPARES,
    "convention.record_vote": frozenset({"academie", "lycee"}),
    "convention.sign": _PARTIES,
    "convention.record_history": _PREPARES,
    "convention.propose_amendment": _PREPARES,
    "convention.sign_amendment": _PARTIES,
    "convention.withdraw_amendment": _PREPARES,
    "convention.receive_report": frozenset({"academie", "association"}),
    "convention.renew": _PREPARES,
    "convention.denounce": _PARTIES,
    "convention.withdraw_notice": _PARTIES,
    "convention.terminate": _PREPARES,
    "convention.abandon": frozenset({"academie", "association"}),
    "convention.correct": _PREPARES,
    "convention.enter_into_force": _SYSTEM,
    "convention.mark_report_overdue": _SYSTEM,
    "convention.end": _SYSTEM,
    "company.register": _PARTIES,
    "company.change": _PARTIES,
    "company.close": _PREPARES,
    "company.record_tie": _PARTIES,
    "mentor.apply": _OPERATOR,
    "mentor.apply_by_link": frozenset({"person"}),
    "mentor.propose": frozenset({"lycee"}),
    "mentor.change_person": _OPERATOR,
    "mentor.correct_person": _OPERATOR,
    "mentor.change_profile": _OPERATOR,
    "mentor.merge": _OPERATOR,
    "mentor.issue_link": _OPERATOR,
    "mentor.revoke_link": _OPERATOR,
    "mentor.see_identity": _OPERATOR,
    "mentor.sign_charter": frozenset({"association", "person"}),
    "mentor.interview": _OPERATOR,
    "mentor.ask_check": _OPERATOR,
    "mentor.present_check": _OPERATOR,
    "mentor.clear": _OPERATOR,
    "mentor.suspend": frozenset({"academie", "association"}),
    "mentor.lift_suspension": frozenset({"academie", "association"}),
    "mentor.leave": _OPERATOR,
    "mentor.refuse": _OPERATOR,
    "mentor.release": _SYSTEM,
    "mentor.lapse": _SYSTEM,
    "mentor.suspend_overdue": _SYSTEM,
    "training.plan": _OPERATOR,
    "training.change": _OPERATOR,
    "training.open": _OPERATOR,
    "training.cancel": _OPERATOR,
    "training.enrol": _OPERATOR,
    "training.withdraw": _OPERATOR,
    "training.attend": _OPERATOR,
    "training.certify": _OPERATOR,
    "training.revoke_certificate": _OPERATOR,
    "training.close": _OPERATOR,
    "training.hold": _SYSTEM,
    "training.leave": _SYSTEM,
    "training.call_off": _SYSTEM,
    "import.submit": frozenset({"academie", "association"}),
    "import.advance": _SYSTEM,
    "import.conclude": _SYSTEM,
    "record.remind": _SYSTEM,
    "record.record_delivery": _SYSTEM,
    ERASING: frozenset({"dpo", "system"}),
}


def may_see(actor: Actor, scopes: frozenset[str]) -> bool:
    """Whether the actor holds one of the keys of a record."""
    return actor.role == "system" or bool(actor.scopes & scopes)


def authorize(actor: Actor, action: str, record: Root) -> None:
    """Raises ``NotFound`` when the record is none of the actor's business, ``Forbidden`` by its role, and
    ``Refused`` for whatever else is asked of an erased record: no guard of its own needs to know."""
    if action not in HANDED_IN and not may_see(actor, record.scopes()):
        if isinstance(record, Linked) and not record.is_erased:
            record.must_not_have_served(actor)
        raise NotFound("not_found", f"Aucun dossier {record.id} dans votre périmètre.")
    if actor.role not in TABLE[action]:
        raise role_refused(actor, action)
    if action not in HANDED_IN and not may_see(actor, record.keepers()):
        raise Forbidden(
            "not_your_record",
            "Ce dossier vous concerne, mais il est tenu par d'autres.",
            ("un jeton de qui tient le dossier, ou d'une de ses parties",),
        )
    if action not in AFTER_ERASING | READS:
        record.must_be_open()


def role_refused(actor: Actor, action: str) -> Forbidden:
    """The refusal of a role that does not do this, and who does. No token is of ``system`` or of a person."""
    roles = sorted(TABLE[action] - {"system", PERSON})
    missing = [f"un jeton du rôle {' ou '.join(roles)}"] if roles else []
    missing += ["un lien donné pour elle"] if PERSON in TABLE[action] else []
    return Forbidden(
        "role_not_allowed",
        f"Le rôle « {actor.role} » ne peut pas faire cette opération ({action}).",
        tuple(missing) or ("rien : le système la fait lui-même, le moment venu",),
    )
