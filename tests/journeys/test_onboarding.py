"""An association enters into service on the whole stack, as its guide tells it; Temporal is lost midway."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.stack import ROOT, Stack, eventually, running

FACE = "association-3c5cd1f8-c18c-5a44-96db-1524ef21fe7a"
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("home") / "var"
    with running(home) as started:
        yield started


def guide() -> list[str]:
    """The shell blocks of each part of the guide, as printed there; the first is for all of them."""
    text = (ROOT / "docs" / "entree-en-service.md").read_text(encoding="utf-8")
    opening, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    shells = ["\n".join(re.findall(r"```sh\n(.*?)```", part, re.DOTALL)) for part in (opening, *parts)]
    return [shell for shell in shells if shell]


def codes(said: str) -> list[str]:
    """The problems that were met."""
    return re.findall(r'"type":"/v1/problems/(\w+)"', said)


def topics(stack: Stack, path: str) -> list[str]:
    lines = stack.get(f"{path}/history", role="association", limit=200)["items"]
    return [line["topic"].partition("@")[0] for line in lines]


def test_the_guide_is_followed_from_the_invitation_to_the_export(stack: Stack) -> None:
    setting, admission, candidacy, training, table, year, leaving = guide()

    said = stack.play(setting + admission)
    assert codes(said) == ["documents_missing"]
    assert "attestation d'assurance" in said
    assert stack.get(f"/v1/associations/{FACE}")["status"] == "admitted"
    assert {"association.LinkIssued", "association.LinkSpent"} <= set(
        topics(stack, f"/v1/associations/{FACE}")
    )

    said = stack.play(setting + candidacy + training)
    assert codes(said) == ["mentor_known", "honorabilite_outside_perimeter", "training_missing"], "\n".join(
        said.splitlines()[-9:]
    )
    assert "le module « protection des mineurs »" in said
    (nadia,) = stack.get("/v1/mentors", role="association")["items"]
    assert nadia["status"] == "cleared"

    said = stack.play(setting + table)
    assert "ligne 3" in said
    assert "31/02/1980" in said
    found = stack.get("/v1/mentors", role="association")["items"]
    assert sorted(one["persons"]["given_name"] for one in found) == ["Awa", "Luc", "Nadia"]

    for file in (stack.home / "temporal").glob("temporal.db*"):
        file.unlink()
    eventually(lambda: "temporal.db a disparu" in stack.said)
    mentor = f"/v1/mentors/{nadia['id']}"
    named = f"NADIA={nadia['id']}\n"
    passing, returning = year.split("dire association", 1)
    stack.play(setting + named + passing)
    eventually(lambda: stack.get(mentor, role="association")["status"] == "suspended")
    stack.play(f"{setting}{named}dire association{returning}")
    assert stack.get(mentor, role="association")["status"] == "cleared"
    history = topics(stack, mentor)
    assert history.count("mentor.SuspendedOverdue") + history.count("mentor.Suspended") == 1
    assert history.count("mentor.ReminderDue") == 2, "60 and 30 days before"

    said = stack.play(setting + leaving)
    with zipfile.ZipFile(stack.home / "face.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert "evenements.jsonl" in names
    assert "Nadia" not in said


def test_nobody_but_the_operator_and_the_officer_was_shown_a_name(stack: Stack) -> None:
    for role in ("national", "auditor", "academie", "lycee", "operator"):
        for path in ("/v1/mentors", "/v1/deadlines", "/v1/events", "/v1/imports"):
            assert "Benali" not in str(stack.get(path, role=role)), (role, path)
    for role in ("national", "auditor", "academie"):
        assert "Benali" not in str(stack.get("/v1/figures/onboarding", role=role)), role
    assert "Benali" in str(stack.get("/v1/mentors", role="dpo"))


def test_no_log_nor_message_of_the_stack_names_anybody(stack: Stack) -> None:
    written = [*sorted((stack.home / "logs").glob("*")), *sorted((stack.home / "outbox").glob("*"))]
    assert len(written) > 5
    for path in written:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not re.search(r"Nadia|Benali|Diallo|lnk_", text), path


def test_temporal_s_database_knows_ids_only(stack: Stack) -> None:
    for path in sorted((stack.home / "temporal").glob("temporal.db*")):
        body = Path(path).read_bytes()
        assert not any(word in body for word in (b"Benali", b"Diallo", b"nadia.benali"))
