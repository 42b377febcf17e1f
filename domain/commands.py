"""A command is a frozen set of facts somebody wants recorded; one handler carries it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from inspect import signature
from typing import ClassVar, Final, TypeVar, cast

from domain.kernel import Act, Root
from domain.ports import Records
from domain.programme.following import Ruled, rules_of


@dataclass(frozen=True, kw_only=True)
class Command:
    """``record_id`` is the record that the command is about, the only one whose rights are asked for.

    ``takes_reason``: whether words may go with it. Of one that takes none they are not kept either in the
    trail of its refusal: they would tell there what it must not.
    """

    name: ClassVar[str] = ""
    takes_reason: ClassVar[bool] = True
    record_id: str


C = TypeVar("C", bound=Command)
Handler = Callable[[C, Act, Records], None]

_HANDLERS: Final[dict[type[Command], Callable[..., None]]] = {}


def handles(command: type[C]) -> Callable[[Handler[C]], Handler[C]]:
    """Registers the one handler of a command."""

    def register(handler: Handler[C]) -> Handler[C]:
        if command in _HANDLERS or not command.name:
            raise TypeError(f"{command.__name__}: one handler and one name each")
        _HANDLERS[command] = handler
        return handler

    return register


def decided_by(kind: type[Root], decision: Callable[..., None]) -> Callable[[type[C]], type[C]]:
    """Registers the handler that most commands need: load the record, hand the facts to its decision.

    The command's fields are the decision's keywords, to the letter: checked when the module is loaded. One
    that asks last for ``rules``, which the command does not tell, is handed those that the record follows.
    """

    def register(command: type[C]) -> type[C]:
        facts = [f.name for f in fields(command) if f.name != "record_id"]
        _, _, *wanted = signature(decision).parameters
        follows = wanted == [*facts, "rules"]
        if not follows and wanted != facts:
            raise TypeError(f"{command.__name__} tells {facts}, {decision.__qualname__} asks for {wanted}")

        def handler(asked: C, act: Act, records: Records) -> None:
            record = records.get(kind, asked.record_id)
            told = {name: getattr(asked, name) for name in facts}
            if follows:
                told["rules"] = rules_of(cast("Ruled", record), act, records)
            decision(record, act, **told)

        handles(command)(handler)
        return command

    return register


def handler_of(command: Command) -> Callable[[Command, Act, Records], None]:
    return _HANDLERS[type(command)]


def command_types() -> dict[str, type[Command]]:
    """Every command by its name: the authorization table and the documentation are held against it."""
    return {command.name: command for command in _HANDLERS}
