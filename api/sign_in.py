"""How somebody without an account comes in: the secret of a link finds the record that it opens.

The link is a fact of that record, so nothing is kept here: its claim says which record it is, and the record
whether the link is still open. Whatever does not open anything is answered alike.
"""

from __future__ import annotations

import hmac
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from time import monotonic
from typing import Final

from starlette.types import Scope

from api.problems import Refusal
from api.throttle import Pace, Throttle, caller_of
from domain.calendar import paris_day
from domain.kernel import Actor, Forbidden, Root
from domain.links import PERSON, Link, Linked
from domain.ports import Commands, Feed
from projections.tracking import track

PREFIX: Final = "lnk_"
_SHAPE: Final = re.compile(r"lnk_[0-9A-Za-z_-]{43}", re.ASCII)

FAILURES: Final = Pace(burst=10, seconds=30.0)
"""Secrets that open nothing, from one address: they delay one another, and nothing else. A live link behind
the same address (a lycée has one) is let in, for nobody finds 256 bits by trying."""
ALL_FAILURES: Final = Pace(burst=300, seconds=0.5)
"""The same from all addresses together. Beyond, one failure alone takes an address all its tries."""
LOOKS: Final = Pace(burst=300, seconds=1.0)
"""Requests of any kind by one live link, from one address."""
ACTS: Final = Pace(burst=20, seconds=15.0)
"""What is handed in by one live link, from one address: a class of adults in one training room has one."""
_EVERYBODY: Final = ""

OPEN_TO_PERSONS: Final = (
    ("GET", re.compile(r"/v1/link")),
    ("POST", re.compile(r"/v1/candidacies")),
    ("POST", re.compile(r"/v1/associations/[^/]+/admission")),
    ("POST", re.compile(r"/v1/mentors/[^/]+/charter")),
)
"""The only operations that a link reaches: any other refuses before anything is read for it."""


@dataclass(frozen=True)
class Held:
    """A link that is open today, and the record that it is of."""

    link: Link
    record: Root

    @property
    def actor(self) -> Actor:
        """Whoever holds it: of all scopes, they have that of the link."""
        name = f"link:{self.link.id}"
        return Actor(name, PERSON, frozenset({name}))


def digest_of(secret: str) -> str:
    """What a record knows of the secret of its link."""
    return sha256(secret.encode()).hexdigest()


class SignIn:
    """Lets in who holds a link, and slows down who holds none. ``clock``: seconds, for the pace alone."""

    def __init__(self, feed: Feed, commands: Commands, clock: Callable[[], float] = monotonic) -> None:
        self._feed = feed
        self._commands = commands
        self._failures = Throttle(FAILURES, clock)
        self._all_failures = Throttle(ALL_FAILURES, clock)
        self._looks = Throttle(LOOKS, clock)
        self._acts = Throttle(ACTS, clock)

    async def admit(self, scope: Scope, secret: str) -> Held | None:
        """The link, ``None`` for whatever opens nothing.

        Raises ``Refusal`` for too many tries, ``Forbidden`` for an operation that no link allows.
        """
        caller, method = caller_of(scope), scope["method"]
        held = await self._held(secret)
        if held is None:
            _slowed(self._failures.wait(caller))
            self._note_failure(caller)
            return None
        caller = f"{caller} {held.link.id}"
        _slowed(self._looks.take(caller))
        if not any(method == one and path.fullmatch(scope["path"]) for one, path in OPEN_TO_PERSONS):
            raise Forbidden("role_not_allowed", "Un lien ne permet pas cette opération.", ("un jeton",))
        if method != "GET":
            _slowed(self._acts.take(caller))
        return held

    async def _held(self, secret: str) -> Held | None:
        if not _SHAPE.fullmatch(secret):
            return None
        digest = digest_of(secret)
        key = f"link:{digest}"
        found = (await self._feed.holders([key])).get(key)
        tracked = track(await self._feed.of([found])) if found else None
        record = tracked.record if tracked else None
        if not isinstance(record, Linked):
            return None
        today = paris_day(await self._commands.now())
        own = [link for link in record.links.values() if hmac.compare_digest(link.digest, digest)]
        return next((Held(link, record) for link in own if link.is_open(today)), None)

    def _note_failure(self, caller: str) -> None:
        if self._all_failures.take(_EVERYBODY):
            self._failures.empty(caller)
        else:
            self._failures.take(caller)


def _slowed(wait: float) -> None:
    if wait:
        seconds = math.ceil(wait)
        raise Refusal(
            "too_many_tries",
            f"Trop d'essais par lien depuis votre adresse : réessayez dans {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )
