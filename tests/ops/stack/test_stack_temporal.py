"""The embedded Temporal, for real."""

import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from ops.stack import server as stack_server
from ops.stack import temporal
from ops.stack.errors import StackError
from ops.stack.files import watch_file
from ops.stack.ports import free_port, is_taken
from ops.stack.temporal import Temporal, time_skipping_server

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Temporal]:
    with Temporal(tmp_path_factory.mktemp("temporal")) as running:
        yield running


def test_it_answers_with_its_web_interface(server: Temporal) -> None:
    assert server.ready()
    with urlopen(server.ui_address, timeout=5) as page:
        assert page.status == 200


def test_everything_it_listens_on_is_on_the_loopback_interface(server: Temporal) -> None:
    sockets = {str(fd.readlink()) for fd in Path(f"/proc/{server.pid}/fd").iterdir()}
    listening = [
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and f"socket:[{line.split()[9]}]" in sockets
    ]
    assert len(listening) >= 4
    assert {address.partition(":")[0] for address in listening} == {"0100007F"}


def test_ports_taken_between_choice_and_start_are_left_to_the_server_that_has_them(
    server: Temporal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = [port.number for port in server._ports]
    chosen = iter(theirs)
    monkeypatch.setattr(stack_server, "free_port", lambda: next(chosen, None) or free_port())
    unnoticed = iter([False] * len(theirs))
    monkeypatch.setattr(stack_server, "is_taken", lambda port: next(unnoticed, is_taken(port)))
    with Temporal(tmp_path / "other") as ours:
        assert {port.number for port in ours._ports}.isdisjoint(theirs)
        assert ours.ready()
    assert server.ready()


def test_its_file_is_private_and_keeps_a_write_ahead_log(server: Temporal) -> None:
    assert server.database.stat().st_mode & 0o077 == 0
    assert server.database.with_name("temporal.db-wal").exists()
    with sqlite3.connect(f"file:{server.database}?mode=ro", uri=True) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_second_server_on_the_same_file_is_refused_in_french(
    server: Temporal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporal, "PATIENCE", 0.1)
    with pytest.raises(StackError, match="Un autre serveur Temporal utilise déjà"):
        Temporal(server.home).prepare()


def test_a_deleted_file_is_noticed_and_the_next_start_begins_afresh(tmp_path: Path) -> None:
    server = Temporal(tmp_path)
    with server:
        assert server.healthy() is None
        server.database.unlink()
        assert "temporal.db a disparu" in str(server.healthy())
        os.kill(server.pid, signal.SIGKILL)
    leftover = tmp_path / "temporal.db-wal"
    assert leftover.exists()
    told = server.prepare()
    assert told is not None
    assert "fichier vide" in told
    assert not leftover.exists()
    with server:
        assert server.healthy() is None
        os.kill(server.pid, signal.SIGKILL)


def test_a_replaced_file_does_not_inherit_the_log_of_the_old_one(tmp_path: Path) -> None:
    server = Temporal(tmp_path)
    server.database.write_bytes(b"old")
    assert server.healthy() is None
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "temporal.db-wal").write_bytes(b"of the old one")
    (tmp_path / "new").replace(server.database)
    assert "remplacé" in str(server.healthy())
    server.prepare()
    assert server.database.read_bytes() == b"new"
    assert not (tmp_path / "temporal.db-wal").exists()


def test_an_untouched_file_keeps_its_log_at_the_next_start(tmp_path: Path) -> None:
    server = Temporal(tmp_path)
    server.database.write_bytes(b"db")
    assert server.healthy() is None
    (tmp_path / "temporal.db-wal").write_bytes(b"committed work")
    server.prepare()
    Temporal(tmp_path).prepare()
    assert (tmp_path / "temporal.db-wal").read_bytes() == b"committed work"


def test_a_watched_file_is_missed_when_deleted_replaced_or_its_folder_gone(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    path.touch()
    check = watch_file(path)
    assert check() is None
    path.write_text("written in place")
    assert check() is None
    (tmp_path / "other").touch()
    (tmp_path / "other").replace(path)
    assert "remplacé" in str(check())
    path.unlink()
    assert "disparu" in str(check())
    path.parent.rmdir()
    assert "disparu" in str(check())


def test_the_time_skipping_server_is_found() -> None:
    done = subprocess.run([time_skipping_server(), "--version"], capture_output=True, check=False)
    assert done.returncode >= 0
