"""What a request for a command says: its key, the version it read, who asks; and how it is answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.datastructures import Default
from pydantic import BaseModel, Field, RootModel
from starlette.types import Scope

from api.fields import Body, shown
from api.openapi import problem_responses
from api.security import Bearer, bearer_of
from domain import kernel
from domain.authorization import TABLE, role_refused
from domain.commands import Command
from domain.ports import Outcome
from domain.ports import Request as Asked

KEY_PATTERN: Final = r"^[!-~]{1,200}$"
ETAG_PATTERN: Final = r'^"[0-9]{1,9}"$'
_EVERY: Final = (
    "idempotency_key_missing",
    "header_malformed",
    "body_malformed",
    "body_too_large",
    "media_type",
    "role_not_allowed",
    "not_your_record",
    "key_reused",
    "changed_meanwhile",
    "erased",
    "busy",
    "key_lost",
)
"""What any command may be answered."""

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=KEY_PATTERN,
        description="Une valeur neuve pour chaque demande ; la même pour la répéter sans risque.",
        examples=["5f2b8f0e-6f5e-4f7e-9a39-0c6f3f9d8a10"],
    ),
]
_VERSION: Final = (
    "L'ETag de votre dernière lecture : la demande n'est menée que sur cette version. Ignoré par un lien."
)
Version = Annotated[
    str, Header(alias="If-Match", pattern=ETAG_PATTERN, description=_VERSION, examples=['"7"'])
]
AnyVersion = Annotated[
    str | None, Header(alias="If-Match", pattern=ETAG_PATTERN, description=_VERSION, examples=['"7"'])
]
ConventionId = Annotated[
    str, Path(pattern=r"^convention-[0-9A-Za-z-]{1,80}$", description="L'identifiant de la convention.")
]
AssociationId = Annotated[
    str, Path(pattern=r"^association-[0-9A-Za-z-]{1,80}$", description="L'identifiant de l'association.")
]
TrainingId = Annotated[
    str, Path(pattern=r"^training-[0-9A-Za-z-]{1,80}$", description="L'identifiant de la formation.")
]
CompanyId = Annotated[
    str, Path(pattern=r"^company-[0-9A-Za-z-]{1,80}$", description="L'identifiant de l'entreprise.")
]
AnyRecordId = Annotated[
    str, Path(pattern=r"^[a-z]+-[0-9A-Za-z-]{1,80}$", description="L'identifiant d'un dossier.")
]
AnyProgrammeId = Annotated[
    str, Path(pattern=r"^programme-[0-9a-z]{1,20}$", description="L'identifiant du programme.")
]


class Nothing(Body):
    """Cette opération n'attend rien dans son corps."""

    model_config = shown({})


class Accepted(BaseModel):
    """La demande est enregistrée. ``position`` se passe à ``min_position`` pour lire ce que l'on a écrit."""

    id: str = Field(description="Le dossier concerné ; pour une création, le dossier créé.")
    version: int = Field(description="La version du dossier après la demande (c'est aussi son ETag).")
    position: int = Field(description="La position de son dernier événement dans le registre.")

    model_config = {
        "json_schema_extra": {
            "examples": [
                {"id": "convention-3c1b6a52-7c6d-5f0f-8e0a-64f7a3a4f1b9", "version": 7, "position": 1042}
            ]
        }
    }


class Arrived(BaseModel):
    """La demande est enregistrée. Au porteur d'un lien, combien de fois le dossier a changé ne se dit pas."""

    id: str = Field(description="Le dossier concerné, celui du lien.")


class ByLink(RootModel[Accepted | Arrived]):
    """La demande est enregistrée : sa version et sa position ne sont dites qu'à qui a un jeton."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {"id": "mentor-3c1b6a52-7c6d-5f0f-8e0a-64f7a3a4f1b9", "version": 7, "position": 1042},
                {"id": "mentor-3c1b6a52-7c6d-5f0f-8e0a-64f7a3a4f1b9"},
            ]
        }
    }


@dataclass(frozen=True)
class Acting:
    """Carries a command out for whoever asks, and tells the response where the record stands."""

    request: Request
    response: Response
    caller: Bearer
    key: str
    expected: int | None

    @property
    def command_id(self) -> str:
        """One actor's one demand, whatever it is sent to."""
        return f"{self.caller.actor.id}:{self.key}"

    def new_id(self, kind: str) -> str:
        """The id of the record that this demand creates: the same when it is repeated."""
        return kernel.new_id(kind, self.command_id)

    async def __call__(self, command: Command, reason: str = "") -> Accepted:
        """Raises the kernel's errors."""
        outcome = await self._execute(command, reason)
        return self._answer(
            Accepted(id=outcome.record_id, version=outcome.version, position=outcome.position)
        )

    async def by_link(self, command: Command) -> ByLink:
        """The same for an act that a link allows too. Its holder is not told how often the record changed,
        nor may ask: ``If-Match`` is left aside."""
        if self.caller.held is None:
            return ByLink(await self(command))
        outcome = await self._execute(command, "")
        return ByLink(Arrived(id=outcome.record_id))

    async def create(self, command: Command, created: str, address: str) -> Accepted:
        """The same, for a command that creates the record ``created``, to be found at ``address``.

        There is no record yet to be hidden: the role is asked first, for what follows would tell of others.
        Raises ``Forbidden`` by role, or when the record would be hidden from the very actor that asks for it.
        """
        if command.record_id == created:
            self._must_have_the_role(command)
        try:
            outcome = await self._execute(command, "")
        except kernel.NotFound as hidden:
            if command.record_id != created:
                raise
            raise kernel.Forbidden(
                "outside_your_scope",
                "Le dossier à créer serait hors de votre périmètre.",
                ("un jeton du périmètre concerné",),
            ) from hidden
        self.response.headers["Location"] = f"{address}/{created}"
        version = outcome.version if outcome.record_id == created else 1
        return self._answer(Accepted(id=created, version=version, position=outcome.position))

    async def unseen(self, command: Command) -> None:
        """The same, telling nothing of where the record stands: it is not for whoever asks to see.

        Raises ``Forbidden`` by role, before anything else is looked at.
        """
        self._must_have_the_role(command)
        await self._execute(command, "")

    def _must_have_the_role(self, command: Command) -> None:
        if self.caller.actor.role not in TABLE[command.name]:
            raise role_refused(self.caller.actor, command.name)

    def _answer(self, accepted: Accepted) -> Accepted:
        self.response.headers["ETag"] = f'"{accepted.version}"'
        return accepted

    async def _execute(self, command: Command, reason: str) -> Outcome:
        asked = Asked(
            command,
            self.caller.actor,
            self.command_id,
            reason=reason,
            expected_version=self.expected,
            correlation=correlation_of(self.request.scope),
        )
        outcome: Outcome = await self.request.app.state.services.commands.execute(asked)
        return outcome


def correlation_of(scope: Scope) -> str:
    """The caller's own id for what it is doing: ``X-Request-Id``, else the trace of ``traceparent``."""
    given = header(scope, b"x-request-id")
    if re.fullmatch(r"[0-9A-Za-z._-]{1,64}", given):
        return given
    told = header(scope, b"traceparent")
    trace = re.fullmatch(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*", told)
    return trace[1] if trace else ""


def header(scope: Scope, name: bytes) -> str:
    """The header of this name, in small letters: the first one, empty without any."""
    return next((value for key, value in scope["headers"] if key == name), b"").decode("latin-1")


async def _creating(request: Request, response: Response, key: Key) -> Acting:
    return Acting(request, response, await bearer_of(request), key, None)


async def _acting(request: Request, response: Response, key: Key, version: AnyVersion = None) -> Acting:
    caller = await bearer_of(request)
    return Acting(request, response, caller, key, None if caller.held else _number(version))


async def _editing(request: Request, response: Response, key: Key, version: Version) -> Acting:
    return Acting(request, response, await bearer_of(request), key, _number(version))


def _number(etag: str | None) -> int | None:
    return int(etag.strip('"')) if etag else None


Create = Annotated[Acting, Depends(_creating)]
Act = Annotated[Acting, Depends(_acting)]
Edit = Annotated[Acting, Depends(_editing)]
"""``Edit`` demands ``If-Match``; ``Act`` honours it."""


def command(
    router: APIRouter,
    method: str,
    path: str,
    carried_out: type[Command],
    summary: str,
    *guards: str,
    creates: bool = False,
    edits: bool = False,
    files: Sequence[str] = (),
    largest: int | None = None,
    answers: type[BaseModel] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The route of one command: what it answers, who may ask, and every problem it can meet. ``files``: the
    media types of its body, for a route that takes a file and reads it itself, of ``largest`` bytes at most;
    ``answers``: the shape of its
    answer, for a route that writes it itself.
    """
    codes = [*_EVERY, *guards]
    codes += ["outside_your_scope"] if creates else ["not_found", "version_changed"]
    codes += ["version_required"] if edits else []
    return router.api_route(
        path,
        methods=[method],
        summary=summary,
        status_code=201 if creates else 200,
        responses=problem_responses(codes),
        response_description="Enregistré." if not creates else "Créé.",
        operation_id=carried_out.name.replace(".", "_"),
        response_model=answers or Default(None),
        openapi_extra={
            "x-command": carried_out.name,
            "x-roles": sorted(TABLE[carried_out.name]),
        }
        | ({"requestBody": _file_of(files)} if files else {})
        | ({"x-largest-body": largest} if largest else {}),
    )


def _file_of(media_types: Sequence[str]) -> dict[str, Any]:
    """A body that is a file as it is, for the contract."""
    shape = {"schema": {"type": "string", "format": "binary"}}
    return {"required": True, "content": dict.fromkeys(media_types, shape)}
