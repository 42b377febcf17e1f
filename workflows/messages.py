"""What a reminder says: what is awaited, by when, of which record, and whom to answer. No person is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from domain.calendar import french_date
from domain.convention.model import Convention
from domain.convention.parts import Reminder
from domain.kernel import Due, Root
from domain.ports import World
from workflows.delivery import Message, Recipient

_DELIVER: Final = "deliver:"


def reminder_key(step_key: str) -> str:
    """Which reminder the step « deliver:<reminder>:<failures> » is to send."""
    return step_key.removeprefix(_DELIVER).rpartition(":")[0]


def message_of(record: Root, key: str, waits: Sequence[Due], world: World, now: datetime) -> Message:
    """The message of reminder ``key``; ``waits``: what the record waits for at ``now``.

    Raises ``TypeError`` for a record that sends no reminders, ``KeyError`` for an unknown reminder.
    """
    if not isinstance(record, Convention):
        raise TypeError(type(record))
    reminder = record.reminders[key]
    owner = _body(record, record.owner, world)
    return Message(
        key=f"{record.id}:{key}",
        to=tuple(_body(record, party, world) for party in reminder.to.split(",")),
        subject=f"Relance : {_plain(reminder.what)}",
        body=_body_text(record, reminder, _awaited(reminder, waits), owner),
        at=now,
        reply_to=owner,
    )


def _awaited(reminder: Reminder, waits: Sequence[Due]) -> Due | None:
    """The deadline behind the reminder, if it still stands."""
    return next((due for due in waits if due.what == reminder.what), None)


def _body_text(record: Convention, reminder: Reminder, due: Due | None, owner: Recipient) -> str:
    lines = [
        "Bonjour,",
        "",
        f"{_plain(reminder.what)}.",
        f"Convention : {_plain(record.title)} (dossier {record.id}).",
    ]
    if due and due.by:
        lines.append(f"Date attendue : {french_date(due.by)}.")
    if due and due.missing:
        lines.append(f"Il manque : {', '.join(due.missing)}.")
    answer = f"{owner.name} ({owner.mailbox})" if owner.mailbox else owner.name
    lines += [
        "",
        f"Pour toute réponse : {answer}.",
        "",
        f"Relance du {french_date(reminder.due_on)}, établie par le registre du mentorat en lycée "
        "professionnel. Si c'est déjà fait, n'en tenez pas compte.",
    ]
    return "\n".join(lines) + "\n"


def _body(record: Convention, key: str, world: World) -> Recipient:
    """The party of that key; an académie that is not a party is told by its name."""
    party = record.parties.get(key)
    if party:
        return Recipient(_plain(party.name), party.mailbox)
    kind, _, code = key.partition(":")
    if kind == "academie":
        return Recipient(world.territory.academie(code).label)
    return Recipient(key)


def _plain(text: str) -> str:
    """On one line: a header or a sentence cannot be broken by what somebody typed."""
    return " ".join(text.split())
