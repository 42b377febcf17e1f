"""Who calls: the bearer's token, or the secret of a link, becomes an ``Actor`` before anything of the request
is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from psycopg import OperationalError
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.problems import Refusal
from api.sign_in import PREFIX, Held, SignIn
from api.tokens import TokenStore
from domain.kernel import Actor, Forbidden

SEES_PERSONS: Final = frozenset({"academie", "association", "lycee", "dpo"})
"""The roles to which a name may be shown; ``national`` and ``auditor`` never see a person."""

_OPEN: Final = "/v1/problems"
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="mentorat"'}
SCHEME: Final = {
    "jeton": {
        "type": "http",
        "description": "Un jeton `mto_…`, remis par l'exploitant (`mentorat token create`), ou le secret "
        "`lnk_…` d'un lien en cours, pour la seule opération qu'il permet.",
        "scheme": "bearer",
    }
}
"""How the contract tells of it: for every address that is ``closed``."""

_MOST: Final = 200
"""Characters of a token: whatever is longer is none."""


@dataclass(frozen=True)
class Bearer:
    """The caller: who it is, and how to ask again whether it still may. ``held``: the link by which a person
    came, who has no token."""

    actor: Actor
    token: str
    tokens: TokenStore
    held: Held | None = None

    @property
    def sees_persons(self) -> bool:
        return self.actor.role in SEES_PERSONS

    async def still_valid(self) -> bool:
        """Whether the token has not been revoked since: a stream that lasts asks again."""
        return await self.tokens.actor_of(self.token) is not None


class Authentication:
    """Lets nobody in under ``/v1`` without a token or a link: a route cannot forget to ask."""

    def __init__(self, app: ASGIApp, tokens: TokenStore, sign_in: SignIn) -> None:
        self._app = app
        self._tokens = tokens
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and closed(scope["path"]):
            try:
                bearer = await self._bearer(scope)
            except OperationalError:
                await problems.unavailable()(scope, receive, send)
                return
            except Refusal as refused:
                await problems.of_refusal(refused)(scope, receive, send)
                return
            except Forbidden as forbidden:
                await problems.of_domain(forbidden)(scope, receive, send)
                return
            if bearer is None:
                refusal = problems.of_refusal(Refusal("unauthenticated", headers=_CHALLENGE))
                await refusal(scope, receive, send)
                return
            scope.setdefault("state", {})["bearer"] = bearer
        await self._app(scope, receive, send)

    async def _bearer(self, scope: Scope) -> Bearer | None:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        scheme, _, credentials = (given[0] if len(given) == 1 else b"").decode("latin-1").partition(" ")
        token = credentials.strip() if scheme.lower() == "bearer" else ""
        if token.startswith(PREFIX):
            held = await self._sign_in.admit(scope, token)
            return Bearer(held.actor, token, self._tokens, held) if held else None
        actor = await self._tokens.actor_of(token[:_MOST])
        return Bearer(actor, token, self._tokens) if actor else None


def closed(path: str) -> bool:
    """Whether this address asks for a token."""
    public = path == _OPEN or path.startswith(f"{_OPEN}/")
    return (path == "/v1" or path.startswith("/v1/")) and not public


async def bearer_of(request: Request) -> Bearer:
    """Who calls: ``Authentication`` has found out."""
    bearer: Bearer = request.scope["state"]["bearer"]
    return bearer


Caller = Annotated[Bearer, Depends(bearer_of)]
