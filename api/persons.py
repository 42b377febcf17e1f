"""What is personal on a page, shown to whom it may be: opened page by page, each reading logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Header, Request
from pydantic import AfterValidator, WithJsonSchema

from api.dependencies import services_of
from api.security import Bearer, bearer_of
from domain.identifiers import InvalidValue
from domain.kernel import Root
from domain.ports import Persons
from projections.paging import Page
from projections.persons import opened, sealed_in, unreserved, withheld

LOGGED: Final = ("header_malformed", "busy")
"""What an operation that shows persons may answer besides."""

_LONGEST: Final = 200
_HINT: Final = "Écrivez en une ligne, sur 200 caractères au plus, en UTF-8."

Row = TypeVar("Row", bound=Any)


def _purpose(given: str | None) -> str | None:
    """A header arrives as Latin-1; whoever writes French sends UTF-8."""
    if given is None:
        return None
    try:
        text = given.encode("latin-1").decode().strip()
    except UnicodeError:
        raise InvalidValue("", "La finalité n'est pas en UTF-8.", _HINT) from None
    if not text or len(text) > _LONGEST or not text.isprintable():
        raise InvalidValue("", "La finalité n'a pas la forme attendue.", _HINT)
    return text


Purpose = Annotated[
    str | None,
    Header(
        alias="X-Purpose",
        description="Pourquoi vous lisez, en une ligne et sans nommer personne : gardé douze mois dans le "
        "journal des lectures, que lit le délégué à la protection des données.",
    ),
    AfterValidator(_purpose),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": _LONGEST,
            "examples": ["Réponse à une demande d'accès"],
        }
    ),
]


@dataclass(frozen=True)
class Showing:
    """Shows rows as their reader may see them: whether a role is shown the persons of a kind of records, and
    what is reserved in it, is that kind's to say (``Root.persons_shown_to``, ``Root.reserved_to``).
    ``purpose`` is what the log says of it.
    """

    persons: Persons
    caller: Bearer
    purpose: str

    async def page(self, page: Page[Row], kind: type[Root] = Root) -> Page[Row]:
        """Rows of one kind of records, or of their history. Raises ``Busy``."""
        return Page(await self._rows(page.items, kind), page.next)

    async def row(self, row: Row, kind: type[Root] = Root) -> Row:
        """Raises ``Busy``."""
        (shown,) = await self._rows([row], kind)
        return shown

    def uncounted(self, row: Row, kind: type[Root]) -> Row:
        """A row in which nobody is named, without what its reader is not told."""
        return row if self.caller.actor.role in kind.reserved_to else unreserved(row, kind.counted)

    async def _rows(self, rows: Sequence[Row], kind: type[Root]) -> list[Row]:
        rows = [self.uncounted(row, kind) for row in rows]
        if not self.caller.sees_persons or self.caller.actor.role not in kind.persons_shown_to:
            return [withheld(row) for row in rows]
        words = sealed_in(rows)
        if not words:
            return list(rows)
        clear = await self.persons.opened(set(words.values()), self.caller.actor, self.purpose)
        values = {word: clear[sealed] for word, sealed in words.items()}
        return [opened(row, values) for row in rows]


async def _showing(request: Request, purpose: Purpose = None) -> Showing:
    parts, caller = await services_of(request), await bearer_of(request)
    operation = request.scope["route"].operation_id
    return Showing(parts.persons, caller, f"{operation} : {purpose}" if purpose else operation)


Shown = Annotated[Showing, Depends(_showing)]
