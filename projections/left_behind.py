"""What an association that is out of the scheme leaves behind: read from the registers of its records."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from domain.mentor.parts import OPEN, MentorLeaving
from domain.training.parts import AHEAD, Status

_MENTORS: Final = """
SELECT id, status = ANY(%(open)s) AS open FROM read.mentors
WHERE association = %(association)s AND created_at <= %(until)s AND (
    status = ANY(%(open)s)
    OR shown->'leaving'->>'cause' = %(cause)s AND (shown->>'since_recorded')::timestamptz >= %(until)s)
ORDER BY id"""
_COURSES: Final = """
SELECT id FROM read.trainings
WHERE association = %(association)s AND created_at <= %(until)s AND status = ANY(%(ahead)s)
    AND (status = %(planned)s OR starts_at > %(until)s)
ORDER BY id"""


async def left_behind(
    connection: AsyncConnection[dict[str, Any]], association_id: str, until: datetime
) -> tuple[list[str], list[str], int]:
    """Of what it had at ``until`` (UTC): the mentors whose records are open and the courses that had not
    begun, or were never opened and will not be held, by their ids; and how many mentors were released since.
    """
    asked = {
        "association": association_id,
        "until": until,
        "open": sorted(OPEN),
        "ahead": sorted(AHEAD),
        "planned": Status.PLANNED,
        "cause": MentorLeaving.OPERATOR.value,
    }
    mentors = await (await connection.execute(_MENTORS, asked)).fetchall()
    courses = await (await connection.execute(_COURSES, asked)).fetchall()
    open_ones = [row["id"] for row in mentors if row["open"]]
    return open_ones, [row["id"] for row in courses], len(mentors) - len(open_ones)
