"""Health and figures, for those who run the house. No token: nothing here is about a record."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from api.dependencies import Parts
from api.metrics import CONTENT_TYPE_LATEST

router = APIRouter(tags=["exploitation"])


class Health(BaseModel):
    """Ce processus répond."""

    status: str = Field("ok", examples=["ok"])


class Readiness(BaseModel):
    """Chaque partie, et ce qui ne va pas ; ``null`` quand tout va."""

    ready: bool
    parts: dict[str, str | None] = Field(examples=[{"postgres": None, "projector": None}])


@router.get("/healthz", summary="Le processus répond-il ?", operation_id="healthz")
async def healthz() -> Health:
    return Health()


@router.get(
    "/readyz",
    summary="Les parties de la maison répondent-elles ?",
    responses={503: {"model": Readiness, "description": "Une partie au moins ne répond pas."}},
    operation_id="readyz",
)
async def readyz(parts: Parts, response: Response) -> Readiness:
    found = {name: await probe() for name, probe in parts.probes.items()}
    ready = not any(found.values())
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, parts=found)


@router.get(
    "/metrics", summary="Mesures, au format Prometheus", operation_id="metrics", response_class=Response
)
async def metrics(request: Request, parts: Parts) -> Response:
    figures = request.app.state.metrics
    figures.behind(await parts.feed.head(), await parts.reader.position())
    return Response(figures.text(), media_type=CONTENT_TYPE_LATEST)
