"""The offline verifier: what holds is read in full, and nothing that was altered passes."""

from __future__ import annotations

import ast
import copy
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import merkle, notes, vault, verify
from ledger.leaf import leaf_bytes, leaf_hash
from ledger.verify import FORGOTTEN
from tests.ledger.evidence import (
    KEY,
    POSITIONS,
    RECORD,
    Json,
    Key,
    commitment,
    evidence_of,
    growth,
    leaf,
    ledger,
    path,
    tree,
)

VERIFIER = Path(verify.__file__)
EVENTS = ledger()
EVIDENCE = evidence_of(EVENTS)
Place = tuple[str | int, ...]


@pytest.fixture
def evidence() -> Json:
    return copy.deepcopy(EVIDENCE)


def check(evidence: object, vkey: str = KEY.vkey) -> verify.Report:
    return verify.verify(evidence, vkey)


def altered(positions: dict[int, Json]) -> list[Json]:
    """The ledger as a forger would have written it from the start."""
    return [event | positions.get(event["position"], {}) for event in EVENTS]


# What holds


def test_a_complete_evidence_is_read_in_full(evidence: Json) -> None:
    report = check(evidence)
    assert report.code == 0, str(report)
    text = str(report)
    assert f"VALIDE : dossier {RECORD}, 5 événements, versions 1 à 5." in text
    assert "23 événements le 2026-01-05 à 09:00:00 UTC (époque 1)" in text
    assert "Prolonge le point de contrôle de 7 événements" in text
    assert "Prolonge le point de contrôle de 16 événements" in text
    assert "11 · version 4 · mentee.Identified@1" in text
    assert "vrai le 2026-01-04 08:00:00.000 UTC, écrit le 2026-01-05 08:00:11.000 UTC" in text
    assert "par t-lyon (academie)" in text
    assert "name : Prénom 11" in text
    assert 'contacts : [{"mail": {"address": "élève@lycee.test"}}]' in text
    assert "motif : dit au téléphone" in text
    assert "Ne prouve pas" in text
    assert FORGOTTEN not in text


def test_after_an_erasure_the_same_evidence_holds_without_its_keys(evidence: Json) -> None:
    for event in evidence["events"]:
        event.pop("key", None)
    text = str(check(evidence))
    assert text.startswith("VALIDE")
    assert text.count(f"name : {FORGOTTEN}") == 4
    assert "motif : dit au téléphone" in text
    assert "Prénom" not in text
    for event in evidence["events"]:
        event.pop("text_key", None)
    assert f"motif : {FORGOTTEN}" in str(check(evidence))


def test_a_shorter_history_and_fewer_earlier_checkpoints_hold_too(evidence: Json) -> None:
    del evidence["events"][3:]
    del evidence["earlier"][0]
    report = check(evidence)
    assert report.valid
    assert "3 événements, versions 1 à 3" in str(report)
    assert "Ne prouve pas qu'aucun événement du dossier ne suive la version 3" in str(report)


@pytest.mark.parametrize("size", range(24))
def test_every_earlier_size_holds(size: int) -> None:
    assert check(evidence_of(EVENTS, earlier=[size])).valid


def test_signatures_of_others_are_ignored(evidence: Json) -> None:
    text, _, signatures = evidence["checkpoint"].rpartition("\n\n")
    witness = Key("witness.test").sign(text + "\n").rpartition("\n\n")[2]
    namesake = Key(KEY.name, Ed25519PrivateKey.generate()).sign(text + "\n").rpartition("\n\n")[2]
    evidence["checkpoint"] = f"{text}\n\n{witness}{namesake}{signatures}"
    assert check(evidence).valid
    evidence["checkpoint"] = f"{text}\n\n{witness}{namesake}"
    assert "n'est pas signé" in str(check(evidence))


def test_a_field_that_is_called_as_the_reason_is_shown_beside_it() -> None:
    events = altered({2: {"state": '{"motif": "autre"}'}})
    text = str(check(evidence_of(events)))
    assert "motif : autre\n    motif : dit au téléphone" in text


def test_what_is_shown_cannot_play_tricks_on_a_terminal() -> None:
    events = altered({20: {"state": json.dumps({"a\u202e": "\x1b[2J\u202e"}), "key": ""}})
    del events[19]["key"]
    text = str(check(evidence_of(events)))
    assert "a\\u202e : \\u001b[2J\\u202e" in text
    assert "\x1b" not in text


# The writer and the verifier agree, though they share no code


def test_the_house_seals_what_the_verifier_reads() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    leaves = []
    for event in EVENTS:
        commitments = (event["commitment"], event["text_commitment"])
        encoded = leaf_bytes(
            event["position"],
            UUID(event["event_id"]),
            event["record_id"],
            event["version"],
            event["topic"],
            epoch + timedelta(microseconds=event["effective_at"]),
            epoch + timedelta(microseconds=event["recorded_at"]),
            event["metadata"],
            event["state"],
            *(bytes.fromhex(one) or None for one in commitments),
        )
        leaves.append(leaf_hash(encoded))
    assert leaves == [leaf(event) for event in EVENTS]
    size, edge, _ = merkle.append(0, [], leaves)
    assert merkle.root(size, edge) == tree(leaves)
    stored = {(0, i): one for i, one in enumerate(leaves)}
    for i in range(size):
        assert [merkle.range_hash(one, stored) for one in merkle.inclusion_path(i, size)] == path(i, leaves)
        made = [merkle.range_hash(one, stored) for one in merkle.consistency_path(i + 1, size)]
        assert made == growth(i + 1, leaves)
    assert vault.commitment(b"k" * 32).hex() == commitment(b"k" * 32)
    signer = notes.Signer(KEY.name, KEY.private)
    assert signer.vkey == KEY.vkey
    assert signer.sign("text\n") == KEY.sign("text\n")


def test_it_imports_the_standard_library_and_cryptography_only() -> None:
    imported = set()
    for node in ast.walk(ast.parse(VERIFIER.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).partition(".")[0])
    assert "cryptography" in imported
    assert imported - {"cryptography"} <= sys.stdlib_module_names


# What does not


def leaves_of(value: Any, place: Place = ()) -> Iterator[Place]:
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves_of(one, (*place, key))
    else:
        yield place


def at(evidence: Any, place: Place) -> Any:
    for step in place:
        evidence = evidence[step]
    return evidence


def changes(value: Any) -> Iterator[Any]:
    """Other values for one leaf of the JSON."""
    yield from (None, True, [], {}, [value], {"value": value}, 1.5, 0, -1, 2**63, "", "\ud800", "é")
    if isinstance(value, int):
        yield from (value + 1, value - 1, -value, float(value), str(value), value + 2**64, 10**6000)
    else:
        yield from (f"{value} ", f" {value}", f"{value}\n", value * 2, value[::-1], value[1:], value[:-1])
        yield from (value.upper(), value.replace("-", ""), value.replace("=", ""))
        for i in {0, 1, len(value) // 3, len(value) // 2, len(value) - 1} & set(range(len(value))):
            yield value[:i] + chr(ord(value[i]) ^ 1) + value[i + 1 :]


@pytest.mark.parametrize("place", list(leaves_of(EVIDENCE)), ids=lambda place: ".".join(map(str, place)))
def test_no_value_can_be_changed(evidence: Json, place: Place) -> None:
    original = at(evidence, place)
    holder = at(evidence, place[:-1])
    tried = 0
    for changed in changes(original):
        if type(changed) is type(original) and changed == original:
            continue
        holder[place[-1]] = changed
        report = check(evidence)
        assert report.code == (2 if place == ("format",) else 1), (changed, str(report))
        if place[0] == "events" and place[-1] != "position":
            assert report.position == EVIDENCE["events"][place[1]]["position"], (changed, str(report))
        tried += 1
    assert tried >= 12


@pytest.mark.parametrize("place", list(leaves_of(EVIDENCE)), ids=lambda place: ".".join(map(str, place)))
def test_nothing_can_be_left_out_but_keys(evidence: Json, place: Place) -> None:
    del at(evidence, place[:-1])[place[-1]]
    report = check(evidence)
    if place[-1] in ("key", "text_key"):
        assert report.valid
        assert FORGOTTEN in str(report)
    else:
        assert report.code == (2 if place == ("format",) else 1)


@pytest.mark.parametrize(
    "place", [(), ("events", 0), ("events", 2), ("events", 4), ("earlier", 0), ("earlier", 1)]
)
@pytest.mark.parametrize("extra", ["note", "", "reason", "text_key ", "Position"])
def test_no_field_can_be_added(evidence: Json, place: Place, extra: str) -> None:
    at(evidence, place)[extra] = "0" * 64
    report = check(evidence)
    assert report.code == 1
    assert "champ inconnu" in str(report)


@pytest.mark.parametrize("missing", range(4))
def test_no_event_can_be_missing_before_the_last(evidence: Json, missing: int) -> None:
    del evidence["events"][missing]
    report = check(evidence)
    assert report.code == 1
    assert report.position == POSITIONS[missing + 1]
    assert f"au lieu de {missing + 1}" in str(report)


@pytest.mark.parametrize("first", range(5))
@pytest.mark.parametrize("other", range(5))
def test_events_can_neither_be_reordered_nor_repeated(evidence: Json, first: int, other: int) -> None:
    events = evidence["events"]
    repeated = copy.deepcopy(evidence)
    repeated["events"].insert(first, events[other])
    assert check(repeated).code == 1
    events[first], events[other] = events[other], events[first]
    assert check(evidence).valid is (first == other)


@pytest.mark.parametrize("field", list(EVIDENCE["events"][0]))
@pytest.mark.parametrize("source", [1, 3, 4])
def test_no_field_can_be_taken_from_another_event(evidence: Json, field: str, source: int) -> None:
    if field in ("record_id", "topic"):
        assert evidence["events"][source][field] == evidence["events"][0][field]
        return
    evidence["events"][0][field] = evidence["events"][source][field]
    report = check(evidence)
    assert report.code == 1
    assert report.position == evidence["events"][0]["position"]


def test_a_key_that_was_not_committed_to_opens_nothing(evidence: Json) -> None:
    evidence["events"][2]["key"] = "00" * 32
    report = check(evidence)
    assert report.position == 6
    assert "n'est pas la clé" in str(report)


@pytest.mark.parametrize(
    ("position", "forged", "problem"),
    [
        (5, {"commitment": "00" * 32, "key": "11" * 32}, "n'est pas la clé"),
        (5, {"key": "11" * 32, "commitment": commitment(b"\x11" * 32)}, "ne se déchiffre pas"),
        (5, {"state": '{"a": 1, "a": 2}'}, "JSON"),
        (5, {"state": '{"a": ' + "9" * 5000 + "}"}, "JSON"),
        (5, {"state": "[" * 900 + "]" * 900}, "objet"),
        (5, {"state": '{"a":' + "[" * 200 + "]" * 200 + "}"}, "trop de niveaux"),
        (5, {"state": "[" * 100_000}, "JSON"),
        (5, {"state": "3"}, "objet"),
        (5, {"state": ""}, "JSON"),
        (5, {"metadata": "[]"}, "objet"),
        (5, {"state": '{"a": {"sealed": 3}}'}, "forme"),
        (5, {"state": '{"a": {"sealed": "q:AAAA"}}'}, "forme"),
        (5, {"state": '{"a": {"sealed": "p:AAAA"}}'}, "déchiffre"),
        (5, {"state": '{"a": {"sealed": "p:AAB="}}'}, "canonique"),
        (5, {"state": '{"a": {"sealed": "p:A A="}}'}, "illisible"),
        (5, {"version": 3}, "au lieu de 2"),
        (5, {"record_id": "mentee-other"}, "autre dossier"),
        (5, {"recorded_at": EVENTS[1]["recorded_at"] - 1}, "avant le précédent"),
        (5, {"effective_at": EVENTS[4]["recorded_at"] + 1}, "avant d'être vrai"),
        (5, {"event_id": EVENTS[1]["event_id"]}, "même identifiant"),
    ],
)
def test_what_was_sealed_wrongly_is_refused_all_the_same(position: int, forged: Json, problem: str) -> None:
    report = check(evidence_of(altered({position: forged})))
    assert report.code == 1, str(report)[:200]
    assert problem in str(report)
    assert report.position == (None if "event_id" in forged else position)


def test_an_event_after_the_checkpoint_is_refused() -> None:
    evidence = evidence_of(EVENTS)
    evidence["checkpoint"] = KEY.checkpoint([leaf(event) for event in EVENTS[:19]])
    evidence["events"] = evidence_of(EVENTS[:19], POSITIONS[:4])["events"] + evidence["events"][4:]
    evidence["earlier"] = []
    report = check(evidence)
    assert report.position == 20
    assert "postérieur" in str(report)


def test_a_checkpoint_of_another_ledger_proves_nothing(evidence: Json) -> None:
    other = evidence_of(altered({1: {"state": "{}"}}))
    evidence["checkpoint"] = other["checkpoint"]
    assert check(evidence).position == POSITIONS[0]


def test_an_earlier_checkpoint_of_a_rewritten_history_is_refused(evidence: Json) -> None:
    rewritten = evidence_of(altered({3: {"state": "{}"}}))
    for one in range(2):
        for consistency in (
            evidence["earlier"][one]["consistency"],
            rewritten["earlier"][one]["consistency"],
        ):
            bad = copy.deepcopy(evidence)
            bad["earlier"][one] = {
                "checkpoint": rewritten["earlier"][one]["checkpoint"],
                "consistency": consistency,
            }
            assert "ne prolonge pas" in str(check(bad))


def test_earlier_checkpoints_come_in_order(evidence: Json) -> None:
    evidence["earlier"].reverse()
    assert "ne l'est pas" in str(check(evidence))
    leaves = [leaf(event) for event in EVENTS]
    for later in (
        KEY.checkpoint([*leaves, leaves[0]]),
        KEY.checkpoint(leaves[:7], epoch=2),
    ):
        evidence["earlier"] = [{"checkpoint": later, "consistency": []}]
        assert "ne l'est pas" in str(check(evidence))


def test_the_empty_ledger_begins_every_other_without_a_proof() -> None:
    evidence = evidence_of(EVENTS, earlier=[0])
    evidence["earlier"][0]["consistency"] = ["00" * 32]
    assert "ne prolonge pas" in str(check(evidence))
    root = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    empty = KEY.sign(f"{KEY.name}\n0\n{root}\nepoch 1\nat 2026-01-05T08:30:00Z\n")
    evidence["earlier"] = [{"checkpoint": empty, "consistency": []}]
    assert "ne prolonge pas" in str(check(evidence))


@pytest.mark.parametrize(
    "text",
    [
        "another.test\n23\n{}\nepoch 1\nat 2026-01-05T09:00:00Z\n",
        f"{KEY.name}\n023\n{{}}\nepoch 1\nat 2026-01-05T09:00:00Z\n",
        f"{KEY.name}\n23\n{{}}\nat 2026-01-05T09:00:00Z\n",
        f"{KEY.name}\n23\n{{}}\nepoch 0\nat 2026-01-05T09:00:00Z\n",
        f"{KEY.name}\n23\n{{}}\nepoch 1\nat 2026-02-30T09:00:00Z\n",
        f"{KEY.name}\n23\n{{}}\nepoch 1\nat 2026-01-05T09:00:00Z\nmore\n",
        f"{KEY.name}\n23\nAAAA\nepoch 1\nat 2026-01-05T09:00:00Z\n",
        f"{KEY.name}\n٢٣\n{{}}\nepoch 1\nat 2026-01-05T09:00:00Z\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(evidence: Json, text: str) -> None:
    root = evidence["checkpoint"].splitlines()[2]
    evidence["checkpoint"] = KEY.sign(text.format(root))
    assert check(evidence).code == 1


def test_another_key_verifies_nothing(evidence: Json) -> None:
    assert check(evidence, Key().vkey).valid
    assert check(evidence, Key(private=Ed25519PrivateKey.generate()).vkey).code == 1
    assert check(evidence, Key("another.test").vkey).code == 1


@pytest.mark.parametrize(
    "vkey",
    ["", "name", KEY.vkey[:-1], KEY.vkey[1:], KEY.vkey.replace("+", "-"), KEY.vkey + "A", "\ud800+a+b"],
)
def test_what_is_no_key_is_unreadable(evidence: Json, vkey: str) -> None:
    assert check(evidence, vkey).code == 2


@pytest.mark.parametrize(
    "other", [None, [], "text", 3, {}, {"format": "mentorat-evidence-v2"}, {"format": []}]
)
def test_what_is_no_evidence_is_unreadable(other: object) -> None:
    assert check(other).code == 2


CONTENT = json.dumps(EVIDENCE)
FIRST = '"version": 1,'
RAW: dict[str, Callable[[str], str]] = {
    "a repeated field": lambda text: text.replace(FIRST, FIRST * 2, 1),
    "a repeated field with another value": lambda text: text.replace(FIRST, f'"version": 2, {FIRST}', 1),
    "a repeated key": lambda text: text.replace('"key": ', '"key": "00", "key": ', 1),
    "a real number": lambda text: text.replace(FIRST, '"version": 1.0,', 1),
    "an exponent": lambda text: text.replace(FIRST, '"version": 1e0,', 1),
    "minus zero": lambda text: text.replace(FIRST, '"version": -0,', 1),
    "not a number": lambda text: text.replace(FIRST, '"version": NaN,', 1),
    "infinity": lambda text: text.replace(FIRST, '"version": -Infinity,', 1),
    "a huge number": lambda text: text.replace(FIRST, f'"version": {"1" * 6000},', 1),
    "a leading zero": lambda text: text.replace(FIRST, '"version": 01,', 1),
    "a comment": lambda text: text.replace(FIRST, f"{FIRST} // note\n", 1),
    "something after": lambda text: text + "{}",
    "cut short": lambda text: text[:-1],
    "nothing": lambda text: "",
    "deep lists": lambda text: "[" * 200_000,
}


@pytest.mark.parametrize("change", RAW.values(), ids=list(RAW))
def test_what_two_readers_could_read_differently_is_unreadable(change: Callable[[str], str]) -> None:
    assert check(verify.read(CONTENT.encode())).valid
    changed = change(CONTENT)
    assert changed != CONTENT
    with pytest.raises(verify.Unreadable):
        verify.read(changed.encode())


@pytest.mark.parametrize("content", [b"\xff" + CONTENT.encode(), b"\xef\xbb\xbf" + CONTENT.encode()])
def test_other_encodings_are_unreadable(content: bytes) -> None:
    with pytest.raises(verify.Unreadable):
        verify.read(content)


def test_a_letter_cannot_move_from_a_field_to_the_next() -> None:
    one = EVENTS[0]
    moved = {"record_id": one["record_id"] + one["topic"][0], "topic": one["topic"][1:]}
    assert leaf(one | moved) != leaf(one)
