"""How an association is invited, and how candidates come to it: by its links, or proposed by a lycée."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, ClassVar, Final

from domain.association import guards
from domain.association.parts import OPENABLE, RECRUITING, Suspension
from domain.kernel import Act, Refused
from domain.links import LONGEST, Allowance, Linked, reserved

ADMISSION: Final = "admission"
"""Opens its admission: given by the académie."""
CANDIDACY: Final = "candidacy"
"""One candidate, invited by the association, hands in a candidacy."""
FORM: Final = "form"
"""The public form: the association shows the address on its own pages, and whoever reads it may hand in a
candidacy. It is the one link that is not spent: it serves until its term, or until it is revoked."""

LONGEST_FORM: Final = timedelta(days=365)
MOST_CANDIDATES: Final = 50
"""Candidates invited by an association at the same time."""
CANDIDACIES_A_DAY: Final = 50
"""By one public form, or from one lycée: what somebody with bad intentions can pour into an association's
list in a day."""

_OWN: Final = frozenset({"association"})


class Inviting(Linked):
    """What an association does with links. Of a candidate it learns nothing here: the record that a candidacy
    opens is the mentor's."""

    LINK_ACTIONS: ClassVar[Mapping[str, Allowance]] = {
        ADMISSION: Allowance(given_by=frozenset({"academie"})),
        CANDIDACY: Allowance(LONGEST, most_live=MOST_CANDIDATES, given_by=_OWN),
        FORM: Allowance(LONGEST_FORM, most_a_day=CANDIDACIES_A_DAY, given_by=_OWN),
    }
    status: str
    status_labels: ClassVar[Mapping[Any, str]]
    academies: tuple[str, ...]
    suspensions: dict[Suspension, date]
    proposed_on: date | None
    proposed: dict[str, int]
    """How many each lycée (UAI) proposed on ``proposed_on``, the last day on which one did."""

    def issue_link(self, act: Act, *, link: str, action: str, digest: str, expires_on: date) -> None:
        """Invites the operator to open its admission, or candidates to come to it: see ``Linked``."""
        if action in (CANDIDACY, FORM):
            guards.status_in(self, RECRUITING, "inviter des candidat·es")
        elif action == ADMISSION:
            guards.status_in(self, OPENABLE, "l'inviter à ouvrir son admission")
        super().issue_link(act, link=link, action=action, digest=digest, expires_on=expires_on)

    def revoke_link(self, act: Act, *, link: str) -> None:
        """Takes a link back: the association its own, the académie any. See ``Linked``."""
        known = self.links.get(link)
        if known and act.actor.role in _OWN:
            allowance = self.LINK_ACTIONS[known.action]
            if act.actor.role not in allowance.given_by:
                raise reserved(allowance)
        super().revoke_link(act, link=link)

    def receive_candidacy(self, act: Act) -> None:
        """Lets a candidate in by the link that they hold.

        Raises ``Refused``: the link does not allow it (see ``spend``), or the association takes nobody for
        now. Why it does not is none of a candidate's business.
        """
        self.spend(act, CANDIDACY, FORM)
        self._must_recruit()

    def receive_proposal(self, act: Act, *, uai: str, academie: str) -> None:
        """Lets in somebody whom a lycée of that académie proposes, and counts them, known or not.

        Raises ``Refused``: the association takes nobody for now, works elsewhere, or was proposed as many by
        that lycée as it may be in a day.
        """
        self._must_recruit()
        if academie not in self.academies:
            raise Refused(
                "lycee_elsewhere",
                "Cette association n'intervient pas dans l'académie de ce lycée.",
                ("une association de l'académie du lycée",),
            )
        if act.today == self.proposed_on and self.proposed.get(uai, 0) >= CANDIDACIES_A_DAY:
            raise Refused(
                "proposals_full",
                f"Un lycée propose au plus {CANDIDACIES_A_DAY} personnes par jour à une association.",
                ("un nouvel essai demain", "ou un appel à l'association"),
            )
        self._candidacy_proposed(uai=uai, day=act.today)

    def _must_recruit(self) -> None:
        if self.status not in RECRUITING or self.suspensions:
            raise Refused(
                "candidacies_closed",
                "Cette association ne reçoit pas de candidature en ligne pour le moment.",
                ("une candidature sur papier, ou un appel à l'association",),
            )

    def _candidacy_proposed(self, uai: str, day: date) -> None:
        raise NotImplementedError
