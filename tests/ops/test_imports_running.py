"""An import that came through the API: brought to its end once, whatever dies or overtakes it on the way."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from domain.erasure import Erase, Ground
from domain.imports.commands import Submit
from domain.imports.model import Import
from domain.imports.parts import CSV, XLSX, File, ImportKind, Status
from domain.kernel import SYSTEM, Actor
from domain.mentor.model import Mentor
from ledger.documents import Documents
from ledger.feed import LedgerFeed
from ledger.recorder import VersionConflict
from ops.imports.apart import Here
from ops.imports.running import Overtaken, RunImport
from tests.ops.importing import LINES, Desk, csv, workbook
from tests.support import COORDINATOR, FACE, LYON, fold_at

FIRST = "import-1"
DPO = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))


class Office:
    """A desk with documents, and whoever carries imports out."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.desk, self.house = desk, desk.house
        self.documents = Documents(folder, self.house.keyring)
        self.seconds = 0.0
        self.importer = self.another()

    def another(self) -> RunImport:
        feed = LedgerFeed(self.house.recorder)
        return RunImport(self.house.executor, feed, self.documents, Here(), lambda: self.seconds)

    async def submit(
        self, body: str | bytes, record_id: str = FIRST, *, actor: Actor = COORDINATOR, **changes: Any
    ) -> str:
        raw = body if isinstance(body, bytes) else body.encode()
        digest = await self.documents.keep(record_id, raw)
        media_type = XLSX if raw.startswith(b"PK") else CSV
        values = {
            "kind": ImportKind.MENTORS,
            "association_id": FACE,
            "training_id": None,
            "file": File(digest, len(raw), media_type),
            "dry_run": False,
        }
        await self.house.do(Submit(record_id=record_id, **(values | changes)), actor)
        return record_id

    async def read(self, record_id: str = FIRST) -> Import:
        found = await fold_at(self.house.recorder, record_id)
        assert isinstance(found, Import)
        return found

    async def kept(self, digest: str | None, record_id: str = FIRST) -> bytes:
        assert digest
        return await self.documents.read(record_id, digest)

    async def topics(self, record_id: str = FIRST) -> list[str]:
        stored = (await self.house.recorder.load([record_id])).events
        return [one.topic.partition(".")[2].partition("@")[0] for one in stored]


@pytest.fixture
async def office(tmp_path: Path) -> Office:
    return Office(await Desk().open(), tmp_path / "documents")


async def test_what_the_lines_record_is_recorded_with_the_end_of_the_import(office: Office) -> None:
    batches: list[set[str]] = []
    append = office.house.recorder.append

    async def watched(batch: Any) -> Any:
        batches.append({new.topic for new in batch.events})
        return await append(batch)

    await office.submit(csv(*LINES))
    office.house.recorder.append = watched  # type: ignore[method-assign]
    await office.importer.run(FIRST)
    assert batches[-1] == {"mentor.Applied@1", "import.Recorded@1"}
    record = await office.read()
    result = record.result
    assert result
    assert (record.status, result.lines, result.fresh, result.known, result.faults) == (
        "recorded",
        3,
        3,
        0,
        0,
    )
    assert len(await office.desk.mentors()) == 3
    applied = next(e for e in office.desk.events if e.topic == "mentor.Applied@1")
    assert (applied.facts["actor"], applied.facts["role"]) == (COORDINATOR.id, "association")
    assert "enregistrée" in (await office.kept(result.annotated_sha256)).decode()


async def test_a_faulty_file_says_why_and_records_nothing(office: Office) -> None:
    await office.submit(csv(LINES[0], "Petit;Jean;;bientôt;salarié"))
    await office.importer.run(FIRST)
    record = await office.read()
    assert (record.status, record.result and record.result.faults) == ("faulty", 1)
    assert record.result
    report = json.loads(await office.kept(record.result.report_sha256))
    assert report["faults"][0] | {"remedy": ""} == {
        "line": 3,
        "column": "Date de naissance",
        "value": "bientôt",
        "problem": "Ce n'est pas une date.",
        "remedy": "",
    }
    assert await office.desk.mentors() == []
    assert "bientôt" not in repr(office.desk.events)


async def test_a_dry_run_ends_checked_and_records_nothing(office: Office) -> None:
    await office.submit(csv(*LINES), dry_run=True)
    await office.importer.run(FIRST)
    record = await office.read()
    assert (record.status, record.result and record.result.fresh) == ("checked", 3)
    assert await office.desk.mentors() == []


async def test_an_unreadable_file_has_a_report_and_does_not_come_back(office: Office) -> None:
    await office.submit(b"\0")
    await office.importer.run(FIRST)
    record = await office.read()
    assert (record.status, record.result and record.result.annotated_sha256) == ("faulty", None)


async def test_killed_between_the_trial_and_the_commit_it_begins_again_and_doubles_nothing(
    office: Office,
) -> None:
    await office.submit(csv(*LINES))
    append = office.house.recorder.append

    async def killed(batch: Any) -> Any:
        if any(new.topic == "import.Recorded@1" for new in batch.events):
            raise asyncio.CancelledError
        return await append(batch)

    office.house.recorder.append = killed  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await office.importer.run(FIRST)
    assert (await office.read()).status == Status.RECEIVED
    assert await office.desk.mentors() == []
    office.house.recorder.append = append  # type: ignore[method-assign]
    for _ in range(2):
        await office.another().run(FIRST)
    assert (await office.topics()).count("Recorded") == 1
    assert len(await office.desk.mentors()) == 3


async def test_killed_after_the_commit_there_is_nothing_left_to_do(office: Office) -> None:
    await office.submit(csv(*LINES))
    append = office.house.recorder.append

    async def lost(batch: Any) -> Any:
        stored = await append(batch)
        if any(new.topic == "import.Recorded@1" for new in batch.events):
            raise asyncio.CancelledError
        return stored

    office.house.recorder.append = lost  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await office.importer.run(FIRST)
    events = len(office.desk.events)
    await office.another().run(FIRST)
    assert len(office.desk.events) == events


async def test_the_same_file_sent_twice_at_once_is_recorded_once(office: Office) -> None:
    body = csv(*(f"N{i};P;p{i}@exemple.test;;salarié" for i in range(50)))
    await office.submit(body)
    await office.submit(body, "import-2")
    await asyncio.gather(office.importer.run(FIRST), office.another().run("import-2"))
    results = [(await office.read(record_id)).result for record_id in (FIRST, "import-2")]
    assert sorted((r.fresh, r.known) for r in results if r) == [(0, 50), (50, 0)]
    assert len(await office.desk.mentors()) == 50


async def test_two_workers_at_one_import_bring_it_to_one_end(office: Office) -> None:
    await office.submit(csv(*LINES))
    await asyncio.gather(office.importer.run(FIRST), office.another().run(FIRST))
    assert (await office.topics()).count("Recorded") == 1
    assert len(await office.desk.mentors()) == 3


async def test_overtaken_each_time_it_gives_up_loudly_and_leaves_nothing(office: Office) -> None:
    await office.submit(csv(*LINES))
    append = office.house.recorder.append

    async def overtaken(batch: Any) -> Any:
        if any(new.topic == "mentor.Applied@1" for new in batch.events):
            raise VersionConflict(FACE)
        return await append(batch)

    office.house.recorder.append = overtaken  # type: ignore[method-assign]
    with pytest.raises(Overtaken):
        await office.importer.run(FIRST)
    assert (await office.read()).status == Status.RECEIVED
    assert await office.desk.mentors() == []


async def test_progress_is_told_every_two_seconds_at_most(office: Office) -> None:
    await office.submit(csv(*(f"N{i};P;p{i}@exemple.test;;salarié" for i in range(40))))
    clock = office.importer._clock

    def ticking() -> float:
        office.seconds += 0.25
        return clock()

    office.importer._clock = ticking
    await office.importer.run(FIRST)
    advanced = (await office.topics()).count("Advanced")
    assert 4 <= advanced <= 6
    record = await office.read()
    assert (record.done, record.total) == (40, 40)


async def test_an_import_erased_meanwhile_ends_there(office: Office) -> None:
    await office.submit(csv(*LINES))
    await office.house.do(Erase(record_id=FIRST, ground=Ground.OBJECTION), DPO)
    await office.importer.run(FIRST)
    assert await office.desk.mentors() == []
    assert (await office.topics())[-1] == "SubjectErased"


async def test_a_file_that_is_gone_is_a_fault(office: Office) -> None:
    await office.submit(csv(*LINES))
    await office.documents.forget(FIRST)
    await office.importer.run(FIRST)
    assert (await office.read()).status == Status.FAULTY


async def test_associations_and_attendance_go_the_same_way(office: Office) -> None:
    rows = [["Association", "Académie"], ["Télémaque", "Lyon"]]
    target: dict[str, Any] = {"kind": ImportKind.ASSOCIATIONS, "association_id": None}
    await office.submit(workbook(rows), actor=LYON, **target)
    await office.importer.run(FIRST)
    assert (await office.read()).status == Status.RECORDED


async def test_a_month_after_its_end_and_not_before_it_is_due_to_be_erased(office: Office) -> None:
    await office.submit(csv(*LINES))
    await office.importer.run(FIRST)
    for days, status in ((29, "recorded"), (1, "erased")):
        office.house.clock.advance(days=days)
        await office.house.do(Erase(record_id=FIRST, ground=Ground.RETENTION), SYSTEM)
        assert (await office.read()).status == status


async def test_nothing_of_the_file_is_in_the_events_in_clear(office: Office) -> None:
    await office.submit(csv(*LINES))
    await office.importer.run(FIRST)
    written = repr(office.desk.events)
    assert not [word for word in ("Diallo", "Awa", "exemple.test", "1990") if word in written]
    assert isinstance((await office.desk.mentors())[0], Mentor)
