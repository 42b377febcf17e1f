"""Candidacies handed in by the candidates themselves, through a link of an association.

A candidate is told that the candidacy arrived, and nothing else: neither the record that it opened, nor
whether there was one already.
"""

from __future__ import annotations

import logging

from fastapi import APIRouter

from api.dependencies import Parts
from api.fields import Body, shown
from api.links import BY_LINK
from api.mentor_bodies import PERSON, PROFILE, THANKS, Acknowledged, OwnProfileBody, PersonBody
from api.requests import Create, command, correlation_of
from api.routing import Route
from domain.calendar import paris_day
from domain.kernel import Forbidden, KeyReused
from domain.mentor.candidacies import ApplyByLink
from domain.ports import Request

router = APIRouter(prefix="/v1/candidacies", tags=["liens"], route_class=Route)

log = logging.getLogger(__name__)


class OwnCandidacyBody(Body):
    """Une candidature, déposée par la personne elle-même auprès de l'association dont elle a le lien."""

    person: PersonBody
    profile: OwnProfileBody

    model_config = shown({"person": PERSON, "profile": PROFILE})


@command(
    router,
    "POST",
    "",
    ApplyByLink,
    "Déposer sa candidature par le lien d'une association",
    *BY_LINK,
    "link_full",
    "candidacies_closed",
    "name_unreadable",
    "email_unreadable",
    "phone_unreadable",
    "birth_date_unlikely",
    "under_age",
    "identifier_unreadable",
    "family_unknown",
    "commune_unreadable",
    "language_unreadable",
    "capacity_unlikely",
    "unknown_record",
    "no_rules_in_force",
    "already_applied",
    answers=Acknowledged,
)
async def apply_by_link(body: OwnCandidacyBody, act: Create, parts: Parts) -> Acknowledged:
    held = act.caller.held
    if held is None:
        raise Forbidden(
            "role_not_allowed",
            f"Le rôle « {act.caller.actor.role} » ne peut pas faire cette opération ({ApplyByLink.name}).",
            ("le lien d'une association",),
        )
    asked = ApplyByLink(
        record_id=act.new_id("mentor"),
        association_id=held.record.id,
        person=body.person.person(),
        profile=body.profile.profile(),
    )
    request = Request(asked, held.actor, act.command_id, correlation=correlation_of(act.request.scope))
    try:
        await parts.commands.execute(request)
    except KeyReused:
        # Told, it would say that the link had served already, and to whom: nothing is recorded.
        log.info("a key of %s was used again with another body: nothing was recorded", held.link.id)
    return Acknowledged(received_on=paris_day(await parts.commands.now()), message=THANKS)
