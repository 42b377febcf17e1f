"""Commands carried out once, on facts that still hold: the same sentences on both stores."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from uuid import UUID

import pytest

from domain.association.commands import ChangeIdentity
from domain.association.model import Identity
from domain.calendar import PartialDate, add_months, paris_day
from domain.convention import commands as ask
from domain.convention.parts import Medium
from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM, Actor, Conflict, KeyReused, NotFound, PreconditionFailed, Refused
from domain.mentor import commands as mentors
from domain.mentor.parts import CheckKind
from domain.programme.commands import AdoptRules
from domain.programme.rules import Delay, Rules, Unit
from ledger import turns, vault
from ledger.events import REASON, StoredEvent
from ledger.recorder import Append, Loaded, Recorder, VersionConflict
from tests.domain.mentor_support import applying
from tests.ledger.conftest import Store
from tests.support import COORDINATOR, FACE, FACE_PARTY, LYON, NATIONAL, House, clauses, draft_command

DPO = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))
ID = "convention-1"
ACADEMIE = "academie:10"


class Interfering:
    """A recorder in which somebody writes between the reading and the writing of another."""

    def __init__(self, beneath: Recorder) -> None:
        self.beneath = beneath
        self.before_append: list[Callable[[], Awaitable[object]]] = []
        self.lose_acknowledgement = False
        self.appends = 0

    async def load(self, record_ids: Sequence[str], event_ids: Sequence[UUID] = ()) -> Loaded:
        return await self.beneath.load(record_ids, event_ids)

    async def append(self, batch: Append) -> list[StoredEvent]:
        self.appends += 1
        if self.before_append:
            await self.before_append.pop(0)()
        stored = await self.beneath.append(batch)
        if self.lose_acknowledgement:
            self.lose_acknowledgement = False
            raise ConnectionError("the answer to COMMIT was lost")
        return stored

    async def after(self, position: int, limit: int) -> list[StoredEvent]:
        return await self.beneath.after(position, limit)

    async def head(self) -> int:
        return await self.beneath.head()

    async def now(self) -> object:
        return await self.beneath.now()


@pytest.fixture
async def house(store: Store) -> House:
    """A convention whose text is sent for signature."""
    house = store.house()
    await house.open()
    house.clock.instant = await store.recorder.now()
    await house.to_sign(ID)
    return house


@pytest.fixture
def between(house: House) -> Interfering:
    """The same house, through a recorder that lets others in."""
    recorder = Interfering(house.recorder)
    house.executor.recorder = recorder  # type: ignore[assignment]
    return recorder


async def signature(house: House, party: str = ACADEMIE, day: date | None = None) -> ask.Sign:
    return ask.Sign(
        record_id=ID,
        party=party,
        on=PartialDate(day or house.clock.today),
        medium=Medium.PAPER,
        text_hash=(await house.convention(ID)).text or "",
    )


async def refusals(house: House) -> list[StoredEvent]:
    return [e for e in await house.recorder.after(0, 1000) if e.topic == "refusal.Recorded@1"]


async def test_the_same_command_twice_is_carried_out_once_and_answered_the_same(house: House) -> None:
    first = await house.do(await signature(house), key="k")
    head = await house.recorder.head()
    again = await house.do(await signature(house), key="k")
    assert (again.record_id, again.version, again.position) == (ID, first.version, first.position)
    assert (first.repeated, again.repeated) == (False, True)
    assert await house.recorder.head() == head


async def test_an_acknowledgement_lost_after_the_commit_is_found_again(
    house: House, between: Interfering
) -> None:
    between.lose_acknowledgement = True
    command = await signature(house)
    with pytest.raises(ConnectionError):
        await house.do(command, key="k")
    head = await house.recorder.head()
    again = await house.do(command, key="k")
    assert again.repeated
    assert again.position == head == await house.recorder.head()


async def test_a_repeat_stands_even_if_the_record_has_moved_on(house: House) -> None:
    first = await house.do(await signature(house), key="k", expected=5)
    await house.sign(ID, FACE_PARTY)
    again = await house.do(await signature(house), key="k", expected=5)
    assert (again.version, again.repeated) == (first.version, True)


async def test_another_body_under_the_same_key_is_refused(house: House) -> None:
    await house.do(await signature(house), key="k")
    other = await signature(house, day=date(2025, 11, 20))
    with pytest.raises(KeyReused) as caught:
        await house.do(other, key="k")
    assert (caught.value.code, len(caught.value.missing)) == ("key_reused", 1)
    assert await refusals(house) == []


async def test_another_command_of_the_same_body_is_another_body(store: Store) -> None:
    house = store.house()
    await house.open()
    await house.drafted(ID)
    await house.do(ask.Submit(record_id=ID), key="k")
    with pytest.raises(KeyReused):
        await house.do(ask.SendForSignature(record_id=ID), key="k")
    assert (await house.convention(ID)).status == "in_review"


async def test_keys_belong_to_their_actor(house: House) -> None:
    await house.do(await signature(house), LYON, key="k")
    assert not (await house.do(await signature(house, FACE_PARTY), COORDINATOR, key="k")).repeated


async def test_a_record_that_changed_since_it_was_read_is_not_written(house: House) -> None:
    version = (await house.convention(ID)).version
    await house.do(await signature(house), expected=version)
    with pytest.raises(PreconditionFailed) as caught:
        await house.do(await signature(house, FACE_PARTY), expected=version)
    assert caught.value.code == "version_changed"
    assert set((await house.convention(ID)).signatures) == {ACADEMIE}


async def test_the_same_when_it_changes_between_the_reading_and_the_writing(
    house: House, between: Interfering
) -> None:
    version = (await house.convention(ID)).version
    others = await signature(house, FACE_PARTY)
    between.before_append.append(lambda: house.do(others, COORDINATOR))
    with pytest.raises(PreconditionFailed):
        await house.do(await signature(house), expected=version)
    assert set((await house.convention(ID)).signatures) == {FACE_PARTY}


async def test_without_a_precondition_it_decides_again(house: House, between: Interfering) -> None:
    others = await signature(house, FACE_PARTY)
    between.before_append.append(lambda: house.do(others, COORDINATOR))
    await house.do(await signature(house))
    convention = await house.convention(ID)
    assert (convention.status, between.appends) == ("signed", 3)


async def test_a_decision_does_not_rest_on_a_programme_that_has_changed(
    house: House, between: Interfering
) -> None:
    """A notice of three months is being recorded while one of twelve is adopted: it runs twelve."""
    await draft_in_force(house)
    today = house.clock.today
    adopted = AdoptRules(
        record_id="programme-1j1m", rules=Rules(notice=Delay(12, Unit.MONTHS)), on=today, to_open=True
    )
    between.before_append.append(lambda: house.do(adopted, NATIONAL))
    await house.do(ask.Denounce(record_id="convention-2", party=ACADEMIE, on=today), reason="motif")
    given = (await house.recorder.load(["convention-2"])).events[-1]
    programme = (await house.recorder.load(["programme-1j1m"])).events[-1]
    assert given.facts["rests_on"] == {"programme-1j1m": programme.version}
    assert (given.position, given.topic) == (programme.position + 1, "convention.NoticeGiven@1")
    assert (await house.convention("convention-2")).notice_until == add_months(today, 12)


async def draft_in_force(house: House) -> None:
    """A convention of old, in force today."""
    await house.do(draft_command("convention-2"))
    start = PartialDate(date(2025, 1, 1))
    await house.do(
        ask.RecordHistory(
            record_id="convention-2",
            signed_on=start,
            in_force_from=start,
            ends_on=date(2099, 1, 1),
            evidence="courrier",
        )
    )
    await house.do(ask.EnterIntoForce(record_id="convention-2"), SYSTEM)


async def test_a_draft_does_not_rest_on_an_association_that_has_changed(
    house: House, between: Interfering
) -> None:
    change = ChangeIdentity(record_id=FACE, identity=Identity("Fondation FACE"))
    between.before_append.append(lambda: house.do(change))
    await house.do(draft_command("convention-2"))
    drafted = (await house.recorder.load(["convention-2"])).events[0]
    changed = (await house.recorder.load([FACE])).events[-1]
    assert (drafted.position, changed.version) == (changed.position + 1, 2)
    assert between.appends == 3


async def test_whoever_is_overtaken_again_and_again_is_told_so_in_the_end(
    house: House, between: Interfering, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def conflict() -> None:
        raise VersionConflict(ID)

    monkeypatch.setattr(turns, "PATIENCE", 0.1)
    between.before_append = [conflict] * 10_000
    with pytest.raises(Conflict) as caught:
        await house.do(await signature(house))
    assert caught.value.code == "changed_meanwhile"
    assert between.appends > 3
    assert not isinstance(caught.value, PreconditionFailed)
    between.before_append = []
    await house.do(await signature(house))


async def test_with_a_precondition_it_never_decides_again(house: House, between: Interfering) -> None:
    async def conflict() -> None:
        raise VersionConflict("programme-1j1m")

    between.before_append = [conflict]
    with pytest.raises(Conflict) as caught:
        await house.do(await signature(house), expected=(await house.convention(ID)).version)
    assert (caught.value.code, between.appends) == ("changed_meanwhile", 1)


async def test_a_persons_refusal_is_kept_once_and_says_by_which_guard(house: House) -> None:
    early = await signature(house, day=date(2100, 1, 1))
    for _ in range(2):
        with pytest.raises(Refused):
            await house.do(early, COORDINATOR, key="k")
    with pytest.raises(Refused):
        await house.do(await signature(house), COORDINATOR, key="other")
    first, second = await refusals(house)
    assert '"guard":"not_your_party"' in first.state
    assert (first.facts["actor"], first.facts["command"]) == (COORDINATOR.id, "convention.sign")
    assert first.record_id != second.record_id
    assert (await house.convention(ID)).signatures == {}


async def test_words_given_to_a_command_that_takes_none_are_nowhere_in_the_store(store: Store) -> None:
    """What a background check says, or whom an erasure is about, is not kept by being refused either."""
    house = store.house()
    await house.open()
    await house.do(applying("mentor-1"), COORDINATOR)
    today = paris_day(await store.recorder.now())
    typed = "un motif qui dirait ce que dit le bulletin"
    presented = mentors.PresentCheck(record_id="mentor-1", kind=CheckKind.B3, presented=False, on=today)
    for command, actor in (
        (mentors.AskCheck(record_id="mentor-1", kind=CheckKind.B3), COORDINATOR),
        (presented, COORDINATOR),
        (presented, LYON),
        (Erase(record_id="mentor-1", ground=Ground.OBJECTION), DPO),
    ):
        with pytest.raises(Refused):
            await house.do(command, actor, reason=typed)

    kept = await refusals(house)

    guards = ["reason_not_taken", "reason_not_taken", "role_not_allowed", "reason_not_taken"]
    assert [f'"guard":"{guard}"' in one.state for guard, one in zip(guards, kept, strict=True)] == [True] * 4
    assert [one.facts.get(REASON) for one in kept] == [None] * 4
    assert await reasons(house) == []
    with pytest.raises(Refused):
        await house.do(mentors.Suspend(record_id="mentor-1", on=today), COORDINATOR, reason=typed)
    assert await reasons(house) == [typed]


async def test_words_about_a_record_that_was_not_opened_are_not_kept(house: House) -> None:
    """Under the key of nobody's record they could never be erased."""
    elsewhere = draft_command("convention-9", academie="08")
    with pytest.raises(Refused):
        await house.do(elsewhere, reason="avec Prénom Nom")
    (kept,) = await refusals(house)
    assert '"guard":"not_your_academie"' in kept.state
    assert (REASON in kept.facts, await house.keyring.keys(["convention-9"])) == (False, {})


async def reasons(house: House) -> list[str]:
    """The words that go with what is stored, opened by their keys."""
    sealed = [e.facts[REASON] for e in await house.recorder.after(0, 1000) if REASON in e.facts]
    return list((await vault.opened(house.keyring, sealed)).values())


async def test_what_was_refused_may_be_accepted_later_under_the_same_key(house: House) -> None:
    command = ask.Abandon(record_id=ID)
    with pytest.raises(Refused):
        await house.do(command, key="k", reason="")
    done = await house.do(command, key="k", reason="motif")
    assert not done.repeated
    assert (await house.convention(ID)).status == "abandoned"


async def test_what_the_system_is_refused_leaves_no_trace(house: House) -> None:
    with pytest.raises(Refused):
        await house.do(ask.Abandon(record_id=ID), SYSTEM, reason="motif")
    assert await refusals(house) == []


async def test_what_is_none_of_their_business_leaves_no_trace(house: House) -> None:
    with pytest.raises(NotFound):
        await house.do(ask.Submit(record_id="convention-unknown"))
    with pytest.raises(NotFound):
        await house.do(ask.Submit(record_id=FACE))
    assert await refusals(house) == []


async def test_a_command_that_changes_nothing_answers_where_the_record_stands(house: House) -> None:
    version = (await house.convention(ID)).version
    done = await house.do(ask.SetClauses(record_id=ID, clauses=clauses()))
    assert (done.version, done.repeated) == (version, False)
    assert done.position == (await house.recorder.load([ID])).events[-1].position


async def test_two_drafts_of_one_number_at_once_give_one(house: House) -> None:
    numbered = clauses(number="2025-1")
    drafts = (draft_command(f"convention-{n}", clauses=numbered) for n in (8, 9))
    answers = await asyncio.gather(*(house.do(draft) for draft in drafts), return_exceptions=True)
    (loser,) = [answer for answer in answers if isinstance(answer, BaseException)]
    assert isinstance(loser, Conflict)
    assert loser.code == "already_held"
