"""How every refusal is met: each command tried by everybody, on records that hide what is personal in them.

What is personal in the commands is planted (``MARK``), and looked for in whatever is kept or told.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Final, NoReturn, TypeVar, cast

import domain
from domain.authorization import authorize
from domain.commands import Command
from domain.kernel import Actor, Claim, DomainError, NotFound, Refused, Root
from domain.refusal import Refusal

MARK: Final = "Planté"
ODD: Final = (MARK, f"{{name}} {MARK}", f"%s {MARK}", f"« {MARK} », O'Brien\nBcc: x@y", f"  {MARK}.")
"""Names that somebody may have, or type to see what happens."""

S = TypeVar("S")
Met = tuple[str, Command, DomainError]
"""The stage, the command, and what it was refused with."""


class Unlookable:
    """Stands where a personal value was: it may be assigned, and looked for, and nothing else."""

    def __bool__(self) -> bool:
        return True

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"a decision looks at a personal value ({name})")

    def _looked_at(self, *_: object) -> NoReturn:
        raise AssertionError("a decision looks at a personal value")

    __str__ = __repr__ = __format__ = __eq__ = __len__ = __iter__ = __contains__ = __add__ = _looked_at
    __hash__ = _looked_at


class Shelf:
    """The records as a command reads them, each a copy that nobody keeps."""

    def __init__(self, records: dict[str, Root], world: object, actor: Actor, command: Command) -> None:
        self.records, self.world, self.actor, self.command = records, world, actor, command

    def get(self, kind: type[Root], record_id: str) -> Root:
        record = self.find(kind, record_id)
        if record is None:
            raise NotFound("not_found", f"Aucun dossier {record_id} dans votre périmètre.")
        authorize(self.actor, self.command.name, record)
        return record

    def read(self, kind: type[Root], record_id: str) -> Root:
        record = self.find(kind, record_id)
        if record is None:
            raise Refused("unknown_record", f"Le dossier {record_id} n'existe pas.")
        return record

    def find(self, kind: type[Root], record_id: str) -> Root | None:
        found = self.records.get(record_id)
        return copied(found) if found else None

    def holder(self, kind: type[Root], claims: Collection[Claim]) -> Root | None:
        keys = {claim.key for claim in claims}
        held = (one for one in self.records.values() if keys & {claim.key for claim in one.claims()})
        return next(map(copied, held), None)

    def add(self, record: Root) -> None:
        authorize(self.actor, self.command.name, record)


def copied(record: Root) -> Root:
    """A copy that a decision may change without changing the record: values are never changed in place."""
    again = copy(record)
    for name, value in vars(record).items():
        setattr(again, name, copy(value) if isinstance(value, dict | list) else value)
    return again


def refusals_at(
    stages: Sequence[Callable[[S], None]],
    attempts: Callable[[Callable[[S], None], str], Iterator[tuple[Command, DomainError]]],
) -> list[Met]:
    """Everything that somebody is refused at these stages."""
    return [
        (stage.__name__, *attempt)
        for n, stage in enumerate(stages)
        for attempt in attempts(stage, ODD[n % len(ODD)])
    ]


def told(refused: DomainError, command: Command) -> tuple[str, ...]:
    """Everything that is kept, or answered, of a refusal."""
    kept = Refusal.of(command, cast("Refused", refused), "seed")
    return (refused.sentence, *refused.missing, kept.sentence, *kept.missing, kept.guard, str(refused))


def quotes_nobody(met: list[Met], *, different: int) -> None:
    """None of them quotes what was planted; ``different``: there are more than so many."""
    found = {(e.code, e.sentence, e.missing): (stage, command, e) for stage, command, e in met}
    assert len(found) > different
    for stage, command, refused in found.values():
        assert refused.sentence.strip()
        assert not [word for word in told(refused, command) if MARK in word], (stage, command)


def rooms() -> list[str]:
    """The folders and files of the domain."""
    (folder,) = domain.__path__
    return sorted(path.name for path in Path(folder).iterdir())


def codes(*rooms: str) -> set[str]:
    """The codes of the refusals that are written in these folders or files of the domain."""
    (folder,) = domain.__path__
    return {
        str(node.args[0].value)
        for path in Path(folder).rglob("*.py")
        if path.relative_to(folder).parts[0] in rooms
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"Refused", "Forbidden", "Conflict", "NotFound"}
        and isinstance(node.args[0], ast.Constant)
    }
