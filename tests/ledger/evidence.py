"""A small sealed ledger and evidence drawn from it, after ``docs/preuves.md`` alone: no code of ours."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

START = 1_767_600_000_000_000
"""Microseconds since 1970: 2026-01-05, 08:00 UTC."""
RECORD = "mentee-7d1c"
POSITIONS = (2, 5, 6, 11, 20)
SIZE = 23

LEAF = (
    "position",
    "event_id",
    "record_id",
    "version",
    "topic",
    "effective_at",
    "recorded_at",
    "metadata",
    "state",
    "commitment",
    "text_commitment",
)

Json = dict[str, Any]


@dataclass
class Key:
    """A signing key and its name."""

    name: str = "mentorat.invalid/0123456789abcdef"
    private: Ed25519PrivateKey = field(
        default_factory=lambda: Ed25519PrivateKey.from_private_bytes(b"evidence" * 4)
    )

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n\x01" + self.private.public_key().public_bytes_raw()).digest()[
            :4
        ]

    @property
    def vkey(self) -> str:
        public = base64.b64encode(b"\x01" + self.private.public_key().public_bytes_raw()).decode()
        return f"{self.name}+{self.id.hex()}+{public}"

    def sign(self, text: str) -> str:
        signature = base64.b64encode(self.id + self.private.sign(text.encode())).decode()
        return f"{text}\n— {self.name} {signature}\n"

    def checkpoint(self, leaves: Sequence[bytes], at: str = "2026-01-05T09:00:00Z", epoch: int = 1) -> str:
        root = base64.b64encode(tree(leaves)).decode()
        return self.sign(f"{self.name}\n{len(leaves)}\n{root}\nepoch {epoch}\nat {at}\n")


KEY = Key()


def tree(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    split = half(len(leaves))
    return sha256(b"\x01" + tree(leaves[:split]) + tree(leaves[split:])).digest()


def half(size: int) -> int:
    split = 1
    while split * 2 < size:
        split *= 2
    return split


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 6962 §2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    split = half(len(leaves))
    if index < split:
        return [*path(index, leaves[:split]), tree(leaves[split:])]
    return [*path(index - split, leaves[split:]), tree(leaves[:split])]


def growth(old: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """RFC 6962 §2.1.2, word for word."""
    if old == len(leaves):
        return [] if whole else [tree(leaves)]
    split = half(len(leaves))
    if old <= split:
        return [*growth(old, leaves[:split], whole), tree(leaves[split:])]
    return [*growth(old - split, leaves[split:], False), tree(leaves[:split])]


def leaf(event: Json) -> bytes:
    encoded = b"mentorat-event-v1\n"
    for name in LEAF:
        value = str(event[name]).replace("-", "") if name == "event_id" else str(event[name])
        encoded += f"{len(value.encode())}:{value}\n".encode()
    return sha256(b"\x00" + encoded).digest()


def box(kind: str, key: bytes, value: object) -> Json:
    nonce = sha256(key + repr(value).encode()).digest()[:12]
    sealed = AESGCM(key).encrypt(nonce, json.dumps(value, ensure_ascii=False).encode(), None)
    return {"sealed": f"{kind}:{base64.b64encode(nonce + sealed).decode()}"}


def commitment(key: bytes) -> str:
    return sha256(b"mentorat/commitment/v1/" + key).hexdigest()


def written(position: int) -> Json:
    """An event as it is stored: those of ``RECORD`` hold personal fields and what somebody typed."""
    ours = position in POSITIONS
    version = POSITIONS.index(position) + 1 if ours else position
    key, text_key = sha256(b"key %d" % position).digest(), sha256(b"text %d" % position).digest()
    state: Json = {"status": "volunteer", "year": 2026, "rate": 0.5, "tags": [1, None, True]}
    metadata: Json = {"actor": "t-lyon", "role": "academie", "command": "mentee.identify"}
    event: Json = {
        "position": position,
        "event_id": f"00000000-0000-5000-8000-{position:012x}",
        "record_id": RECORD if ours else f"other-{position}",
        "version": version,
        "topic": "mentee.Identified@1",
        "effective_at": START - 86_400_000_000 + position,
        "recorded_at": START + position * 1_000_000,
        "commitment": "",
        "text_commitment": "",
    }
    if ours and version != 3:
        state["name"] = box("p", key, f"Prénom {position}")
        state["contacts"] = [{"mail": box("p", key, {"address": "élève@lycee.test"})}]
        metadata["reason"] = box("t", text_key, "dit au téléphone")
        event |= {"key": key.hex(), "text_key": text_key.hex()}
        event |= {"commitment": commitment(key), "text_commitment": commitment(text_key)}
    event["metadata"] = json.dumps(metadata, ensure_ascii=False, sort_keys=True)
    event["state"] = json.dumps(state, ensure_ascii=False)
    return event


def ledger() -> list[Json]:
    return [written(position) for position in range(1, SIZE + 1)]


def evidence_of(
    events: Sequence[Json], positions: Sequence[int] = POSITIONS, earlier: Sequence[int] = (7, 16)
) -> Json:
    """The evidence of the events at these positions, in a tree of all of them."""
    leaves = [leaf(event) for event in events]
    chosen = [events[position - 1] for position in positions]
    return {
        "format": "mentorat-evidence-v1",
        "record": chosen[0]["record_id"],
        "events": [
            event | {"proof": [one.hex() for one in path(event["position"] - 1, leaves)]} for event in chosen
        ],
        "checkpoint": KEY.checkpoint(leaves),
        "earlier": [
            {
                "checkpoint": KEY.checkpoint(leaves[:size], "2026-01-05T08:30:00Z"),
                "consistency": [one.hex() for one in growth(size, leaves)] if size else [],
            }
            for size in earlier
        ],
    }
