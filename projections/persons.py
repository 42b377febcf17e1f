"""Personal values in the rows that are read: sealed words, until a page is opened for who may see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Literal, Protocol, TypeAlias, TypeVar

from domain.kernel import FORGOTTEN, Sealed


@dataclass(frozen=True)
class ForgottenValue:
    """La personne a été effacée : cette valeur a existé, et plus personne ne peut la lire."""

    forgotten: Literal[True] = True


@dataclass(frozen=True)
class WithheldValue:
    """Cette valeur existe ; elle n'est pas montrée au rôle de votre jeton."""

    withheld: Literal[True] = True


Personal: TypeAlias = str | ForgottenValue | WithheldValue
"""In a row read from the database, a sealed word; in a row that is answered, what the reader may know."""

_FORGOTTEN: Final = ForgottenValue()
_WITHHELD: Final = WithheldValue()


class Told(Protocol):
    """A row that holds personal values: those of ``persons``, and the fields that ``TYPED`` names."""

    TYPED: ClassVar[tuple[str, ...]]
    persons: dict[str, Personal]


Row = TypeVar("Row", bound=Any)


def sealed_in(rows: Iterable[Told]) -> dict[str, Sealed]:
    """Every sealed word of these rows, with what it stands for."""
    return {word: Sealed.of(word) for row in rows for word in _words(row)}


def opened(row: Row, clear: Mapping[str, Any]) -> Row:
    """The row with the values of its words: ``clear`` holds them all."""
    persons = {name: _shown(clear[word]) for name, word in row.persons.items()}
    typed = {name: _shown(clear[word]) for name in row.TYPED if (word := getattr(row, name))}
    return replace(row, persons=persons, **typed)


def withheld(row: Row) -> Row:
    """The row for a role that sees no persons: without a name, and what was typed withheld."""
    return replace(row, persons={}, **{name: _WITHHELD for name in row.TYPED if getattr(row, name)})


def _words(row: Told) -> Iterator[str]:
    for held in (*row.persons.values(), *(getattr(row, name) for name in row.TYPED)):
        if isinstance(held, str) and held:
            yield held


def _shown(value: Any) -> Any:
    return _FORGOTTEN if value is FORGOTTEN else value
