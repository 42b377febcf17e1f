"""What a reminder says: what is awaited, by when, of which record, and whom to answer. No person is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from domain.association.model import Association
from domain.calendar import french_date
from domain.convention.model import Convention
from domain.kernel import Due, Root
from domain.ports import World
from domain.reminding import Reminder, Reminding
from workflows.delivery import Message, Recipient

_DELIVER: Final = "deliver:"


def reminder_key(step_key: str) -> str:
    """Which reminder the step « deliver:<reminder>:<failures> » is to send."""
    return step_key.removeprefix(_DELIVER).rpartition(":")[0]


def bodies_of(record: Root, key: str) -> frozenset[str]:
    """Whom reminder ``key`` concerns: those it goes to, and whoever answers, by their keys.

    Raises ``TypeError`` for a record that sends no reminders, ``KeyError`` for an unknown reminder.
    """
    if not isinstance(record, Reminding):
        raise TypeError(type(record))
    return frozenset({record.owner, *record.reminders[key].to.split(",")})


def message_of(
    record: Root, key: str, waits: Sequence[Due], bodies: Mapping[str, Recipient], now: datetime
) -> Message:
    """The message of reminder ``key``; ``waits``: what the record waits for at ``now``; ``bodies``: a
    recipient for each key of ``bodies_of``.

    Raises ``TypeError`` for a record that sends no reminders, ``KeyError`` for an unknown reminder.
    """
    if not isinstance(record, Reminding):
        raise TypeError(type(record))
    reminder = record.reminders[key]
    owner = bodies[record.owner]
    heading = f"{_plain(record.heading)} (dossier {record.id})"
    return Message(
        key=f"{record.id}:{key}",
        to=tuple(bodies[body] for body in reminder.to.split(",")),
        subject=f"Relance : {_plain(reminder.what)}",
        body=_body_text(heading, reminder, _awaited(reminder, waits), owner),
        at=now,
        reply_to=owner,
    )


def recipient(
    key: str,
    record: Root,
    known: Mapping[str, Association],
    world: World,
    mailboxes: Mapping[str, str] | None = None,
) -> Recipient:
    """The body of that key: a party of the convention, an association (by its own record, in ``known``), an
    académie or its Drafpic, of which no record says the mailbox: ``mailboxes``, by these keys."""
    own = (mailboxes or {}).get(key)
    party = record.parties.get(key) if isinstance(record, Convention) else None
    if party:
        return Recipient(_plain(party.name), party.mailbox or own)
    kind, _, name = key.partition(":")
    if name in known:
        return Recipient(_plain(known[name].identity.name), known[name].identity.mailbox)
    if kind == "academie":
        return Recipient(world.territory.academie(name).label, own)
    if kind == "drafpic":
        return Recipient(f"Drafpic, {world.territory.academie(name).label}", own)
    return Recipient(key, own)


def _awaited(reminder: Reminder, waits: Sequence[Due]) -> Due | None:
    """The deadline behind the reminder, if it still stands."""
    return next((due for due in waits if due.what == reminder.what), None)


def _body_text(heading: str, reminder: Reminder, due: Due | None, owner: Recipient) -> str:
    lines = [
        "Bonjour,",
        "",
        f"{_plain(reminder.what)}.",
        f"{heading}.",
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


def _plain(text: str) -> str:
    """On one line: a header or a sentence cannot be broken by what somebody typed."""
    return " ".join(text.split())
