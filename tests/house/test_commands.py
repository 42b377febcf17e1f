"""Each command has a handler, a name, and a row in the table of who may do what; and no row is idle."""

from __future__ import annotations

import importlib
import pkgutil

import domain
from api.app import _RESOURCES
from domain.authorization import READS, ROLES, TABLE
from domain.commands import Command, command_types, handler_of
from domain.registry import RECORDS
from ops.cli_read import PLACES

OF_EVERY_KIND = {"erasure": "record", "reminding": "record", "imports": "import"}
"""Asked of a record whatever its kind: by no room of its own. « import » is a word of the language's."""
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
    assert set(TABLE) == set(command_types()) | READS


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


def test_the_terminal_shows_every_kind_of_record_at_an_address_that_the_api_has() -> None:
    """A refusal is shown in the history of the record that it concerns."""
    kinds = {kind.TOPIC.partition("@")[0] for kind in RECORDS}  # type: ignore[attr-defined]
    assert set(PLACES) == kinds - {"refusal"}
    served = {route.path for module in _RESOURCES for route in module.router.routes}
    for place in PLACES.values():
        assert {f"/v1/{place}/{{id}}", f"/v1/{place}/{{id}}/history"} <= served, place
