"""Rounds of the baseline and of ours, alternately: what disturbs the machine disturbs both."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import psutil

_BUSY: Final = 0.85
"""Part of the time of one core from which a process is what the others wait for."""

Step = Callable[[int], Awaitable[float]]
"""One round of one side: told its number (0 warms up), it answers a rate or a duration."""


async def interleaved(rounds: int, steps: Mapping[str, Step], *, warm: bool = True) -> dict[str, list[float]]:
    """Each step in turn, ``rounds`` times, after one round that does not count."""
    found: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(0 if warm else 1, rounds + 1):
        for name, step in steps.items():
            gc.collect()
            value = await step(number)
            if number:
                found[name].append(value)
    return found


@dataclass
class Work:
    """How many pieces; ``seconds`` when they did not take all the time."""

    count: int = 0
    seconds: float = 0.0


@dataclass
class Spent:
    """Processor time by who spent it, over many rounds, for so many pieces of work."""

    processes: Mapping[str, int]
    seconds: dict[str, float] = field(default_factory=dict)
    wall: float = 0.0
    count: int = 0

    @contextmanager
    def over(self) -> Iterator[Work]:
        """Counts what is spent meanwhile, children included; one sets how much work that was."""
        work, before, started = Work(), self._now(), time.perf_counter()
        yield work
        self.wall += work.seconds or time.perf_counter() - started
        self.count += work.count
        for name, after in self._now().items():
            self.seconds[name] = self.seconds.get(name, 0.0) + after - before[name]

    def __str__(self) -> str:
        """In French: microseconds of processor for one piece of work, and how busy each was."""
        return ", ".join(
            f"{name} {seconds / self.count * 1e6:.0f} µs ({_percent(seconds / self.wall)})"
            for name, seconds in self.seconds.items()
        )

    @property
    def limit(self) -> str:
        """Who held the work back, in French, as far as processor time tells."""
        busy, name = max((seconds / self.wall, name) for name, seconds in self.seconds.items())
        who = f"« {name} », occupé à {_percent(busy)} d'un cœur"
        if busy >= _BUSY:
            return f"c'est le calcul qui limite, d'abord celui de {who}"
        waited = "le reste est attente (allers-retours, écriture sur disque)"
        return f"aucun de ces processus ne remplit un cœur (au plus {who}) : {waited}"

    def _now(self) -> dict[str, float]:
        return {name: _seconds_of(pid) for name, pid in self.processes.items()}


def told(ours: Spent, baseline: Spent | None = None) -> str:
    """A French sentence on who worked how much."""
    against = f" ; pour la référence : {baseline}" if baseline else ""
    return f"calcul par opération (et part d'un cœur) : {ours}{against}"


def _seconds_of(pid: int) -> float:
    """User and system time of a process, with its children, ended ones too, unless it is our own."""
    whole = psutil.Process(pid)
    times = whole.cpu_times()
    total = times.user + times.system
    if pid == os.getpid():
        return total
    total += times.children_user + times.children_system
    for child in whole.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def _percent(part: float) -> str:
    return f"{part * 100:.0f} %"
