"""What a link allows, told to whoever holds it. Reading changes nothing: mail scanners do it too."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.charter import CURRENT
from api.dependencies import Parts, Services
from api.fields import shown
from api.openapi import problem_responses
from api.routing import Route
from api.security import Caller
from api.sign_in import Held
from api.travel import known
from domain.association.inviting import ADMISSION, CANDIDACY, FORM
from domain.association.model import Association
from domain.calendar import paris_day
from domain.kernel import Forbidden, Root
from domain.links import Channel
from domain.mentor.model import FILE, Mentor
from domain.programme.model import SCHEMES

router = APIRouter(prefix="/v1", tags=["liens"], route_class=Route)

_CANDIDACY: Final = {
    "person.given_name": "Votre prénom",
    "person.family_name": "Votre nom",
    "person.email": "Votre adresse électronique",
    "person.phone": "Votre téléphone",
    "person.birth_date": "Votre date de naissance",
    "profile.status": "Votre situation : employee, retired, student ou self_employed",
    "profile.availability": "Vos disponibilités",
}
_TOLD: Final = {
    ADMISSION: (
        "Ouvrir le dossier d'admission de l'association.",
        {"programme_id": f"Le dispositif : {', '.join(f'programme-{scheme}' for scheme in SCHEMES)}"},
        "La même demande se fait sur papier, par téléphone ou en entretien, auprès du rectorat, qui "
        "l'enregistre.",
    ),
    CANDIDACY: (
        "Déposer votre candidature de mentor·e auprès de l'association.",
        _CANDIDACY,
        "La même candidature se dépose sur papier ou par téléphone, auprès de l'association, qui "
        "l'enregistre.",
    ),
    FILE: (
        "Signer la charte du mentorat.",
        {},
        "La même charte se signe sur papier : remettez-la à l'association, qui l'enregistre.",
    ),
}
"""What it allows, what is left to fill in (by the path in the body), and the paper path."""


class LinkTold(BaseModel):
    """Ce que permet le lien présenté, pour qui, jusqu'à quand, et la demande à envoyer."""

    action: str = Field(description="admission, file, candidacy ou form.")
    allows: str = Field(description="Ce qu'il permet, en une phrase.")
    association: str = Field(description="L'association concernée. Jamais une personne.")
    expires_on: date = Field(description="Son dernier jour.")
    reusable: bool = Field(description="S'il sert plus d'une fois : un formulaire public.")
    method: str = Field(description="La demande à envoyer : sa méthode,")
    path: str = Field(description="son adresse,")
    body: dict[str, Any] = Field(description="son corps,")
    text: str | None = Field(description="Ce qu'il faut avoir lu : le texte de la charte à signer.")
    fill_in: dict[str, str] = Field(description="et ce qu'il reste à y écrire, par chemin dans le corps.")
    paper: str = Field(description="Comment faire la même chose sans ce lien.")

    model_config = shown(
        {
            "action": "file",
            "allows": "Signer la charte du mentorat.",
            "association": "Fondation Exemple",
            "expires_on": "2025-12-19",
            "reusable": False,
            "method": "POST",
            "path": "/v1/mentors/mentor-5d8e0a64-7c6d-5f0f-8e0a-64f7a3a4f1b9/charter",
            "body": {"on": "2025-12-05", "channel": "online", "version": CURRENT.version},
            "text": "Charte du mentorat en lycée professionnel…",
            "fill_in": {},
            "paper": _TOLD[FILE][2],
        }
    )


@router.get(
    "/link",
    summary="Ce que permet le lien présenté ; le lire ne le consomme pas",
    responses=problem_responses(()),
    operation_id="link_read",
)
async def read_link(caller: Caller, parts: Parts) -> LinkTold:
    held = caller.held
    if held is None:
        raise Forbidden(
            "role_not_allowed",
            f"Le rôle « {caller.actor.role} » ne vient pas par un lien.",
            ("le secret d'un lien en cours (lnk_…)",),
        )
    today = paris_day(await parts.commands.now())
    link = held.link
    allows, fill_in, paper = _TOLD[CANDIDACY if link.action == FORM else link.action]
    return LinkTold(
        action=link.action,
        allows=allows,
        association=await _association(parts, held.record),
        expires_on=link.expires_on,
        reusable=link.action == FORM,
        method="POST",
        path=_path(held),
        body=_body(link.action, {"on": today.isoformat(), "channel": Channel.ONLINE.value}),
        text=CURRENT.text if link.action == FILE else None,
        fill_in=fill_in,
        paper=paper,
    )


def _body(action: str, now: dict[str, Any]) -> dict[str, Any]:
    """What is sent as it stands. The version of the charter is the one whose text is shown: it is not for
    whoever signs to choose."""
    if action in (CANDIDACY, FORM):
        return {}
    return now | {"version": CURRENT.version} if action == FILE else now


def _path(held: Held) -> str:
    return {
        ADMISSION: f"/v1/associations/{held.record.id}/admission",
        FILE: f"/v1/mentors/{held.record.id}/charter",
    }.get(held.link.action, "/v1/candidacies")


async def _association(parts: Services, record: Root) -> str:
    """The name of the association that the link is of, or whose mentor's record it is of."""
    if isinstance(record, Mentor):
        tracked = await known(parts, record.association_id, await parts.commands.now())
        return await _association(parts, tracked.record) if tracked else ""
    return record.identity.name if isinstance(record, Association) else ""
