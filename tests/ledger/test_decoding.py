"""A stored event reads back as it was written, and one of another shape does not read at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import uuid4

import pytest

from domain.convention.model import Convention
from domain.kernel import FREE_TEXT, PERSONAL, Sealed
from ledger import codec, decoding
from tests.house import topics


@dataclass(frozen=True)
class Guardian:
    name: Annotated[str, PERSONAL]
    since: date
    said: Annotated[str, FREE_TEXT] | None = None


def _opened(box: str) -> Sealed:
    return Sealed(("thing-1",), _EVENT, box)


_EVENT = uuid4()


def _box(word: str) -> dict[str, str]:
    return {"sealed": word}


def test_every_event_there_is_can_be_read() -> None:
    assert len(topics.event_classes()) > 30
    for event_class in topics.event_classes().values():
        known, _ = codec._reading(event_class)
        assert known == codec.model_of(event_class).model_fields.keys()


def test_personal_values_stay_sealed_however_deep() -> None:
    read = decoding.reader(dict[str, tuple[Guardian, ...]])
    stored: dict[str, Any] = {
        "a": [{"name": _box("p:1"), "since": "2026-01-05", "said": _box("t:2")}],
        "b": [],
    }
    stored["b"] = [{"name": _box("p:3"), "since": "2025-12-31", "said": None}]

    assert read(stored, _opened) == {
        "a": (Guardian(_opened("p:1"), date(2026, 1, 5), _opened("t:2")),),  # type: ignore[arg-type]
        "b": (Guardian(_opened("p:3"), date(2025, 12, 31)),),  # type: ignore[arg-type]
    }


def test_a_personal_value_where_none_would_be_found_is_refused() -> None:
    with pytest.raises(TypeError, match="personal"):
        decoding.reader(list[Annotated[str, PERSONAL]])


@pytest.mark.parametrize(
    ("hint", "stored", "value"),
    [
        (datetime, "2026-01-05T08:30:00Z", datetime(2026, 1, 5, 8, 30, tzinfo=UTC)),
        (list[date], ["2026-01-05"], [date(2026, 1, 5)]),
        (tuple[str, int], ["a", 1], ("a", 1)),
        (int | str, "a", "a"),
    ],
)
def test_what_is_seldom_met_is_read_as_it_was_written(hint: Any, stored: Any, value: Any) -> None:
    assert decoding.reader(hint)(stored, _opened) == value


def test_an_event_that_lacks_a_field_is_not_read() -> None:
    event_class, values = codec.decode("convention.Renewed@1", '{"on":"2026-01-01"}', _opened)
    assert event_class is Convention.Renewed  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="successor"):
        event_class(originator_id="c", originator_version=2, timestamp=datetime.now(UTC), **values)


def test_a_word_that_no_enumeration_has_is_not_read() -> None:
    with pytest.raises(KeyError, match="whim"):
        codec.decode("convention.Terminated@1", '{"on":"2026-01-01","cause":"whim"}', _opened)
