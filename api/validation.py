"""What pydantic and FastAPI say of a request they cannot read, told in French with a way out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from api.problems import Fault, Refusal, clean
from domain.identifiers import InvalidValue
from domain.kernel import DomainError, NotFound

SHOWN: Final = 60
"""Characters of a refused value that are shown back."""

NEVER_SHOWN: Final = frozenset(
    {
        *("name", "title", "reason", "evidence", "delegation", "source", "problem", "mailbox"),
        *("person", "given_name", "family_name", "email", "phone", "birth_date", "availability", "report"),
        *("trainer", "place", "link"),
    }
)
"""Fields that may hold a person's name or free text: their value is never sent back."""

_MOST_FAULTS: Final = 20

_SAID: Final[dict[str, tuple[str, str]]] = {
    "missing": ("Ce champ est obligatoire.", "Ajoutez-le."),
    "extra_forbidden": ("Ce champ n'existe pas ici.", "Retirez-le, ou vérifiez son orthographe."),
    "string_type": ("Un texte est attendu.", "Écrivez la valeur entre guillemets."),
    "string_too_short": ("Le texte est trop court.", "Il compte au moins {min_length} caractère(s)."),
    "string_too_long": ("Le texte est trop long.", "Il compte au plus {max_length} caractères."),
    "string_pattern_mismatch": ("Le texte n'a pas la forme attendue.", "La forme attendue est {pattern}."),
    "string_unicode": ("Le texte n'est pas de l'Unicode valide.", "Retirez les demi-codets isolés."),
    "int_type": ("Un nombre entier est attendu.", "Écrivez-le sans guillemets ni décimales."),
    "int_parsing": ("Un nombre entier est attendu.", "Écrivez-le en chiffres."),
    "int_parsing_size": ("Le nombre est trop grand.", "Écrivez un nombre plus petit."),
    "int_from_float": ("Un nombre entier est attendu.", "Retirez les décimales."),
    "bool_type": ("Un booléen est attendu.", "Écrivez true ou false."),
    "bool_parsing": ("Un booléen est attendu.", "Écrivez true ou false."),
    "greater_than_equal": ("La valeur est trop petite.", "Elle vaut au moins {ge}."),
    "less_than_equal": ("La valeur est trop grande.", "Elle vaut au plus {le}."),
    "enum": ("Cette valeur n'est pas de la liste.", "Choisissez parmi : {expected}."),
    "literal_error": ("Cette valeur n'est pas de la liste.", "Choisissez parmi : {expected}."),
    "too_long": ("La liste est trop longue.", "Elle compte au plus {max_length} éléments."),
    "too_short": ("La liste est trop courte.", "Elle compte au moins {min_length} élément(s)."),
    "list_type": ("Une liste est attendue.", "Écrivez-la entre crochets."),
    "tuple_type": ("Une liste est attendue.", "Écrivez-la entre crochets."),
    "model_type": ("Un objet est attendu.", "Écrivez-le entre accolades."),
    "model_attributes_type": ("Un objet est attendu.", "Écrivez-le entre accolades."),
    "dict_type": ("Un objet est attendu.", "Écrivez-le entre accolades."),
}
_OTHERWISE: Final = ("La valeur n'est pas acceptée.", "Consultez la description du champ.")

Error = Mapping[str, Any]


def refusal_of(errors: Sequence[Error]) -> Refusal | DomainError:
    """The one problem that answers these errors: a missing header has a status of its own, an id that
    cannot be one is an absent record, the rest are the fields to correct."""
    for error in errors:
        where, field = error["loc"][0], str(error["loc"][-1])
        if where == "path" and field == "id":
            return NotFound("not_found", not_found(str(error["input"])))
        if error["type"] == "json_invalid":
            return Refusal("body_malformed", _at(error))
        if where == "header":
            return _header(error, field)
    faults = [_fault(error) for error in errors[:_MOST_FAULTS]]
    return Refusal("invalid", _summary(faults), errors=faults)


def not_found(record_id: str) -> str:
    """The same sentence as the domain's: an absent record and a hidden one cannot be told apart."""
    return f"Aucun dossier {clean(record_id)[:100]} dans votre périmètre."


def _header(error: Error, field: str) -> Refusal:
    missing = {"idempotency-key": "idempotency_key_missing", "if-match": "version_required"}
    if error["type"] == "missing" and field.lower() in missing:
        return Refusal(missing[field.lower()])
    fault = _fault(error)
    return Refusal("header_malformed", f"En-tête {clean(field)} : {fault.problem} {fault.remedy}".strip())


def _at(error: Error) -> str:
    return f"Le corps n'est pas du JSON bien formé : erreur au caractère {int(error['loc'][-1]) + 1}."


def _summary(faults: Sequence[Fault]) -> str:
    first = f"{faults[0].where} : {faults[0].problem} {faults[0].remedy}".strip()
    others = len(faults) - 1
    return first if not others else f"{first} ({others} autre{'s' if others > 1 else ''} à corriger.)"


def _fault(error: Error) -> Fault:
    problem, remedy = _sentence(error)
    path = ".".join(clean(str(step))[:SHOWN] for step in error["loc"])
    return Fault(where=path, problem=problem, remedy=remedy, value=_shown(error))


def _sentence(error: Error) -> tuple[str, str]:
    context = error.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, InvalidValue):
        return cause.problem, cause.remedy
    if isinstance(cause, ValueError):
        return str(cause), ""
    problem, remedy = _SAID.get(error["type"], _OTHERWISE)
    # The names of the alternatives come from pydantic, in English: « 'a', 'b' or 'c' ».
    known = {k: re.sub(r" or (?=')", ", ", str(v)) for k, v in context.items()}
    return problem, remedy.format_map(known)


def _shown(error: Error) -> str | None:
    """The value, when it is a short scalar of a field that cannot be about a person."""
    value = error.get("input")
    unknown_field = error["type"] in {"extra_forbidden", "missing"}
    if unknown_field or NEVER_SHOWN & set(error["loc"]) or not isinstance(value, str | int | float):
        return None
    return clean(str(value)[:SHOWN])
