"""Companies: known once, by SIRET; what ties them to the mentoring, counted without a name."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api import examples
from api.dependencies import After, Limit, Reading
from api.fields import Body, Count, Day, Line, Naf, Siret, shown
from api.listing import READING, Listing, OfSector, history_route, listing, present, tagged
from api.openapi import problem_responses
from api.persons import Showing, Shown
from api.requests import Accepted, Act, CompanyId, Create, Edit, command
from api.routing import Route
from api.travel import AS_KNOWN, Standing, Travel, standing, travelled
from domain.company import commands
from domain.company.known import by_name, by_siret
from domain.company.model import Company, Firm, Status, TieKind
from domain.kernel import Forbidden
from projections import companies
from projections.companies import CompanyFilters, CompanyRow

router = APIRouter(prefix="/v1/companies", tags=["entreprises"], route_class=Route)

_TOLD: Final = ("name_missing", "identifier_unreadable", "already_held")
_FIRM: Final[dict[str, Any]] = {
    "name": "Ateliers du Rhône",
    "siret": "73282932000074",
    "naf": "62.01Z",
    "sites": ["Lyon", "Villeurbanne"],
    "clee": "Lyon Centre",
    "campus": "Lumière intelligente et solutions d'éclairage durable",
}


class FirmBody(Body):
    """Une entreprise. Son nom et son SIRET, peut-être ceux d'une personne, se lisent dans ``persons``."""

    name: Line = Field(description="Son nom, ou son enseigne.")
    siret: Siret | None = Field(None, description="Le SIRET de l'établissement.", examples=["73282932000074"])
    naf: Naf | None = Field(None, description="Son code NAF.", examples=["62.01Z"])
    sites: Annotated[list[Line], Field(max_length=200)] = Field(
        [], description="Les communes de ses sites, par leur nom."
    )
    clee: Line | None = Field(None, description="Son comité local école-entreprise.")
    campus: Line | None = Field(None, description="Son Campus des métiers et des qualifications.")

    model_config = shown(_FIRM)

    def firm(self) -> Firm:
        return Firm(**dict(self) | {"sites": tuple(dict.fromkeys(self.sites))})


class CompanyClosureBody(Body):
    """Une entreprise qui n'existe plus, ou ne participe plus."""

    on: Day = Field(description="Depuis quel jour.")

    model_config = shown({"on": "2025-12-31"})


class TieBody(Body):
    """Ce qui lie une entreprise au mentorat, compté sans nommer personne."""

    kind: TieKind = Field(description="Mentors prêtés, visites, stages ou PFMP proposés.")
    count: Count = Field(description="Combien.")
    on: Day = Field(description="Le jour : il dit l'année scolaire.")

    model_config = shown({"kind": "visit", "count": 2, "on": "2025-12-05"})


@router.get(
    "",
    summary="Les entreprises, dans l'ordre où elles ont été connues",
    responses=problem_responses(
        ("cursor_malformed", "role_not_allowed", *READING), examples.listed(examples.COMPANY)
    ),
    operation_id="companies_list",
)
async def list_companies(
    request: Request,
    response: Response,
    shown: Shown,
    reading: Reading,
    name: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=100,
            description="Son nom entier, sans égard aux majuscules ni aux accents : chiffré, il ne se "
            "cherche pas par son début.",
        ),
    ] = None,
    naf: Annotated[Naf | None, Query(description="Le code NAF.")] = None,
    sector: OfSector = None,
    commune: Annotated[
        str | None, Query(min_length=1, max_length=100, description="La commune d'un site, par son nom.")
    ] = None,
    siret: Annotated[Siret | None, Query(description="Le SIRET.")] = None,
    status: Annotated[Status | None, Query(description="L'état.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Listing[CompanyRow]:
    if name or siret:
        _must_read_them(shown)
    digest = reading.parts.commands.digests.of_words
    filters = CompanyFilters(
        by_name(name, digest) if name else None,
        naf,
        commune,
        by_siret(siret, digest) if siret else None,
        status,
        sector,
    )
    async with reading.session() as connection:
        page = await companies.page(connection, filters, after, limit)
    return listing(await shown.page(page, Company), request, response)


def _must_read_them(shown: Showing) -> None:
    """Found by its name or its SIRET, a company would be known to whom they are not shown."""
    if shown.caller.actor.role not in Company.persons_shown_to:
        raise Forbidden(
            "role_not_allowed",
            "Le nom et le SIRET d'une entreprise ne sont pas montrés à ce rôle : il ne cherche pas par eux.",
            (f"un jeton du rôle {' ou '.join(sorted(Company.persons_shown_to))}", "ou un autre filtre"),
        )


@router.get(
    "/{id}",
    summary="Une entreprise, aujourd'hui ou à une date, et ses liens par année scolaire",
    responses=problem_responses(
        ("not_found", *AS_KNOWN, *READING), examples.either(examples.COMPANY, examples.STANDING)
    ),
    operation_id="companies_read",
)
async def read_company(
    id: CompanyId, response: Response, shown: Shown, moments: Travel, reading: Reading
) -> CompanyRow | Standing:
    async with reading.session() as connection:
        row = present(await companies.get(connection, id), id)
        then = await standing(connection, id, moments)
    if moments is None:
        return tagged(await shown.row(row, Company), response)
    return await travelled(reading, shown, Company, id, moments, then, companies.row_at)


history_route(router, "companies", Company, "L'histoire d'une entreprise, refus compris", companies.get)


@command(
    router,
    "POST",
    "",
    commands.RegisterCompany,
    "Faire connaître une entreprise",
    "already_registered",
    *_TOLD,
    creates=True,
)
async def register(body: FirmBody, act: Create) -> Accepted:
    created = act.new_id("company")
    asked = commands.RegisterCompany(record_id=created, firm=body.firm())
    return await act.create(asked, created, "/v1/companies")


@command(
    router,
    "PUT",
    "/{id}/firm",
    commands.ChangeCompany,
    "Changer ce qu'est une entreprise",
    "wrong_status",
    *_TOLD,
    edits=True,
)
async def change(id: CompanyId, body: FirmBody, act: Edit) -> Accepted:
    return await act(commands.ChangeCompany(record_id=id, firm=body.firm()))


@command(
    router,
    "POST",
    "/{id}/closure",
    commands.CloseCompany,
    "Fermer une entreprise",
    "wrong_status",
    "in_the_future",
)
async def close(id: CompanyId, body: CompanyClosureBody, act: Act) -> Accepted:
    return await act(commands.CloseCompany(record_id=id, on=body.on))


@command(
    router,
    "POST",
    "/{id}/ties",
    commands.RecordTie,
    "Noter un lien",
    "wrong_status",
    "nothing_counted",
    "in_the_future",
)
async def record_tie(id: CompanyId, body: TieBody, act: Act) -> Accepted:
    return await act(commands.RecordTie(record_id=id, **dict(body)))
