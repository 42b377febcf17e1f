"""Events as they leave the house: their facts in clear where this reader may see them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from api.export.lens import Lens
from domain.kernel import FORGOTTEN, UNREADABLE, Root, Sealed, Unread
from domain.ports import Happened
from projections.facts import reserved, split
from projections.holdings import RefusalRow

_REASON: Final = "reason"


@dataclass
class Told:
    """An event to be written once its sealed values are opened. ``words``: these values, by the path of their
    field in ``data`` (``person.email``); ``hidden``: the paths of those that this reader may not see.
    """

    about: dict[str, Any]
    data: Any
    words: dict[str, Sealed] = field(default_factory=dict)
    reason: Sealed | None = None
    hidden: list[str] = field(default_factory=list)

    @property
    def sealed(self) -> set[Sealed]:
        return {*self.words.values(), *([self.reason] if self.reason else [])}

    def line(self, clear: Mapping[Sealed, Any]) -> str:
        """One line of JSON."""
        unread: dict[Unread, list[str]] = {FORGOTTEN: [], UNREADABLE: []}

        def shown(path: str, value: Any) -> Any:
            if isinstance(value, Unread):
                unread[value].append(path)
                return None
            return value

        for path, sealed in self.words.items():
            _place(self.data, path.split("."), shown(path, clear[sealed]))
        told = self.about | {
            _REASON: shown(_REASON, clear[self.reason]) if self.reason else None,
            "data": self.data,
            "forgotten": unread[FORGOTTEN],
            "unreadable": unread[UNREADABLE],
            "withheld": self.hidden,
        }
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n"


def told(happened: Happened, record: Root, lens: Lens) -> Told:
    """An event of a record, which stands as ``record``."""
    data, words = split(happened.event)
    facts = happened.facts
    reason: Sealed | None = facts.get(_REASON) or None
    shown = {path for path in words if lens.sees(record, happened.event)}
    hidden = sorted(words.keys() - shown)
    if lens.reader.role in record.reserved_to:
        data |= reserved(happened.event)
    theirs = lens.may_be_another_s(record, facts["role"], facts["actor"])
    if reason and (theirs or not lens.sees_persons_of(record)):
        reason, hidden = None, [*hidden, _REASON]
    if theirs:
        hidden = [*hidden, "actor"]
    about = _about(happened, happened.version, happened.topic) | {
        "actor": None if theirs else facts["actor"],
        "role": facts["role"],
        "command": facts["command"],
    }
    return Told(about, data, {path: Sealed.of(words[path]) for path in shown}, reason, hidden)


def refused(row: RefusalRow, record: Root, lens: Lens) -> Told:
    """A refusal, under the record that it concerns."""
    reason = Sealed.of(row.reason) if row.reason and lens.sees_persons_of(record) else None
    about = _about(row, None, row.topic) | {"actor": row.actor, "role": row.role, "command": row.command}
    return Told(about, dict(row.facts), reason=reason, hidden=[_REASON] if row.reason and not reason else [])


def _about(one: Happened | RefusalRow, version: int | None, topic: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "source": "/v1/events",
        "datacontenttype": "application/json",
        "position": one.position,
        "id": str(one.event_id),
        "record": one.record_id,
        "version": version,
        "type": topic,
        "effective": one.effective_at.isoformat(),
        "recorded": one.recorded_at.isoformat(),
    }


def _place(data: Any, path: list[str], value: Any) -> None:
    """Puts a value where it stands in the event: ``person.email``, ``contacts.0.name``."""
    *parents, last = path
    for name in parents:
        data = data[int(name)] if isinstance(data, list) else data.setdefault(name, {})
    data[last] = value
