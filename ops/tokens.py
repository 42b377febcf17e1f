"""Which scopes a role's token carries: who sees what."""

from __future__ import annotations

from domain.authorization import NO_PUBLIC, PUBLIC
from domain.territory import Territory

EVERYWHERE = frozenset({"national", "auditor", "dpo", "operator"})


def scopes_of(
    role: str,
    territory: Territory,
    *,
    academies: tuple[str, ...] = (),
    region: str | None = None,
    association: str | None = None,
    lycee: str | None = None,
) -> frozenset[str]:
    """The keys that a token of this role holds. Raises ``ValueError`` (French) for want of its bounds."""
    if role in EVERYWHERE:
        if academies or region or association or lycee:
            raise ValueError(f"Le rôle « {role} » n'a pas de périmètre : retirez les bornes demandées.")
        return frozenset({f"role:{role}"} if role in NO_PUBLIC else {PUBLIC, f"role:{role}"})
    held = {f"academie:{territory.academie(code).code}" for code in academies}
    if region:
        codes = territory.region_academies(region)
        name = territory.academie(codes[0]).region_academique
        held |= {f"academie:{code}" for code in codes} | {f"region:{name}"}
    if association:
        held.add(f"association:{association}")
    if lycee:
        held.add(f"lycee:{lycee}")
    wanted = {
        "academie": "une académie (--academie) ou une région académique (--region)",
        "association": "l'identifiant de l'association (--association)",
        "lycee": "le code UAI du lycée (--lycee)",
    }
    if role not in wanted:
        raise ValueError(f"Le rôle « {role} » n'existe pas.")
    prefixes = {"academie": ("academie:", "region:")}.get(role, (f"{role}:",))
    if not held or not all(key.startswith(prefixes) for key in held):
        raise ValueError(f"Un jeton du rôle « {role} » se limite à {wanted[role]}.")
    return frozenset(held | {PUBLIC})
