"""Doing at once what several callers ask for at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """Group commit: whoever calls while a batch is under way joins the next one, and shares its answer."""

    def __init__(self, work: Callable[[list[T]], Awaitable[R]]) -> None:
        self._work = work
        self._turn = asyncio.Lock()
        self._open: tuple[list[T], asyncio.Task[R]] | None = None

    async def join(self, items: Iterable[T]) -> R:
        """Has the items done, and raises what the batch raised. A cancelled caller stops nobody else."""
        if self._open is None:
            joined: list[T] = []
            self._open = joined, asyncio.create_task(self._carry_out(joined))
        batch, task = self._open
        batch.extend(items)
        return await asyncio.shield(task)

    async def _carry_out(self, batch: list[T]) -> R:
        async with self._turn:
            self._open = None
            return await self._work(batch)
