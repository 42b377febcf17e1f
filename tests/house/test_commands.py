"""Each command has a handler, a name, and a row in the table of who may do what; and no row is idle."""

from __future__ import annotations

import importlib
import pkgutil

import domain
from domain.authorization import ROLES, TABLE
from domain.commands import Command, command_types, handler_of

OF_EVERY_KIND = {"erasure": "record", "reminding": "record"}
"""Asked of a record whatever its kind: by no room of its own."""
BOTH = {
    "record.erase": "at the end of the retention by the clock, before it on a legal ground by the officer"
}


def every_command() -> set[type[Command]]:
    for module in pkgutil.walk_packages(domain.__path__, "domain."):
        importlib.import_module(module.name)
    found, ahead = set(), [Command]
    while ahead:
        for command in ahead.pop().__subclasses__():
            found.add(command)
            ahead.append(command)
    return {command for command in found if command.__module__.startswith("domain.")}


def test_every_command_has_a_name_and_a_handler() -> None:
    commands = every_command()
    assert len(commands) > 30
    handled = command_types()
    assert {command.name: command for command in commands} == handled
    assert len(commands) == len(handled), "two commands have one name"
    for command in commands:
        room = command.__module__.split(".")[1]
        assert command.name.startswith(f"{OF_EVERY_KIND.get(room, room)}."), command


def test_every_command_has_a_row_and_every_row_a_command() -> None:
    every_command()
    assert set(TABLE) == set(command_types())


def test_every_row_allows_roles_that_exist() -> None:
    for action, roles in TABLE.items():
        assert roles, action
        assert roles <= set(ROLES), action


def test_what_the_system_does_no_person_may_and_the_reverse() -> None:
    for action, roles in TABLE.items():
        assert ("system" in roles) == (roles == {"system"}) or action in BOTH, action


def test_a_handler_is_found_for_an_instance() -> None:
    every_command()
    submit = command_types()["convention.submit"](record_id="convention-1")
    assert callable(handler_of(submit))
