"""The import: who may send what, how it ends, who sees it, and when it is erased."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.calendar import start_of
from domain.erasure import Erase, Ground
from domain.imports.commands import Advance, Conclude, Submit
from domain.imports.due import due
from domain.imports.model import Import
from domain.imports.parts import (
    CSV,
    KEPT,
    KIND_LABELS,
    MOST_BYTES,
    STATUS_LABELS,
    File,
    ImportKind,
    Result,
    Status,
)
from domain.kernel import SYSTEM, Actor, Conflict, Forbidden, NotFound, Refused
from tests.domain.refusing import codes
from tests.support import AUDITOR, COORDINATOR, FACE, LYON, NATIONAL, House, fold_at

ID = "import-1"
FILE = File("a" * 64, 1_000, CSV)
RESULT = Result(3, 2, 1, 0, "b" * 64, "c" * 64)
DPO = Actor("t-dpo", "dpo", frozenset({"public", "role:dpo"}))


def submitting(**changes: Any) -> Submit:
    values: dict[str, Any] = {
        "record_id": ID,
        "kind": ImportKind.MENTORS,
        "association_id": FACE,
        "training_id": None,
        "file": FILE,
        "dry_run": False,
    }
    return Submit(**(values | changes))


async def read(house: House) -> Import:
    found = await fold_at(house.recorder, ID)
    assert isinstance(found, Import)
    return found


async def ended(house: House, result: Result = RESULT, **changes: Any) -> Import:
    await house.do(submitting(**changes), COORDINATOR)
    await house.do(Conclude(record_id=ID, result=result), SYSTEM)
    return await read(house)


async def test_it_goes_from_received_to_one_of_three_ends(house: House) -> None:
    assert (await ended(house)).status == Status.RECORDED
    for record_id, changes, status in (
        ("import-2", {"dry_run": True}, Status.CHECKED),
        ("import-3", {"dry_run": True, "faults": 4}, Status.FAULTY),
        ("import-4", {"faults": 1}, Status.FAULTY),
    ):
        result = replace(RESULT, faults=changes.pop("faults", 0))
        await house.do(submitting(record_id=record_id, **changes), COORDINATOR)
        await house.do(Conclude(record_id=record_id, result=result), SYSTEM)
        record = await fold_at(house.recorder, record_id)
        assert record
        assert record.status == status


async def test_an_end_is_final(house: House) -> None:
    before = await ended(house)
    await house.do(Conclude(record_id=ID, result=replace(RESULT, faults=9)), SYSTEM)
    await house.do(Advance(record_id=ID, done=1, total=9), SYSTEM)
    after = await read(house)
    assert (after.version, after.status, after.result) == (before.version, "recorded", RESULT)


async def test_progress_never_goes_back(house: House) -> None:
    await house.do(submitting(), COORDINATOR)
    for done in (10, 5, 10, 20):
        await house.do(Advance(record_id=ID, done=done, total=20), SYSTEM)
    record = await read(house)
    assert (record.done, record.total, record.version) == (20, 20, 3)


REFUSED: list[tuple[Actor, dict[str, Any], type[Exception], str]] = [
    (LYON, {}, Forbidden, "role_not_allowed"),
    (NATIONAL, {}, Forbidden, "role_not_allowed"),
    (
        COORDINATOR,
        {"kind": ImportKind.ASSOCIATIONS, "association_id": None},
        Forbidden,
        "role_not_allowed",
    ),
    (COORDINATOR, {"association_id": "association-other"}, NotFound, "not_found"),
    (COORDINATOR, {"association_id": None}, Refused, "import_target"),
    (COORDINATOR, {"training_id": "training-1"}, Refused, "import_target"),
    (COORDINATOR, {"kind": ImportKind.ATTENDANCE}, Refused, "import_target"),
    (
        COORDINATOR,
        {"kind": ImportKind.ATTENDANCE, "training_id": "training-0"},
        Refused,
        "no_such_training",
    ),
    (COORDINATOR, {"file": replace(FILE, size=MOST_BYTES + 1)}, Refused, "size_refused"),
    (COORDINATOR, {"file": replace(FILE, size=0)}, Refused, "size_refused"),
    (COORDINATOR, {"file": replace(FILE, media_type="text/html")}, Refused, "media_type_refused"),
    (COORDINATOR, {"file": replace(FILE, sha256="x")}, Refused, "hash_malformed"),
    (
        Actor("t", "academie", frozenset({"public", "state"})),
        {"kind": ImportKind.ASSOCIATIONS, "association_id": None},
        Forbidden,
        "role_not_allowed",
    ),
]


@pytest.mark.parametrize(("actor", "changes", "error", "code"), REFUSED)
async def test_who_may_not_or_a_file_that_is_none_is_refused(
    house: House, actor: Actor, changes: dict[str, Any], error: type[Exception], code: str
) -> None:
    with pytest.raises(error) as refused:
        await house.do(submitting(**changes), actor)
    assert refused.value.code == code  # type: ignore[attr-defined]
    assert await fold_at(house.recorder, ID) is None


def test_every_guard_of_this_room_has_refused_something() -> None:
    assert codes("imports") <= {code for *_, code in REFUSED} | {"already_submitted"}


async def test_an_id_is_taken_once(house: House) -> None:
    await house.do(submitting(), COORDINATOR)
    with pytest.raises(Conflict) as known:
        await house.do(submitting(dry_run=True), COORDINATOR)
    assert known.value.code == "already_submitted"


async def test_it_is_its_association_s_and_shows_nobody_to_those_who_watch(house: House) -> None:
    await house.do(submitting(), COORDINATOR)
    record = await read(house)
    assert record.scopes() == {f"association:{FACE}", "role:auditor", "role:dpo"}
    assert record.owners == {f"association:{FACE}"}
    assert not {"auditor", "dpo", "national", "lycee"} & record.persons_shown_to
    assert AUDITOR.role == "auditor"


async def test_an_import_of_associations_is_of_the_academies_of_whoever_sent_it(house: House) -> None:
    await house.do(submitting(kind=ImportKind.ASSOCIATIONS, association_id=None), LYON)
    assert (await read(house)).owners == {"academie:10"}


async def test_it_is_due_at_once_then_a_month_after_its_end(house: House) -> None:
    await house.do(submitting(), COORDINATOR)
    now = house.clock.instant
    (first,) = due(await read(house), now)
    assert (first.kind, first.at <= now, first.automatic) == ("carry_out_import", True, True)
    await house.do(Conclude(record_id=ID, result=RESULT), SYSTEM)
    (last,) = due(await read(house), now)
    assert (last.kind, last.at) == ("erase", start_of(house.clock.today + KEPT))
    assert timedelta(days=30) == KEPT
    house.clock.advance(days=30)
    await house.do(Erase(record_id=ID, ground=Ground.RETENTION), SYSTEM)
    assert due(await read(house), house.clock.instant) == []


async def test_the_officer_may_erase_it_at_any_time(house: House) -> None:
    await house.do(submitting(), COORDINATOR)
    await house.do(Erase(record_id=ID, ground=Ground.OBJECTION), DPO)
    record = await read(house)
    assert record.is_erased
    with pytest.raises(Refused, match="effacées"):
        await house.do(Conclude(record_id=ID, result=RESULT), SYSTEM)


def test_every_word_for_the_screen_is_there() -> None:
    assert set(KIND_LABELS) == set(ImportKind)
    assert set(STATUS_LABELS) == set(Status)
