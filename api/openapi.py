"""The contract: what every operation answers, problem by problem, and the order in which to read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.catalogue import CATALOGUE, EVERYWHERE
from api.problems import MEDIA_TYPE, Problem, example
from api.security import SCHEME, closed

Responses = dict[int | str, dict[str, Any]]

TAGS: Final = (
    ("programmes", "Les dispositifs, leurs règles versionnées et leurs trajectoires."),
    ("associations", "Les opérateurs, qui y joindre, et leurs titres."),
    (
        "associations : admission",
        "Inviter, ouvrir le dossier, remettre et examiner les pièces, référencer, suspendre, sortir.",
    ),
    ("mentors : registre", "Qui est venu, par qui, où chacun·e en est ; identité, profil, liens, doublons."),
    ("mentors : parcours", "Dossier, entretien, vérification, validation ; suspension et départ."),
    ("liens", "Ce qu'une personne sans compte fait par un lien : le lire, déposer une candidature."),
    (
        "conventions : registre",
        "Lire les conventions : aujourd'hui, à une date, ou telles qu'on les connaissait.",
    ),
    ("conventions : texte", "Préparer le texte : parties, clauses, territoire, signataires, relecture."),
    ("conventions : signature", "Votes, signatures, reprise d'historique."),
    (
        "conventions : vie",
        "Avenants, comptes rendus, renouvellement, dénonciation, résiliation, corrections.",
    ),
    ("formations", "Programmer, ouvrir, changer, annuler, clore ; les lire."),
    ("formations : inscriptions", "Inscrire, noter les présences, délivrer les attestations, les retirer."),
    ("imports", "Reprendre un fichier de mentors, d'associations ou de présences, en entier ou pas du tout."),
    ("entreprises", "Les entreprises connues de tous, et ce qui les lie au mentorat."),
    ("échéances", "Ce qui est attendu, de qui, pour quand."),
    ("chiffres", "Parcours, délais, secteurs : des effectifs, jamais une personne, jamais un classement."),
    ("événements", "Ce qui s'est passé, dans l'ordre, pour qui veut suivre."),
    (
        "données personnelles",
        "Effacer les données d'un dossier ; lire qui a lu les données de qui. Réservé au rôle dpo.",
    ),
    ("accès", "Qui suis-je, et que veulent dire les refus."),
    ("exploitation", "Santé et mesures."),
)
_DESCRIPTION: Final = """
Le cycle de vie des conventions de mentorat en lycée professionnel.

- **Écrire** : toute écriture porte `Idempotency-Key`. La même clé et le même corps redonnent la même
  réponse ; un autre corps est refusé (422). Elle répond `{id, version, position}`.
- **Ne rien écraser** : `ETag` est la version ; `If-Match` est exigé pour modifier le texte (428 sans lui, 412
  si le dossier a changé) et respecté partout ailleurs.
- **Lire ce que l'on vient d'écrire** : `?min_position=` attend que la lecture ait rejoint l'écriture.
- **Voyager dans le temps** : `?as_of=` (l'état à une date) et `?known_at=` (ce que l'on savait à un instant).
- **Comprendre un refus** : `application/problem+json` ; `code` est stable, `missing` dit ce qui manque.
  Une règle qui dit non répond 409 et son `guard`.
- **Données personnelles** : ce qui a été écrit d'une personne, ou en texte libre, se lit en clair, ou
  `{"forgotten": true}` une fois la personne effacée, ou `{"unreadable": true}` tant que sa clé manque au
  trousseau, ou `{"withheld": true}` pour un rôle à qui rien n'en est montré. Chaque lecture en clair est
  inscrite au journal des lectures ; `X-Purpose` dit pourquoi vous lisez.
- **Périmètre** : un dossier hors de votre périmètre répond 404, comme s'il n'existait pas.
"""


def problem_responses(codes: Iterable[str], answered: dict[str, Any] | None = None) -> Responses:
    """The ``responses`` of an operation that may meet these problems, besides those of every operation;
    ``answered`` is what it answers when all is well, with its example.
    """
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys([*codes, *EVERYWHERE]):
        by_status.setdefault(CATALOGUE[code].status, []).append(code)
    problems: Responses = {status: _response(found) for status, found in sorted(by_status.items())}
    return problems | ({200: answered} if answered else {})


def open_responses(codes: Iterable[str]) -> Responses:
    """The same, for an operation that needs no token."""
    responses = problem_responses(codes)
    return {status: told for status, told in responses.items() if status not in {401, 403, 429}}


def _response(codes: list[str]) -> dict[str, Any]:
    return {
        "description": " ; ".join(f"`{code}` {CATALOGUE[code].title}" for code in codes) + ".",
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
    }


def describe(app: FastAPI) -> None:
    """Gives the application its contract, computed once."""

    def contract() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _contract(app)
        return app.openapi_schema

    app.openapi = contract  # type: ignore[method-assign]


def _contract(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title,
        version=app.version,
        description=_DESCRIPTION.strip(),
        routes=app.routes,
        tags=[{"name": name, "description": about} for name, about in TAGS],
    )
    schemas = schema["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs")
    schemas["Problem"] = problem
    schema["components"]["securitySchemes"] = SCHEME
    for path, operations in schema["paths"].items():
        for operation in operations.values() if closed(path) else ():
            operation["security"] = [{name: [] for name in SCHEME}]
    schema["components"]["examples"] = {
        code: {"summary": entry.title, "value": example(code)} for code, entry in CATALOGUE.items()
    }
    return schema
