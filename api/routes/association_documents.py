"""The documents of an association's file: asked, handed in as they are, read, accepted or refused.

A file never enters an event: it is kept sealed under the association's key before the command that records
its SHA-256, its size and its type. Should the command be refused, the house's keeper removes the file later
(``ops.housekeeping``): at once, it might take it from under another command that names the same one.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from api.dependencies import Parts, Services
from api.fields import Body, Day, Reason, Sha256, shown
from api.listing import present
from api.openapi import problem_responses
from api.persons import LOGGED, Shown
from api.problems import Refusal
from api.requests import Accepted, Act, AssociationId, command
from api.routing import Route
from api.security import Bearer
from api.travel import known
from api.uploads import file_in
from domain.association import commands
from domain.association.model import Association
from domain.association.parts import MEDIA_TYPES, MOST_BYTES, DocumentVersion
from domain.authorization import authorize, may_see
from domain.kernel import DomainError, Forbidden
from domain.links import Channel
from domain.programme.rules import DOCUMENTS

router = APIRouter(prefix="/v1/associations", tags=["associations : admission"], route_class=Route)

_BEGINNINGS: Final = {
    "application/pdf": b"%PDF-",
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
}
"""The first bytes of every file of a type."""
_EXTENSIONS: Final = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}

_FILE: Final = {"schema": {"type": "string", "format": "binary"}}
_NAME: Final = r"^[a-z_]{1,40}$"
_DIGEST: Final = "9f2feb0f1ef425b292f2f94bc8482494df48e5b2b8b8b5f3f0a9f5d0e1b2c3d4"

DocumentName = Annotated[
    str, Path(pattern=_NAME, description=f"La pièce : {', '.join(DOCUMENTS)}.", examples=["insurance"])
]


class AskedBody(Body):
    """Une pièce que l'on demande en plus."""

    document: Annotated[str, Field(strict=True, pattern=_NAME)] = Field(
        description=f"La pièce : {', '.join(DOCUMENTS)}.", examples=["charter"]
    )

    model_config = shown({"document": "charter"})


class AcceptanceBody(Body):
    """La version lue est bonne : son contenu, et le dernier jour que lui donne qui l'a remise."""

    sha256: Sha256 = Field(description="L'empreinte SHA-256 de la version que vous avez lue.")
    valid_until: Day | None = Field(
        None, description="Son dernier jour, tel que vous l'avez lu ; absent d'une version qui n'en a pas."
    )

    model_config = shown({"sha256": _DIGEST, "valid_until": "2026-12-31"})


class RefusalBody(Body):
    """La version lue ne convient pas."""

    sha256: Sha256 = Field(description="L'empreinte SHA-256 de la version que vous avez lue.")
    reason: Reason

    model_config = shown({"sha256": _DIGEST, "reason": "La dernière page manque."})


@command(
    router,
    "POST",
    "/{id}/documents",
    commands.AskDocument,
    "Demander une pièce de plus",
    "wrong_status",
    "document_unknown",
)
async def ask_document(id: AssociationId, body: AskedBody, act: Act) -> Accepted:
    return await act(commands.AskDocument(record_id=id, document=body.document))


@command(
    router,
    "PUT",
    "/{id}/documents/{document}",
    commands.ReceiveDocument,
    "Remettre une pièce : le corps est le fichier",
    "file_type",
    "wrong_status",
    "in_the_future",
    "document_unknown",
    "document_not_asked",
    "document_expired",
    "hash_malformed",
    "media_type_refused",
    "size_refused",
    "valid_until_missing",
    files=MEDIA_TYPES,
    largest=MOST_BYTES,
)
async def receive_document(
    id: AssociationId,
    document: DocumentName,
    request: Request,
    act: Act,
    parts: Parts,
    on: Annotated[Day, Query(description="Le jour où la pièce est arrivée.")],
    channel: Annotated[
        Channel, Query(description="Comment elle est arrivée : paper, phone, meeting ou online.")
    ],
    valid_until: Annotated[
        Day | None, Query(description="Son dernier jour ; une attestation d'assurance en a un.")
    ] = None,
) -> Accepted:
    body, media_type = await file_in(request, _BEGINNINGS, "file_type")
    digest = sha256(body).hexdigest()
    version = DocumentVersion(digest, len(body), media_type, on, channel, valid_until)
    asked = commands.ReceiveDocument(record_id=id, document=document, version=version)
    if await _may(act.caller, asked, parts):
        # Erased since: the command says so, and that is recorded.
        with suppress(LookupError):
            await parts.documents.keep(id, body)
    return await act(asked)


@command(
    router,
    "POST",
    "/{id}/documents/{document}/acceptance",
    commands.AcceptDocument,
    "Accepter une pièce",
    "wrong_status",
    "document_unknown",
    "document_not_asked",
    "document_expired",
    "nothing_received",
    "document_changed",
)
async def accept_document(
    id: AssociationId, document: DocumentName, body: AcceptanceBody, act: Act
) -> Accepted:
    return await act(commands.AcceptDocument(record_id=id, document=document, **dict(body)))


@command(
    router,
    "POST",
    "/{id}/documents/{document}/refusal",
    commands.RefuseDocument,
    "Refuser une pièce",
    "wrong_status",
    "reason_missing",
    "document_unknown",
    "document_not_asked",
    "nothing_received",
    "document_changed",
)
async def refuse_document(id: AssociationId, document: DocumentName, body: RefusalBody, act: Act) -> Accepted:
    asked = commands.RefuseDocument(record_id=id, document=document, sha256=body.sha256)
    return await act(asked, body.reason)


@router.get(
    "/{id}/documents/{document}",
    summary="Le fichier d'une pièce, en sa dernière version",
    responses=problem_responses(
        ("not_found", "role_not_allowed", "no_such_file", *LOGGED),
        {
            "description": "Le fichier, tel qu'il a été remis. Sa lecture est inscrite au journal.",
            "content": dict.fromkeys(MEDIA_TYPES, _FILE),
        },
    ),
    operation_id="association_document_read",
    response_class=Response,
)
async def read_document(id: AssociationId, document: DocumentName, shown: Shown, parts: Parts) -> Response:
    association = present(await _visible(shown.caller, id, parts), id)
    if shown.caller.actor.role not in association.persons_shown_to:
        raise Forbidden(
            "role_not_allowed",
            "Une pièce peut nommer des personnes : elle n'est pas montrée à ce rôle.",
            (f"un jeton du rôle {' ou '.join(sorted(association.persons_shown_to))}",),
        )
    held = association.documents.get(document)
    version = (held.pending or held.accepted) if held else None
    if version is None:
        raise Refusal("no_such_file")
    try:
        body = await parts.documents.read(id, version.sha256)
    except LookupError:
        raise Refusal("no_such_file") from None
    await parts.readings.note(shown.caller.actor, [id], f"{shown.purpose} ({document})")
    name = f"{document}.{_EXTENSIONS[version.media_type]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type=version.media_type, headers=headers)


async def _may(caller: Bearer, asked: commands.ReceiveDocument, parts: Services) -> bool:
    """Whether the caller works on that file: nothing is kept for anybody else. The command itself refuses
    them, and that is recorded."""
    tracked = await known(parts, asked.record_id, await parts.commands.now())
    try:
        authorize(caller.actor, asked.name, present(tracked and tracked.record, asked.record_id))
    except DomainError:
        return False
    return True


async def _visible(caller: Bearer, record_id: str, parts: Services) -> Association | None:
    """The association as it is recorded, ``None`` when it is none of the caller's business."""
    tracked = await known(parts, record_id, await parts.commands.now())
    record = tracked.record if tracked else None
    if not isinstance(record, Association) or not may_see(caller.actor, record.scopes()):
        return None
    return record
