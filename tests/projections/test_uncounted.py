"""Nobody who is told no small number counts an operator's candidacies by its history, or by the feed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.association.commands import IssueLink, OpenAdmission, RevokeLink
from domain.authorization import UNCOUNTED
from domain.kernel import Actor
from domain.links import Channel
from domain.mentor.candidacies import ApplyByLink, Propose
from domain.programme.commands import programme_id
from projections import associations, feed, history
from tests.domain.association_support import guest, sha
from tests.domain.mentor_support import AWA, PROFILE
from tests.projections.support import Views
from tests.support import COORDINATOR, FACE, LYON


async def come(views: Views) -> None:
    """Somebody by the public form, and an invitation taken back: the readers of the record change often."""
    house = views.house
    opening = OpenAdmission(
        record_id=FACE, programme_id=programme_id("1j1m"), on=house.clock.today, channel=Channel.PAPER
    )
    await house.do(opening, LYON)
    until = house.clock.today + timedelta(days=9)
    for link, action in (("l1", "form"), ("l2", "candidacy")):
        asked = IssueLink(record_id=FACE, link=link, action=action, digest=sha(link), expires_on=until)
        await house.do(asked, COORDINATOR)
    by_link = ApplyByLink(record_id="mentor-1", association_id=FACE, person=AWA, profile=PROFILE)
    await house.do(by_link, guest())
    proposed = Propose(record_id="mentor-2", association_id=FACE, uai="0690010L", person=AWA, profile=PROFILE)
    await house.do(proposed, Actor("t-lycee", "lycee", frozenset({"public", "lycee:0690010L"})))
    await views.projector.catch_up()
    await house.do(RevokeLink(record_id=FACE, link="l2"), COORDINATOR)


@pytest.mark.parametrize("rebuilt", [False, True])
async def test_the_national_level_counts_no_candidacy_by_what_it_is_told(views: Views, rebuilt: bool) -> None:
    await come(views)
    if rebuilt:
        await views.empty()
    told = {}
    for scope in (f"association:{FACE}", "academie:10", "role:national"):
        async with views.seen(scope) as connection:
            lines = {row.topic for row in (await history.page(connection, FACE)).items}
            events = {row.type for row in (await feed.page(connection)).items if row.subject == FACE}
            assert lines == events
            told[scope] = lines
    own = told[f"association:{FACE}"]
    assert own & UNCOUNTED == UNCOUNTED - {"association.LinkSpent@1"}
    assert told["academie:10"] == own
    assert told["role:national"] == own - UNCOUNTED


def test_the_links_of_an_operator_and_who_holds_them_are_reserved() -> None:
    assert {"links", "scopes"} <= set(associations.AssociationRow.RESERVED)
