"""Figures for Prometheus. Labels are route templates: no id, no address, no actor."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class Metrics:
    """One registry an application: two applications in one process do not mix."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "mentorat_http_requests",
            "Requests, by method, route template and status.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "mentorat_http_request_seconds",
            "Duration of requests, in seconds.",
            ("method", "route"),
            registry=self._registry,
        )
        self._head = Gauge("mentorat_ledger_position", "Position of the last event.", registry=self._registry)
        self._lag = Gauge(
            "mentorat_projector_lag_events", "Events not yet readable.", registry=self._registry
        )

    def seen(self, method: str, route: str, status: int, seconds: float) -> None:
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(known, route).observe(seconds)

    def behind(self, head: int, read: int) -> None:
        """Where the ledger is, and how far the read models lag."""
        self._head.set(head)
        self._lag.set(max(head - read, 0))

    def text(self) -> bytes:
        return generate_latest(self._registry)
