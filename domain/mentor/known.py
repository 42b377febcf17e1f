"""By what the same person is recognised in one operator: digests, so that nobody is read for it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from domain.mentor.parts import Digests, Person
from domain.territory import fold


def digests_of(association_id: str, person: Person, digest: Callable[..., str]) -> Digests:
    """Of the e-mail address, however it is capitalised; and of the names with the birth date, whatever
    their accents, hyphens and order. ``digest`` is keyed, and the association is a part of what it digests:
    two operators cannot find out that they know the same person.
    """
    email = name = birth = None
    words = " ".join(sorted(_names(person)))
    if person.email and person.email.strip():
        email = digest(association_id, "email", _plain(person.email))
    if person.birth_date:
        born = person.birth_date.isoformat()
        name = digest(association_id, "name", words, born)
        birth = digest(association_id, "birth", born)
    return Digests(email, name, digest(association_id, "names", words), birth)


def _names(person: Person) -> list[str]:
    """Names in other alphabets have no folded form: they are compared as they are written."""
    return [
        word
        for name in (person.given_name, person.family_name)
        for word in (fold(name) or _plain(name)).split()
    ]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()
