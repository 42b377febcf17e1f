"""The page that a link opens. It is the same for everybody and knows nothing of the link: the secret follows
the ``#`` of the address, which stays in the browser until its holder asks for something.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from api.links import PAGE

router = APIRouter(include_in_schema=False)

_API: Final = Path(__file__).parents[1]
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
"""``Edge`` adds the others, ``Referrer-Policy: no-referrer`` among them."""

_PAGE: Final = (_API / "templates" / "link.html").read_bytes()
_SCRIPT: Final = (_API / "static" / "link.js").read_bytes()
_STYLE: Final = (_API / "static" / "link.css").read_bytes()


@router.get(PAGE)
async def page() -> Response:
    return Response(_PAGE, media_type="text/html", headers=_HEADERS)


@router.get("/static/link.js")
async def script() -> Response:
    return Response(_SCRIPT, media_type="text/javascript", headers=_HEADERS)


@router.get("/static/link.css")
async def style() -> Response:
    return Response(_STYLE, media_type="text/css", headers=_HEADERS)
