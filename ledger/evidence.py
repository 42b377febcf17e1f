"""Evidence of one record: what is stored of it, its place in the signed tree, and the keys one may read with.

The format is that of ``docs/preuves.md``, and ``ledger/verify.py`` reads it without any of this code.
Refusals are records of their own (``refusal-…``): each has its own evidence, since nothing could prove that a
list of them beside another record is complete.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from ledger import proofs
from ledger.checkpoint import Checkpoint
from ledger.events import ABOUT, StoredEvent
from ledger.keyring import Keyring
from ledger.leaf import microseconds
from ledger.transaction import COLUMNS, stored_of
from ledger.vault import commitment, event_key, text_key

FORMAT: Final = "mentorat-evidence-v1"
_EVENTS: Final = (
    f"SELECT {COLUMNS} FROM ledger.events WHERE record_id = %s AND position <= %s ORDER BY version"  # noqa: S608
)


async def evidence(
    connection: AsyncConnection[Any],
    keyring: Keyring,
    record_id: str,
    checkpoint: Checkpoint,
    *,
    disclose: bool,
    earlier: Sequence[Checkpoint] = (),
) -> dict[str, Any]:
    """The record up to the checkpoint: publish one first, and the last word is in it.

    ``disclose``: with the keys of these events that still exist, for a reader who may see personal data; who
    holds the file then reads them for ever, whatever is erased here. ``earlier``: checkpoints that the reader
    may hold, of those ``standing``. Raises ``LookupError`` when nothing of the record is covered,
    ``ValueError`` for a later one in ``earlier``, ``MissingHash`` when the store is damaged.
    """
    cursor = connection.cursor(row_factory=tuple_row)
    await cursor.execute(_EVENTS, (record_id, checkpoint.size))
    events = [stored_of(row) for row in await cursor.fetchall()]
    if not events:
        raise LookupError(record_id)
    keys = await keyring.keys(_subjects(events)) if disclose else {}
    paths = await proofs.inclusions(connection, [one.position for one in events], checkpoint.size)
    return {
        "format": FORMAT,
        "record": record_id,
        "events": [
            _written(one) | _disclosed(one, keys) | {"proof": _hexadecimal(path)}
            for one, path in zip(events, paths, strict=True)
        ],
        "checkpoint": checkpoint.note,
        "earlier": [
            {
                "checkpoint": one.note,
                "consistency": _hexadecimal(await proofs.consistency(connection, one.size, checkpoint.size)),
            }
            for one in sorted(earlier, key=lambda one: (one.epoch, one.size))
        ],
    }


def _written(stored: StoredEvent) -> dict[str, Any]:
    """What the seal covers, as it is."""
    return {
        "position": stored.position,
        "event_id": str(stored.event_id),
        "record_id": stored.record_id,
        "version": stored.version,
        "topic": stored.topic,
        "effective_at": microseconds(stored.effective_at),
        "recorded_at": microseconds(stored.recorded_at),
        "metadata": stored.metadata,
        "state": stored.state,
        "commitment": stored.commitment.hex() if stored.commitment else "",
        "text_commitment": stored.text_commitment.hex() if stored.text_commitment else "",
    }


def _disclosed(stored: StoredEvent, keys: Mapping[str, bytes]) -> dict[str, str]:
    """The keys that open this event and no other, where those they are made of still exist."""
    found = {}
    if stored.commitment and stored.record_id in keys:
        found["key"] = (event_key(keys[stored.record_id], stored.event_id), stored.commitment)
    about = _about(stored)
    if stored.text_commitment and about and all(subject in keys for subject in about):
        found["text_key"] = (
            text_key((keys[subject] for subject in about), stored.event_id),
            stored.text_commitment,
        )
    return {name: key.hex() for name, (key, committed) in found.items() if commitment(key) == committed}


def _subjects(events: Sequence[StoredEvent]) -> set[str]:
    return {subject for one in events for subject in (one.record_id, *_about(one))}


def _about(stored: StoredEvent) -> Sequence[str]:
    """Whose keys open what was typed."""
    about: Sequence[str] = json.loads(stored.metadata).get(ABOUT, ()) if stored.text_commitment else ()
    return about


def _hexadecimal(path: Sequence[bytes]) -> list[str]:
    return [one.hex() for one in path]
