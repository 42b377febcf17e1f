"""The rules that a record follows: those it was started under, or later ones meant for open records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from domain.programme.model import Programme

if TYPE_CHECKING:
    from domain.kernel import Act
    from domain.ports import Records
    from domain.programme.rules import Rules


class Ruled(Protocol):
    """A record of a programme. ``academie``: whose version of the rules it follows, by its code."""

    @property
    def programme_id(self) -> str: ...

    @property
    def rules_version(self) -> int: ...

    @property
    def academie(self) -> str: ...


def rules_of(record: Ruled, act: Act, records: Records) -> Rules:
    """Those of today, in Paris; the decision then rests on the programme."""
    programme = records.read(Programme, record.programme_id)
    return programme.followed(record.rules_version, record.academie, act.today).rules
