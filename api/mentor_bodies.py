"""The bodies that describe a mentor: who they are, what they bring, how they came."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, Field, PlainValidator, StringConstraints, WithJsonSchema

from api.fields import Body, Code, Day, Line, LongText, Naf, ProgrammeId, Reason, Uai, shown
from domain.families import FAMILIES
from domain.identifiers import InvalidValue, parse_rome
from domain.mentor.parts import Engagement, Mode, Occupation, Origin, Person, Profile

ASSOCIATION: Final = r"^association-[0-9A-Za-z-]{1,80}$"
_MOST_CODES: Final = 100

PERSON: Final[dict[str, Any]] = {
    "given_name": "Camille",
    "family_name": "Exemple",
    "email": "camille@exemple.example",
    "phone": "06 01 02 03 04",
    "birth_date": "1985-03-02",
}
PROFILE: Final[dict[str, Any]] = {
    "status": "employee",
    "engagement": "volunteer",
    "rome": "K2104",
    "naf": "62.01Z",
    "families": ["transitions"],
    "languages": ["fr"],
    "modes": ["on_site", "remote"],
    "communes": ["69123"],
    "mentees": 2,
    "availability": "Le mercredi après-midi.",
}
THANKS: Final = "Votre candidature est arrivée : l'association prendra contact avec vous."
PROPOSED: Final = "Votre proposition est arrivée : l'association prendra contact avec la personne."

Rome = Annotated[str, StringConstraints(strict=True, max_length=10), AfterValidator(parse_rome)]
Codes = Annotated[list[Code], Field(max_length=_MOST_CODES)]
Places = Annotated[int, Field(strict=True, ge=0, le=1_000)]


def _birth_date(value: Any) -> date:
    """Never quoted: it is personal. What is plausible is for the domain to say."""
    try:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise InvalidValue("", "Un jour est attendu.", "Écrivez-le AAAA-MM-JJ, par exemple 1985-03-02.")


BirthDate = Annotated[date, PlainValidator(_birth_date), WithJsonSchema({"type": "string", "format": "date"})]


class PersonBody(Body):
    """Qui est la personne : montré à son association et au délégué à la protection des données seulement."""

    given_name: Line = Field(description="Son prénom.")
    family_name: Line = Field(description="Son nom.")
    email: Line | None = Field(None, description="Son adresse électronique.")
    phone: Code | None = Field(None, description="Son téléphone.")
    birth_date: BirthDate | None = Field(None, description="Sa date de naissance.")

    model_config = shown(PERSON)

    def person(self) -> Person:
        return Person(**dict(self))


class PersonCorrectionBody(Body):
    """La correction d'une identité mal enregistrée : la pièce d'identité est ensuite à voir de nouveau."""

    person: PersonBody
    reason: Reason

    model_config = shown(
        {"person": PERSON, "reason": "Erreur de saisie : prénom et nom d'une autre personne du même fichier."}
    )


class OwnProfileBody(Body):
    """Ce que l'on dit soi-même que l'on apporte. Sans capacité dite, celle des règles du programme vaut."""

    status: Occupation = Field(description="employee, retired, student ou self_employed.")
    engagement: Engagement = Field(
        Engagement.VOLUNTEER, description="Bénévole (volunteer) ou mécénat de compétences (mecenat)."
    )
    rome: Rome | None = Field(None, description="Son métier, par son code ROME.", examples=["K2104"])
    naf: Naf | None = Field(None, description="Son secteur, par son code NAF.", examples=["62.01Z"])
    families: Codes = Field([], description=f"Familles de métiers : {', '.join(FAMILIES)}.")
    languages: Codes = Field(["fr"], description="Langues parlées, par leur code ISO 639.")
    modes: Annotated[list[Mode], Field(max_length=2)] = Field(
        [Mode.ON_SITE], description="Sur place (on_site), à distance (remote)."
    )
    communes: Codes = Field([], description="Communes où se rendre, par leur code Insee.")
    mentees: Places | None = Field(None, description="Mentoré·es à la fois.")
    classes: Places | None = Field(None, description="Classes à la fois.")
    availability: LongText | None = Field(
        None, description="Ses disponibilités : texte libre, montré comme son identité."
    )

    model_config = shown(PROFILE)

    def profile(self) -> Profile:
        listed = {name: tuple(getattr(self, name)) for name in ("families", "languages", "modes", "communes")}
        return Profile(**dict(self) | listed)


class ProfileBody(OwnProfileBody):
    """Ce qu'un·e mentor·e apporte. Sans capacité dite, celle des règles du programme vaut."""

    company_id: Annotated[str, Field(strict=True, pattern=r"^company-[0-9A-Za-z-]{1,80}$")] | None = Field(
        None, description="Son entreprise, par l'identifiant de son dossier."
    )


class CandidacyBody(Body):
    """Une candidature, reçue par une association."""

    association_id: Annotated[str, Field(strict=True, pattern=ASSOCIATION)] = Field(
        description="L'association qui la reçoit."
    )
    programme_id: ProgrammeId = Field(description="Le programme dont le parcours suit les règles.")
    person: PersonBody
    profile: ProfileBody
    channel: Origin = Field(
        description="Par qui la personne est venue : association, lycee, company, form ou import."
    )
    uai: Uai | None = Field(None, description="Le lycée qui en a parlé.")
    on: Day | None = Field(
        None,
        description="Le jour de la candidature, s'il est passé : pour reprendre un dossier existant. Il suit "
        "les règles en vigueur ce jour-là, s'il y en avait ; ses délais courent de l'enregistrement.",
    )

    model_config = shown(
        {
            "association_id": "association-6f5c1f0e-2a57-5d0b-9a54-0f6a8a3f7d11",
            "programme_id": "programme-1j1m",
            "person": PERSON,
            "profile": PROFILE,
            "channel": "association",
        }
    )


class ProposalBody(Body):
    """Une personne qu'un lycée connaît, proposée à une association de son académie."""

    association_id: Annotated[str, Field(strict=True, pattern=ASSOCIATION)] = Field(
        description="L'association à laquelle elle est proposée."
    )
    uai: Uai = Field(description="Votre lycée.")
    person: PersonBody
    profile: ProfileBody

    model_config = shown(
        {
            "association_id": "association-6f5c1f0e-2a57-5d0b-9a54-0f6a8a3f7d11",
            "uai": "0690010L",
            "person": PERSON,
            "profile": PROFILE,
        }
    )


class Acknowledged(BaseModel):
    """La candidature est arrivée. Cette réponse est la même pour qui est déjà connu de l'association."""

    received_on: date = Field(description="Le jour où elle est arrivée.")
    message: str = Field(description="Ce qui vient ensuite.")

    model_config = shown({"received_on": "2025-12-05", "message": THANKS})
