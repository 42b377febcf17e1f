"""A file that is the body of a request."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.problems import Refusal


async def file_in(request: Request, beginnings: Mapping[str, bytes], refused: str) -> tuple[bytes, str]:
    """The file and its type, which its first bytes confirm. ``beginnings``: those of every file of a type; a
    type that has none (a text) begins like none of the others. Raises ``Refusal`` of the code ``refused``.
    """
    announced = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if announced not in beginnings:
        raise Refusal(refused)
    try:
        body = await request.body()
    except ClientDisconnect as gone:
        raise HTTPException(400) from gone
    begun = {media_type for media_type, first in beginnings.items() if first and body.startswith(first)}
    if begun != ({announced} if beginnings[announced] else set()):
        raise Refusal(refused)
    return body, announced
