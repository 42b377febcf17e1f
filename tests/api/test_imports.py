"""Imports over HTTP: a file handed in, its progress, its faults as a logged reading, the file sent back."""

from __future__ import annotations

from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from api.examples_imports import FAULTS, IMPORT
from api.routes.imports import FaultsPage
from domain.imports.parts import CSV, MOST_BYTES, XLSX
from ledger.feed import LedgerFeed
from ops import cli_imports
from ops.imports.apart import Here
from ops.imports.operators import association_id
from ops.imports.running import RunImport
from ops.imports.tables import STATE
from projections.imports import ImportRow
from tests.api import walk
from tests.api.conftest import FACE, OTHER, Site
from tests.ops.importing import HEADER, LINES, csv, workbook

BAD = "Petit;Jean;jean@exemple.test;bientôt;salarié"
TO_FACE = f"/v1/imports?kind=mentors&association={FACE}"


async def send(
    site: Site,
    body: str | bytes,
    path: str = TO_FACE,
    who: str | None = "face",
    *,
    key: str | None = None,
    media_type: str | None = None,
) -> httpx.Response:
    raw = body if isinstance(body, bytes) else body.encode()
    headers = {"Content-Type": media_type or (XLSX if raw.startswith(b"PK") else CSV)}
    return await site.call(who, "POST", path, file=raw, headers=headers, key=key)


async def ended(site: Site, body: str | bytes, path: str = TO_FACE, who: str = "face") -> str:
    """An import, carried out."""
    answer = await send(site, body, path, who)
    assert answer.status_code == 201, answer.text
    record_id: str = answer.json()["id"]
    await RunImport(site.executor, LedgerFeed(site.executor.recorder), site.documents, Here()).run(record_id)
    return record_id


async def readings(site: Site, subject: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await site.get("dpo", f"/v1/readings?subject={subject}")).json()["items"]
    return found


async def test_a_file_is_accepted_carried_out_and_its_mentors_are_there(site: Site) -> None:
    await walk.opened(site)
    answer = await send(site, csv(*LINES))
    record_id = answer.json()["id"]
    assert answer.headers["location"] == f"/v1/imports/{record_id}"
    waiting = (await site.get("face", f"/v1/imports/{record_id}")).json()
    assert (waiting["status"], waiting["lines"]) == ("received", None)
    assert [due["kind"] for due in waiting["next"]] == ["carry_out_import"]
    await RunImport(site.executor, LedgerFeed(site.executor.recorder), site.documents, Here()).run(record_id)
    row = (await site.get("face", f"/v1/imports/{record_id}")).json()
    told = {name: row[name] for name in ("status", "lines", "fresh", "known", "faults", "done", "total")}
    assert told == {
        "status": "recorded",
        "lines": 3,
        "fresh": 3,
        "known": 0,
        "faults": 0,
        "done": 3,
        "total": 3,
    }
    assert row["created_at"] <= row["since"] <= row["updated_at"]
    assert len((await site.get("face", "/v1/mentors")).json()["items"]) == 3
    history = (await site.get("face", f"/v1/imports/{record_id}/history")).json()["items"]
    assert history[0]["topic"] == "import.Submitted@1"
    assert history[0]["actor"] == site.ids["face"]
    assert "sha256" not in str(history)


async def test_a_dry_run_records_nothing(site: Site) -> None:
    await walk.opened(site)
    record_id = await ended(site, csv(*LINES), TO_FACE + "&dry_run=true")
    row = (await site.get("face", f"/v1/imports/{record_id}")).json()
    assert (row["status"], row["fresh"], row["dry_run"]) == ("checked", 3, True)
    assert (await site.get("face", "/v1/mentors")).json()["items"] == []


async def test_faults_come_by_pages_with_their_values_and_the_reading_is_logged(site: Site) -> None:
    await walk.opened(site)
    record_id = await ended(site, csv(BAD, LINES[0], BAD.replace("jean@", "j@"), header=HEADER))
    assert await readings(site, record_id) == []
    path = f"/v1/imports/{record_id}/faults"
    first = (await site.get("face", f"{path}?limit=1")).json()
    assert (first["count"], [f["line"] for f in first["items"]], first["next"]) == (2, [2], "1")
    assert first["items"][0]["value"] == "bientôt"
    second = (await site.get("face", f"{path}?limit=1&after=1")).json()
    assert ([f["line"] for f in second["items"]], second["next"]) == ([4], None)
    noted = await readings(site, record_id)
    assert [one["reader"] for one in noted] == [site.ids["face"]] * 2
    assert {one["purpose"] for one in noted} == {"import_faults"}


@pytest.mark.parametrize("as_workbook", [False, True])
async def test_the_file_comes_back_annotated_in_its_own_format(site: Site, as_workbook: bool) -> None:
    await walk.opened(site)
    rows = [line.split(";") for line in (HEADER, *LINES)]
    record_id = await ended(site, workbook(rows) if as_workbook else csv(*LINES))
    answer = await site.get("face", f"/v1/imports/{record_id}/file", **{"X-Purpose": "Relecture"})
    assert answer.headers["content-type"] == (XLSX if as_workbook else CSV)
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.content.startswith(b"PK") if as_workbook else STATE in answer.text
    (noted,) = await readings(site, record_id)
    assert noted["purpose"] == "import_file : Relecture"


async def test_what_is_not_there_yet_is_told_so(site: Site) -> None:
    await walk.opened(site)
    record_id = (await send(site, csv(*LINES))).json()["id"]
    for part in ("faults", "file"):
        answer = await site.get("face", f"/v1/imports/{record_id}/{part}")
        assert (answer.status_code, answer.json()["code"]) == (404, "import_under_way")


async def test_an_unreadable_file_does_not_come_back(site: Site) -> None:
    await walk.opened(site)
    record_id = await ended(site, b"a;b\0")
    assert (await site.get("face", f"/v1/imports/{record_id}/file")).json()["code"] == "no_such_file"
    faults = (await site.get("face", f"/v1/imports/{record_id}/faults")).json()
    assert faults["count"] == 1


async def test_another_s_association_is_refused_alike_whether_it_exists_or_not(site: Site) -> None:
    await walk.opened(site)
    answers = [
        await send(site, csv(*LINES), f"/v1/imports?kind=mentors&association={target}")
        for target in (OTHER, "association-nulle")
    ]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(403, "outside_your_scope")] * 2
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert await site.documents.records() == set()
    assert (await site.get("face", "/v1/imports")).json()["items"] == []


async def test_another_s_import_is_invisible_everywhere(site: Site) -> None:
    await walk.opened(site)
    record_id = await ended(site, csv(*LINES, BAD))
    for who in ("other", "lyon", "grenoble", "lycee", "national", "operator"):
        for part in ("", "/faults", "/file", "/history"):
            answer = await site.get(who, f"/v1/imports/{record_id}{part}")
            assert answer.status_code == 404, (who, part)
        assert (await site.get(who, "/v1/imports")).json()["items"] == []
        assert (await site.get(who, f"/v1/imports?association={FACE}")).json()["items"] == []
    assert await readings(site, record_id) == []


@pytest.mark.parametrize("who", ["auditor", "dpo"])
async def test_who_watches_sees_the_counts_and_never_the_file(site: Site, who: str) -> None:
    await walk.opened(site)
    record_id = await ended(site, csv(*LINES, BAD))
    row = await site.get(who, f"/v1/imports/{record_id}")
    assert row.json()["faults"] == 1
    assert "exemple.test" not in row.text
    for part in ("faults", "file"):
        answer = await site.get(who, f"/v1/imports/{record_id}/{part}")
        assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("lyon", TO_FACE),
        ("national", TO_FACE),
        ("lycee", TO_FACE),
        ("face", "/v1/imports?kind=associations"),
        ("dpo", "/v1/imports?kind=associations"),
    ],
)
async def test_a_role_that_may_not_is_told_so_and_nothing_is_kept(site: Site, who: str, path: str) -> None:
    await walk.opened(site)
    answer = await send(site, csv(*LINES), path, who)
    assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")
    assert await site.documents.records() == set()


async def test_an_academie_brings_in_associations(site: Site) -> None:
    await walk.opened(site)
    record_id = await ended(
        site, "Association;Académie\nTélémaque;Lyon\n", "/v1/imports?kind=associations", "lyon"
    )
    assert (await site.get("lyon", f"/v1/imports/{record_id}")).json()["fresh"] == 1
    assert (await site.get("grenoble", f"/v1/imports/{record_id}")).status_code == 404
    names = [one["name"] for one in (await site.get("lyon", "/v1/associations")).json()["items"]]
    assert "Télémaque" in names


def parts_of(site: Site) -> Any:
    feed = LedgerFeed(site.executor.recorder)
    return SimpleNamespace(reader=site.reader, feed=feed, world=site.executor.world)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Télémaque", "telemaque"),
        ("Été-social 9834", "étésocial9834"),
        ("Été social 9834", "ETE-SOCIAL  9834"),
        ("L'Été social (9834)", "l’été social 9834"),
    ],
)
async def test_the_terminal_finds_an_association_by_its_name_or_its_id(
    site: Site, name: str, told: str
) -> None:
    await walk.opened(site)
    body = f"Association;Académie\n{name};Lyon\n{name} Savoie;Grenoble, Lyon\n"
    await ended(site, body, "/v1/imports?kind=associations", "lyon")
    await site.projector.catch_up()
    parts = parts_of(site)
    assert await cli_imports._association(parts, told) == association_id(name, ("10",))
    assert await cli_imports._association(parts, FACE) == FACE
    for nobody in ("Personne", "association-nulle", "???"):
        with pytest.raises(SystemExit):
            await cli_imports._association(parts, nobody)


async def test_the_terminal_asks_which_when_two_academies_have_each_an_association_of_that_name(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    await walk.opened(site)
    for who in ("lyon", "grenoble"):
        await ended(site, "Association\nTélémaque\n", "/v1/imports?kind=associations", who)
    await site.projector.catch_up()
    with pytest.raises(SystemExit):
        await cli_imports._association(parts_of(site), "Télémaque")
    told = " ".join(capsys.readouterr().err.split())
    assert "Plusieurs associations" in told
    assert all(f"Télémaque ({association_id('Télémaque', (code,))})" in told for code in ("08", "10"))


async def test_the_terminal_takes_no_association_for_a_part_of_its_name(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    await walk.opened(site)
    body = "Association;Académie\nTélémaque Savoie;Lyon\n"
    await ended(site, body, "/v1/imports?kind=associations", "lyon")
    await site.projector.catch_up()
    with pytest.raises(SystemExit):
        await cli_imports._association(parts_of(site), "Télémaque")
    told = " ".join(capsys.readouterr().err.split())
    assert f"Télémaque Savoie ({association_id('Télémaque Savoie', ('10',))})" in told


async def test_the_same_key_with_the_same_file_is_one_import_with_another_it_is_refused(site: Site) -> None:
    await walk.opened(site)
    first = await send(site, csv(*LINES), key="k")
    again = await send(site, csv(*LINES), key="k")
    other = await send(site, csv(*LINES[1:]), key="k")
    assert (first.json(), again.status_code) == (again.json(), 201)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"a;b\n", "application/json"),
        (b"a;b\n", "application/octet-stream"),
        (b"a;b\n", XLSX),
        (workbook([["Nom"]]), CSV),
    ],
)
async def test_a_body_that_is_not_what_it_is_announced_to_be_is_refused(
    site: Site, body: bytes, media_type: str
) -> None:
    await walk.opened(site)
    answer = await send(site, body, media_type=media_type)
    assert (answer.status_code, answer.json()["code"]) == (415, "table_type")


async def test_an_empty_file_and_a_target_that_does_not_fit_are_refused(site: Site) -> None:
    await walk.opened(site)
    assert (await send(site, b"")).json()["code"] == "size_refused"
    assert (await send(site, csv(*LINES), "/v1/imports?kind=mentors")).json()["code"] == "import_target"
    attendance = f"/v1/imports?kind=attendance&association={FACE}&training=training-0"
    assert (await send(site, csv(*LINES), attendance)).json()["code"] == "no_such_training"
    assert (await send(site, csv(*LINES), TO_FACE + "&name=mentors.csv")).json()["code"] == "invalid"


async def test_a_file_may_be_larger_than_any_other_body_and_not_larger_than_twenty_mebibytes(
    site: Site,
) -> None:
    await walk.opened(site)
    padded = csv(*LINES).encode() + b"\n" * (3 * 1024 * 1024)
    assert (await send(site, padded)).status_code == 201
    answer = await send(site, b"a" * (MOST_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    elsewhere = await site.call("lyon", "POST", "/v1/companies", {"firm": {"name": "a" * (2 * 1024 * 1024)}})
    assert elsewhere.json()["code"] == "body_too_large"


async def test_imports_are_listed_the_last_first_and_filtered(site: Site) -> None:
    await walk.opened(site)
    ids = [await ended(site, csv(line)) for line in LINES]
    bad = await ended(site, csv(BAD))
    await site.projector.catch_up()
    page = (await site.get("face", "/v1/imports?limit=2")).json()
    rest = (await site.get("face", f"/v1/imports?limit=2&after={page['next']}")).json()
    assert [one["id"] for one in page["items"] + rest["items"]] == [bad, *reversed(ids)]
    faulty = (await site.get("face", "/v1/imports?status=faulty")).json()["items"]
    assert [one["id"] for one in faulty] == [bad]
    assert (await site.get("face", "/v1/imports?kind=associations")).json()["items"] == []


async def test_what_is_said_of_an_import_holds_no_word_of_its_file(site: Site) -> None:
    await walk.opened(site)
    record_id = await ended(site, csv(*LINES, BAD))
    for path in (f"/v1/imports/{record_id}", "/v1/imports", f"/v1/imports/{record_id}/history"):
        text = (await site.get("face", path)).text
        assert not [word for word in ("Diallo", "Petit", "exemple.test", "bientôt") if word in text]


def test_the_examples_have_the_shape_of_answers() -> None:
    assert set(IMPORT) == {field.name for field in fields(ImportRow)}
    TypeAdapter(ImportRow).validate_python(IMPORT)
    FaultsPage.model_validate(FAULTS)
