"""Links for persons: how somebody without an account does one thing on one record.

A link is a fact of the record it acts on. The secret is the API's: 256 random bits, of which the record knows
a SHA-256 only. It is spent by the command that it allows, in the same append; whatever it allows, a role
records too, from paper or a telephone call. One kind serves more than once: the public form of an
association, which is bounded by the day instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from domain.calendar import french_date
from domain.kernel import INTERNAL, Act, Actor, Claim, Forbidden, Refused

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
class Allowance:
    """What the links for one action may be. ``longest``: how far ahead they expire; ``most_live``: how many
    at a time on one record; ``most_a_day``: how often each serves in a day, 0 for once and for all;
    ``given_by``: the roles that give them, where not every role that gives links on such a record does.
    """

    longest: timedelta = LONGEST
    most_live: int = MOST_LIVE
    most_a_day: int = 0
    given_by: frozenset[str] = frozenset()

    @property
    def is_reusable(self) -> bool:
        return self.most_a_day > 0


@dataclass(frozen=True)
class Link:
    """``digest``: SHA-256 (hex) of the secret; ``expires_on``: its last day; ``state``: live, spent, revoked.
    ``uses``: how often one that serves again served on ``used_on``, its last day of use. ``academie``: whose
    link it is, by its code; none of another role's.

    Without a clock a record cannot tell that a link has expired: whoever looks a secret up asks ``is_open``.
    """

    id: str
    action: str
    digest: Annotated[str, INTERNAL]
    expires_on: date
    state: str = "live"
    used_on: date | None = None
    uses: int = 0
    academie: str = ""

    @property
    def is_live(self) -> bool:
        """Neither spent nor revoked."""
        return self.state == "live"

    def is_open(self, today: date) -> bool:
        """Whether it still allows its action."""
        return self.is_live and today <= self.expires_on

    def uses_on(self, day: date) -> int:
        return self.uses if self.used_on == day else 0


class Linked:
    """A part of a record on which persons act through links. The record declares the events, each one line
    long: a topic belongs to one class. ``LINK_ACTIONS``: what its links may allow, and how each is bounded.
    """

    LINK_ACTIONS: ClassVar[Mapping[str, Allowance]] = {}
    links: dict[str, Link]
    academies: tuple[str, ...]
    academie: str

    def issue_link(self, act: Act, *, link: str, action: str, digest: str, expires_on: date) -> None:
        """Makes a link for one action, live until it is spent, revoked, or its last day has passed.

        Raises ``Refused``: no such action on this record, a term past or too far ahead, too many live links
        for it, an id that served already; ``Forbidden``: links for it are another role's to give.
        """
        allowance = self.LINK_ACTIONS.get(action)
        if allowance is None:
            raise Refused(
                "link_action_unknown",
                "Aucun lien ne permet cette opération sur ce dossier.",
                (f"l'une de : {', '.join(sorted(self.LINK_ACTIONS))}",),
            )
        if allowance.given_by and act.actor.role not in allowance.given_by:
            raise reserved(allowance)
        latest = act.today + allowance.longest
        if not act.today <= expires_on <= latest:
            raise Refused(
                "link_term",
                f"Un tel lien expire au plus tard {allowance.longest.days} jours après sa création.",
                (f"une date entre le {french_date(act.today)} et le {french_date(latest)}",),
            )
        if link in self.links:
            raise Refused("link_known", "Ce lien existe déjà.", ("un autre identifiant de lien",))
        alike = (one for one in self.links.values() if one.action == action)
        if sum(one.is_open(act.today) for one in alike) >= allowance.most_live:
            raise Refused(
                "too_many_links",
                f"Ce dossier a déjà {allowance.most_live} tels liens en cours.",
                ("le retrait de l'un d'eux",),
            )
        giver = self.academie_of(act.actor)
        self._link_issued(link=link, action=action, digest=digest, expires_on=expires_on, academie=giver)

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

    def spend(self, act: Act, *actions: str) -> None:
        """First in every decision open to a person: spends the link by which they act, or counts this use of
        one that serves again. Nothing of the kind is asked of any other role.

        Raises ``Refused``: the link is of another record or for none of these actions, spent, revoked,
        expired, or it has served as often as it may in a day.
        """
        if act.actor.role != PERSON:
            return
        link = self.link_of(act.actor)
        if link is None or link.action not in actions:
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
        self._serve(act, link)

    def must_not_have_served(self, actor: Actor) -> None:
        """Tells whoever holds a link that it has served: of two who use it at once, one comes too late.

        Raises ``Refused``.
        """
        link = self.link_of(actor)
        if link and link.state == "spent":
            raise _spent()

    def link_of(self, actor: Actor) -> Link | None:
        """The one by which a person acts, if it is of this record."""
        return self.links.get(actor.id.removeprefix("link:")) if actor.role == PERSON else None

    def academie_of(self, actor: Actor) -> str:
        """The académie for which somebody acts on this record: that of a person's link; of several the
        record's own, else the first by code. None for another role."""
        if link := self.link_of(actor):
            return link.academie
        own = actor.academies(self.academies)
        return self.academie if self.academie in own else next(iter(own), "")

    def _serve(self, act: Act, link: Link) -> None:
        allowance = self.LINK_ACTIONS[link.action]
        if not allowance.is_reusable:
            self._link_spent(link=link.id)
        elif link.uses_on(act.today) < allowance.most_a_day:
            self._link_used(link=link.id, day=act.today)
        else:
            raise Refused(
                "link_full",
                "Ce lien a servi aujourd'hui autant de fois qu'il peut en un jour.",
                ("un nouvel essai demain", "ou la même demande sur papier"),
            )

    @property
    def live_links(self) -> Iterator[Link]:
        return (link for link in self.links.values() if link.is_live)

    def link_scopes(self) -> frozenset[str]:
        """The scopes of those who hold a live link: a part of the record's ``scopes``."""
        return frozenset(f"link:{link.id}" for link in self.live_links)

    def link_claims(self) -> frozenset[Claim]:
        """By them alone the ledger finds the record of a secret: a part of the record's ``claims``."""
        return frozenset(Claim(f"link:{link.digest}") for link in self.live_links)

    def _link_issued(self, link: str, action: str, digest: str, expires_on: date, academie: str) -> None:
        raise NotImplementedError

    def _link_revoked(self, link: str) -> None:
        raise NotImplementedError

    def _link_spent(self, link: str) -> None:
        raise NotImplementedError

    def _link_used(self, link: str, day: date) -> None:
        """Only for a record that has links which serve again."""
        raise NotImplementedError

    def _link_is(self, link: str, state: str) -> None:
        self.links[link] = replace(self.links[link], state=state)

    def _link_served(self, link: str, day: date) -> None:
        served = self.links[link]
        self.links[link] = replace(served, used_on=day, uses=served.uses_on(day) + 1)


def told_by(act: Act, channel: Channel, on: date) -> None:
    """A person acts online, today; only a role records what reached it otherwise, or earlier."""
    if act.actor.role == PERSON and (channel is not Channel.ONLINE or on != act.today):
        raise Refused(
            "online_today",
            "Par un lien, on agit en ligne et le jour même.",
            (f"channel : online, et la date du {french_date(act.today)}",),
        )


def reserved(allowance: Allowance) -> Forbidden:
    """The refusal of a role that neither gives such links nor takes them back."""
    return Forbidden(
        "link_action_reserved",
        "Votre rôle ne donne ni ne retire de lien pour cette opération.",
        (f"un jeton du rôle {' ou '.join(sorted(allowance.given_by))}",),
    )


def _spent() -> Refused:
    return Refused("link_spent", "Ce lien a déjà servi.", ("un nouveau lien",))
