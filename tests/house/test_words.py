"""One hand: the glossary's words, docstrings on what is public, files that can be read in one go."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
ROOMS = ("api", "domain", "ledger", "ops", "projections", "workflows", "benchmarks")
MOST_LINES = 500

NEVER = {
    "partner": "a party is an association, an académie or a lycée",
    "partners": "see « partner »",
    "district": "académie",
    "pair": "binôme",
    "pairing": "the act is matching",
    "pairs": "binômes",
    "agreement": "convention",
    "advisor": "référent",
    "mentore": "mentee",
    "student": "mentee",
    "pupil_application": "candidacy",
    "candidature": "candidacy",
    "nominated": "identified",
    "accredited": "admitted",
    "parent_consent": "a guardian's authorisation",
    "signalement": "incident",
    "rdv": "meeting",
    "chase": "reminder",
}
MEANT = {
    "application": "means software: never a candidacy",
    "match": "a binôme is never « a match »; a pattern's match is one",
    "school": "a lycée; school days, years and holidays are the calendar's",
    "parent": "a guardian; a folder and a body have parents",
}
ALLOWED = {
    "application": re.compile(r"application_(name|json|error)|ApplicationError"),
    "match": re.compile(r"(re_|full)?match(ed|es|ing)?|if_(none_)?match|.*_if_match"),
    "school": re.compile(r".*school_(day|days|year|years|break|breaks|calendar|holidays)(_.*)?|school"),
    "parent": re.compile(r"parent_body|parents?"),
}


@cache
def sources() -> tuple[Path, ...]:
    return tuple(
        path
        for room in ROOMS
        for path in sorted((HOUSE / room).rglob("*.py"))
        if "__pycache__" not in path.parts
    )


def identifiers(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The names that this code gives: not those it only uses, which are other people's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno


def words(identifier: str) -> list[str]:
    """``SchoolCalendar`` and ``school_calendar`` are the same words."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", identifier).lower().strip("_").split("_")


def strangers(source: str) -> list[tuple[str, int]]:
    """The names that use a word which the glossary rules out."""
    found = []
    for name, line in identifiers(ast.parse(source)):
        spelled = "_".join(words(name))
        ruled_out = NEVER.keys() & {*words(name), spelled}
        doubtful = [w for w in MEANT if w in words(name) and not ALLOWED[w].fullmatch(spelled)]
        if ruled_out or doubtful:
            found.append((name, line))
    return found


def test_code_uses_the_words_of_the_glossary() -> None:
    found = [
        f"{path.relative_to(HOUSE)}:{line} {name}"
        for path in sources()
        for name, line in strangers(path.read_text("utf-8"))
    ]
    assert not found, f"words that the glossary replaces: {found} ({NEVER | MEANT})"


@pytest.mark.parametrize(
    "source",
    [
        "class Partner: ...",
        "def add_student(x): ...",
        "pair = 1",
        "self.mentore = 2",
        "def f(application): ...",
    ],
)
def test_a_word_that_the_glossary_rules_out_is_found(source: str) -> None:
    assert strangers(source)


@pytest.mark.parametrize("source", ["class SchoolCalendar: ...", "def party(mentee): ...", "match = 1"])
def test_the_glossarys_words_are_let_through(source: str) -> None:
    assert not strangers(source)


def test_code_is_written_in_ascii_names() -> None:
    names = {name for path in sources() for name, _ in identifiers(ast.parse(path.read_text("utf-8")))}
    assert len(names) > 300
    assert [name for name in names if not name.isascii()] == []


def test_no_file_is_too_long_to_be_read_in_one_go() -> None:
    lengths = {
        path.relative_to(HOUSE).as_posix(): len(path.read_text("utf-8").splitlines()) for path in sources()
    }
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}


def test_every_public_class_of_the_domain_says_why_it_is() -> None:
    """Commands and events whose name says everything, and lists of words, are excepted."""
    bare = []
    for path in sources():
        if path.relative_to(HOUSE).parts[0] != "domain":
            continue
        for node in ast.parse(path.read_text("utf-8")).body:
            if not isinstance(node, ast.ClassDef) or node.name.startswith("_") or ast.get_docstring(node):
                continue
            bases = {ast.unparse(base) for base in node.bases}
            if not bases & {"Command", "StrEnum"}:
                bare.append(f"{path.relative_to(HOUSE)}:{node.name}")
    assert bare == []


def test_every_room_has_a_docstring_at_its_door() -> None:
    bare = [
        path.relative_to(HOUSE).as_posix()
        for path in sources()
        if path.name != "__init__.py" and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert bare == []


def test_nothing_is_left_to_be_done() -> None:
    left = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")
    found = [path.name for path in sources() if left.search(path.read_text("utf-8"))]
    assert found == []
