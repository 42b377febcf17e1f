"""The association register in an admission: documents, what blocks on the day it is, contacts, links."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from domain.association.commands import (
    AcceptDocument,
    Admit,
    GrantEntitlement,
    IssueLink,
    NameContact,
    OpenAdmission,
    ReceiveDocument,
    RemoveContact,
    RevokeLink,
    Suspend,
)
from domain.association.parts import (
    Contact,
    ContactRole,
    DocumentVersion,
    Entitlement,
    EntitlementKind,
    SuspensionCause,
)
from domain.calendar import paris_day, start_of
from domain.convention.commands import Terminate
from domain.convention.parts import EndCause
from domain.erasure import Erase, Ground
from domain.kernel import FORGOTTEN, SYSTEM
from domain.links import Channel
from domain.programme.commands import AdoptRules, programme_id
from domain.programme.model import Programme
from domain.programme.rules import DOCUMENTS, Rules
from domain.reminding import RecordDelivery
from projections import associations, deadlines
from projections.association_filters import AssociationFilters
from projections.associations import AssociationRow
from projections.deadlines import DeadlineFilters
from projections.tracking import track
from tests.projections.support import DPO, Views, ids, in_force
from tests.support import FACE, NATIONAL

DIGEST = "ab" * 32
COORDINATOR = Contact("Camille Exemple-Introuvable", "camille@face.test", None)


async def row(views: Views) -> AssociationRow:
    async with views.seen("academie:10") as connection:
        found = await associations.get(connection, FACE)
    assert found
    return found


async def listed(views: Views, **filters: Any) -> list[str]:
    async with views.seen() as connection:
        return ids((await associations.page(connection, AssociationFilters(**filters))).items)


async def opened(views: Views) -> None:
    today = views.house.clock.today
    await views.house.do(
        OpenAdmission(record_id=FACE, programme_id=programme_id("1j1m"), on=today, channel=Channel.MEETING)
    )


async def received(views: Views, document: str, until: date | None = None) -> None:
    version = DocumentVersion(DIGEST, 1_000, "application/pdf", views.house.clock.today, Channel.PAPER, until)
    await views.house.do(ReceiveDocument(record_id=FACE, document=document, version=version))


async def accepted(views: Views, document: str, until: date | None) -> None:
    await received(views, document, until)
    await views.house.do(AcceptDocument(record_id=FACE, document=document, sha256=DIGEST, valid_until=until))


async def admitted(views: Views, insured: date) -> None:
    await opened(views)
    for document in DOCUMENTS:
        await accepted(views, document, insured if document == "insurance" else None)
    await views.house.do(Admit(record_id=FACE, on=views.house.clock.today))


async def test_what_an_operator_owes_is_late_from_the_day_after_its_term_in_its_file_as_in_the_deadlines(
    views: Views,
) -> None:
    await opened(views)

    async def told() -> tuple[date | None, set[bool]]:
        (owed,) = [one for one in (await row(views)).next if one.kind == "remind_documents"]
        async with views.seen() as connection:
            wanted = DeadlineFilters(record_id=FACE, kind="remind_documents")
            (due,) = (await deadlines.page(connection, wanted)).items
        assert vars(due).items() >= vars(owed).items()
        return owed.by, {owed.late}

    by, late = await told()
    assert by
    assert late == {False}
    opened_on = views.house.clock.today
    views.house.clock.advance(days=14)
    await views.act_on_time()
    came = RecordDelivery(record_id=FACE, key=f"documents:1:{opened_on}:2", channel="mail")
    await views.house.do(came, SYSTEM)
    views.house.clock.advance(days=(by - views.house.clock.today).days)
    assert await told() == (by, {False})
    views.house.clock.advance(days=1)
    assert await told() == (by, {True})


async def test_a_file_shows_what_was_asked_what_came_and_what_is_missing(views: Views) -> None:
    today = views.house.clock.today
    before = await row(views)
    assert (before.documents, before.missing_documents, before.rules_version) == ([], [], None)
    await opened(views)
    await received(views, "insurance", today + timedelta(days=90))
    found = await row(views)

    assert (found.status, found.status_label) == ("in_admission", "en cours d'admission")
    assert (found.programme_id, found.rules_version, found.admission_round) == (programme_id("1j1m"), 1, 1)
    assert found.missing_documents == [name for name in DOCUMENTS if name != "insurance"]
    (insurance,) = [one for one in found.documents if one["document"] == "insurance"]
    assert (insurance["state"], insurance["size"]) == ("received", 1_000)
    assert insurance["received_on"] == today.isoformat()
    assert insurance["valid_until"] == (today + timedelta(days=90)).isoformat()
    assert found.insured_until is None, "only what was accepted counts"
    assert found.complete_on is None


async def test_an_insurance_that_runs_out_blocks_from_the_day_after_without_any_event(views: Views) -> None:
    last = views.house.clock.today + timedelta(days=60)
    await admitted(views, last)
    found = await row(views)
    assert (found.status, found.complete_on) == ("admitted", views.house.clock.today.isoformat())
    assert (found.insured_until, found.blocks) == (last.isoformat(), [])

    views.house.clock.advance(days=60)
    assert (await row(views)).blocks == []
    views.house.clock.advance(days=1)
    assert (await row(views)).blocks == [
        {"block": "insurance_lapsed", "label": "assurance échue", "missing": []}
    ]
    assert (await row(views)).status == "admitted"


async def test_a_required_title_that_ends_blocks_from_the_day_after_without_any_event(views: Views) -> None:
    today = views.house.clock.today
    rules = AdoptRules(
        record_id=programme_id("1j1m"),
        rules=Rules(required_entitlements=("laureate",)),
        on=today,
        to_open=True,
    )
    await views.house.do(rules, NATIONAL)
    await _granted(views, today, today + timedelta(days=10))
    await admitted(views, today + timedelta(days=300))
    assert (await row(views)).blocks == []

    assert (await row(views)).rules_version == 2

    views.house.clock.advance(days=11)
    assert [one["block"] for one in (await row(views)).blocks] == ["entitlement_lapsed"]
    suspension = Suspend(record_id=FACE, cause=SuspensionCause.REQUEST, on=views.house.clock.today)
    await views.house.do(suspension, reason="à sa demande")
    found = await row(views)
    assert [one["block"] for one in found.blocks] == ["suspended", "entitlement_lapsed"]
    (cause,) = found.suspensions or []
    assert (cause["cause"], cause["label"]) == ("request", "à la demande de l'opérateur")
    assert cause["on"] == views.house.clock.today.isoformat()


async def test_a_convention_that_is_required_and_lacking_is_awaited_whenever_one_ends_or_comes(
    views: Views,
) -> None:
    """No event of the operator's own says so: in the deadlines, among the stuck, and as a rebuild has it."""
    today = views.house.clock.today
    rules = Rules(required_entitlements=("conventioned",))
    await in_force(views, ends_on=today + timedelta(days=30))
    await admitted(views, today + timedelta(days=300))
    adopted = AdoptRules(record_id=programme_id("1j1m"), rules=rules, on=today, to_open=True)
    await views.house.do(adopted, NATIONAL)

    async def told() -> list[list[str]]:
        async with views.seen() as connection:
            wanted = DeadlineFilters(record_id=FACE, kind="alert_entitlement")
            found = [one.missing for one in (await deadlines.page(connection, wanted)).items]
        assert [one.missing for one in (await row(views)).next if one.kind == "alert_entitlement"] == found
        live = await views.rows()
        await views.projector.rebuild()
        assert await views.rows() == live
        stuck = await listed(views, stuck_since=views.house.clock.instant + timedelta(days=1))
        assert stuck == ([FACE] if found else [])
        return found

    lacking = ["conventionnée par une convention en vigueur couvrant 1j1m dans l'académie 10"]
    assert await told() == []
    views.house.clock.advance(days=30)
    assert await told() == []
    views.house.clock.advance(days=1)
    assert await told() == [lacking], "its last day has passed, though nobody has ended it yet"
    await in_force(views, "convention-2")
    assert await told() == []
    ended = Terminate(record_id="convention-2", cause=EndCause.FAULT, effective=views.house.clock.today)
    await views.house.do(ended, reason="faute")
    views.house.clock.advance(days=1)
    assert await told() == [lacking]


async def test_a_title_is_looked_for_on_the_day_it_is_held(views: Views) -> None:
    today = views.house.clock.today
    await _granted(views, today + timedelta(days=2), today + timedelta(days=4))
    held = []
    for _ in range(6):
        held.append(await listed(views, entitlement="laureate"))
        views.house.clock.advance(days=1)
    assert held == [[], [], [FACE], [FACE], [FACE], []]
    assert await listed(views, entitlement="approved") == []


async def test_conventionnee_is_a_title_while_its_convention_is_in_force(views: Views) -> None:
    assert await listed(views, entitlement="conventioned") == []
    await in_force(views, ends_on=views.house.clock.today + timedelta(days=30))
    assert await listed(views, entitlement="conventioned") == [FACE]
    views.house.clock.advance(days=31)
    assert await listed(views, entitlement="conventioned") == [], "though nobody has ended it yet"


async def test_those_whose_insurance_ends_before_a_day_are_found(views: Views) -> None:
    last = views.house.clock.today + timedelta(days=60)
    assert await listed(views, insurance_before=last + timedelta(days=1)) == []
    await admitted(views, last)
    assert await listed(views, insurance_before=last + timedelta(days=1)) == [FACE]
    assert await listed(views, insurance_before=last) == []


async def test_an_association_is_stuck_while_it_can_be_moved_on_and_not_once_admitted(views: Views) -> None:
    async def stuck(days: int) -> list[str]:
        return await listed(views, stuck_since=views.house.clock.instant - timedelta(days=days))

    views.house.clock.advance(days=90)
    assert await stuck(30) == []
    await opened(views)
    views.house.clock.advance(days=20)
    assert await stuck(15) == [FACE]
    assert await stuck(25) == []
    for document in DOCUMENTS:
        until = views.house.clock.today + timedelta(days=300) if document == "insurance" else None
        await accepted(views, document, until)
    await views.house.do(Admit(record_id=FACE, on=views.house.clock.today))
    views.house.clock.advance(days=200)
    assert await stuck(30) == []
    views.house.clock.advance(days=80)
    assert await stuck(30) == [FACE]


async def test_what_runs_out_first_is_an_insurance_or_a_title(views: Views) -> None:
    today = views.house.clock.today
    assert await listed(views, expiring_before=today + timedelta(days=3_000)) == []
    await _granted(views, today, today + timedelta(days=400))
    assert await listed(views, expiring_before=today + timedelta(days=400)) == []
    assert await listed(views, expiring_before=today + timedelta(days=401)) == [FACE]
    await admitted(views, today + timedelta(days=100))
    assert await listed(views, expiring_before=today + timedelta(days=100)) == []
    assert await listed(views, expiring_before=today + timedelta(days=101)) == [FACE]


async def test_contacts_are_sealed_words_until_they_are_removed_or_forgotten(views: Views) -> None:
    await views.house.do(NameContact(record_id=FACE, role=ContactRole.COORDINATOR, contact=COORDINATOR))
    found = await row(views)
    assert found.contacts == [{"role": "coordinator", "label": "coordination"}]
    clear = {name: await views.clear(word) for name, word in found.persons.items()}
    assert clear == {"coordinator.name": COORDINATOR.name, "coordinator.mailbox": COORDINATOR.mailbox}
    assert "sealed:" not in repr(replace(found, persons={}))
    assert COORDINATOR.name not in await views.written()
    assert str(COORDINATOR.mailbox) not in await views.written()

    await views.house.do(RemoveContact(record_id=FACE, role=ContactRole.COORDINATOR))
    assert ((await row(views)).contacts, (await row(views)).persons) == ([], {})
    await views.house.do(NameContact(record_id=FACE, role=ContactRole.PRESIDENT, contact=COORDINATOR))
    await views.house.do(Erase(record_id=FACE, ground=Ground.OBJECTION), DPO)
    await views.house.keyring.destroy(FACE)
    erased = await row(views)
    assert (erased.status, erased.blocks) == ("erased", [])
    assert {await views.clear(word) for word in erased.persons.values()} == {FORGOTTEN}


async def test_a_link_shows_what_it_allows_and_never_its_digest(views: Views) -> None:
    expires = views.house.clock.today + timedelta(days=14)
    for link in ("link-1", "link-2"):
        await views.house.do(
            IssueLink(record_id=FACE, link=link, action="admission", digest=link * 8, expires_on=expires)
        )
    await views.house.do(RevokeLink(record_id=FACE, link="link-1"))
    found = await row(views)
    assert found.links == [
        {"id": link, "action": "admission", "expires_on": expires.isoformat(), "state": state}
        for link, state in (("link-1", "revoked"), ("link-2", "live"))
    ]
    assert "link-2" * 8 not in repr(found)
    assert found.scopes
    assert ("link:link-1" in found.scopes, "link:link-2" in found.scopes) == (False, True)


async def test_the_row_of_a_folded_association_is_the_row_that_is_read(views: Views) -> None:
    last = views.house.clock.today + timedelta(days=5)
    await views.house.do(NameContact(record_id=FACE, role=ContactRole.COORDINATOR, contact=COORDINATOR))
    await admitted(views, last)
    for _ in range(2):
        tracked = track(await views.feed.of([FACE]))
        assert tracked
        programme = track(await views.feed.of([programme_id("1j1m")]))
        assert programme
        assert isinstance(programme.record, Programme)
        day = paris_day(await views.house.recorder.now())
        world = views.house.executor.world
        read = associations.row_at(tracked, programme.record, world, start_of(day))
        assert read == await row(views)
        views.house.clock.advance(days=6)


async def test_rules_meant_for_open_files_are_those_it_follows_from_their_day_on(views: Views) -> None:
    await opened(views)
    first = views.house.clock.today + timedelta(days=2)
    adopted = AdoptRules(record_id=programme_id("1j1m"), rules=Rules(), on=first, to_open=True)
    await views.house.do(adopted, NATIONAL)
    followed = []
    for _ in range(3):
        followed.append((await row(views)).rules_version)
        views.house.clock.advance(days=1)
    assert followed == [1, 1, 2]


async def _granted(views: Views, starts: date, ends: date) -> None:
    title = Entitlement(EntitlementKind.LAUREATE, "AAP-1", ("1j1m",), starts, ends)
    await views.house.do(GrantEntitlement(record_id=FACE, entitlement=title))
