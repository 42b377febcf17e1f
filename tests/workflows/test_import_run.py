"""The process of an import, on a server that skips time: carried out at once, erased a month later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from domain.imports.parts import ImportKind
from ledger.feed import LedgerFeed
from ops.imports.running import RunImport
from tests.ops.importing import LINES, Desk, csv
from tests.ops.test_imports_running import FIRST, Office
from tests.support import LYON
from tests.workflows.stage import Letters, Stage
from workflows.failures import MOST_TRIES


@pytest.fixture
def office(stage: Stage, tmp_path: Path) -> Office:
    """In the house of the stage."""
    office = Office(Desk(stage.house), tmp_path / "documents")
    stage.activities._importer = office.importer
    return office


async def test_an_import_is_carried_out_at_once_and_erased_thirty_days_later(
    stage: Stage, office: Office
) -> None:
    await office.submit(csv(*LINES))
    await stage.play(FIRST)
    told = [line for line in await stage.told(FIRST) if "Advanced" not in line]
    assert told == ["0 Recorded", "30 SubjectErased"]
    assert len(await office.desk.mentors()) == 3
    assert stage.letters == Letters()


async def test_a_faulty_file_ends_its_procedure_like_any_other(stage: Stage, office: Office) -> None:
    target: dict[str, Any] = {"kind": ImportKind.ASSOCIATIONS, "association_id": None}
    await office.submit("Association;Académie\nTélémaque;Nulle part\n", actor=LYON, **target)
    await stage.play(FIRST)
    told = [line for line in await stage.told(FIRST) if "Advanced" not in line]
    assert told == ["0 Faulted", "30 SubjectErased"]


async def test_a_run_cut_short_between_the_trial_and_the_commit_begins_again_and_doubles_nothing(
    stage: Stage, office: Office
) -> None:
    """Seven times over: the database is waited for, for ever."""
    await office.submit(csv(*LINES))
    append, refused = office.house.recorder.append, list[str]()

    async def away(batch: Any) -> Any:
        if len(refused) < 7 and any(new.topic == "import.Recorded@1" for new in batch.events):
            refused.append("away")
            raise OSError
        return await append(batch)

    office.house.recorder.append = away  # type: ignore[method-assign]
    await stage.play(FIRST)
    assert len(refused) == 7
    assert len(await office.desk.mentors()) == 3
    assert stage.letters == Letters()


class Broken(RunImport):
    """It fails for a reason of its own, however often it is tried."""

    tries = 0

    async def run(self, import_id: str) -> None:
        self.tries += 1
        raise LookupError("Awa Diallo")


async def test_an_import_that_fails_five_times_for_a_reason_of_its_own_ends_faulty_and_says_what_to_do(
    stage: Stage, office: Office
) -> None:
    broken = Broken(office.house.executor, LedgerFeed(office.house.recorder), office.documents)
    stage.activities._importer = broken
    await office.submit(csv(*LINES))
    await stage.play(FIRST)
    assert broken.tries == MOST_TRIES
    assert await stage.told(FIRST) == ["0 Faulted", "30 SubjectErased"]
    assert stage.letters.kept == [(FIRST, "carry_out", "LookupError")]


async def test_what_was_given_up_is_told_in_the_report_without_quoting_the_file(office: Office) -> None:
    await office.submit(csv(*LINES))
    for _ in range(2):
        await office.importer.give_up(FIRST)
    result = (await office.read()).result
    assert result
    report = json.loads(await office.kept(result.report_sha256))
    assert [fault["problem"] for fault in report["faults"]] == [
        "L'import a échoué plusieurs fois, et rien n'est enregistré."
    ]
    assert await office.desk.mentors() == []
    assert (await office.topics()).count("Faulted") == 1


async def test_an_end_that_cannot_be_told_either_is_set_aside_in_plain_sight(
    stage: Stage, office: Office
) -> None:
    class Mute(Broken):
        async def give_up(self, import_id: str) -> None:
            raise LookupError("Awa Diallo")

    stage.activities._importer = Mute(
        office.house.executor, LedgerFeed(office.house.recorder), office.documents
    )
    await office.submit(csv(*LINES))
    await stage.play(FIRST)
    assert stage.letters.kept == [(FIRST, "carry_out", "LookupError")]
