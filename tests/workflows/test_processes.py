"""Every process: written with nothing but Temporal, and a step for every deadline that a clock meets."""

from __future__ import annotations

import ast
import inspect
import re
from types import ModuleType

import pytest

from domain.association import assessing
from domain.association import due as association_due
from domain.convention import due as convention_due
from domain.imports import due as imports_due
from domain.mentor import climbing as mentor_climbing
from domain.mentor import due as mentor_due
from domain.training import due as training_due
from workflows.association import AssociationAdmission
from workflows.convention import ConventionProcess
from workflows.import_run import ImportRun
from workflows.mentor import MentorOnboarding, MentorStanding
from workflows.process import Process, steps_of
from workflows.training import TrainingCourse
from workflows.worker import PROCESSES

FOR_PEOPLE = {
    "evidence prepare amendment report",
    "read_document",
    "see_identity interview check train clear present_check lift_suspension",
    "open close certify",
}
"""Deadlines that no process meets."""
BASE = {"deliver", "erase"}


@pytest.mark.parametrize(
    ("modules", "processes"),
    [
        ((convention_due,), [ConventionProcess]),
        ((association_due, assessing), [AssociationAdmission]),
        ((mentor_due, mentor_climbing), [MentorOnboarding, MentorStanding]),
        ((training_due,), [TrainingCourse]),
        ((imports_due,), [ImportRun]),
    ],
)
def test_every_automatic_deadline_has_its_step(
    modules: tuple[ModuleType, ...], processes: list[type[Process]]
) -> None:
    """The kinds are the words given to ``kind=``, to a function, or returned first in a tuple."""
    steps = [steps_of(process) - BASE for process in processes]
    assert sum(map(len, steps)) == len(frozenset().union(*steps)), "a step of two processes"
    met = frozenset().union(*steps)
    told = {kind for one in modules for kind in kinds_told(ast.parse(inspect.getsource(one)))}
    assert met <= told, f"steps for nothing: {met - told}"
    people = {word for words in FOR_PEOPLE for word in words.split()}
    assert told - met <= people | BASE, f"deadlines without a step: {told - met - people}"


def kinds_told(tree: ast.AST) -> set[str]:
    """Every lower-case word that stands where a kind may stand."""
    places: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "kind":
            places += ast.walk(node.value)
        elif isinstance(node, ast.Call):
            places += node.args
        elif isinstance(node, ast.Tuple):
            places += node.elts[:1]
    words = {place.value for place in places if isinstance(place, ast.Constant)}
    return {word for word in words if isinstance(word, str) and re.fullmatch(r"[a-z]+(_[a-z]+)*", word)}


def test_a_process_is_written_with_nothing_but_temporal_and_the_contracts() -> None:
    allowed = {"workflows.contracts", "workflows.process", "temporalio"}
    for module in (*{process.__module__ for process in PROCESSES}, "workflows.process"):
        source = inspect.getsource(__import__(module, fromlist=["_"]))
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.module:
                root = node.module.partition(".")[0]
                assert node.module in allowed or root in {"temporalio", *_STDLIB}, node.module
            if isinstance(node, ast.Import):
                assert {alias.name.partition(".")[0] for alias in node.names} <= {"temporalio", *_STDLIB}


_STDLIB = {"__future__", "collections", "dataclasses", "datetime", "typing"}
