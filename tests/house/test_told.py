"""Who is told what of an event: nothing that the house alone compares, and what is reserved to some only."""

from __future__ import annotations

import re
from typing import Annotated, Any, get_args, get_origin

from domain.kernel import INTERNAL, RESERVED
from projections.facts import reserved, split
from tests.house import topics
from tests.house.test_topics import named_fields

COMPARED = re.compile(r"(^|_)(digests?|alias(es)?|secrets?|hash(es)?|hmac|tokens?|sha256|fingerprints?)(_|$)")
"""By its name, a field whose value somebody could hold against another one's."""
PUBLIC = {
    "association.DocumentAccepted@1.sha256": "of a file: who read it says which version they read",
    "association.DocumentReceived@1.sha256": "the same",
    "association.DocumentRefused@1.sha256": "the same",
    "convention.ReportReceived@1.document_sha256": "of a report",
    "convention.Signed@1.text_hash": "of the text that all sign: whoever signs sends it back",
    "convention.SentForSignature@1.text_hash": "the same",
    "convention.AmendmentProposed@1.text_hash": "the same",
    "Clauses.document_sha256": "of the text that all sign",
    "File.sha256": "of a file that was handed in",
    "Result.report_sha256": "of a file that is handed back",
    "Result.annotated_sha256": "the same",
    "Identity.aliases": "other names of an association",
}
"""Told to every reader of the record, each for a reason."""
GROUPED = {
    *(f"mentor.{word}@1.digests" for word in ("Applied", "PersonChanged", "PersonCorrected")),
    *(f"company.{word}@1.digests" for word in ("Registered", "Changed")),
}
"""Values whose own fields are looked at one by one."""


def marks(hint: Any) -> set[str]:
    """The marks of a field's type, on itself or on a part of it."""
    own = set(hint.__metadata__) if get_origin(hint) is Annotated else set()
    return own.union(*map(marks, get_args(hint))) if get_args(hint) else own


def test_what_can_be_compared_is_internal_or_public_for_a_reason() -> None:
    compared = {name: hint for name, hint in named_fields().items() if COMPARED.search(name.split(".")[-1])}
    internal = {name for name, hint in compared.items() if INTERNAL in marks(hint)}

    assert compared.keys() - internal - GROUPED <= PUBLIC.keys()
    assert internal >= {
        "Digests.bare_digest",
        "Digests.birth_digest",
        "Digests.told_digest",
        "mentor.Applied@1.profile_digest",
        "mentor.ProfileChanged@1.digest",
        "Digests.email_digest",
        "Digests.name_digest",
        "association.LinkIssued@1.digest",
        "mentor.Absorbed@1.aliases",
        "mentor.LinkIssued@1.digest",
    }


def test_no_event_tells_what_is_internal_nor_to_everybody_what_is_reserved() -> None:
    untold = 0
    for topic, event in topics.event_classes().items():
        hints = topics.own_fields(event)
        kept = {name for name, hint in hints.items() if marks(hint) & {INTERNAL, RESERVED}}
        if not kept:
            continue
        happened = event.__new__(event)
        for name, hint in hints.items():
            object.__setattr__(happened, name, _any(hint))
        facts, _ = split(happened)
        assert facts.keys() == hints.keys() - kept, topic
        assert reserved(happened).keys() == {n for n, hint in hints.items() if RESERVED in marks(hint)}, topic
        untold += 1
    assert untold == 8


def _any(hint: Any) -> Any:
    """A value that stands for any of that type: what becomes of it does not matter here."""
    return () if "tuple" in repr(hint) else "x"
