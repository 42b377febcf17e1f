"""Imports: a file is handed in, checked and tried line by line, then recorded as a whole, or not at all.

The file never enters an event, and its name is not asked for: it may be somebody's. It is kept sealed under
the import's own key before the command that records its SHA-256, as is the report of what was found in it.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from api import examples, examples_imports
from api.dependencies import After, Limit, Parts, Reading, Services, position_after
from api.listing import READING, Listing, history_route, listing, present, tagged
from api.openapi import problem_responses
from api.persons import LOGGED, Showing, Shown
from api.problems import Refusal
from api.requests import Accepted, Create, command
from api.routing import Route
from api.security import Bearer
from api.travel import known
from api.uploads import file_in
from domain.authorization import may_see
from domain.imports import guards
from domain.imports.commands import Submit
from domain.imports.model import Import
from domain.imports.parts import CSV, MEDIA_TYPES, MOST_BYTES, XLSX, File, ImportKind, Result, Status
from domain.kernel import DomainError, Forbidden
from projections import imports
from projections.imports import ImportFilters, ImportRow

router = APIRouter(prefix="/v1/imports", tags=["imports"], route_class=Route)

_FILE: Final = {"schema": {"type": "string", "format": "binary"}}
_ASSOCIATION: Final = r"^association-[0-9A-Za-z-]{1,80}$"
_TRAINING: Final = r"^training-[0-9A-Za-z-]{1,80}$"
_BEGINNINGS: Final = {CSV: b"", XLSX: b"PK\x03\x04"}
_EXTENSIONS: Final = {CSV: "csv", XLSX: "xlsx"}
_GONE: Final = (
    "Ce fichier et son compte rendu ont été effacés : ils le sont 30 jours après la fin de l'import, ou dès "
    "que l'est une personne de l'association, qu'ils pouvaient nommer. Le registre en garde les effectifs ; "
    "s'il le faut, renvoyez le fichier sans elle."
)

ImportId = Annotated[
    str, Path(pattern=r"^import-[0-9A-Za-z-]{1,80}$", description="L'identifiant de l'import.")
]


class FaultOfLine(BaseModel):
    """Une anomalie, et comment y remédier."""

    line: int = Field(description="La ligne, par la numérotation du fichier ; 0 pour le fichier entier.")
    column: str = Field(description="La colonne, telle que le fichier la titre ; vide pour la ligne.")
    value: Any = Field(description="Ce que la cellule contient.")
    problem: str
    remedy: str


class FaultsPage(BaseModel):
    """Les anomalies d'un fichier, ligne par ligne."""

    count: int = Field(description="Combien il y en a en tout ; les mille premières sont dites.")
    left_aside: list[str] = Field(description="Les colonnes du fichier qui n'ont pas été lues.")
    items: list[FaultOfLine]
    next: str | None = Field(None, description="Le curseur de la page suivante.")


@command(
    router,
    "POST",
    "",
    Submit,
    "Importer un fichier : le corps est le fichier",
    "table_type",
    "import_target",
    "hash_malformed",
    "media_type_refused",
    "size_refused",
    "unknown_record",
    "no_such_training",
    "operator_suspended",
    "operator_closed",
    "already_submitted",
    creates=True,
    files=MEDIA_TYPES,
    largest=MOST_BYTES,
)
async def submit_import(
    request: Request,
    act: Create,
    parts: Parts,
    kind: Annotated[ImportKind, Query(description="De quoi parlent les lignes.")],
    association: Annotated[
        str | None, Query(pattern=_ASSOCIATION, description="L'association : mentors et présences.")
    ] = None,
    training: Annotated[
        str | None, Query(pattern=_TRAINING, description="La formation : présences seulement.")
    ] = None,
    dry_run: Annotated[bool, Query(description="Vérifier sans rien enregistrer.")] = False,
) -> Accepted:
    body, media_type = await file_in(request, _BEGINNINGS, "table_type")
    record_id = act.new_id("import")
    file = File(sha256(body).hexdigest(), len(body), media_type)
    asked = Submit(
        record_id=record_id,
        kind=kind,
        association_id=association,
        training_id=training,
        file=file,
        dry_run=dry_run,
    )
    if _may(act.caller, asked):
        await parts.documents.keep(record_id, body)
    return await act.create(asked, record_id, "/v1/imports")


@router.get(
    "",
    summary="Les imports de votre périmètre, le dernier d'abord",
    responses=problem_responses(("cursor_malformed", *READING), examples.listed(examples_imports.IMPORT)),
    operation_id="imports_list",
)
async def list_imports(
    request: Request,
    response: Response,
    reading: Reading,
    kind: Annotated[ImportKind | None, Query(description="De quoi parlent les lignes.")] = None,
    status: Annotated[Status | None, Query(description="L'état.")] = None,
    association: Annotated[str | None, Query(pattern=_ASSOCIATION, description="L'association.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Listing[ImportRow]:
    filters = ImportFilters(kind, status, association)
    async with reading.session() as connection:
        page = await imports.page(connection, filters, after, limit)
    return listing(page, request, response)


@router.get(
    "/{id}",
    summary="Un import : son état, son avancement, son bilan",
    responses=problem_responses(("not_found", *READING), examples.answer(examples_imports.IMPORT)),
    operation_id="imports_read",
)
async def read_import(id: ImportId, response: Response, reading: Reading) -> ImportRow:
    async with reading.session() as connection:
        row = present(await imports.get(connection, id), id)
    return tagged(row, response)


@router.get(
    "/{id}/faults",
    summary="Les anomalies d'un import : ligne, colonne, valeur, remède",
    responses=problem_responses(
        ("not_found", "role_not_allowed", "import_under_way", "no_such_file", "cursor_malformed", *LOGGED),
        examples.answer(examples_imports.FAULTS),
    ),
    operation_id="import_faults",
)
async def read_faults(
    id: ImportId, shown: Shown, parts: Parts, after: After = None, limit: Limit = 100
) -> FaultsPage:
    start = position_after(after)
    _, result = await _ended(shown, id, parts)
    report = json.loads(await _kept(shown, id, result.report_sha256, parts))
    faults = report["faults"]
    more = str(start + limit) if start + limit < len(faults) else None
    items = [FaultOfLine(**fault) for fault in faults[start : start + limit]]
    return FaultsPage(count=report["faults_count"], left_aside=report["left_aside"], items=items, next=more)


@router.get(
    "/{id}/file",
    summary="Le même fichier, annoté : l'état et la remarque de chaque ligne",
    responses=problem_responses(
        ("not_found", "role_not_allowed", "import_under_way", "no_such_file", *LOGGED),
        {
            "description": "Le fichier, dans son format. Sa lecture est inscrite au journal.",
            "content": dict.fromkeys(MEDIA_TYPES, _FILE),
        },
    ),
    operation_id="import_file",
    response_class=Response,
)
async def read_file(id: ImportId, shown: Shown, parts: Parts) -> Response:
    record, result = await _ended(shown, id, parts)
    if result.annotated_sha256 is None:
        raise Refusal("no_such_file")
    body = await _kept(shown, id, result.annotated_sha256, parts)
    name = f"import-annote.{_EXTENSIONS[record.file.media_type]}"
    # Announced by its type alone: a text goes back in the encoding in which it came.
    headers = {
        "Content-Type": record.file.media_type,
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(body, headers=headers)


history_route(router, "imports", Import, "L'histoire d'un import, refus compris", imports.get)


def _may(caller: Bearer, asked: Submit) -> bool:
    """Whether the caller may import there at all: nothing is kept for anybody else, whom the command itself
    refuses."""
    try:
        guards.submitter(caller.actor, asked.kind, asked.association_id)
        guards.aimed(asked.kind, asked.association_id, asked.training_id)
        guards.file(asked.file)
    except DomainError:
        return False
    return True


async def _ended(shown: Showing, record_id: str, parts: Services) -> tuple[Import, Result]:
    """An import that is the caller's, once it has ended. Raises ``NotFound``, ``Forbidden``, ``Refusal``."""
    tracked = await known(parts, record_id, await parts.commands.now())
    record = tracked.record if tracked else None
    if not isinstance(record, Import) or not may_see(shown.caller.actor, record.scopes()):
        record = None
    record = present(record, record_id)
    if shown.caller.actor.role not in record.persons_shown_to:
        raise Forbidden(
            "role_not_allowed",
            "Un fichier importé nomme des personnes : il n'est pas montré à ce rôle.",
            (f"un jeton du rôle {' ou '.join(sorted(record.persons_shown_to))}",),
        )
    if record.is_erased:
        raise Refusal("no_such_file", _GONE)
    if record.result is None:
        raise Refusal("import_under_way")
    return record, record.result


async def _kept(shown: Showing, record_id: str, digest: str, parts: Services) -> bytes:
    """What is kept of the import, its reading being logged. Raises ``Refusal`` once it was erased."""
    try:
        body = await parts.documents.read(record_id, digest)
    except LookupError:
        raise Refusal("no_such_file", _GONE) from None
    await parts.readings.note(shown.caller.actor, [record_id], shown.purpose)
    return body
