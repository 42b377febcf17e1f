"""By what a company is found without being read: keyed digests of its SIRET and of its name."""

from __future__ import annotations

from collections.abc import Callable

from domain.company.model import Firm, FirmDigests
from domain.territory import fold

Digest = Callable[..., str]


def digests_of(firm: Firm, digest: Digest) -> FirmDigests:
    """``digest`` is keyed: see ``domain.ports.Records``."""
    siret = by_siret(firm.siret, digest) if firm.siret else None
    return FirmDigests(siret_digest=siret, name_digest=by_name(firm.name, digest))


def by_siret(siret: str, digest: Digest) -> str:
    return digest("company", "siret", siret)


def by_name(name: str, digest: Digest) -> str:
    """Whatever its case, its accents and its hyphens."""
    return digest("company", "name", fold(name) or name.strip().casefold())
