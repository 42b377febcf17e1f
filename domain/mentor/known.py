"""By what the same person is recognised in one operator: digests, so that nobody is read for it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from domain.kernel import Claim
from domain.mentor.parts import Digests, Person, Profile
from domain.territory import fold

if TYPE_CHECKING:
    from domain.mentor.model import Mentor


def recognised_by(mentor: Mentor) -> frozenset[Claim]:
    """One open record for one person in one operator. Nobody escapes an académie's suspension by a new
    candidacy: a record closed under it is kept, and with it whoever it was of while the suspension ran."""
    if not (mentor.is_open or mentor.is_barred):
        return frozenset()
    known = {*mentor.digests.all(), *mentor.aliases, *mentor.former}
    return frozenset(Claim(f"mentor:{mentor.association_id}:{digest}") for digest in known)


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
    told = _digest_of("person", association_id, person, digest)
    return Digests(email, name, digest(association_id, "names", words), birth, told)


def digest_of_profile(association_id: str, profile: Profile, digest: Callable[..., str]) -> str:
    """Of what they bring, as it was typed: told again alike, nothing changes."""
    return _digest_of("profile", association_id, profile, digest)


def _digest_of(what: str, association_id: str, told: Person | Profile, digest: Callable[..., str]) -> str:
    return digest(association_id, what, json.dumps(asdict(told), default=str))


def _names(person: Person) -> list[str]:
    """Names in other alphabets have no folded form: they are compared as they are written."""
    return [
        word
        for name in (person.given_name, person.family_name)
        for word in (fold(name) or _plain(name)).split()
    ]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()
