"""What an activity may say of its failure: where and what kind, never the words.

An error's message may quote what somebody wrote, and Temporal keeps failures in clear. Whether a failure
passes is decided here too: the database or the network are awaited for ever; anything else is tried a few
times, then it is the step's own fault and the process sets it aside.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg_pool import PoolTimeout
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain.kernel import DomainError

MOST_TRIES: Final = 5
"""About fifteen seconds of them, see the processes' retry policy."""

PASSING: Final = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, OSError)


class StillDue(Exception):
    """A step was carried out and is still due: the record and its process disagree, and would go round."""


class Discretion(Interceptor):
    """Worker interceptor: every failure of an activity leaves it by its kind alone."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Discreet(next)


class _Discreet(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        try:
            return await super().execute_activity(input)
        except Exception as error:  # noqa: BLE001 - nothing is caught: it goes on under another name
            raise discreet(error, activity.info().attempt) from None


def discreet(error: Exception, attempt: int) -> ApplicationError:
    """The failure as Temporal and the logs may keep it; final at the last try, unless it will pass."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f"{Path(last[0].filename).name}:{last[0].lineno}" if last else "?"
    kind = type(error).__name__
    if isinstance(error, DomainError):
        kind = f"{kind}:{error.code}"
    final = attempt >= MOST_TRIES and not isinstance(error, PASSING)
    return ApplicationError(f"{kind} ({where})", type=kind, non_retryable=final)
