"""Who is waited for, now: what tells a record that is stuck from one to which nothing need be done."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from domain.kernel import Due, Root
from domain.reminding import Reminding


def awaited(record: Root, dues: Iterable[Due], now: datetime) -> list[Due]:
    """Of all that is due, what somebody is waited for at ``now``.

    In a status where a record may stay (cleared, admitted, in force: ``Root.resting``), a term to come is
    nobody's business before its first alert; in any other, whoever can move the record on is waited for from
    the first day. Nobody, once it is closed.
    """
    if record.status in record.final:
        return []
    rests = record.status in record.resting
    return [due for due in dues if due.awaits and not (rests and due.at > now and not _told_of(record, due))]


def _told_of(record: Root, due: Due) -> bool:
    """Whether a former reminder of the same term was sent: their keys differ by their last part."""
    reminders = record.reminders if isinstance(record, Reminding) else {}
    series = due.key.rpartition(":")[0]
    return any(key.rpartition(":")[0] == series for key in reminders)
