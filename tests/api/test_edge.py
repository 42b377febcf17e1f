"""The edge: methods, headers, health, figures, logs, and what a bug looks like from outside."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import httpx
import pytest
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from ledger import writer
from tests.api import walk
from tests.api.conftest import Site

Probe = Callable[[], Awaitable[str | None]]


async def test_head_answers_like_get_without_its_body(site: Site) -> None:
    await walk.opened(site)
    shown = await site.get("lyon", "/v1/programmes/programme-1j1m")
    answer = await site.call("lyon", "HEAD", "/v1/programmes/programme-1j1m")
    stream = await site.call("lyon", "HEAD", "/v1/events", headers={"Accept": "text/event-stream"})

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"] == shown.headers["etag"]
    assert stream.headers["content-type"] == "application/json"


async def test_options_and_405_tell_every_method_of_an_address(site: Site) -> None:
    told = await site.client.options("/v1/conventions")
    refused = await site.call("lyon", "PATCH", "/v1/conventions")
    unknown = await site.client.options("/v1/nulle-part")

    assert (told.status_code, told.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    assert refused.json()["code"] == "method_not_allowed"
    assert unknown.status_code == 404


async def test_an_unknown_address_is_a_problem(site: Site) -> None:
    for path in ("/v1/nulle-part", "/v1/conventions/", "/nulle-part"):
        answer = await site.call("lyon", "GET", path)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_address"), path


async def test_every_answer_carries_its_headers(site: Site) -> None:
    for who, path in (("lyon", "/v1/me"), (None, "/v1/me"), (None, "/healthz"), (None, "/docs")):
        headers = (await site.call(who, "GET", path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-request-id"]
        assert "access-control-allow-origin" not in headers
        assert (headers.get("cache-control") == "no-store") == path.startswith("/v1")


async def test_health_readiness_and_figures(site: Site) -> None:
    site.app.state.services.probes.update(await _probes())
    alive = await site.call(None, "GET", "/healthz")
    ready = await site.call(None, "GET", "/readyz")
    await walk.opened(site)
    figures = (await site.call(None, "GET", "/metrics")).text

    assert alive.json() == {"status": "ok"}
    assert ready.status_code == 503
    assert ready.json() == {"ready": False, "parts": {"postgres": None, "projector": "en retard"}}
    assert "mentorat_projector_lag_events 4.0" in figures
    assert 'route="/readyz",status="503"' in figures


async def test_figures_and_logs_tell_no_id_no_query_and_no_token(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="api"):
        await site.call("lyon", "GET", "/v1/conventions/convention-secrete?as_of=2025-01-01")
        await site.call("lyon", "GET", "/v1/associations?name=Camille")
        await site.call("lyon", "GET", "/chemin-secret")
    figures = (await site.call(None, "GET", "/metrics")).text

    logged = caplog.text
    assert "/v1/conventions/{id}" in logged
    assert site.ids["lyon"] in logged
    for secret in ("secret", "2025-01-01", "Camille", site.bearers["lyon"]):
        assert secret not in logged
        assert secret not in figures


async def test_a_database_that_does_not_answer_is_a_503(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (OperationalError("connexion perdue"), PoolTimeout("trop de monde")):

        async def failing(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(site.executor.recorder, "load", failing)
        answer = await site.call("lyon", "POST", "/v1/conventions", walk.draft())
        monkeypatch.setattr(site.tokens, "actor_of", failing)
        outside = await site.client.get("/v1/me")
        monkeypatch.undo()
        for found in (answer, outside):
            assert (found.status_code, found.json()["code"]) == (503, "unavailable")
            assert found.headers["retry-after"].isdecimal()


async def test_whoever_comes_while_the_queue_is_full_is_sent_away_with_a_term_and_nothing_is_recorded(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await walk.opened(site)
    head = await site.executor.recorder.head()
    with monkeypatch.context() as full:
        full.setattr(writer, "MOST_WAITING", 0)
        refused = await site.call("lyon", "POST", "/v1/conventions", walk.draft(), key="n")
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    assert refused.headers["retry-after"].isdecimal()
    assert await site.executor.recorder.head() == head
    again = await site.call("lyon", "POST", "/v1/conventions", walk.draft(), key="n")
    assert again.status_code == 201


async def test_a_bug_is_a_500_that_tells_nothing_and_is_logged_without_its_message(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told = " ".join(("Camille", "Exemple"))

    async def broken(*_: object) -> None:
        raise ZeroDivisionError(told)

    monkeypatch.setattr(site.executor.recorder, "load", broken)
    transport = httpx.ASGITransport(site.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        headers = {"Authorization": f"Bearer {site.bearers['lyon']}", "Idempotency-Key": "k"}
        with caplog.at_level(logging.DEBUG):
            answer = await client.post("/v1/conventions", json=walk.draft(), headers=headers)
            logging.getLogger("uvicorn.error").error(
                "Exception in ASGI application", exc_info=ZeroDivisionError(told)
            )

    assert (answer.status_code, answer.json()["code"]) == (500, "bug")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "ZeroDivisionError" in caplog.text
    assert told not in answer.text + caplog.text


async def _probes() -> dict[str, Probe]:
    async def fine() -> str | None:
        return None

    async def late() -> str | None:
        return "en retard"

    return {"postgres": fine, "projector": late}
