"""Persons' rights: erasing the personal data of a record, and the log of who has read whose."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api import examples
from api.dependencies import After, Limit, Parts, position_after
from api.fields import Body, Day, shown
from api.listing import Listing, listing
from api.openapi import problem_responses
from api.requests import Accepted, Act, AnyRecordId, command
from api.routing import Route
from api.security import Bearer, Caller
from domain.calendar import start_of
from domain.erasure import GROUND_LABELS, Erase, Ground
from domain.kernel import Forbidden
from domain.ports import Reading
from projections.paging import Page

router = APIRouter(prefix="/v1", tags=["données personnelles"], route_class=Route)

_GROUNDS: Final = " ; ".join(f"{ground} : {label}" for ground, label in GROUND_LABELS.items())
_READS_THE_LOG: Final = frozenset({"dpo"})


class ErasureBody(Body):
    """Le fondement d'un effacement. Il est sans retour, et clôt le dossier avec ceux de la même personne qui
    y sont rattachés."""

    ground: Ground = Field(description=f"{_GROUNDS}. Ce dernier est constaté par le système seul.")

    model_config = shown({"ground": "consent_withdrawn"})


class Erased(Accepted):
    """L'effacement est fait."""

    also: list[str] = Field(
        default_factory=list,
        description="Les dossiers encore lisibles de la même association, ouverts ou clos, qu'un même "
        "courriel ou les mêmes noms et date de naissance, désignent comme ceux de la même personne : à "
        "effacer aussi, s'ils sont bien d'elle.",
    )


@command(
    router,
    "POST",
    "/records/{id}/erasure",
    Erase,
    "Effacer les données personnelles d'un dossier",
    "already_erased",
    "nothing_personal",
    "ground_reserved",
)
async def erase(id: AnyRecordId, body: ErasureBody, act: Act, parts: Parts) -> Erased:
    await parts.erasures.check(id)
    accepted = await act(Erase(record_id=id, ground=body.ground))
    also = await parts.erasures.apply(id)
    return Erased(**accepted.model_dump(), also=list(also))


@router.get(
    "/readings",
    summary="Le journal des lectures, les dernières d'abord : qui a lu les données de qui, quand, pourquoi",
    responses=problem_responses(("role_not_allowed", "cursor_malformed"), examples.listed(examples.READING)),
    operation_id="readings_list",
)
async def list_readings(
    request: Request,
    response: Response,
    caller: Caller,
    parts: Parts,
    subject: Annotated[
        str | None, Query(pattern=r"^[a-z]+-[0-9A-Za-z-]{1,80}$", description="Le dossier lu.")
    ] = None,
    reader: Annotated[str | None, Query(pattern=r"^[0-9a-f]{16}$", description="Le jeton qui a lu.")] = None,
    since: Annotated[Day | None, Query(description="À partir de ce jour.")] = None,
    after: After = None,
    limit: Limit = 100,
) -> Listing[Reading]:
    _may_read_the_log(caller)
    found = await parts.readings.page(
        limit=limit + 1,
        before=position_after(after) if after else None,
        reader=reader,
        subject=subject,
        since=start_of(since) if since else None,
    )
    items = found[:limit]
    more = str(items[-1].number) if len(found) > limit else None
    return listing(Page(items, more), request, response)


def _may_read_the_log(caller: Bearer) -> None:
    if caller.actor.role not in _READS_THE_LOG:
        raise Forbidden(
            "role_not_allowed",
            f"Le rôle « {caller.actor.role} » ne lit pas le journal des lectures.",
            ("un jeton du rôle dpo",),
        )
