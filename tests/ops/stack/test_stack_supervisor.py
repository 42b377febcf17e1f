"""The supervisor, over small Python children, then over the real servers."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest

from ops.stack.errors import StackError
from ops.stack.postgres import Postgres
from ops.stack.runner import Backoff, Runner, State
from ops.stack.service import Service
from ops.stack.supervisor import Supervisor
from ops.stack.temporal import Temporal

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ties children to us by prctl")

SLEEPER = "import time; time.sleep(60)"
STUBBORN = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(60)
"""
QUICK = Backoff(first=0.05, longest=0.4)


def python(name: str, program: str, *arguments: str, after: tuple[str, ...] = ()) -> Service:
    command = [sys.executable, "-I", "-S", "-c", program, *arguments]
    return Service(name=name, command=lambda: command, after=after, stop_timeout=5.0)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def eventually(condition: Callable[[], object], timeout: float = 15.0) -> bool:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


@dataclass
class Told:
    sentences: list[str] = field(default_factory=list)

    def __call__(self, sentence: str) -> None:
        self.sentences.append(sentence)

    def __contains__(self, part: str) -> bool:
        return any(part in sentence for sentence in self.sentences)


@contextlib.contextmanager
def running(supervisor: Supervisor) -> Iterator[None]:
    """The supervisor in a thread of its own, stopped at the end."""
    ready = threading.Event()
    thread = threading.Thread(target=supervisor.run, kwargs={"on_ready": ready.set})
    thread.start()
    try:
        assert ready.wait(20)
        yield
    finally:
        supervisor.request_stop()
        thread.join(30)
        assert not thread.is_alive()


def test_services_start_in_order_and_stop_in_reverse(tmp_path: Path) -> None:
    told = Told()
    opened: list[str] = []

    def watched(service: Service) -> Service:
        return replace(service, prepare=lambda: opened.append(service.name))

    services = [
        watched(python("ledger", SLEEPER)),
        watched(python("clock", SLEEPER)),
        watched(python("api", SLEEPER, after=("ledger", "clock"))),
    ]
    supervisor = Supervisor(services, told, tmp_path / "logs")
    with running(supervisor):
        pids = [pid for pid in supervisor.pids().values() if pid is not None]
        assert len(pids) == 3
    assert opened == ["ledger", "clock", "api"]
    ready = [s for s in told.sentences if "prêt" in s]
    assert ready[-1].startswith("api : prêt (")
    stopped = [s for s in told.sentences if s.endswith(" : arrêté.")]
    assert stopped[0] == "api : arrêté."
    assert set(stopped[1:]) == {"ledger : arrêté.", "clock : arrêté."}
    assert not any(alive(pid) for pid in pids)


def test_a_service_waits_until_the_one_before_it_is_ready(tmp_path: Path) -> None:
    gate = threading.Event()
    started: list[float] = []
    services = [
        replace(python("first", SLEEPER), ready=gate.is_set),
        replace(python("then", SLEEPER, after=("first",)), prepare=lambda: started.append(1)),
    ]
    supervisor = Supervisor(services, Told(), tmp_path)
    threading.Timer(0.3, gate.set).start()
    before = time.monotonic()
    with running(supervisor):
        assert started == [1]
        assert time.monotonic() - before >= 0.3


def test_an_unknown_or_later_dependency_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must come after"):
        Supervisor([python("api", SLEEPER, after=("ledger",))], Told(), tmp_path)


def test_the_delay_before_a_restart_doubles_up_to_its_limit() -> None:
    delays = [Backoff().delay(failures) for failures in range(1, 10)]
    assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert Backoff().delay(10_000) == 30


def test_a_crashing_service_comes_back_less_and_less_often_until_it_is_healthy(
    tmp_path: Path,
) -> None:
    now = [0.0]
    told = Told()
    crashing = python("api", "raise SystemExit(3)")
    runner = Runner(crashing, told, tmp_path, Backoff(), clock=lambda: now[0])

    def crash() -> None:
        def fallen() -> bool:
            runner.step(may_start=True)
            return runner.state is State.WAITING

        assert eventually(fallen)

    def wait_says(delay: float) -> None:
        now[0] += delay - 0.01
        runner.step(may_start=True)
        assert runner.state is State.WAITING
        now[0] += 0.02
        runner.step(may_start=True)
        assert runner.state is not State.WAITING

    runner.step(may_start=True)
    for delay in (0.5, 1.0, 2.0):
        crash()
        wait_says(delay)
    assert "s'est arrêté (code 3)" in told
    assert "Nouvel essai dans 0,5 s." in told
    assert "Nouvel essai dans 2,0 s." in told

    crash()
    runner.service = python("api", SLEEPER)
    now[0] += 4.1
    runner.step(may_start=True)
    runner.step(may_start=True)
    assert runner.state is State.READY
    now[0] += 61
    runner.step(may_start=True)
    assert runner.pid is not None
    os.kill(runner.pid, signal.SIGKILL)
    crash()
    assert told.sentences[-1].startswith("api : s'est arrêté (tué par SIGKILL)")
    assert told.sentences[-1].endswith("Nouvel essai dans 0,5 s.")


def test_an_unhealthy_service_is_told_stopped_and_started_again(tmp_path: Path) -> None:
    told = Told()
    sick = threading.Event()
    service = replace(
        python("temporal", SLEEPER),
        healthy=lambda: "le fichier a disparu" if sick.is_set() else None,
        prepare=sick.clear,
    )
    supervisor = Supervisor([service], told, tmp_path, backoff=QUICK)
    with running(supervisor):
        first = supervisor.pids()["temporal"]
        assert first is not None
        sick.set()
        assert eventually(lambda: supervisor.pids()["temporal"] not in (None, first))
        assert not alive(first)
    assert "temporal : le fichier a disparu ; le service est arrêté puis relancé." in told


def test_a_service_that_cannot_start_at_all_ends_the_supervisor_with_its_reason(
    tmp_path: Path,
) -> None:
    def refuse() -> None:
        raise StackError("un autre serveur est déjà là.")

    told = Told()
    services = [
        python("first", SLEEPER),
        replace(python("second", SLEEPER, after=("first",)), prepare=refuse),
    ]
    assert Supervisor(services, told, tmp_path).run() == 1
    assert "second : un autre serveur est déjà là." in told
    assert told.sentences[-1] == "first : arrêté."


def test_a_service_that_never_answers_is_stopped_and_tried_again(tmp_path: Path) -> None:
    told = Told()
    tries: list[int] = []
    service = replace(
        python("api", SLEEPER),
        prepare=lambda: tries.append(1),
        ready=lambda: len(tries) > 1,
        ready_timeout=0.1,
    )
    with running(Supervisor([service], told, tmp_path, backoff=QUICK)):
        assert len(tries) == 2
    assert "api : ne répond pas après 0,1 s, il est arrêté." in told


def test_a_stubborn_service_is_killed_after_its_time(tmp_path: Path) -> None:
    told = Told()
    flag = tmp_path / "started"
    service = replace(python("api", STUBBORN, str(flag)), ready=flag.exists, stop_timeout=0.2)
    with running(Supervisor([service], told, tmp_path)):
        pass
    assert "api : tarde à s'arrêter, il est tué." in told
    assert told.sentences[-1] == "api : arrêté."


def test_a_second_request_hastens_the_stop(tmp_path: Path) -> None:
    told = Told()
    flag = tmp_path / "started"
    service = replace(python("api", STUBBORN, str(flag)), ready=flag.exists, stop_timeout=600)
    supervisor = Supervisor([service], told, tmp_path)
    with running(supervisor):
        supervisor.request_stop()
    assert told.sentences[-2:] == ["Arrêt immédiat.", "api : arrêté."]


def test_each_service_writes_to_its_own_log_set_aside_when_large(tmp_path: Path) -> None:
    (tmp_path / "api.log").write_bytes(b"x" * 5_000_001)
    service = python("api", "print('bonjour', flush=True);" + SLEEPER)
    with running(Supervisor([service], Told(), tmp_path)):
        assert eventually(lambda: (tmp_path / "api.log").read_text() == "bonjour\n")
    assert (tmp_path / "api.log.1").stat().st_size == 5_000_001


PROGRAM = """
import pathlib, sys
from ops.stack.postgres import Postgres
from ops.stack.service import Service
from ops.stack.supervisor import Supervisor
from ops.stack.temporal import Temporal

home = pathlib.Path(sys.argv[1])
services = [Postgres(home / "postgres").service(), Temporal(home).service()]
child = [sys.executable, "-c", "import time; time.sleep(60)"]
services.append(Service(name="api", command=lambda: child, after=("postgres", "temporal")))
supervisor = Supervisor(services, lambda sentence: print(sentence, flush=True), home / "logs")

def ready():
    print("PIDS", *supervisor.pids().values(), flush=True)

sys.exit(supervisor.run(ready))
"""


@contextlib.contextmanager
def stack(home: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """The real servers under a supervisor in a process of its own, and their processes."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if line.startswith("PIDS"):
                    break
            else:
                pytest.fail("".join(lines))
            yield process, [int(pid) for pid in lines[-1].split()[1:]]
        finally:
            if process.poll() is None:
                process.kill()


def family(pids: list[int]) -> list[int]:
    """These processes and their children."""
    children = [
        int(child) for pid in pids for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ]
    return pids + children


@pytest.mark.stack
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_supervisor(tmp_path: Path, ending: signal.Signals) -> None:
    with stack(tmp_path) as (process, pids):
        assert len(pids) == 3
        everyone = family(pids)
        assert len(everyone) > 5
        process.send_signal(ending)
        assert process.wait(20) == (0 if ending is not signal.SIGKILL else -signal.SIGKILL)
        # A clean end leaves none behind; the kernel needs a moment to end the orphans of a kill.
        patience = 10.0 if ending is signal.SIGKILL else 0.5
        assert eventually(lambda: not any(alive(pid) for pid in everyone), patience)
    with Postgres(tmp_path / "postgres") as again, psycopg.connect(again.dsn()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_every_child_has_a_session_of_its_own(tmp_path: Path) -> None:
    supervisor = Supervisor([python("api", SLEEPER)], Told(), tmp_path)
    with running(supervisor):
        pid = supervisor.pids()["api"]
        assert pid is not None
        assert os.getsid(pid) == pid != os.getsid(0)


@pytest.mark.stack
def test_killed_or_robbed_of_their_files_the_real_servers_come_back(tmp_path: Path) -> None:
    told = Told()
    ledger = Postgres(tmp_path / "postgres")
    clock = Temporal(tmp_path)
    supervisor = Supervisor([ledger.service(), clock.service()], told, tmp_path / "logs")
    with running(supervisor):
        address, before = ledger.dsn(), supervisor.pids()
        killed, robbed = before["postgres"], before["temporal"]
        assert killed is not None
        assert robbed is not None
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        os.kill(killed, signal.SIGKILL)
        time.sleep(1.2)  # the watch has seen the file once
        clock.database.unlink()
        assert eventually(lambda: "relancé" in told)
        assert eventually(lambda: supervisor.pids()["temporal"] not in (None, robbed))
        assert eventually(clock.ready)
        assert eventually(ledger.ready)
        assert clock.database.exists()
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (1,)
    assert "postgres : s'est arrêté (tué par SIGKILL)" in told
    assert f"temporal : {clock.database} a disparu" in told
    assert f"temporal : repart avec un fichier vide, {clock.database}." in told
