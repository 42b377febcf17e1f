"""What a house can prove, at any date, to somebody who trusts nobody, and after the worst has happened."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.journeys.planted import PERSON, Planted, plant, tell
from tests.journeys.stack import MENTORAT, PATIENCE, ROOT, Stack, environment, eventually, running

pytestmark = pytest.mark.timeout(240)


def verified(home: Path, evidence: Path) -> str:
    """What the verifier says, alone with the file and the public key."""
    verifier = [sys.executable, "-I", str(ROOT / "ledger" / "verify.py"), str(evidence)]
    done = subprocess.run(
        [*verifier, "--key", str(home / "audit.pub")], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def carried_out(stack: Stack, *arguments: str) -> str:
    done = stack.run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def signed(stack: Stack) -> Planted:
    """A convention that the académie has signed on paper, long before anybody wrote it down here."""
    convention = plant(stack)
    body = {"party": "academie:10", "on": "2025-12-05", "medium": "paper"}
    text = stack.get(convention.path)["text_hash"]
    tell(stack, "POST", f"{convention.path}/signatures", body | {"text_hash": text})
    return convention


def test_the_terminal_shows_what_was_true_and_what_was_known(house: Stack) -> None:
    convention = signed(house)
    before = house.get(f"{convention.path}/history")["items"][-1]
    wrong = {
        "supersedes": 8,
        "date_name": "signature:academie:10",
        "value": "2025-12-03",
        "reason": "La page porte le 3 décembre.",
    }
    position = tell(house, "POST", f"{convention.path}/corrections", wrong, version=8)["position"]
    house.get(convention.path, min_position=position)

    def status(*options: str) -> tuple[str, str, int]:
        row = json.loads(carried_out(house, "show", convention.record, *options))
        return row["status"], row["since"][:16], row["rules_version"]

    assert status("--as-of", "2025-12-04") == ("partially_signed", "2025-12-02T23:00", 1)
    assert status("--as-of", "2025-12-05", "--known-at", before["recorded_at"]) == (
        "partially_signed",
        "2025-12-04T23:00",
        1,
    )
    then = house.run("show", convention.record, "--as-of", "2025-12-04", "--known-at", before["recorded_at"])
    assert (then.returncode, "pas encore enregistré à cette date" in then.stderr) == (2, True)
    known = house.get(convention.path, known_at=before["recorded_at"])
    assert (known["version"], known["parties"][0]["signed_on"]) == (8, "2025-12-05")
    told = carried_out(house, "history", convention.record).splitlines()
    (backdated,) = [line for line in told if "  v8  " in line]
    assert "vraie le 05/12/2025, écrite après coup ; corrigée par v9" in backdated
    (correction,) = [line for line in told if "  v9  " in line]
    assert "corrige v8 ; motif : La page porte le 3 décembre. ; règles n° 1" in correction


@dataclass(frozen=True)
class Disaster:
    """A house stopped, its database gone, and what people still hold of it."""

    home: Path
    erased: Planted
    kept: Planted
    evidence: Path
    backup: Path
    published: tuple[str, ...]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*MENTORAT, *arguments],
            env=environment(self.home, 8000),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    @contextmanager
    def without(self, name: str, instead: str = "") -> Iterator[None]:
        """A file or folder of the home is lost, or holds something else, for a while."""
        lost, aside = self.home / name, self.home.parent / "aside"
        lost.rename(aside)
        if instead:
            lost.write_text(instead)
        yield
        if lost.is_dir():
            shutil.rmtree(lost)
        lost.unlink(missing_ok=True)
        aside.rename(lost)


@pytest.fixture(scope="module")
def disaster(house: Stack, tmp_path_factory: pytest.TempPathFactory) -> Disaster:
    """A backup, then an erasure and other events, published; then the disk of the database dies."""
    safe = tmp_path_factory.mktemp("safe")
    kept, erased = signed(house), signed(house)
    carried_out(house, "backup", str(safe / "night.backup"))
    tell(house, "POST", f"/v1/records/{erased.record}/erasure", {"ground": "objection"}, role="dpo")
    tell(house, "POST", f"{kept.path}/abandonment", {"reason": f"Avec {PERSON}, sans suite."})
    carried_out(house, "audit", "export", "--record", kept.record, "--output", str(safe / "kept.json"))
    checkpoints = house.home / "audit" / "checkpoints"
    published = tuple(sorted(path.name for path in checkpoints.iterdir()))
    house.process.send_signal(signal.SIGINT)
    house.process.wait(timeout=PATIENCE)
    return Disaster(house.home, erased, kept, safe / "kept.json", safe / "night.backup", published)


def test_a_house_without_its_keys_is_not_served_and_makes_no_others(disaster: Disaster) -> None:
    keyring = disaster.home / "keyring" / "keyring.sqlite"
    before = keyring.read_bytes()
    for lost in ("keyring", "secrets/master.key"):
        with disaster.without(lost):
            refused = disaster.run("up")
            assert refused.returncode != 0
            assert "Le trousseau ou la clé maîtresse de ce registre manque" in refused.stdout
            assert not (disaster.home / lost).exists(), "nothing is made in its place"
    said = {
        "digest.key": "La clé des empreintes de ce registre manque",
        "secrets/audit.key": "La clé qui signe les points de contrôle manque",
    }
    for lost, sentence in said.items():
        with disaster.without(lost):
            refused = disaster.run("up")
            assert (refused.returncode != 0, sentence in refused.stdout) == (True, True)
            assert not (disaster.home / lost).exists()
    with disaster.without("postgres"):
        refused = disaster.run("up")
        assert refused.returncode != 0
        assert "Le registre est vide, alors que" in refused.stdout
    with disaster.without("secrets/master.key", f"1:{'A' * 43}=\n"):
        refused = disaster.run("up")
        assert (refused.returncode != 0, "La clé maîtresse n'ouvre pas" in refused.stdout) == (True, True)
        assert "Rien n'est perdu" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr
    assert keyring.read_bytes() == before


def test_a_restore_erases_again_declares_an_epoch_and_goes_on(disaster: Disaster) -> None:
    shutil.rmtree(disaster.home / "postgres")
    with disaster.without("audit/erasures", "autre chose\n"):
        refused = disaster.run("restore", str(disaster.backup))
        assert refused.returncode == 2
        assert "Le journal des effacements est abîmé (ligne 1" in refused.stderr
        assert not (disaster.home / "postgres").exists(), "nothing was begun"
    done = disaster.run("restore", str(disaster.backup), "--reason", "disque perdu")
    assert done.returncode == 0, done.stderr
    assert "événements publiés manquent : une nouvelle époque est déclarée" in done.stdout
    opening = (disaster.home / "audit" / "checkpoints" / "0002-opened.txt").read_text()
    assert "reason disque perdu" in opening

    with running(disaster.home) as again:
        eventually(lambda: again.get(disaster.erased.path)["status"] == "erased")
        row = again.get(disaster.erased.path)
        assert {str(value) for value in row["persons"].values()} == {"{'forgotten': True}"}
        assert again.get(disaster.kept.path)["status"] == "partially_signed", "its end was lost"
        assert PERSON in str(again.get(disaster.kept.path)["persons"])
        _goes_on(disaster, again)


def _goes_on(disaster: Disaster, again: Stack) -> None:
    """What was handed out before still holds, and the new epoch grows."""
    assert PERSON in verified(disaster.home, disaster.evidence)
    tell(again, "POST", f"{disaster.kept.path}/abandonment", {"reason": "Sans suite, donc."})
    newer = disaster.evidence.with_name("newer.json")
    carried_out(again, "audit", "export", "--record", disaster.erased.record, "--output", str(newer))
    told = verified(disaster.home, newer)
    assert told.count("(époque 2)") == 2, "the last checkpoint, and an earlier one that it extends"
    assert PERSON not in told
    names = {path.name for path in (disaster.home / "audit" / "checkpoints").iterdir()}
    assert names > {*disaster.published, "0002-opened.txt"}
    assert "intact" in carried_out(again, "audit", "check")
