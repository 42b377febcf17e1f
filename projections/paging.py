"""Reading rows: one by its id; and keyset pages, an opaque cursor telling where the last one stopped."""

from __future__ import annotations

import base64
import binascii
import json
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, LiteralString, TypeVar

from psycopg import AsyncConnection, sql
from psycopg.rows import dict_row

T = TypeVar("T")
Row = dict[str, Any]
Condition = tuple[LiteralString, Any]
"""A test and its value, a tuple when it has several ``%s``; left out when the value is ``None``."""


class BadCursor(ValueError):
    """The cursor was not made by this list."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """``next`` is the cursor of the following page, ``None`` on the last one."""

    items: Sequence[T]
    next: str | None


def cursor_of(*key: str) -> str:
    """The opaque, url-safe form of a sort key."""
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def key_of(cursor: str, *parsers: Callable[[str], Any]) -> tuple[Any, ...]:
    """The sort key that a cursor holds, each part read by its parser. Raises ``BadCursor``."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(key, list) or len(key) != len(parsers):
            raise BadCursor(cursor)
        if not all(isinstance(part, str) and part.isprintable() for part in key):
            raise BadCursor(cursor)  # PostgreSQL has no NUL, and UTF-8 no lone surrogate
        return tuple(parse(part) for parse, part in zip(parsers, key, strict=True))
    except (binascii.Error, UnicodeError, ValueError, TypeError) as unreadable:
        raise BadCursor(cursor) from unreadable


async def select(
    connection: AsyncConnection[Any],
    base: LiteralString,
    conditions: Sequence[Condition],
    tail: LiteralString = "",
    limit: int | None = None,
) -> list[Row]:
    """The rows that meet every condition given. ``limit`` is how many at most."""
    given = [(test, value) for test, value in conditions if value is not None]
    query = sql.Composed([sql.SQL(base)])
    if given:
        query += sql.SQL(" WHERE ") + sql.SQL(" AND ").join(sql.SQL(test) for test, _ in given)
    query += sql.SQL(" ") + sql.SQL(tail)
    values = [part for _, value in given for part in (value if isinstance(value, tuple) else (value,))]
    if limit is not None:
        query += sql.SQL(" LIMIT %s")
        values.append(limit)
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, values)
        return await cursor.fetchall()


def page_of(
    rows: Sequence[Row], limit: int, item_of: Callable[[Row], T], key: Callable[[Row], str]
) -> Page[T]:
    """A page from one row more than it shows: the extra row says that there is another page."""
    shown = rows[:limit]
    more = key(shown[-1]) if len(rows) > limit and shown else None
    return Page([item_of(row) for row in shown], more)


async def one(
    connection: AsyncConnection[Any], base: LiteralString, record_id: str, read: Callable[[Row], T]
) -> T | None:
    """The record's row, ``None`` when there is none within the session's scopes."""
    rows = await select(connection, base, [("id = %s", record_id)], limit=1)
    return read(rows[0]) if rows else None


async def page(
    connection: AsyncConnection[Any],
    base: LiteralString,
    conditions: Sequence[Condition],
    read: Callable[[Row], T],
    after: str | None,
    limit: int,
    *,
    oldest_first: bool = False,
) -> Page[T]:
    """Rows in the order in which their records were created, the last ones first or the oldest: an order that
    no event changes, so that whoever walks through the pages meets each record once. ``base`` selects
    ``created_at`` and ``id`` too. Raises ``BadCursor``.
    """
    key = key_of(after, datetime.fromisoformat, str) if after else None
    behind: LiteralString = "(created_at, id) < (%s, %s)"
    tail: LiteralString = "ORDER BY created_at DESC, id DESC"
    if oldest_first:
        behind, tail = "(created_at, id) > (%s, %s)", "ORDER BY created_at, id"
    rows = await select(connection, base, [*conditions, (behind, key)], tail, limit + 1)
    return page_of(rows, limit, read, lambda row: cursor_of(row["created_at"].isoformat(), row["id"]))


def searchable(name: str) -> str:
    """The name without case, accents nor needless blanks."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(sign for sign in decomposed if not unicodedata.combining(sign)).split())


def containing(value: T | None) -> list[T] | None:
    """What an array must contain (``@>``); ``None`` leaves the test out."""
    return None if value is None else [value]
