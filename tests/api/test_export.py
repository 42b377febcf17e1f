"""An operator leaves with all its records, and with nothing of anybody else's."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import openpyxl
import pytest

from api.export import archive, cells, spool
from api.export.cells import guarded, unguarded
from api.export.gathering import Taken
from api.export.spool import Spool
from api.routes.export import MOST, TURNS
from domain.authorization import EXPORTING, ROLES, TABLE
from ledger.documents import Documents
from tests.api import walk
from tests.api.conftest import FACE, OTHER, Site
from tests.api.test_admission import PATH, PDF, accepted, hand_in, opened
from tests.api.test_imports import ended
from tests.api.test_mentors import EMAIL, GIVEN, REPORT, candidacy, filed, interview, person
from tests.api.test_trainings import ROOM, TRAINER, planned
from tests.api.walk import FACE_PARTY, PLANTED, TODAY
from tests.ops.importing import LINES
from tests.ops.importing import csv as lines_of

EXPORT = f"{PATH}/export"
THEIRS = "Personne-Des-Autres"
OTHER_PARTY = f"association:{OTHER}"
ON = TODAY.isoformat()
KINDS = {
    "association", "titres", "contacts", "pieces", "mentors", "formations", "inscriptions", "conventions",
    "parties", "entreprises", "imports",
}  # fmt: skip


@dataclass
class Opened:
    """An archive as its reader finds it."""

    files: Mapping[str, bytes]

    @property
    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.files["manifest.json"])
        return found

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files["evenements.jsonl"].decode().splitlines()]

    @property
    def everything(self) -> str:
        """All of it as text, the workbook's parts too."""
        book = zipfile.ZipFile(io.BytesIO(self.files["registre.xlsx"]))
        parts = [*self.files.values(), *(book.read(name) for name in book.namelist())]
        return "\n".join(part.decode("utf-8", "replace") for part in parts)

    def table(self, name: str) -> list[dict[str, str]]:
        text = self.files[f"{name}.csv"]
        assert text.startswith(b"\xef\xbb\xbf")
        return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline=""), delimiter=";"))


async def export(site: Site, who: str = "face", association: str = FACE, **headers: str) -> Opened:
    answer = await site.get(who, f"/v1/associations/{association}/export", **headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert int(answer.headers["content-length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as made:
        assert made.testzip() is None
        return Opened({name: made.read(name) for name in made.namelist()})


async def readings(site: Site, who: str) -> list[tuple[str, str]]:
    """Whose data that reader was shown, and for what."""
    answer = await site.call("dpo", "GET", f"/v1/readings?limit=200&reader={site.ids[who]}")
    return [(one["subject"], one["purpose"]) for one in reversed(answer.json()["items"])]


@dataclass
class Lived:
    """The records of two associations that share a company, a convention and an e-mail address."""

    company: str
    convention: str
    mentors: Mapping[str, str]
    course: str
    statutes: bytes


@pytest.fixture
async def lived(site: Site) -> Lived:
    await opened(site)
    await hand_in(site, "statutes")
    await site.do("lyon", "POST", f"{PATH}/documents/statutes/refusal", _read(PDF) | {"reason": "Incomplet."})
    statutes = PDF + b" bis"
    await hand_in(site, "statutes", statutes)
    await accepted(site, "charter")
    await site.do("face", "PUT", f"{PATH}/contacts/coordinator", {"name": PLANTED})
    await site.do("other", "PUT", f"/v1/associations/{OTHER}/contacts/president", {"name": THEIRS})
    company = (await site.do("face", "POST", "/v1/companies", {"name": "Ateliers du Rhône"}))["id"]
    await site.do("other", "POST", f"/v1/companies/{company}/ties", {"kind": "visit", "count": 2, "on": ON})
    mentors = {}
    for who, association, changes in (
        ("face", FACE, {}),
        ("other", OTHER, {"given_name": THEIRS, "family_name": THEIRS}),
    ):
        asked = candidacy(association_id=association, person=person(**changes))
        asked["profile"]["company_id"] = company
        mentors[who] = (await site.do(who, "POST", "/v1/mentors", asked))["id"]
    await filed(site, mentors["face"])
    await site.do("face", "POST", f"/v1/mentors/{mentors['face']}/interviews", interview())
    course = (await site.do("face", "POST", "/v1/trainings", planned()))["id"]
    await site.do("other", "POST", "/v1/trainings", planned(association=OTHER, title=THEIRS, trainer=THEIRS))
    await site.do("face", "POST", f"/v1/trainings/{course}/opening")
    await site.do("face", "POST", f"/v1/trainings/{course}/enrolments", {"mentor_id": mentors["face"]})
    convention = await _shared_convention(site)
    return Lived(company, convention, mentors, course, statutes)


async def _shared_convention(site: Site) -> str:
    parties = [
        {"key": "academie:10", "name": "académie de Lyon"},
        {"key": FACE_PARTY, "name": "FACE"},
        {"key": OTHER_PARTY, "name": "une autre association"},
    ]
    record = await walk.drafted(site, parties=parties)
    version = 1
    for who, party, name in (("lyon", "academie:10", THEIRS), ("face", FACE_PARTY, PLANTED),
                             ("other", OTHER_PARTY, THEIRS)):  # fmt: skip
        path = f"/v1/conventions/{record}/parties/{party}/signatory"
        told = await site.do(who, "PUT", path, {"name": name, "title": "directrice"}, etag=version)
        version = told["version"]
    return record


def _read(file: bytes) -> dict[str, str]:
    return {"sha256": sha256(file).hexdigest()}


async def test_everything_is_in_it_and_each_file_is_what_the_manifest_says(site: Site, lived: Lived) -> None:
    found = await export(site)

    assert set(found.manifest["files"]) == set(found.files) - {"manifest.json"}
    for name, told in found.manifest["files"].items():
        assert (told["sha256"], told["size"]) == (sha256(found.files[name]).hexdigest(),
                                                  len(found.files[name])), name  # fmt: skip
    assert {f"{kind}.csv" for kind in KINDS} | {"registre.xlsx", "evenements.jsonl", "LISEZMOI.txt"} <= set(
        found.files
    )
    (mentor,) = found.table("mentors")
    assert (mentor["identifiant"], mentor["prénom"], mentor["courriel"]) == (
        lived.mentors["face"], GIVEN, EMAIL,
    )  # fmt: skip
    assert mentor["compte rendu de l'entretien"] == REPORT
    assert mentor["entreprise"] == lived.company
    assert [(one["identifiant"], one["nom"]) for one in found.table("entreprises")] == [
        (lived.company, "Ateliers du Rhône")
    ]
    (course,) = found.table("formations")
    assert (course["identifiant"], course["lieu"], course["formateur·rice"]) == (lived.course, ROOM, TRAINER)
    assert [(o["mentor"], o["état"]) for o in found.table("inscriptions")] == [
        (lived.mentors["face"], "inscrit·e")
    ]
    assert [(c["rôle"], c["nom"]) for c in found.table("contacts")] == [("coordination", PLANTED)]
    (convention,) = found.table("conventions")
    assert (convention["identifiant"], convention["notre signataire"]) == (lived.convention, PLANTED)
    assert len(found.table("parties")) == 3
    assert f"position {found.manifest['position']}," in found.files["LISEZMOI.txt"].decode()


async def test_every_file_handed_in_is_there_with_what_became_of_it(site: Site, lived: Lived) -> None:
    found = await export(site)
    told = {(one["code"], one["état"]): one["fichier"] for one in found.table("pieces")}
    files = {state: found.files[path] for (code, state), path in told.items() if code == "statutes"}

    assert files == {"refusée": PDF, "reçue, à examiner": lived.statutes}
    assert found.files[told["charter", "acceptée"]] == PDF
    assert told["insurance", "demandée"] == ""


async def test_the_workbook_says_the_same_as_the_tables(site: Site, lived: Lived) -> None:
    found = await export(site)
    book = openpyxl.load_workbook(io.BytesIO(found.files["registre.xlsx"]), read_only=True)
    titles = {"mentors": "Mentors", "parties": "Parties aux conventions", "pieces": "Pièces"}
    assert len(book.sheetnames) == len(KINDS)
    for name, title in titles.items():
        header, *rows = book[title].iter_rows(values_only=True)
        sheet = [dict(zip(header, ("" if v is None else str(v) for v in row), strict=True)) for row in rows]
        assert sheet == found.table(name)
    book.close()


async def test_events_are_told_in_full_with_who_and_when(site: Site, lived: Lived) -> None:
    found = await export(site)
    own = [one for one in found.events if one["record"] == lived.mentors["face"]]
    applied = own[0]

    assert [one["version"] for one in own] == list(range(1, len(own) + 1))
    assert (applied["type"], applied["actor"], applied["role"]) == (
        "mentor.Applied@1", site.ids["face"], "association",
    )  # fmt: skip
    assert applied["data"]["person"]["email"] == EMAIL
    assert applied["effective"] <= applied["recorded"]
    assert all(one["position"] <= found.manifest["position"] for one in found.events)
    assert found.manifest["rows"]["evenements"] == len(found.events)
    reasons = {one["type"]: one["reason"] for one in found.events if one["reason"]}
    assert reasons["association.DocumentRefused@1"] == "Incomplet."


async def test_the_imports_of_an_operator_are_told_by_their_counts_and_their_events(
    site: Site, lived: Lived
) -> None:
    ours = await ended(site, lines_of(*LINES))
    theirs = await ended(site, lines_of(*LINES), f"/v1/imports?kind=mentors&association={OTHER}", "other")
    for who in ("face", "dpo"):
        found = await export(site, who)
        (row,) = found.table("imports")
        counts = [row[name] for name in ("lignes", "nouvelles", "déjà connues", "anomalies")]
        assert (row["identifiant"], row["contenu"], row["état"]) == (ours, "mentors", "enregistré")
        assert counts == ["3", "3", "0", "0"]
        topics = [one["type"] for one in found.events if one["record"] == ours]
        assert (topics[0], topics[-1]) == ("import.Submitted@1", "import.Recorded@1")
        assert theirs not in found.everything


async def test_refusals_are_told_too(site: Site, lived: Lived) -> None:
    await site.call("face", "POST", f"/v1/mentors/{lived.mentors['face']}/clearance", {"on": ON})
    (told,) = [one for one in (await export(site)).events if one["type"] == "refusal.Recorded@1"]
    assert (told["record"], told["version"], told["command"]) == (
        lived.mentors["face"], None, "mentor.clear",
    )  # fmt: skip


async def test_nothing_of_another_association_is_in_it(site: Site, lived: Lived) -> None:
    """They share a company, a convention, and the e-mail address of a mentor."""
    why = {"reason": f"Parce que {THEIRS}."}
    await site.do("other", "POST", f"/v1/conventions/{lived.convention}/abandonment", why)
    for who in ("face", "dpo"):
        text = (await export(site, who)).everything
        assert THEIRS not in text
        assert lived.mentors["other"] not in text
        assert site.ids["other"] not in text, "who acts there is not told"
    theirs = await export(site, "other", OTHER)
    assert THEIRS in theirs.everything
    for ours in (PLANTED, GIVEN, REPORT, lived.mentors["face"], lived.course, site.ids["face"]):
        assert ours not in theirs.everything


async def test_who_signs_for_another_party_is_withheld_and_said_to_be(site: Site, lived: Lived) -> None:
    events = (await export(site)).events
    named = {
        one["data"]["party"]: (one["data"].get("name"), one["withheld"])
        for one in events
        if one["type"] == "convention.SignatoryNamed@1"
    }
    assert named["academie:10"] == (None, ["name"])
    assert named[FACE_PARTY] == (PLANTED, [])
    assert named[OTHER_PARTY] == (None, ["name", "actor"])


async def test_only_the_association_itself_and_the_officer_may_ask(site: Site, lived: Lived) -> None:
    assert TABLE[EXPORTING] == {"association", "dpo"} <= set(ROLES)
    answers = {}
    for who in ("national", "lyon", "grenoble", "other", "lycee", "auditor", "operator", "face", "dpo"):
        answer = await site.get(who, EXPORT)
        answers[who] = (
            answer.status_code if answer.is_success else (answer.status_code, answer.json()["code"])
        )
    refused, hidden = (403, "role_not_allowed"), (404, "not_found")
    assert answers == {
        "national": refused, "lyon": refused, "grenoble": hidden, "other": hidden, "lycee": hidden,
        "auditor": refused, "operator": hidden, "face": 200, "dpo": 200,
    }  # fmt: skip
    for who in ("national", "lyon", "other", "auditor"):
        assert await readings(site, who) == []
    assert (await site.get("face", "/v1/associations/association-none/export")).status_code == 404
    assert (await site.call(None, "GET", EXPORT)).status_code == 401


async def test_each_record_shown_is_noted_once_before_the_first_byte(
    site: Site, lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[list[tuple[str, str]]] = []
    chunks = Spool.chunks

    def reading(self: Spool) -> Any:
        pending.append(self)
        return chunks(self)

    pending: list[Spool] = []
    monkeypatch.setattr(Spool, "chunks", reading)
    exported = archive.exported

    async def seen(*arguments: Any) -> archive.Export:
        export = await exported(*arguments)
        noted.append(await readings(site, "face"))
        assert export.spool not in pending, "nothing has left yet"
        return export

    monkeypatch.setattr("api.routes.export.exported", seen)
    await export(site, **{"X-Purpose": "Depart du dispositif"})
    subjects = [subject for subject, _ in noted[0]]
    own = {FACE, lived.company, lived.convention, lived.mentors["face"], lived.course}
    assert sorted(subjects) == sorted(own), "one entry a record"
    assert {purpose for _, purpose in noted[0]} == {"export : Depart du dispositif"}
    assert await readings(site, "face") == noted[0]


async def test_what_cannot_be_noted_is_not_handed_out(
    site: Site, lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.readings.MOST_WAITING", 0)
    answer = await site.get("face", EXPORT)
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert GIVEN not in answer.text


async def test_an_erased_person_is_forgotten_and_not_noted(site: Site, lived: Lived) -> None:
    mentor = lived.mentors["face"]
    await site.do("dpo", "POST", f"/v1/records/{mentor}/erasure", {"ground": "objection"})
    found = await export(site)

    assert found.table("mentors")[0]["courriel"] == "[effacé]"
    applied = next(one for one in found.events if one["record"] == mentor)
    assert applied["data"]["person"]["email"] is None
    assert "person.email" in applied["forgotten"]
    for secret in (GIVEN, EMAIL, REPORT):
        assert secret not in found.everything
    assert mentor not in {subject for subject, _ in await readings(site, "face")}


async def test_the_files_of_an_erased_association_are_gone(site: Site, lived: Lived) -> None:
    await site.do("dpo", "POST", f"/v1/records/{FACE}/erasure", {"ground": "objection"})
    found = await export(site, "dpo")
    assert [name for name in found.files if name.startswith("documents/")] == []
    assert {one["fichier"] for one in found.table("pieces")} == {""}
    assert GIVEN in found.everything, "its mentors are not erased with it"


async def test_all_is_told_at_one_position_whoever_writes_meanwhile(
    site: Site, lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody applies, changes and enrols while the records are being taken."""
    before = await export(site)
    head = before.manifest["position"]
    take = Taken.take
    late: list[str] = []

    async def while_somebody_writes(self: Taken, record_ids: Any) -> Any:
        if not late:
            told = person(given_name="Tardive", email="tard@exemple.test", birth_date="1990-01-01")
            late.append((await site.do("face", "POST", "/v1/mentors", candidacy(person=told)))["id"])
            await site.do("face", "PUT", f"{PATH}/contacts/coordinator", {"name": "Tardive"})
            await site.projector.catch_up()
        return await take(self, record_ids)

    monkeypatch.setattr(Taken, "take", while_somebody_writes)
    found = await export(site)
    assert late
    assert found.manifest["position"] == head
    assert "Tardive" not in found.everything
    assert late[0] not in found.everything
    assert found.events == before.events
    for kind in KINDS:
        assert found.files[f"{kind}.csv"] == before.files[f"{kind}.csv"]
    monkeypatch.undo()
    assert "Tardive" in (await export(site)).everything


@pytest.mark.parametrize("text", ["=1+1", "+33 6", "-2", "@x", "\t=1", "'déjà", "＝1", "=cmd|' /C calc'!A0"])
def test_no_spreadsheet_runs_a_cell_and_the_value_comes_back(text: str) -> None:
    written = cells.cell(text)
    assert isinstance(written, str)
    assert written[0] == "'"
    assert unguarded(written) == text


@pytest.mark.parametrize("text", ["", "Camille", "l'été", "12-3", "a=b"])
def test_other_texts_are_as_they_are(text: str) -> None:
    assert guarded(text) == text == unguarded(text)


async def test_a_formula_typed_by_somebody_is_a_text_in_both(site: Site, lived: Lived) -> None:
    danger = "=HYPERLINK(A1)"
    asked = candidacy(person=person(given_name=danger, email="x@exemple.test", birth_date="1991-01-01"))
    await site.do("face", "POST", "/v1/mentors", asked)
    found = await export(site)
    assert f"'{danger}" in {one["prénom"] for one in found.table("mentors")}
    book = openpyxl.load_workbook(io.BytesIO(found.files["registre.xlsx"]))
    values = {cell.value: cell.data_type for row in book["Mentors"].iter_rows() for cell in row}
    assert values[f"'{danger}"] == "s"
    assert "f" not in values.values()


def test_what_is_set_aside_on_disk_is_unreadable_has_no_name_and_reads_back() -> None:
    aside, body = Spool(), b"Camille Exemple\n" * 50_000
    for start in range(0, len(body), 1_000):
        aside.write(body[start : start + 1_000])
    assert (aside.size, aside.sha256) == (len(body), sha256(body).hexdigest())
    assert b"".join(aside.chunks()) == body == b"".join(aside.chunks())
    file = aside._file
    file.seek(0)
    assert b"Camille" not in file.read()
    status = os.fstat(file.fileno())
    assert (status.st_nlink, status.st_mode & 0o777) == (0, 0o600)
    aside.close()


async def test_nothing_is_left_open_however_it_ends(
    site: Site, lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Spool] = []
    monkeypatch.setattr(spool.Spool, "__init__", _counted(Spool.__init__, made))
    await export(site)
    assert len(made) > len(KINDS)
    monkeypatch.setattr(Documents, "read", _broken)
    with pytest.raises(OSError, match="disk"):
        await site.get("face", EXPORT)
    assert [one for one in made if not one._file.closed] == []
    assert TURNS.free == MOST


async def test_beyond_a_few_at_a_time_one_is_told_to_come_back(
    site: Site, lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.projector.catch_up()
    answers = await asyncio.gather(*(site.call("face", "GET", EXPORT) for _ in range(MOST + 2)))
    assert sorted(one.status_code for one in answers) == [200] * MOST + [503] * 2
    assert TURNS.free == MOST


def _counted(init: Any, made: list[Spool]) -> Any:
    def counted(self: Spool) -> None:
        init(self)
        made.append(self)

    return counted


async def _broken(*_: object) -> bytes:
    raise OSError("disk")
