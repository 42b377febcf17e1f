"""Personal values in the rows that are read: sealed words, until a page is opened for who may see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Literal, Protocol, TypeAlias, TypeGuard, TypeVar

from domain.kernel import FORGOTTEN, UNREADABLE, Sealed, Unread


@dataclass(frozen=True)
class ForgottenValue:
    """La personne a été effacée : cette valeur a existé, et plus personne ne peut la lire."""

    forgotten: Literal[True] = True


@dataclass(frozen=True)
class UnreadableValue:
    """La clé de cette valeur manque au trousseau : elle se lira de nouveau quand il sera remis en place."""

    unreadable: Literal[True] = True


@dataclass(frozen=True)
class WithheldValue:
    """Cette valeur existe ; elle n'est pas montrée au rôle de votre jeton."""

    withheld: Literal[True] = True


Personal: TypeAlias = str | ForgottenValue | UnreadableValue | WithheldValue
"""In a row read from the database, a sealed word; in a row that is answered, what the reader may know."""

_UNREAD: Final = {FORGOTTEN: ForgottenValue(), UNREADABLE: UnreadableValue()}
WITHHELD: Final = WithheldValue()


class Told(Protocol):
    """A row that holds personal values: those of ``persons``, and the fields that ``TYPED`` names."""

    TYPED: ClassVar[tuple[str, ...]]
    persons: dict[str, Personal]

    @property
    def subject(self) -> str:
        """The record that these values are part of."""


Row = TypeVar("Row", bound=Any)


class Misplaced(ValueError):
    """A row holds a word that was sealed of somebody else: read models were written by another hand."""


def sealed_in(rows: Iterable[Told]) -> dict[str, Sealed]:
    """Every sealed word of these rows, with what it stands for.

    Raises ``Misplaced`` for a word of another record: whoever could write in the read models, without any
    key, would have it opened for somebody who may not see that record.
    """
    found: dict[str, Sealed] = {}
    for row in rows:
        for word in _words(row):
            sealed = found[word] = Sealed.of(word)
            if row.subject not in sealed.subjects:
                raise Misplaced(f"{row.subject} holds words of {', '.join(sealed.subjects)}")
    return found


def opened(row: Row, clear: Mapping[str, Any]) -> Row:
    """The row with the values of its words: ``clear`` holds them all."""
    persons = {name: _shown(clear[word]) for name, word in row.persons.items()}
    typed = {name: _shown(clear[word]) for name in row.TYPED if _is_word(word := getattr(row, name))}
    return replace(row, persons=persons, **typed)


def withheld(row: Row) -> Row:
    """The row for a role that sees no persons: without a name, and what was typed withheld."""
    return replace(row, persons={}, **{name: WITHHELD for name in row.TYPED if getattr(row, name)})


def unreserved(row: Row, counted: bool = False) -> Row:
    """The row for a reader who is not told what its kind reserves: without the fields that ``RESERVED``
    names nor, of a kind whose versions would count that, those of ``COUNTED``."""
    names: tuple[str, ...] = getattr(row, "RESERVED", ())
    if counted:
        names += getattr(row, "COUNTED", ())
    return replace(row, **dict.fromkeys(names)) if names else row


def _words(row: Told) -> Iterator[str]:
    for held in (*row.persons.values(), *(getattr(row, name) for name in row.TYPED)):
        if _is_word(held):
            yield held


def _is_word(held: Any) -> TypeGuard[str]:
    return isinstance(held, str) and held != ""


def _shown(value: Any) -> Any:
    return _UNREAD[value] if isinstance(value, Unread) else value
