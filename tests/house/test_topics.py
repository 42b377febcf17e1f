"""What is stored keeps its shape: against a committed list, with old topics carried over, and marks kept."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from uuid import uuid4

import pytest

from domain.convention.model import Convention
from domain.convention.parts import Signatory
from domain.kernel import PERSONAL, Root
from domain.registry import RECORDS
from ledger import codec
from ledger.events import StoredEvent, revive
from tests.house import topics

TOPIC = re.compile(r"[a-z]+\.[A-Z][A-Za-z]+@[1-9][0-9]*")

PERSONAL_LOOKING = re.compile(
    r"(^|_)(name|first_name|last_name|names|mail|e_?mail|mailbox|phone|birth|birthday|address|contact|person|"
    r"signatory|civility)(_|$)"
)
BODIES = {
    "Party.name": "the name of a body",
    "Party.mailbox": "a body's own address, where reminders go, not a person's",
    "Identity.name": "the name of an association",
    "Identity.mailbox": "an association's own address, not a person's",
    "convention.Corrected@1.date_name": "which date is corrected",
}


def test_every_stored_shape_is_the_one_that_was_committed() -> None:
    committed = [line for line in topics.FILE.read_text("utf-8").splitlines() if not line.startswith("#")]
    now = topics.lines()
    changed = sorted(set(committed) - set(now))
    added = sorted(set(now) - set(committed))
    assert committed == now, (
        "What the ledger stores has changed shape. Events of the former shape are in ledgers already: keep "
        "their class, give the new one the next version (« …@2 ») and the old topic an upcaster in "
        "ledger.codec.UPCASTERS. For a topic or a value that is only new, run "
        f"« python -m tests.house.topics ».\nNo longer as committed: {changed}\nNot committed: {added}"
    )


def test_every_event_has_a_topic_of_its_own() -> None:
    events = topics.event_classes()
    assert len(events) > 35
    for topic, event in events.items():
        assert TOPIC.fullmatch(topic), event
        assert "TOPIC" in vars(event), f"{event.__qualname__} inherits its topic"
    every = [
        event
        for record in RECORDS
        for event in vars(record).values()
        if isinstance(event, type) and issubclass(event, Root.Event) and event is not record.Event
    ]
    assert len(every) == len(events), "two events have one topic"


def test_no_kind_of_record_is_forgotten() -> None:
    defined = {kind for kind in Root.__subclasses__() if kind.__module__.startswith("domain.")}
    assert defined == set(RECORDS)
    assert {kind.TOPIC for kind in RECORDS} == set(codec.KINDS)  # type: ignore[attr-defined]


def test_a_process_that_wrote_nothing_reads_every_topic() -> None:
    program = (
        "import sys, ledger.feed\n"
        "from eventsourcing.utils import resolve_topic\n"
        "print(*[resolve_topic(topic).TOPIC for topic in sys.argv[1:]])"
    )
    known = [*topics.event_classes(), *codec.KINDS]
    answer = subprocess.run(
        [sys.executable, "-c", program, *known], capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout.split() == known


def stored(topic: str, state: str) -> StoredEvent:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    return StoredEvent(2, uuid4(), "convention-1", 2, topic, state, "{}", now, now)


def test_an_old_event_reads_as_the_one_that_replaced_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two versions back: « since » became « day », then « renewer » became « successor »."""
    upcasters = {
        "convention.Renewed@-1": ("convention.Renewed@0", lambda s: {"on": s["since"], "renewer": s["who"]}),
        "convention.Renewed@0": (
            "convention.Renewed@1",
            lambda s: {"on": s["on"], "successor": s["renewer"]},
        ),
    }
    monkeypatch.setattr(codec, "UPCASTERS", upcasters)
    old = revive(stored("convention.Renewed@-1", '{"since":"2026-01-01","who":"convention-2"}'))
    new = revive(stored("convention.Renewed@1", '{"on":"2026-01-01","successor":"convention-2"}'))
    assert type(old) is Convention.Renewed  # type: ignore[attr-defined]
    assert old == new


def test_an_event_of_an_unknown_shape_is_not_read_as_if_it_were_known() -> None:
    with pytest.raises(ValueError, match="surprise"):
        revive(stored("convention.RenewalLinked@1", '{"successor":"convention-2","surprise":1}'))
    with pytest.raises(Exception, match=re.escape("convention.Unheard@1")):
        revive(stored("convention.Unheard@1", "{}"))


# Personal data -----------------------------------------------------------------------------------


def named_fields() -> Iterator[tuple[str, Any]]:
    """Every field of every event, and of every value inside, with its type."""
    seen: set[type] = set()
    for topic, event in topics.event_classes().items():
        for name, hint in topics.own_fields(event).items():
            yield f"{topic}.{name}", hint
            yield from inside(hint, seen)


def inside(hint: Any, seen: set[type]) -> Iterator[tuple[str, Any]]:
    for part in get_args(hint):
        yield from inside(part, seen)
    if isinstance(hint, type) and is_dataclass(hint) and hint not in seen:
        seen.add(hint)
        hints = get_type_hints(hint, include_extras=True)
        for field in fields(hint):
            yield f"{hint.__name__}.{field.name}", hints[field.name]
            yield from inside(hints[field.name], seen)


def is_marked(hint: Any) -> bool:
    own = get_origin(hint) is Annotated and PERSONAL in hint.__metadata__
    return own or any(is_marked(part) for part in get_args(hint))


def test_what_looks_personal_is_marked_personal_or_is_a_bodys() -> None:
    found = dict(named_fields())
    looks = {name for name in found if PERSONAL_LOOKING.search(name.rpartition(".")[2])}
    assert {name for name in looks if not is_marked(found[name])} == set(BODIES)
    assert {name for name in found if is_marked(found[name])} == {"convention.SignatoryNamed@1.name"}


def test_a_signatory_keeps_the_mark_of_the_event_that_names_it() -> None:
    assert is_marked(get_type_hints(Signatory, include_extras=True)["name"])
