"""The ledger as the rest of the house reads it: what happened, in one order."""

from __future__ import annotations

from collections.abc import Sequence

from domain.ports import Happened
from ledger.events import happened
from ledger.recorder import Recorder


class LedgerFeed:
    """``domain.ports.Feed`` over a recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def after(self, position: int, limit: int) -> Sequence[Happened]:
        return [happened(stored) for stored in await self._recorder.after(position, limit)]

    async def of(self, record_ids: Sequence[str]) -> Sequence[Happened]:
        return [happened(stored) for stored in (await self._recorder.load(record_ids)).events]

    async def head(self) -> int:
        return await self._recorder.head()
