"""What mentors bring, as other records are looked for by it: an operator, a course."""

from __future__ import annotations

from typing import LiteralString

from domain.mentor.parts import OPEN
from projections.paging import Condition, containing


def bringing(link: LiteralString, sector: str | None, family: str | None) -> list[Condition]:
    """That one mentor ``m`` whom the reader may see, tied by ``link`` and whose record is open, works in the
    sector (the beginning of a NAF code) and knows the famille de métiers; nothing when neither is asked for.
    """
    tests = ("starts_with(m.sector, %s)", sector), ("m.families @> %s", containing(family))
    given = [(test, value) for test, value in tests if value is not None]
    if not given:
        return []
    asked = " AND ".join(test for test, _ in given)
    test = f"EXISTS (SELECT FROM read.mentors m WHERE {link} AND m.status = ANY(%s) AND {asked})"
    return [(test, (sorted(OPEN), *(value for _, value in given)))]
