"""Evidence: drawn from the store by our code, read by the verifier alone, before and after an erasure."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from psycopg import AsyncConnection

from domain.convention.commands import NameSignatory, SendForSignature
from domain.convention.parts import Signatory
from domain.erasure import Erase, Ground
from domain.kernel import FREE_TEXT, PERSONAL, Refused
from ledger import verify
from ledger.check import check
from ledger.check_seal import standing
from ledger.checkpoint import Checkpoint
from ledger.events import NewEvent
from ledger.evidence import evidence
from ledger.keyring import MemoryKeyring
from ledger.postgres import PostgresRecorder
from ledger.recorder import Append
from ledger.vault import EventVault
from ledger.verify import FORGOTTEN
from tests.conftest import Database
from tests.domain.rehearsal import OFFICER
from tests.ledger.sealed import Publisher, fill
from tests.support import FACE_PARTY, House

pytestmark = pytest.mark.stack
ID = "convention-1"
NAME = "Élodie Témoin-Planté"
REASON = "dit au téléphone par Élodie"
Json = dict[str, Any]


@dataclass
class Desk:
    """Where evidence is asked for, and an empty folder of somebody far away."""

    house: House
    connection: AsyncConnection[Any]
    publisher: Publisher
    away: Path

    async def publish(self) -> Checkpoint:
        return await self.publisher.publish(self.connection)

    async def evidence(self, record_id: str = ID, *, disclose: bool = True, earlier: bool = True) -> Json:
        last = await self.publish()
        book = self.publisher.book
        others = [one for one in standing(book.all(), book.openings()) if one != last] if earlier else []
        return await evidence(
            self.connection, self.house.keyring, record_id, last, disclose=disclose, earlier=others
        )

    def read(self, given: Json) -> str:
        """What the verifier says, in a process of its own that has nothing else of ours."""
        self.away.mkdir(exist_ok=True)
        shutil.copy(verify.__file__, self.away / "verify.py")
        (self.away / "preuve.json").write_text(json.dumps(given, ensure_ascii=False), encoding="utf-8")
        (self.away / "audit.pub").write_text(self.publisher.signer.vkey + "\n")
        command = [sys.executable, "-I", "verify.py", "preuve.json", "--key", "audit.pub"]
        shown = subprocess.run(command, cwd=self.away, capture_output=True, text=True, timeout=60)
        assert (shown.returncode, shown.stderr) == (0, ""), shown.stdout
        return shown.stdout


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    house = House(PostgresRecorder(database.app))
    await house.open()
    house.clock.instant = await house.recorder.now()
    await house.drafted(ID)
    signatory = Signatory(NAME, "présidente")
    await house.do(NameSignatory(record_id=ID, party=FACE_PARTY, signatory=signatory), reason=REASON)
    await fill(house.recorder, 40, random.Random(3))  # type: ignore[arg-type]
    async with await AsyncConnection.connect(database.owner_dsn, autocommit=True) as owner:
        yield Desk(house, owner, Publisher(tmp_path / "audit"), tmp_path / "away")


async def test_disclosed_evidence_is_verified_and_read_offline(desk: Desk) -> None:
    first = await desk.publish()
    await desk.house.do(
        NameSignatory(record_id=ID, party="academie:10", signatory=Signatory("Ada", "rectrice"))
    )
    given = await desk.evidence()
    shown = await asyncio.to_thread(desk.read, given)
    assert f"VALIDE : dossier {ID}, {len(given['events'])} événements" in shown
    assert f"Prolonge le point de contrôle de {first.size} événements" in shown
    assert NAME in shown
    assert f"motif : {REASON}" in shown
    assert FORGOTTEN not in shown


async def test_sealed_evidence_proves_as_much_and_tells_nobody(desk: Desk) -> None:
    given = await desk.evidence(disclose=False)
    assert all("key" not in event and "text_key" not in event for event in given["events"])
    written = json.dumps(given, ensure_ascii=False)
    assert NAME not in written
    assert REASON not in written
    shown = await asyncio.to_thread(desk.read, given)
    assert "VALIDE" in shown
    assert FORGOTTEN in shown


async def test_only_the_keys_of_its_own_events_leave_the_house(desk: Desk) -> None:
    given = await desk.evidence()
    assert {event["record_id"] for event in given["events"]} == {ID}
    disclosed = [event["key"] for event in given["events"] if "key" in event]
    assert len(disclosed) == len(set(disclosed)) == 3
    master = (await desk.house.keyring.keys([ID]))[ID].hex()
    assert master not in json.dumps(given)


async def test_after_an_erasure_everything_earlier_stays_valid(desk: Desk) -> None:
    """And says so honestly: a file that was handed out with its keys is read for ever."""
    first = await desk.publish()
    before, sealed = await desk.evidence(), await desk.evidence(disclose=False)
    await desk.house.do(Erase(record_id=ID, ground=Ground.OBJECTION), OFFICER)
    await desk.house.keyring.destroy(ID)
    after = await desk.evidence()
    assert NAME in await asyncio.to_thread(desk.read, before)
    assert "VALIDE" in await asyncio.to_thread(desk.read, sealed)
    shown = await asyncio.to_thread(desk.read, after)
    assert f"Prolonge le point de contrôle de {first.size} événements" in shown
    assert "convention.SubjectErased@1" in shown
    assert NAME not in shown
    assert REASON not in shown
    assert shown.count(FORGOTTEN) >= 4
    assert all("key" not in event and "text_key" not in event for event in after["events"])
    for old, new in zip(before["events"], after["events"], strict=False):
        assert {**old, "key": 0, "text_key": 0, "proof": 0} == {**new, "key": 0, "text_key": 0, "proof": 0}
    assert await check(desk.connection, desk.publisher.book.all()) == []


async def test_words_about_two_are_gone_with_either(desk: Desk) -> None:
    keyring = desk.house.keyring
    new_id, about = uuid4(), ["thing-a", "thing-b"]
    vault = EventVault(new_id, "thing-a", about, await keyring.ensure(about))
    state = json.dumps(
        {"name": {"sealed": vault(PERSONAL, "Ada")}, "note": {"sealed": vault(FREE_TEXT, "dit")}}
    )
    new = NewEvent(
        new_id,
        "thing-a",
        1,
        "thing.Happened@1",
        state,
        json.dumps({"about": about}),
        None,
        vault.commitment,
        vault.text_commitment,
    )
    await desk.house.recorder.append(Append([new], {"thing-a": 0}))
    (before,) = (await desk.evidence("thing-a"))["events"]
    await keyring.destroy("thing-b")
    (after,) = (await desk.evidence("thing-a"))["events"]
    assert {"key", "text_key"} <= before.keys()
    assert "key" in after
    assert "text_key" not in after
    shown = await asyncio.to_thread(desk.read, await desk.evidence("thing-a"))
    assert "name : Ada" in shown
    assert f"note : {FORGOTTEN}" in shown


async def test_a_keyring_of_other_keys_discloses_none(desk: Desk) -> None:
    """As after the restore of a keyring that is not this store's: evidence must still hold."""
    desk.house.keyring = MemoryKeyring()
    await desk.house.keyring.ensure([ID])
    given = await desk.evidence()
    assert all("key" not in event and "text_key" not in event for event in given["events"])
    assert "VALIDE" in await asyncio.to_thread(desk.read, given)


async def test_a_refusal_is_a_record_with_evidence_of_its_own(desk: Desk) -> None:
    with pytest.raises(Refused):
        await desk.house.do(SendForSignature(record_id=ID))
    stored = (await desk.house.recorder.after(0, 1_000))[-1]
    assert stored.record_id.startswith("refusal-")
    shown = await asyncio.to_thread(desk.read, await desk.evidence(stored.record_id))
    assert f"record_id : {ID}" in shown


async def test_evidence_ends_at_its_checkpoint(desk: Desk) -> None:
    last = await desk.publish()
    version = (await desk.house.convention(ID)).version
    await desk.house.do(
        NameSignatory(record_id=ID, party="academie:10", signatory=Signatory("Ada", "rectrice"))
    )
    given = await evidence(desk.connection, desk.house.keyring, ID, last, disclose=True)
    assert [event["version"] for event in given["events"]] == list(range(1, version + 1))
    later = await desk.publish()
    with pytest.raises(ValueError):
        await evidence(desk.connection, desk.house.keyring, ID, last, disclose=False, earlier=[later])
    with pytest.raises(LookupError, match="thing-unknown"):
        await evidence(desk.connection, desk.house.keyring, "thing-unknown", last, disclose=False)


async def test_evidence_crosses_a_declared_restore(desk: Desk) -> None:
    kept = await desk.publish()
    await desk.publisher.open_epoch(desk.connection)
    await fill(desk.house.recorder, 5, random.Random(4))  # type: ignore[arg-type]
    shown = await asyncio.to_thread(desk.read, await desk.evidence())
    assert f"Prolonge le point de contrôle de {kept.size} événements" in shown
    assert "(époque 2)" in shown


@pytest.mark.parametrize("count", [400, pytest.param(None, marks=pytest.mark.stress)])
async def test_no_byte_of_the_file_can_be_changed(desk: Desk, count: int | None) -> None:
    """``count``: how many bytes are tried, all of them if none is given."""
    await desk.publish()
    await desk.house.do(
        NameSignatory(record_id=ID, party="academie:10", signatory=Signatory("Ada", "rectrice"))
    )
    content = json.dumps(await desk.evidence(), ensure_ascii=False, separators=(",", ":")).encode()
    vkey, seed = desk.publisher.signer.vkey, random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    assert verify.verify(verify.read(content), vkey).valid
    places = range(len(content)) if count is None else rng.sample(range(len(content)), count)
    for place in places:
        changed = bytearray(content)
        changed[place] = rng.choice([one for one in range(256) if one != content[place]])
        assert not _holds(bytes(changed), vkey), (seed, place, changed[place])


def _holds(content: bytes, vkey: str) -> bool:
    try:
        return verify.verify(verify.read(content), vkey).valid
    except verify.Unreadable:
        return False
