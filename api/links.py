"""Giving links to persons and taking them back, whatever record they are of; where a link leads."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Path
from pydantic import Field

from api.dependencies import Services
from api.fields import shown
from api.requests import Accepted, Acting
from api.sign_in import PREFIX, digest_of
from api.travel import known
from domain.commands import Command
from domain.kernel import KeyReused
from domain.links import Link, Linked

PAGE: Final = "/lien"
"""The page that a link opens. Its secret follows the ``#``: browsers send that part to nobody."""
_SECRET: Final = 32
"""Bytes: 256 bits."""

GIVING: Final = (
    "wrong_status",
    "link_action_unknown",
    "link_action_reserved",
    "link_term",
    "link_known",
    "too_many_links",
)
TAKING_BACK: Final = ("link_elsewhere", "link_spent", "link_action_reserved")
BY_LINK: Final = ("online_today", "link_elsewhere", "link_spent", "link_revoked", "link_expired")
"""What giving a link, taking it back, and acting by one may be refused for."""

LinkId = Annotated[str, Path(pattern=r"^link-[0-9A-Za-z-]{1,80}$", description="L'identifiant du lien.")]


class IssuedLink(Accepted):
    """Le lien créé. ``secret`` et ``address`` ne sont donnés qu'ici, une fois : une demande répétée répond
    sans eux."""

    link: str = Field(description="L'identifiant du lien, pour le retirer ou le suivre.")
    secret: str | None = Field(description="Le secret à remettre à la personne ; il n'est pas conservé.")
    address: str | None = Field(
        description="L'adresse à remettre : le secret y suit le #, et n'est envoyé à aucun serveur."
    )

    model_config = shown(
        {
            "id": "association-6f5c1f0e-2a57-5d0b-9a54-0f6a8a3f7d11",
            "version": 3,
            "position": 1043,
            "link": "link-0c4ad1f8-6d9a-5a1d-8a43-2d2f4d1c8e57",
            "secret": "lnk_p1p0ZzQ0U3VtbWVyLWxpbmstZXhhbXBsZS1vbmx5LW4",
            "address": "https://mentorat.example/lien#lnk_p1p0ZzQ0U3VtbWVyLWxpbmstZXhhbXBsZS1vbmx5LW4",
        }
    )


async def issue(
    act: Acting, parts: Services, record_id: str, asked: Callable[[str, str], Command]
) -> IssuedLink:
    """Makes the secret, tells it once, and gives the record its digest only: ``asked`` is the command for a
    link of this id and digest.

    The secret is random and kept nowhere, so the same demand comes back with another one: it is recognised by
    the link that it made, and answered as it was, without the secret. Two at the same instant are one link.
    """
    link = act.new_id("link")
    secret = PREFIX + secrets.token_urlsafe(_SECRET)
    try:
        accepted = await act(asked(link, digest_of(secret)))
    except KeyReused:
        issued = await _issued(parts, record_id, link)
        if issued is None:
            raise
        accepted = await act(asked(link, issued.digest))
        return IssuedLink(**dict(accepted), link=link, secret=None, address=None)
    base = str(act.request.base_url).rstrip("/")
    return IssuedLink(**dict(accepted), link=link, secret=secret, address=f"{base}{PAGE}#{secret}")


async def _issued(parts: Services, record_id: str, link: str) -> Link | None:
    tracked = await known(parts, record_id, await parts.commands.now())
    record = tracked.record if tracked else None
    return record.links.get(link) if isinstance(record, Linked) else None
