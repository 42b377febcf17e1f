"""An operator leaves with all its records, by one call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

from fastapi import APIRouter, Response
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.dependencies import Parts
from api.export.archive import Export, exported
from api.export.gathering import Sources
from api.openapi import problem_responses
from api.persons import LOGGED, Purpose
from api.requests import AssociationId
from api.routing import Route
from api.security import Caller
from domain.kernel import Busy

router = APIRouter(prefix="/v1/associations", tags=["associations"], route_class=Route)

MEDIA_TYPE: Final = "application/zip"
MOST: Final = 2
"""Exports that one process makes at the same time; the next is told to come back."""


class _Turns:
    """How many may still begin."""

    def __init__(self, most: int) -> None:
        self.free = most

    @contextmanager
    def one(self) -> Iterator[None]:
        """Raises ``Busy``."""
        if not self.free:
            raise Busy("busy", "Trop d'exports à la fois : rien n'est montré.", ("un nouvel essai",))
        self.free -= 1
        try:
            yield
        finally:
            self.free += 1


TURNS: Final = _Turns(MOST)


class _Download(StreamingResponse):
    """The archive, of which nothing is left on disk afterwards, however the client ended."""

    def __init__(self, export: Export) -> None:
        headers = {
            "Content-Disposition": f'attachment; filename="{export.name}"',
            "Content-Length": str(export.spool.size),
        }
        super().__init__(_chunks(export), media_type=MEDIA_TYPE, headers=headers)
        self._export = export

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._export.spool.close()


@router.get(
    "/{id}/export",
    summary="Tous les dossiers d'un opérateur, en un fichier ZIP",
    responses=problem_responses(
        ("not_found", "role_not_allowed", "not_yet_readable", *LOGGED),
        {
            "description": "Tableaux CSV et classeur, événements, pièces remises et manifeste, tels que "
            "connus à une même position. Remise inscrite au journal des lectures, une entrée par dossier.",
            "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        },
    ),
    operation_id="association_export",
    response_class=Response,
)
async def export_association(
    id: AssociationId, caller: Caller, parts: Parts, purpose: Purpose = None
) -> Response:
    sources = Sources(parts.feed, parts.reader, parts.persons, parts.documents, parts.commands.now)
    with TURNS.one():
        export = await exported(sources, caller.actor, id, f"export : {purpose}" if purpose else "export")
    return _Download(export)


async def _chunks(export: Export) -> AsyncIterator[bytes]:
    chunks = export.spool.chunks()
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk
