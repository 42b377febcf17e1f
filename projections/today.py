"""One convention as it stands today: what is asked most, in one statement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

from pydantic_core import to_json

from projections.persons import Personal
from projections.reading import Reader

TYPED: Final = ("announced_in", "evidence_source")
"""What somebody typed in a convention: it may be personal."""

# The statements of a function run one after the other: the policy of the table reads the scopes just set.
# They end with the transaction, which is the one statement of whoever calls.
FUNCTION: Final = """
CREATE FUNCTION {schema}.convention(scopes_held text, wanted text)
RETURNS TABLE (shown text, version integer, announced_in text, evidence_source text, persons jsonb)
LANGUAGE sql
BEGIN ATOMIC
    SELECT set_config('app.scopes', scopes_held, true);
    SELECT (c.shown - '{{announced_in,evidence_source}}'::text[])::text, (c.shown->'version')::integer,
           c.shown->>'announced_in', c.shown->>'evidence_source', c.persons
    FROM {schema}.conventions c WHERE c.id = wanted;
END;
COMMENT ON FUNCTION {schema}.convention IS 'One convention, for a reader who holds these scopes: it runs as
whoever calls it, so that the policy of the table decides.';
"""


@dataclass(frozen=True)
class Present:
    """A ``ConventionRow`` as it is shown today: ``shown`` is its JSON, which nobody need decode, without the
    values that may be personal, which stand beside it.
    """

    TYPED: ClassVar[tuple[str, ...]] = TYPED

    subject: str
    shown: str
    version: int
    announced_in: Personal | None
    evidence_source: Personal | None
    persons: dict[str, Personal]

    def json(self) -> bytes:
        """The whole document: two JSON objects made one."""
        beside = to_json({name: getattr(self, name) for name in (*self.TYPED, "persons")})
        return self.shown[:-1].encode() + b", " + beside[1:]


async def convention(reader: Reader, scopes: Iterable[str], record_id: str) -> Present | None:
    """What ``conventions.get`` reads in a session of these scopes."""
    query = "SELECT * FROM read.convention(%b, %b)"
    return await reader.one(partial(Present, record_id), query, scopes, record_id)
