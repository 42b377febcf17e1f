"""What every command of the terminal shares: where it writes, how it fails, which stack it works on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from rich.console import Console

from ops.running import connected
from ops.settings import Settings

PIPED_WIDTH = 200
"""Columns of a table that no terminal limits: ids must stay whole."""

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPED_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(sentence: str) -> NoReturn:
    """A French sentence that says what to do, and status 2."""
    err.print(sentence, style="red", markup=False)
    sys.exit(2)


def run(work: Callable[[Settings], Coroutine[Any, Any, Any]]) -> Any:
    """Runs asynchronous work against the stack that is running, or the external one of the settings."""
    return asyncio.run(work(connected(Settings())))
