"""The values requests are made of: read strictly, bounded, and checked against the map of the schools."""

from __future__ import annotations

import re
from contextvars import ContextVar
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from domain.calendar import FIRST_YEAR, LAST_YEAR, PartialDate, school_year_bounds
from domain.convention.parts import PartyKind
from domain.identifiers import InvalidValue, parse_naf, parse_rna, parse_siren, parse_siret, parse_uai
from domain.programme.model import SCHEMES
from domain.territory import Territory

TERRITORY: ContextVar[Territory] = ContextVar("territory")
"""The map against which codes are read: set by the app for each request."""

KINDS_OF_PARTY: Final = {
    "association": PartyKind.OPERATOR,
    "academie": PartyKind.ACADEMIE,
    "region": PartyKind.REGION_ACADEMIQUE,
    "state": PartyKind.STATE,
    "lycee": PartyKind.LYCEE,
}
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, but the end of a line and the tabulation; halves of a pair."""
_PARTY_FORMS: Final = (
    "association:association-…, academie:10, region:Auvergne-Rhône-Alpes, lycee:0380001A ou state"
)


class Body(BaseModel):
    """A request's body: unknown fields are refused, never dropped in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def shown(*examples: dict[str, Any]) -> ConfigDict:
    """What a body looks like, for the documentation."""
    return ConfigDict(json_schema_extra={"examples": list(examples)})


def _writable(text: str) -> str:
    if _UNWRITABLE.search(text):
        raise InvalidValue(text, "Le texte contient un caractère de contrôle.", "Retirez-le.")
    return text


def _day(value: Any) -> date:
    text = value if isinstance(value, str) else ""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise InvalidValue(text, "Un jour est attendu.", "Écrivez-le AAAA-MM-JJ, par exemple 2025-12-05.")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(
            text, "Ce jour n'existe pas au calendrier.", "Vérifiez le mois et le jour."
        ) from None
    return _in_range(day)


def _in_range(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidValue(
            day.isoformat(),
            "Cette année n'est pas plausible.",
            f"Écrivez une date entre {FIRST_YEAR} et {LAST_YEAR}.",
        )
    return day


def _partial(value: Any) -> PartialDate:
    text = value if isinstance(value, str) else ""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?", text):
        raise InvalidValue(
            text,
            "Un jour ou un mois est attendu.",
            "Écrivez 2025-12-05, ou 2025-12 si le jour n'est pas connu.",
        )
    parsed = PartialDate.parse(text)
    _in_range(parsed.value)
    return parsed


def _instant(value: Any) -> datetime:
    """An instant told with its offset, in UTC: an hour alone would be another one in the summer."""
    text = value if isinstance(value, str) else ""
    try:
        instant = datetime.fromisoformat(text) if len(text) <= 40 and "T" in text else None
    except ValueError:
        instant = None
    if instant is None or instant.utcoffset() is None:
        raise InvalidValue(
            text,
            "Un instant est attendu, avec son décalage.",
            "Écrivez-le 2026-01-12T09:00:00+01:00, ou 2026-01-12T08:00:00Z.",
        )
    _in_range(instant.date())
    return instant.astimezone(UTC)


def _school_year(text: str) -> str:
    first, _ = school_year_bounds(text)
    _in_range(first)
    return text


def _scheme(text: str) -> str:
    if text not in SCHEMES:
        raise InvalidValue(text, "Ce dispositif n'existe pas.", f"Choisissez parmi : {', '.join(SCHEMES)}.")
    return text


def _academie(code: str) -> str:
    return TERRITORY.get().academie(code).code


def _uai(text: str) -> str:
    """A UAI that holds together; the list of the lycées may not know it yet."""
    uai = parse_uai(text)
    TERRITORY.get().academie_of(uai)
    return uai


def _party(key: str) -> str:
    kind, _, value = key.partition(":")
    if kind == "academie":
        return f"academie:{_academie(value)}"
    if kind == "lycee":
        return f"lycee:{_uai(value)}"
    if kind == "region":
        codes = TERRITORY.get().region_academies(value)
        region = TERRITORY.get().academie(codes[0]).region_academique
        return f"region:{region}"
    if key == "state" or re.fullmatch(r"association:association-[0-9A-Za-z-]{1,80}", key):
        return key
    raise InvalidValue(key, "Ce n'est pas la clé d'une partie.", f"Écrivez {_PARTY_FORMS}.")


def kind_of_party(key: str) -> PartyKind:
    return KINDS_OF_PARTY[key.partition(":")[0]]


def _text(most: int) -> Any:
    return [
        StringConstraints(strip_whitespace=True, min_length=1, max_length=most, strict=True),
        AfterValidator(_writable),
    ]


def _schema(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **schema})


Line = Annotated[str, *_text(200)]
Code = Annotated[str, *_text(64)]
Text = Annotated[str, *_text(2_000)]
LongText = Annotated[str, *_text(4_000)]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Cents = Annotated[int, Field(strict=True, ge=0, le=100_000_000_000)]
Flag = Annotated[bool, Field(strict=True)]
Day = Annotated[date, PlainValidator(_day), _schema(format="date", examples=["2025-12-05"])]
Instant = Annotated[
    datetime,
    PlainValidator(_instant),
    _schema(format="date-time", examples=["2026-01-12T09:00:00+01:00"]),
]
Partial = Annotated[
    PartialDate,
    PlainValidator(_partial),
    _schema(pattern=r"^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$", examples=["2025-12-05", "2025-12"]),
]
SchoolYear = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[0-9]{4}-[0-9]{4}$"),
    AfterValidator(_school_year),
    Field(examples=["2025-2026"]),
]
Scheme = Annotated[
    str,
    StringConstraints(strict=True, max_length=20),
    AfterValidator(_scheme),
    _schema(enum=list(SCHEMES)),
]
AcademieCode = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[0-9]{2}$"),
    AfterValidator(_academie),
    _schema(pattern=r"^[0-9]{2}$", examples=["10"]),
]
Uai = Annotated[
    str,
    StringConstraints(strict=True, max_length=20),
    AfterValidator(_uai),
    _schema(maxLength=20, examples=["0690010L"]),
]
Rna = Annotated[str, StringConstraints(strict=True, max_length=20), AfterValidator(parse_rna)]
Siren = Annotated[str, StringConstraints(strict=True, max_length=20), AfterValidator(parse_siren)]
Siret = Annotated[str, StringConstraints(strict=True, max_length=20), AfterValidator(parse_siret)]
Naf = Annotated[str, StringConstraints(strict=True, max_length=10), AfterValidator(parse_naf)]
ModuleCode = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]{1,39}$"),
    Field(examples=["safeguarding"]),
]
Sha256 = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$")]
Mailbox = Annotated[
    str,
    StringConstraints(strict=True, max_length=254, pattern=r"^[^@\s]{1,64}@[^@\s]{1,189}$"),
    AfterValidator(_writable),
]
PartyKey = Annotated[
    str,
    StringConstraints(strict=True, max_length=100),
    AfterValidator(_writable),
    AfterValidator(_party),
    Field(description=f"La partie : {_PARTY_FORMS}.", examples=["academie:10"]),
]
PROGRAMME_ID: Final = rf"^programme-({'|'.join(SCHEMES)})$"
ProgrammeId = Annotated[
    str,
    StringConstraints(strict=True, pattern=PROGRAMME_ID),
    Field(description="Le programme dont la convention suit les règles.", examples=["programme-1j1m"]),
]
Report = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^(bilan|financial):[0-9]{4}$"),
    Field(
        description="bilan:AAAA (bilan pédagogique) ou financial:AAAA (compte rendu financier).",
        examples=["bilan:2026"],
    ),
]
Reason = Annotated[
    str,
    *_text(2_000),
    Field(description="Le motif : une décision se motive. Sans donnée personnelle."),
]


def read_date_name(name: str) -> str:
    """Which recorded date is meant: one of the convention's own, or that of a party's signature."""
    kind, colon, party = name.partition(":")
    if kind == "signature" and colon:
        return f"signature:{_party(_writable(party))}"
    if name in {"announced_for", "signed_on", "in_force_from", "ends_on"}:
        return name
    raise InvalidValue(
        name,
        "Cette date n'existe pas.",
        "Écrivez announced_for, signed_on, in_force_from, ends_on ou signature:<partie>.",
    )
