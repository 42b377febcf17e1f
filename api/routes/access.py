"""Who am I, and what do the refusals mean."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from api.catalogue import CATALOGUE, GUARDS
from api.listing import Listing
from api.openapi import open_responses, problem_responses
from api.problems import Refusal, address
from api.routing import Route
from api.security import Caller

router = APIRouter(prefix="/v1", tags=["accès"], route_class=Route)


class Me(BaseModel):
    """Le porteur du jeton, tel que la piste d'audit le nomme."""

    id: str = Field(description="L'identifiant du jeton.", examples=["3f9c2a7d51e0b846"])
    role: str = Field(description="Le rôle.", examples=["academie"])
    scopes: list[str] = Field(description="Ce qu'il peut voir.", examples=[["academie:10", "public"]])
    sees_persons: bool = Field(description="Si les noms de personnes lui sont montrés.")


class Explanation(BaseModel):
    """Un code de refus et ce qu'il veut dire."""

    code: str = Field(examples=["text_incomplete"])
    type: str = Field(examples=["/v1/problems/text_incomplete"])
    status: int = Field(examples=[409])
    title: str = Field(examples=["Texte incomplet"])
    explanation: str
    guard: bool = Field(description="Vrai quand c'est une règle du domaine qui dit non.")


@router.get("/me", summary="Qui suis-je ?", responses=problem_responses(()), operation_id="me")
async def me(caller: Caller) -> Me:
    actor = caller.actor
    return Me(id=actor.id, role=actor.role, scopes=sorted(actor.scopes), sees_persons=caller.sees_persons)


@router.get(
    "/problems", summary="Tous les codes de refus", responses=open_responses(()), operation_id="problems_list"
)
async def list_problems() -> Listing[Explanation]:
    return Listing(items=[_explained(code) for code in CATALOGUE], next=None)


@router.get(
    "/problems/{code}",
    summary="Ce que veut dire un code de refus",
    responses=open_responses(("no_such_address",)),
    operation_id="problems_read",
)
async def read_problem(
    code: Annotated[str, Path(max_length=60, description="Le code d'un problème.")],
) -> Explanation:
    if code not in CATALOGUE:
        raise Refusal("no_such_address")
    return _explained(code)


def _explained(code: str) -> Explanation:
    found = CATALOGUE[code]
    return Explanation(
        code=code,
        type=address(code),
        status=found.status,
        title=found.title,
        explanation=found.explanation,
        guard=code in GUARDS,
    )
