"""Verifies an evidence file offline: ``python verify.py FILE --key PUB``.

Exit code 0: it holds; 1: it does not, and where; 2: it cannot be read. One file that anybody can copy and
read: Python's standard library and ``cryptography``, nothing of the program that wrote the evidence, so that
an error there is not repeated here. The format is told in ``docs/preuves.md``.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORGOTTEN: Final = "[oublié ou non communiqué]"
FORMAT: Final = "mentorat-evidence-v1"
MOST_BYTES: Final = 200_000_000
_HASH: Final = r"[0-9a-f]{64}"
_LONG: Final = 2**63 - 1
_DATES: Final = (-62_135_596_800_000_000, 253_402_300_799_999_999)  # the years 1 to 9999
_NUMBERS: Final = {
    "position": (1, _LONG),
    "version": (1, 2**31 - 1),
    "effective_at": _DATES,
    "recorded_at": _DATES,
}
_TEXTS: Final = {
    "event_id": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "record_id": r"[^\x00-\x20\x7f]+",
    "topic": r"[^\x00-\x20\x7f]+",
    "metadata": r"[\s\S]*",
    "state": r"[\s\S]*",
    "commitment": rf"({_HASH})?",
    "text_commitment": rf"({_HASH})?",
}
_KEYS: Final = {"key": _HASH, "text_key": _HASH}
_CHECKPOINT: Final = re.compile(
    r"(.+)\n(0|[1-9][0-9]{0,17})\n(.+)\nepoch ([1-9][0-9]{0,3})\n"
    r"at ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)\n"
)


class Unreadable(Exception):
    """This is no evidence file, or no key: nothing can be said."""


class Broken(Exception):
    """The evidence does not hold."""

    def __init__(self, problem: str, position: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.position = position


@dataclass(frozen=True)
class Report:
    """``code``: 0, 1 or 2, as the program ends; ``lines``: what it says, in French."""

    code: int
    lines: tuple[str, ...]
    position: int | None = None

    @property
    def valid(self) -> bool:
        return self.code == 0

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Checkpoint:
    """A state of the ledger that was signed. ``at``: UTC."""

    size: int
    root: bytes
    epoch: int
    at: datetime

    def __str__(self) -> str:
        return f"{_count(self.size)} le {self.at:%Y-%m-%d à %H:%M:%S} UTC (époque {self.epoch})"


def verify(evidence: object, vkey: str) -> Report:
    """Verifies evidence as ``read`` gives it. ``vkey``: the public key, as published. Never raises."""
    try:
        return Report(0, tuple(_verified(evidence, *_read_key(vkey))))
    except Unreadable as error:
        return Report(2, (f"ILLISIBLE : {error}",))
    except RecursionError:
        return Report(1, ("NON VALIDE : trop de niveaux.",))
    except Broken as error:
        place = "" if error.position is None else f"événement à la position {error.position} : "
        return Report(1, (f"NON VALIDE : {place}{error.problem}",), error.position)


def read(content: bytes) -> object:
    """The JSON of a file, refusing what two readers could understand differently. Raises ``Unreadable``."""
    if len(content) > MOST_BYTES:
        raise Unreadable("le fichier est trop grand.")
    try:
        return _json(content.decode(), whole=True)
    except ValueError as error:
        raise Unreadable(f"ce n'est pas du JSON acceptable ({error}).") from error


def _verified(evidence: object, name: str, public: Ed25519PublicKey) -> list[str]:
    if not isinstance(evidence, dict) or evidence.get("format") != FORMAT:
        raise Unreadable(f"ce n'est pas une preuve au format {FORMAT}.")
    _check_fields(evidence, {"format", "record", "events", "checkpoint", "earlier"}, set(), "le fichier")
    checkpoint = _open_checkpoint(evidence["checkpoint"], name, public)
    record, events = evidence["record"], evidence["events"]
    if not isinstance(record, str) or not isinstance(events, list) or not events:
        raise Broken("le fichier ne contient aucun événement, ou son dossier n'est pas nommé.")
    shown: list[str] = []
    for number, event in enumerate(events, 1):
        _check_event(event, number)
        try:
            _check_place(event, record, number, events[number - 2] if number > 1 else None)
            _check_seal(event, checkpoint)
            shown += _show(event)
        except Broken as error:
            raise Broken(error.problem, event["position"]) from error
    if len({event["event_id"] for event in events}) < len(events):
        raise Broken("deux événements ont le même identifiant.")
    earlier = _check_earlier(evidence["earlier"], checkpoint, name, public)
    return [
        f"VALIDE : dossier {_safe(record)}, {_count(len(events))}, versions 1 à {len(events)}.",
        f"Point de contrôle signé par {_safe(name)} : {checkpoint}.",
        *(f"Prolonge le point de contrôle de {one}." for one in earlier),
        *shown,
        f"Ne prouve pas qu'aucun événement du dossier ne suive la version {len(events)} :",
        "pour son dernier état, demandez une preuve au point de contrôle le plus récent.",
    ]


def _check_event(event: object, number: int) -> None:
    """The form of an event, field by field: nothing is left out, nothing more is in it."""
    where = f"l'événement n° {number} du fichier"
    if not isinstance(event, dict):
        raise Broken(f"{where} n'est pas un objet.")
    position = event.get("position")
    known = position if type(position) is int and 1 <= position <= _LONG else None
    try:
        _check_fields(event, {*_NUMBERS, *_TEXTS, "proof"}, set(_KEYS), where)
        for field, (least, most) in _NUMBERS.items():
            if type(event[field]) is not int or not least <= event[field] <= most:
                raise Broken(f"« {field} » n'est pas un nombre acceptable.")
        for field, pattern in (_TEXTS | _KEYS).items():
            if field in event and not _matches(pattern, event[field]):
                raise Broken(f"« {field} » n'a pas la forme attendue.")
        _hashes(event["proof"])
    except Broken as error:
        raise Broken(error.problem, known) from error


def _check_place(event: dict[str, Any], record: str, number: int, before: dict[str, Any] | None) -> None:
    """A record's versions are 1, 2, 3… in the order of the ledger."""
    if event["record_id"] != record:
        raise Broken("il est d'un autre dossier.")
    if event["version"] != number:
        raise Broken(
            f"version {event['version']} au lieu de {number} : un événement manque, ou l'ordre est changé."
        )
    if before and not before["position"] < event["position"]:
        raise Broken("il n'est pas après le précédent.")
    if before and before["recorded_at"] > event["recorded_at"]:
        raise Broken("il a été écrit avant le précédent.")
    if event["effective_at"] > event["recorded_at"]:
        raise Broken("il a été écrit avant d'être vrai.")


def _check_seal(event: dict[str, Any], checkpoint: Checkpoint) -> None:
    if event["position"] > checkpoint.size:
        raise Broken("il est postérieur au point de contrôle.")
    fields = (
        str(event["position"]),
        event["event_id"].replace("-", ""),
        event["record_id"],
        str(event["version"]),
        event["topic"],
        str(event["effective_at"]),
        str(event["recorded_at"]),
        event["metadata"],
        event["state"],
        event["commitment"],
        event["text_commitment"],
    )
    encoded = [field.encode() for field in fields]
    leaf = b"mentorat-event-v1\n" + b"".join(str(len(one)).encode() + b":" + one + b"\n" for one in encoded)
    node = hashlib.sha256(b"\x00" + leaf).digest()
    if _climb(node, event["position"] - 1, checkpoint.size, _hashes(event["proof"])) != checkpoint.root:
        raise Broken("il n'est pas dans le registre scellé tel qu'il est écrit ici.")


def _climb(node: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """RFC 6962 §2.1.1, from the top: the root that the path leads to."""
    if (size == 1) != (not path):
        raise Broken("sa preuve n'a pas la longueur attendue.")
    if not path:
        return node
    *rest, sibling = path
    split = 1 << (size - 1).bit_length() - 1
    if index < split:
        return _node(_climb(node, index, split, rest), sibling)
    return _node(sibling, _climb(node, index - split, size - split, rest))


def _grow(old: int, new: int, path: Sequence[bytes], known: bytes | None) -> tuple[bytes, bytes]:
    """RFC 6962 §2.1.2, from the top: the old root and the new one.

    ``known``: the old root itself, as long as no turn was to the right: the path then leaves it out.
    """
    nodes = path if known is None else [known, *path]
    if not nodes or (len(nodes) == 1) != (old == new):
        raise Broken("la preuve de continuité n'a pas la longueur attendue.")
    if old == new:
        return nodes[0], nodes[0]
    *rest, last = path
    split = 1 << (new - 1).bit_length() - 1
    if old <= split:
        before, after = _grow(old, split, rest, known)
        return before, _node(after, last)
    before, after = _grow(old - split, new - split, rest, None)
    return _node(last, before), _node(last, after)


def _check_earlier(
    earlier: object, last: Checkpoint, name: str, public: Ed25519PublicKey
) -> list[Checkpoint]:
    """Earlier checkpoints, oldest first: the ledger of the last one begins with each of theirs."""
    if not isinstance(earlier, list):
        raise Broken("« earlier » n'est pas une liste.")
    found: list[Checkpoint] = []
    for one in earlier:
        _check_fields(one, {"checkpoint", "consistency"}, set(), "un point de contrôle antérieur")
        checkpoint, path = _open_checkpoint(one["checkpoint"], name, public), _hashes(one["consistency"])
        orders = [(each.epoch, each.size) for each in (*found[-1:], checkpoint, last)]
        if orders != sorted(orders) or checkpoint.size > last.size:
            raise Broken("un point de contrôle dit antérieur ne l'est pas.")
        if checkpoint.size == 0:
            holds = not path and checkpoint.root == hashlib.sha256(b"").digest()
        else:
            roots = _grow(checkpoint.size, last.size, path, checkpoint.root)
            holds = roots == (checkpoint.root, last.root)
        if not holds:
            raise Broken(f"le registre ne prolonge pas le point de contrôle de {checkpoint}.")
        found.append(checkpoint)
    return found


def _open_checkpoint(note: object, name: str, public: Ed25519PublicKey) -> Checkpoint:
    """https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint."""
    if not isinstance(note, str) or not _matches(r"[^\x00-\x09\x0b-\x1f]*\n", note):
        raise Broken("un point de contrôle n'est pas un texte signé.")
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    signed = [_signed(text, line, name, public) for line in signatures.split("\n")[:-1]]
    if not any(signed):
        raise Broken("un point de contrôle n'est pas signé par la clé donnée.")
    found = _CHECKPOINT.fullmatch(text)
    root = _bytes(found[3]) if found else b""
    if not found or found[1] != name or len(root) != 32:
        raise Broken("un texte signé n'est pas un point de contrôle de ce registre.")
    try:
        at = datetime.strptime(found[5], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise Broken("la date d'un point de contrôle n'existe pas.") from error
    return Checkpoint(int(found[2]), root, int(found[4]), at)


def _signed(text: str, line: str, name: str, public: Ed25519PublicKey) -> bool:
    """Whether the line is a signature of this key. Those of others are ignored; a false one of it is not."""
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—":
        raise Broken("une ligne de signature est mal formée.")
    signature = _bytes(parts[2])
    if parts[1] != name or signature[:4] != _key_id(name, public.public_bytes_raw()):
        return False
    try:
        public.verify(signature[4:], text.encode())
    except InvalidSignature as error:
        raise Broken("la signature d'un point de contrôle est fausse.") from error
    return True


def _show(event: dict[str, Any]) -> list[str]:
    """The event as it reads, opened where its keys are given. Their commitments are in the sealed bytes."""
    keys = {"p:": _key(event, "key", "commitment"), "t:": _key(event, "text_key", "text_commitment")}
    try:
        facts, state = (_json(event[field]) for field in ("metadata", "state"))
    except ValueError as error:
        raise Broken("son contenu n'est pas du JSON acceptable.") from error
    if not isinstance(facts, dict) or not isinstance(state, dict):
        raise Broken("son contenu n'est pas un objet.")
    values = list(state.items())
    if "reason" in facts:
        values.append(("motif", facts["reason"]))
    true, written = (_instant(event[field]) for field in ("effective_at", "recorded_at"))
    return [
        f"{event['position']} · version {event['version']} · {_safe(event['topic'])}",
        f"    vrai le {true}, écrit le {written}",
        f"    par {_safe(facts.get('actor', '?'))} ({_safe(facts.get('role', '?'))})",
        *(f"    {_safe(field)} : {_safe(_opened(value, keys))}" for field, value in values),
    ]


def _key(event: dict[str, Any], field: str, commitment: str) -> bytes | None:
    """The key disclosed, if any: the one that the event was sealed with, and no other."""
    if field not in event:
        return None
    key = bytes.fromhex(event[field])
    if hashlib.sha256(b"mentorat/commitment/v1/" + key).hexdigest() != event[commitment]:
        raise Broken(f"« {field} » n'est pas la clé sous laquelle il a été scellé.")
    return key


def _opened(value: Any, keys: dict[str, bytes | None], levels: int = 100) -> Any:
    """The value with what is sealed in it opened, or said not to be."""
    if not levels:
        raise Broken("son contenu a trop de niveaux.")
    if isinstance(value, list):
        return [_opened(one, keys, levels - 1) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) != {"sealed"}:
        return {field: _opened(one, keys, levels - 1) for field, one in value.items()}
    word = value["sealed"]
    if not isinstance(word, str) or word[:2] not in keys:
        raise Broken("une valeur chiffrée n'a pas la forme attendue.")
    box, key = _bytes(word[2:]), keys[word[:2]]
    if key is None:
        return FORGOTTEN
    try:
        return _json(AESGCM(key).decrypt(box[:12], box[12:], None).decode())
    except (InvalidTag, ValueError) as error:
        raise Broken("une valeur ne se déchiffre pas avec la clé donnée.") from error


def _check_fields(value: object, required: set[str], optional: set[str], where: str) -> None:
    if not isinstance(value, dict):
        raise Broken(f"{where} n'est pas un objet.")
    for field in sorted(required - set(value)):
        raise Broken(f"{where} n'a pas de champ « {field} ».")
    for field in sorted(set(value) - required - optional, key=str):
        raise Broken(f"{where} a un champ inconnu, {_safe(field)} : rien ne le prouverait.")


def _matches(pattern: str, value: object) -> bool:
    """Whether it is a text of this form, and one that UTF-8 can write."""
    if not isinstance(value, str) or re.search("[\ud800-\udfff]", value):
        return False
    return re.fullmatch(pattern, value) is not None


def _hashes(value: object) -> list[bytes]:
    if not isinstance(value, list) or len(value) > 64 or not all(_matches(_HASH, one) for one in value):
        raise Broken("une preuve n'est pas une liste d'empreintes.")
    return [bytes.fromhex(one) for one in value]


def _bytes(word: str) -> bytes:
    """Canonical base64 only: one way to write the same bytes."""
    try:
        value = base64.b64decode(word, validate=True)
    except ValueError as error:
        raise Broken("un mot en base64 est illisible.") from error
    if base64.b64encode(value).decode() != word:
        raise Broken("un mot en base64 n'est pas sous sa forme canonique.")
    return value


def _json(text: str, *, whole: bool = False) -> Any:
    """Raises ``ValueError`` for a repeated field or a huge number; ``whole``: for what is no integer."""

    def once(fields: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(fields)) < len(fields):
            raise ValueError("un champ est répété")
        return dict(fields)

    def number(digits: str) -> int:
        if not re.fullmatch(r"0|-?[1-9][0-9]{0,18}", digits):
            raise ValueError("un nombre est démesuré")
        return int(digits)

    def refuse(word: str) -> float:
        raise ValueError(f"{word} n'est pas un nombre acceptable")

    real = refuse if whole else float
    try:
        return json.loads(
            text, object_pairs_hook=once, parse_int=number, parse_float=real, parse_constant=refuse
        )
    except RecursionError as error:
        raise ValueError("trop de niveaux") from error


def _read_key(vkey: str) -> tuple[str, Ed25519PublicKey]:
    name, _, rest = vkey.strip().partition("+")
    key_id, _, word = rest.partition("+")
    try:
        key = _bytes(word)
        if not name or len(key) != 33 or key[0] != 1 or _key_id(name, key[1:]).hex() != key_id:
            raise Unreadable("ce n'est pas une clé publique « nom+identifiant+clé ».")
        return name, Ed25519PublicKey.from_public_bytes(key[1:])
    except (Broken, ValueError) as error:
        raise Unreadable("la clé publique est mal formée.") from error


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _count(events: int) -> str:
    return f"{events} événement{'s' if events > 1 else ''}"


def _instant(microseconds: int) -> str:
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    return f"{instant.replace(tzinfo=None).isoformat(' ', 'milliseconds')} UTC"


def _safe(value: Any) -> str:
    """As text that cannot play tricks on a terminal."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def main(arguments: Sequence[str] | None = None) -> int:
    """The program. Answers its exit code."""
    parser = argparse.ArgumentParser(description="Vérifie une preuve du registre, hors ligne.")
    parser.add_argument("file", type=Path, help="le fichier de preuve")
    parser.add_argument("--key", required=True, help="la clé publique, ou un fichier qui la contient")
    given = parser.parse_args(arguments)
    try:
        key = Path(given.key).read_text("utf-8") if Path(given.key).is_file() else given.key
        report = verify(read(given.file.read_bytes()), key)
    except Unreadable as error:
        report = Report(2, (f"ILLISIBLE : {error}",))
    except (OSError, UnicodeDecodeError) as error:
        report = Report(2, (f"ILLISIBLE : le fichier ne peut être lu ({type(error).__name__}).",))
    return _told(report)


def _told(report: Report) -> int:
    """Prints the report whatever the terminal can write; the exit code stands, read or not."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        print(report, flush=True)
    except BrokenPipeError:
        # Nobody reads on: the interpreter would say so once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return report.code


if __name__ == "__main__":
    sys.exit(main())
