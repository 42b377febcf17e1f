"""The stack as a newcomer meets it: started by one command, walked through with curl, broken, stopped."""

from __future__ import annotations

import re
import socket
import stat
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from tests.journeys.stack import MENTORAT, ROOT, Stack, environment, eventually, running

FACE = "/v1/conventions/convention-ce5cefd2-173b-5dc7-9545-a8f241f92bb0"
ROLES = {"national", "academie", "association", "lycee", "auditor", "dpo", "operator"}
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("home") / "var"
    with running(home) as started:
        yield started


def walk() -> str:
    """The shell blocks of the README's walk, as they are printed there."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    part = text[text.index("## Cinq minutes avec `curl`") : text.index("## S'y retrouver")]
    return "\n".join(re.findall(r"```sh\n(.*?)```", part, re.DOTALL))


def test_the_first_start_says_where_it_is_reached(stack: Stack) -> None:
    assert f"{stack.api}/docs" in stack.said
    assert "Temporal" in stack.said


def test_one_token_a_role_is_written_for_its_owner_alone(stack: Stack) -> None:
    path = stack.home / "demo-tokens.json"
    assert set(stack.tokens) == ROLES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_register_holds_the_announced_conventions_and_says_that_nothing_is_proved(stack: Stack) -> None:
    items = stack.get("/v1/conventions")["items"]
    assert len(items) == 6
    assert {item["status"] for item in items} == {"draft"}
    assert {item["evidence_label"] for item in items} == {"annoncée, signature non attestée"}
    assert {item["signed_on"] for item in items} == {None}


def test_the_readme_s_walk_works_as_printed_and_reminders_survive_the_loss_of_temporal(
    stack: Stack,
) -> None:
    script = walk()
    assert "rm " in script, "the walk deletes Temporal's database"
    said = stack.play(script)
    assert '"code"' not in said, "a step of the walk met a problem: " + said
    assert "temporal.db a disparu" in stack.said
    eventually(lambda: list((stack.home / "outbox").glob("*signature*.eml")))
    history = stack.get(f"{FACE}/history", limit=100)["items"]
    topics = [line["topic"] for line in history]
    assert topics.count("convention.ReminderDue@1") == 1
    assert topics.count("convention.ReminderDelivered@1") == 1
    row = stack.get(FACE)
    assert row["status"] == "partially_signed"
    assert any("FACE" in due["what"] for due in row["next"])
    past = stack.get(FACE, as_of="2025-12-10")
    assert (past["status"], past["version"]) == ("partially_signed", 8)


def test_the_doctor_finds_nothing_wrong_and_processes_are_shown(stack: Stack) -> None:
    found = stack.run("doctor")
    assert found.returncode == 0, found.stdout
    shown = stack.run("processes")
    assert "Rien n'a été mis de côté" in shown.stdout, shown.stdout + shown.stderr


def test_a_rebuild_beside_the_live_views_changes_nothing_that_is_read(stack: Stack) -> None:
    before = stack.get(FACE)
    done = stack.run("rebuild")
    assert done.returncode == 0, done.stderr
    assert "reconstruites" in done.stdout
    eventually(lambda: httpx.get(f"{stack.api}/readyz").status_code == 200)
    after = stack.get(FACE)
    assert after == before


def test_tokens_are_created_listed_and_revoked(stack: Stack) -> None:
    made = stack.run("token", "create", "academie", "--label", "essai", "--academie", "08")
    token = made.stdout.strip()
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{stack.api}/v1/conventions", headers=headers).status_code == 200
    token_id = token.split("_")[1]
    listed = stack.run("token", "list").stdout
    assert "essai" in listed
    assert token_id in listed, "ids stay whole in a pipe"
    assert token.split("_", 2)[2] not in listed
    assert stack.run("token", "revoke", token_id).returncode == 0
    eventually(lambda: httpx.get(f"{stack.api}/v1/conventions", headers=headers).status_code == 401, 10)
    refused = stack.run("token", "create", "national", "--label", "trop", "--academie", "10")
    assert refused.returncode == 2
    assert "périmètre" in refused.stderr
    refused = stack.run("token", "create", "lycee", "--label", "sans bornes")
    assert refused.returncode == 2
    assert "UAI" in refused.stderr


def test_an_import_is_tried_before_it_is_recorded(stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "conventions.csv"
    path.write_text("association;académie;annoncée pour;source\nAFEV;Lyon;12/01/2026;essai\n", "utf-8")
    tried = stack.run("import", "conventions", str(path), "--dry-run")
    assert tried.returncode == 0, tried.stderr
    assert len(stack.get("/v1/conventions")["items"]) == 6
    done = stack.run("import", "conventions", str(path))
    assert "1 enregistrée" in done.stdout
    eventually(lambda: len(stack.get("/v1/conventions")["items"]) == 7)
    path.write_text("association;académie;annoncée pour;source\nAFEV;Lyonne;31/02/2026;essai\n", "utf-8")
    bad = stack.run("import", "conventions", str(path))
    assert bad.returncode == 1
    assert "ligne 2" in bad.stderr
    assert "rien n'a été enregistré" in bad.stderr


def test_the_clock_is_refused_what_it_cannot_read(stack: Stack) -> None:
    refused = stack.run("clock", "advance", "bientôt")
    assert refused.returncode == 2
    assert "8d" in refused.stderr


def test_a_second_stack_over_the_same_home_is_refused_and_the_first_stays_reachable(stack: Stack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = subprocess.run(
            [*MENTORAT, "up"], env=environment(stack.home, port), cwd=ROOT, capture_output=True, text=True
        )
    assert refused.returncode == 2
    refused = subprocess.run(
        [*MENTORAT, "up"],
        env=environment(stack.home),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert refused.returncode != 0
    assert stack.run("processes").returncode == 0


def test_the_parts_that_are_stuck_are_noticed_by_the_doctor_each_by_itself(stack: Stack) -> None:
    projector, worker = (stack.children()[name] for name in ("projector", "worker"))
    for stuck in (projector, worker):
        stuck.suspend()
    try:
        headers = {
            "Authorization": f"Bearer {stack.tokens['academie']}",
            "Idempotency-Key": "while-they-are-stuck",
        }
        httpx.post(f"{stack.api}{FACE}/submission", headers=headers, json={}, timeout=30)
        eventually(lambda: {"vues", "worker"} <= _wrong(stack))
        eventually(lambda: httpx.get(f"{stack.api}/readyz").status_code == 503)
        worker.resume()
        eventually(lambda: _wrong(stack) & {"vues", "worker"} == {"vues"})
    finally:
        for stuck in (projector, worker):
            stuck.resume()
    eventually(lambda: stack.run("doctor").returncode == 0)


def _wrong(stack: Stack) -> set[str]:
    """The parts in which the doctor finds something wrong."""
    return {line.split()[1] for line in stack.run("doctor").stdout.splitlines() if line.startswith("✗")}


@pytest.mark.parametrize("name", ["api", "worker", "projector", "temporal", "postgres"])
def test_a_killed_part_comes_back_and_nothing_is_lost(stack: Stack, name: str) -> None:
    before = len(stack.get(f"{FACE}/history", limit=200)["items"])
    victim = stack.children()[name]
    victim.kill()

    def came_back() -> bool:
        now = stack.children().get(name)
        return now is not None and now.pid != victim.pid

    eventually(came_back)
    eventually(lambda: _answers(stack))
    headers = {
        "Authorization": f"Bearer {stack.tokens['academie']}",
        "Idempotency-Key": f"after-{name}",
        "Content-Type": "application/json",
    }
    sent = httpx.post(f"{stack.api}{FACE}/submission", headers=headers, json={}, timeout=30)
    assert sent.status_code in {409, 422}, sent.text
    eventually(lambda: len(stack.get(f"{FACE}/history", limit=200)["items"]) == before + 1)


def test_whoever_calls_while_the_api_is_killed_waits_and_is_not_refused(stack: Stack) -> None:
    victim, over = stack.children()["api"], threading.Event()

    def call(_: int) -> list[str]:
        met = []
        while not over.is_set():
            try:
                met.append(str(httpx.get(f"{stack.api}/healthz", timeout=60).status_code))
            except (httpx.RemoteProtocolError, httpx.ReadError):
                met.append("cut")  # it was being answered by the one that was killed
            except httpx.ConnectError:
                met.append("refused")
        return met

    with ThreadPoolExecutor(4) as callers:
        calls = [callers.submit(call, number) for number in range(4)]
        victim.kill()
        try:
            eventually(lambda: stack.children().get("api") not in {None, victim} and _answers(stack))
        finally:
            over.set()
        met = Counter(outcome for called in calls for outcome in called.result())
    assert set(met) <= {"200", "cut"}, met
    assert met["200"] >= 4
    assert met["cut"] <= 4, met


def _answers(stack: Stack) -> bool:
    try:
        return httpx.get(f"{stack.api}/readyz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def test_a_taken_port_is_said_in_a_clear_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*MENTORAT, "up"],
            env=environment(tmp_path / "var", port),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert done.returncode == 2
    assert f"Le port {port} est déjà occupé" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_home_that_cannot_serve_is_said_in_a_clear_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    for home in (file, file / "below", ""):
        done = subprocess.run(
            [*MENTORAT, "up"],
            env=environment(tmp_path) | {"MENTORAT_HOME": str(home)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 2, home
        assert "Traceback" not in done.stderr, home


def test_without_a_stack_a_command_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [*MENTORAT, "processes"],
        env=environment(tmp_path / "var"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert "make run" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_dead_stack_left_behind_is_not_taken_for_a_running_one(tmp_path: Path) -> None:
    home = tmp_path / "var"
    with running(home) as first:
        everything = first.everything()
        first.process.kill()
        first.process.wait()
        psutil.wait_procs(everything, timeout=30)
        assert (home / "stack.json").exists()
        found = first.run("doctor")
    assert found.returncode == 1
    assert "✗ pile : arrêtée" in found.stdout
    assert "make run" in found.stdout


def test_the_stack_stops_without_leaving_a_process_and_starts_again_with_its_data(tmp_path: Path) -> None:
    home = tmp_path / "var"
    with running(home) as first:
        everything = first.everything()
        count = len(first.get("/v1/conventions")["items"])
        tokens = first.tokens
    assert first.process.returncode == 0
    gone, alive = psutil.wait_procs(everything, timeout=5)
    assert alive == []
    assert len(gone) == len(everything)
    assert not (home / "stack.json").exists()
    with running(home) as second:
        assert second.tokens == tokens
        assert len(second.get("/v1/conventions")["items"]) == count
        assert "Premier démarrage" not in second.said
