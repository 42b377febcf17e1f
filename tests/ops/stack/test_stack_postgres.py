"""The embedded PostgreSQL, for real."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ops.stack import postgres
from ops.stack.errors import StackError
from ops.stack.ports import is_taken
from ops.stack.postgres import Postgres
from ops.stack.users import User, open_way

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc"),
]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with Postgres(tmp_path_factory.mktemp("shared") / "postgres", durable=False) as running:
        yield running


def ask(dsn: str, question: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def no_server_in(data: Path) -> bool:
    served = (data.stat().st_dev, data.stat().st_ino)
    for cwd in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if (cwd.stat().st_dev, cwd.stat().st_ino) == served:
                return False
    return True


def test_a_new_cluster_has_checksums_utf8_and_the_builtin_locale(server: Postgres) -> None:
    assert ask(server.dsn(), "SHOW data_checksums") == "on"
    assert ask(server.dsn(), "SHOW server_encoding") == "UTF8"
    assert ask(server.dsn(), "SELECT datlocale FROM pg_database WHERE datname = 'postgres'") == ("C.UTF-8")
    assert str(ask(server.dsn(), "SHOW server_version_num")).startswith("18")


def test_it_listens_on_the_loopback_interface_only(server: Postgres) -> None:
    assert ask(server.dsn(), "SHOW listen_addresses") == "127.0.0.1"
    assert ask(server.dsn(), "SHOW unix_socket_directories") == ""


def test_a_wrong_password_is_refused(server: Postgres) -> None:
    wrong = server.dsn().replace(":", ":x", 2).replace("postgresql:x", "postgresql:")
    assert wrong != server.dsn()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_the_password_is_kept_in_a_file_of_mode_600_and_nowhere_else(server: Postgres) -> None:
    secret = server.home / "password"
    password = secret.read_text().strip()
    assert mode(secret) == 0o600
    assert len(password) > 30
    assert password not in server.log.read_text()
    assert password.encode() not in Path(f"/proc/{server.pid}/cmdline").read_bytes()
    assert password.encode() not in Path(f"/proc/{server.pid}/environ").read_bytes()
    for path in server.home.iterdir():
        if path.is_file() and path != secret:
            assert password.encode() not in path.read_bytes(), path


def test_our_environment_does_not_reach_the_server(server: Postgres) -> None:
    environ = Path(f"/proc/{server.pid}/environ").read_bytes()
    assert b"PYTEST_CURRENT_TEST" not in environ


@as_root
def test_as_root_the_server_runs_under_an_account_without_privileges(server: Postgres) -> None:
    assert server.user is not None
    status = Path(f"/proc/{server.pid}/status").read_text()
    uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
    capabilities = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    assert set(uids) == {str(server.user.uid)} != {"0"}
    assert int(capabilities.split()[1], 16) == 0
    assert server.data.stat().st_uid == server.user.uid
    assert mode(server.data) == 0o700


def test_a_second_live_server_on_the_same_folder_is_refused_in_french(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "PATIENCE", 0.1)
    with pytest.raises(StackError, match="Un autre serveur PostgreSQL utilise déjà"):
        Postgres(server.home, durable=False).prepare()
    assert ask(server.dsn(), "SELECT 1") == 1


def test_a_second_start_finds_its_data_and_leaves_no_process(tmp_path: Path) -> None:
    with Postgres(tmp_path / "pg", durable=False) as first:
        with psycopg.connect(first.dsn()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'là' AS word")
        assert not no_server_in(first.data)
    assert no_server_in(first.data)
    with Postgres(tmp_path / "pg", durable=False) as second:
        assert ask(second.dsn(), "SELECT word FROM kept") == "là"
    assert no_server_in(second.data)


def test_a_killed_server_starts_again_with_what_was_committed(tmp_path: Path) -> None:
    with Postgres(tmp_path / "pg") as first:
        with psycopg.connect(first.dsn()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        os.kill(first.pid, signal.SIGKILL)
    assert (first.data / "postmaster.pid").exists()
    with Postgres(tmp_path / "pg") as second:
        assert ask(second.dsn(), "SELECT n FROM kept") == 1


def test_a_pid_reused_by_another_program_does_not_prevent_the_start(tmp_path: Path) -> None:
    with Postgres(tmp_path / "pg", durable=False) as first:
        os.kill(first.pid, signal.SIGKILL)
    pidfile = first.data / "postmaster.pid"
    user = first.user
    options = {"user": user.uid, "group": user.gid, "extra_groups": []} if user else {}
    with subprocess.Popen(["/bin/sleep", "60"], cwd="/", **options) as other:  # type: ignore[call-overload]
        lines = pidfile.read_text().split("\n")
        pidfile.write_text("\n".join([str(other.pid), *lines[1:]]))
        with Postgres(tmp_path / "pg", durable=False) as second:
            assert ask(second.dsn(), "SELECT 1") == 1
        other.kill()


def test_an_interrupted_initdb_is_not_mistaken_for_a_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "pg"
    child = os.fork()
    if child == 0:
        # Killed between the making of the cluster and the giving of its name.
        monkeypatch.setattr(Path, "rename", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        Postgres(home, durable=False).prepare()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert list(home.glob("initdb-*"))
    assert not (home / "data").exists()
    with Postgres(home, durable=False) as server:
        assert ask(server.dsn(), "SELECT 1") == 1
    assert not list(home.glob("initdb-*"))
    assert not (home / "password.new").exists()


def test_a_cluster_that_vanished_is_never_replaced_by_an_empty_one(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "pg", durable=False)
    server.prepare()
    server.data.rename(tmp_path / "elsewhere")
    with pytest.raises(StackError, match="a disparu"):
        Postgres(tmp_path / "pg", durable=False).prepare()
    (tmp_path / "pg" / "password").unlink()
    with pytest.raises(StackError, match="a disparu"):
        server.prepare()


def test_a_vanished_pid_file_or_data_folder_is_noticed_under_the_server(tmp_path: Path) -> None:
    with Postgres(tmp_path / "pg", durable=False) as server:
        assert server.healthy() is None
        (server.data / "postmaster.pid").unlink()
        assert "postmaster.pid a disparu" in str(server.healthy())
        server.data.rename(tmp_path / "pg" / "moved")
        assert "data a disparu" in str(server.healthy())


def test_a_port_taken_in_between_is_left_for_another(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "pg", durable=False)
    server.prepare()
    first = server.port
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", "-b", "127.0.0.1", str(first)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as other:
        deadline = time.monotonic() + 10
        while not is_taken(first) and time.monotonic() < deadline:
            time.sleep(0.05)
        with server:
            assert server.port != first
        fixed = Postgres(tmp_path / "pg", durable=False, port=first)
        with pytest.raises(StackError, match=f"port {first} est déjà occupé"):
            fixed.prepare()
        other.kill()


def test_parent_folders_gain_at_most_the_right_to_be_crossed(tmp_path: Path) -> None:
    closed, read_only, opened = tmp_path / "a", tmp_path / "a/b", tmp_path / "a/b/c"
    opened.mkdir(parents=True)
    closed.chmod(0o700)
    read_only.chmod(0o744)
    opened.chmod(0o755)
    changed = open_way(opened / "data", User("somebody", 54321, 54321))
    assert set(changed) >= {closed, read_only}
    assert opened not in changed
    assert [mode(path) for path in (closed, read_only, opened)] == [0o701, 0o745, 0o755]
    assert open_way(opened / "data", User("somebody", 54321, 54321)) == []


@as_root
def test_as_root_a_private_home_is_opened_no_further_than_needed(server: Postgres) -> None:
    assert mode(server.home) == 0o701
    assert mode(server.lock) == 0o600
