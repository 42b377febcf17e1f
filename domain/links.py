"""Links for persons: how somebody without an account does one thing, once, on one record.

A link is a fact of the record it acts on. The secret is the API's: 256 random bits, of which the record knows
a SHA-256 only. It is spent by the command that it allows, in the same append; whatever it allows, a role
records too, from paper or a telephone call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import ClassVar, Final

from domain.calendar import french_date
from domain.kernel import Act, Claim, Refused

PERSON: Final = "person"
"""The role of whoever acts through a link. Its id and its only scope are ``link:<link>``."""
LONGEST: Final = timedelta(days=30)
MOST_LIVE: Final = 5


class Channel(StrEnum):
    """How a fact reached whoever records it."""

    PAPER = "paper"
    PHONE = "phone"
    MEETING = "meeting"
    ONLINE = "online"


CHANNEL_LABELS: Final = {
    Channel.PAPER: "sur papier",
    Channel.PHONE: "par téléphone",
    Channel.MEETING: "lors d'un entretien",
    Channel.ONLINE: "en ligne",
}


@dataclass(frozen=True)
class Link:
    """``digest``: SHA-256 (hex) of the secret; ``expires_on``: its last day; ``state``: live, spent, revoked.

    Without a clock a record cannot tell that a link has expired: whoever looks a secret up asks ``is_open``.
    """

    id: str
    action: str
    digest: str
    expires_on: date
    state: str = "live"

    @property
    def is_live(self) -> bool:
        """Neither spent nor revoked."""
        return self.state == "live"

    def is_open(self, today: date) -> bool:
        """Whether it still allows its action."""
        return self.is_live and today <= self.expires_on


class Linked:
    """A part of a record on which persons act through links. The record declares the three events, each one
    line long: a topic belongs to one class. ``LINK_ACTIONS``: what its links may allow.
    """

    LINK_ACTIONS: ClassVar[frozenset[str]] = frozenset()
    links: dict[str, Link]

    def issue_link(self, act: Act, *, link: str, action: str, digest: str, expires_on: date) -> None:
        """Makes a link for one action, live until it is spent, revoked, or its last day has passed.

        Raises ``Refused``: no such action on this record, a term past or over 30 days ahead, too many live
        links, an id that served already.
        """
        if action not in self.LINK_ACTIONS:
            raise Refused(
                "link_action_unknown",
                "Aucun lien ne permet cette opération sur ce dossier.",
                (f"l'une de : {', '.join(sorted(self.LINK_ACTIONS))}",),
            )
        latest = act.today + LONGEST
        if not act.today <= expires_on <= latest:
            raise Refused(
                "link_term",
                f"Un lien expire au plus tard {LONGEST.days} jours après sa création.",
                (f"une date entre le {french_date(act.today)} et le {french_date(latest)}",),
            )
        if link in self.links:
            raise Refused("link_known", "Ce lien existe déjà.", ("un autre identifiant de lien",))
        if sum(one.is_open(act.today) for one in self.links.values()) >= MOST_LIVE:
            raise Refused(
                "too_many_links",
                f"Ce dossier a déjà {MOST_LIVE} liens en cours.",
                ("le retrait de l'un d'eux",),
            )
        self._link_issued(link=link, action=action, digest=digest, expires_on=expires_on)

    def revoke_link(self, act: Act, *, link: str) -> None:
        """Takes a link back; nothing happens when it is revoked already.

        Raises ``Refused`` for an unknown link and for one already spent.
        """
        known = self.links.get(link)
        if known is None:
            raise Refused(
                "link_elsewhere", "Ce lien n'est pas de ce dossier.", ("l'identifiant d'un de ses liens",)
            )
        if known.state == "spent":
            raise _spent()
        if known.is_live:
            self._link_revoked(link=link)

    def spend(self, act: Act, action: str) -> None:
        """First in every decision open to a person: spends the link by which they act. Nothing of the kind is
        asked of any other role.

        Raises ``Refused``: the link is of another record or for another action, spent, revoked, expired.
        """
        if act.actor.role != PERSON:
            return
        link = self.links.get(act.actor.id.removeprefix("link:"))
        if link is None or link.action != action:
            raise Refused(
                "link_elsewhere",
                "Ce lien ne permet pas cette opération sur ce dossier.",
                ("un lien donné pour elle",),
            )
        if link.state == "spent":
            raise _spent()
        if not link.is_live:
            raise Refused("link_revoked", "Ce lien a été retiré.", ("un nouveau lien",))
        if not link.is_open(act.today):
            raise Refused(
                "link_expired",
                f"Ce lien a expiré le {french_date(link.expires_on)}.",
                ("un nouveau lien",),
            )
        self._link_spent(link=link.id)

    @property
    def live_links(self) -> Iterator[Link]:
        return (link for link in self.links.values() if link.is_live)

    def link_scopes(self) -> frozenset[str]:
        """The scopes of those who hold a live link: a part of the record's ``scopes``."""
        return frozenset(f"link:{link.id}" for link in self.live_links)

    def link_claims(self) -> frozenset[Claim]:
        """By them alone the ledger finds the record of a secret: a part of the record's ``claims``."""
        return frozenset(Claim(f"link:{link.digest}") for link in self.live_links)

    def _link_issued(self, link: str, action: str, digest: str, expires_on: date) -> None:
        raise NotImplementedError

    def _link_revoked(self, link: str) -> None:
        raise NotImplementedError

    def _link_spent(self, link: str) -> None:
        raise NotImplementedError

    def _link_is(self, link: str, state: str) -> None:
        self.links[link] = replace(self.links[link], state=state)


def told_by(act: Act, channel: Channel, on: date) -> None:
    """A person acts online, today; only a role records what reached it otherwise, or earlier."""
    if act.actor.role == PERSON and (channel is not Channel.ONLINE or on != act.today):
        raise Refused(
            "online_today",
            "Par un lien, on agit en ligne et le jour même.",
            (f"channel : online, et la date du {french_date(act.today)}",),
        )


def _spent() -> Refused:
    return Refused("link_spent", "Ce lien a déjà servi.", ("un nouveau lien",))
