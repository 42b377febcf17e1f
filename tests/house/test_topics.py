"""What is stored keeps its shape: against a committed list, with old topics carried over, and marks kept."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, make_dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from uuid import uuid4

import pytest

import domain.association.commands
import domain.company.commands
import domain.convention.commands
import domain.imports.commands
import domain.mentor.candidacies
import domain.mentor.commands
import domain.mentor.identity
import domain.programme.commands
import domain.training.commands  # noqa: F401 - a command is known once it is registered
from domain.commands import command_types
from domain.convention.model import Convention
from domain.kernel import FREE_TEXT, PERSONAL, Root
from domain.registry import RECORDS
from ledger import codec
from ledger.events import StoredEvent, revive
from tests.house import topics

TOPIC = re.compile(r"[a-z]+\.[A-Z][A-Za-z]+@[1-9][0-9]*")

PERSONAL_LOOKING = re.compile(
    r"(^|_)(name|names|mail|e_?mail|mailbox|phone|birth|birthday|address|contact|person|signatory|civility|"
    r"reason|comment|note|text|message|description|remark|motive|sentence|problem|source|evidence|"
    r"delegation|title|seat|committee)(_|$)"
)
CODED = re.compile(
    r"(\w+_)?(id|hash|sha256)|key|to|kind|number|academies?|schemes?|party|voids|school_years?|uais|rna|siren|"
    r"channel|report|renews|successor|command|guard|delegation_until|required_entitlements|required|"
    r"conventions|documents?|media_type|link|action|digest"
)
"""Ids, codes, keys of parties, hashes, dates: whatever is typed there is compared with what is known."""

BODIES = {
    "programme.Opened@1.label": "the name of a scheme, from a list",
    "Identity.name": "the name of an association",
    "Identity.aliases": "other names of an association",
    "Identity.legal_form": "association, foundation, company…",
    "Identity.parent_body": "the name of a body",
    "Identity.seat": "the registered office of a body, published with it",
    "Identity.mailbox": "an association's own address, not a person's",
    "Entitlement.reference": "of a call for projects or of a ministry's decision about a body; found by it",
    "association.EntitlementEnded@1.reference": "the same",
    "association.ReminderDue@1.what": "written by the house, of bodies and dates",
    "association.ReminderFailed@1.problem": "written by our channels (workflows.delivery), of bodies, codes",
    "convention.Drafted@1.title": "the title of a public act, under which it is sent and listed",
    "Party.name": "the name of a body",
    "Party.mailbox": "a body's own address, where reminders go, not a person's",
    "Clauses.steering_committee": "by offices; a part of the text that all sign, whose hash is worked out",
    "Funding.funder": "the name of a body; a part of the text that all sign",
    "convention.SignatoryNamed@1.title": "the office in whose right somebody signs; it outlives that person",
    "convention.ReminderDue@1.what": "written by the house, of bodies and dates",
    "convention.ReminderFailed@1.problem": "written by our channels (workflows.delivery), of bodies, codes",
    "convention.Corrected@1.date_name": "which date is corrected",
    "Perimeter.source": "the citation of a law or decree, told by the nation",
    "Firm.naf": "a code, read as one: domain.company.model.checked",
    "Firm.sites": "names of communes",
    "Firm.clee": "the name of a body",
    "Firm.campus": "the name of a body",
    "FirmDigests.siret_digest": "a keyed digest: recognised, never read",
    "FirmDigests.name_digest": "the same",
    "Perimeter.mission": "in the words of the law, by the State's rules",
    "Perimeter.departements": "codes of départements",
    "TrainingRules.modules": "codes of modules",
    "mentor.Applied@1.uai": "a code, read as one",
    "mentor.CandidacyRepeated@1.uai": "of a lycée: held by whoever proposes",
    "Profile.rome": "a code, read as one: domain.mentor.bringing.checked",
    "Profile.naf": "the same",
    "Profile.families": "keys of a list",
    "Profile.languages": "codes, read as such",
    "Profile.communes": "the same",
    "Digests.email_digest": "a keyed digest: recognised, never read",
    "Digests.name_digest": "the same",
    "Digests.bare_digest": "the same",
    "Digests.birth_digest": "the same",
    "Digests.told_digest": "the same",
    "mentor.Applied@1.profile_digest": "the same",
    "mentor.Absorbed@1.aliases": "keyed digests",
    "mentor.Absorbed@1.duplicate": "the id of a record",
    "mentor.Absorbed@1.courses": "ids of records",
    "mentor.Absorbed@1.brought": "ids of records",
    "mentor.Absorbed@1.charter_version": "that of a charter signed: domain.mentor.guards.charter_version",
    "mentor.MergedInto@1.kept": "the id of a record",
    "mentor.CharterSigned@1.version": "letters, digits and dots: domain.mentor.guards.charter_version",
    "mentor.CheckAsked@1.mission": "one of those that the rules name, else refused",
    "mentor.CheckAsked@1.departement": "the same",
    "mentor.CheckPresented@1.checker": "the id of an actor",
    "Check.checker": "the same",
    "mentor.TrainingRecorded@1.modules": "codes of modules",
    "Certificate.modules": "the same",
    "mentor.ReminderDue@1.what": "written by the house, of steps and dates",
    "mentor.ReminderFailed@1.problem": "written by our channels (workflows.delivery), of bodies, codes",
    "Course.title": "of a course, under which it is listed",
    "Module.code": "read as a code: domain.training.guards.course",
    "association.CandidacyProposed@1.uai": "of a lycée: held by whoever proposes",
    "training.Attended@1.modules": "codes of modules",
    "training.Promoted@1.mentors": "ids of records",
    "training.Released@1.mentors": "the same",
    "training.Parted@1.mentors": "the same",
    "training.Reassigned@1.former": "the same",
    "training.Reassigned@1.kept": "the same",
    "training.ReminderDue@1.what": "written by the house, of dates and numbers",
    "training.ReminderFailed@1.problem": "written by our channels (workflows.delivery), of bodies, codes",
    "refusal.Recorded@1.sentence": "by a guard, which quotes no personal field: test_refusals",
    "refusal.Recorded@1.missing": "the same",
}
"""Stored in clear, each for a reason."""
ASKED = {
    "DraftConvention.title",
    "Renew.title",
    "EndEntitlement.reference",
    "RecordDelivery.problem",
    "Correct.date_name",
    "Signatory.title",
    "Apply.uai",
    "Propose.uai",
    "AskCheck.mission",
    "Attend.modules",
    "AskCheck.departement",
    "SignCharter.version",
}
"""What a command tells under the same names as an event above."""


def test_every_stored_shape_is_the_one_that_was_committed() -> None:
    committed = [line for line in topics.FILE.read_text("utf-8").splitlines() if not line.startswith("#")]
    now = topics.lines()
    changed = sorted(set(committed) - set(now))
    added = sorted(set(now) - set(committed))
    assert committed == now, (
        "What the ledger stores has changed shape. Events of the former shape are in ledgers already: keep "
        "their class, give the new one the next version (« …@2 ») and the old topic an upcaster in "
        "ledger.codec.UPCASTERS. For a topic or a value that is only new, run "
        f"« python -m tests.house.topics ».\nNo longer as committed: {changed}\nNot committed: {added}"
    )


def test_every_event_has_a_topic_of_its_own() -> None:
    events = topics.event_classes()
    assert len(events) > 35
    for topic, event in events.items():
        assert TOPIC.fullmatch(topic), event
        assert "TOPIC" in vars(event), f"{event.__qualname__} inherits its topic"
    every = [
        event
        for record in RECORDS
        for event in vars(record).values()
        if isinstance(event, type) and issubclass(event, Root.Event) and event is not record.Event
    ]
    assert len(every) == len(events), "two events have one topic"


def test_no_kind_of_record_is_forgotten() -> None:
    defined = {kind for kind in Root.__subclasses__() if kind.__module__.startswith("domain.")}
    assert defined == set(RECORDS)
    assert {kind.TOPIC for kind in RECORDS} == set(codec.KINDS)  # type: ignore[attr-defined]


def test_a_process_that_wrote_nothing_reads_every_topic() -> None:
    program = (
        "import sys, ledger.feed\n"
        "from eventsourcing.utils import resolve_topic\n"
        "print(*[resolve_topic(topic).TOPIC for topic in sys.argv[1:]])"
    )
    known = [*topics.event_classes(), *codec.KINDS]
    answer = subprocess.run(
        [sys.executable, "-c", program, *known], capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout.split() == known


def stored(topic: str, state: str) -> StoredEvent:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    return StoredEvent(2, uuid4(), "convention-1", 2, topic, state, "{}", now, now, None, None, b"")


def test_an_old_event_reads_as_the_one_that_replaced_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two versions back: « since » became « day », then « renewer » became « successor »."""
    upcasters = {
        "convention.Renewed@-1": ("convention.Renewed@0", lambda s: {"on": s["since"], "renewer": s["who"]}),
        "convention.Renewed@0": (
            "convention.Renewed@1",
            lambda s: {"on": s["on"], "successor": s["renewer"]},
        ),
    }
    monkeypatch.setattr(codec, "UPCASTERS", upcasters)
    old = revive(stored("convention.Renewed@-1", '{"since":"2026-01-01","who":"convention-2"}'))
    new = revive(stored("convention.Renewed@1", '{"on":"2026-01-01","successor":"convention-2"}'))
    assert type(old) is Convention.Renewed  # type: ignore[attr-defined]
    assert old == new


def test_an_event_of_an_unknown_shape_is_not_read_as_if_it_were_known() -> None:
    with pytest.raises(ValueError, match="surprise"):
        revive(stored("convention.RenewalLinked@1", '{"successor":"convention-2","surprise":1}'))
    with pytest.raises(Exception, match=re.escape("convention.Unheard@1")):
        revive(stored("convention.Unheard@1", "{}"))
    with pytest.raises(TypeError, match="successor") as lacking:
        revive(stored("convention.RenewalLinked@1", "{}"))
    (where,) = lacking.value.__notes__
    assert where.startswith("position 2, convention.RenewalLinked@1: ")


# Personal data -----------------------------------------------------------------------------------


def named_fields() -> dict[str, Any]:
    """Every field of every event, and of every value inside, with its type."""
    seen: set[type] = set()
    found: dict[str, Any] = {}
    for topic, event in topics.event_classes().items():
        for name, hint in topics.own_fields(event).items():
            found |= {f"{topic}.{name}": hint, **dict(inside(hint, seen))}
    return found


def asked_fields() -> dict[str, Any]:
    """The same of every command."""
    seen: set[type] = set()
    return {name: hint for command in command_types().values() for name, hint in inside(command, seen)}


def inside(hint: Any, seen: set[type]) -> Iterator[tuple[str, Any]]:
    for part in get_args(hint):
        yield from inside(part, seen)
    if isinstance(hint, type) and is_dataclass(hint) and hint not in seen:
        seen.add(hint)
        hints = get_type_hints(hint, include_extras=True)
        for field in fields(hint):
            yield f"{hint.__name__}.{field.name}", hints[field.name]
            yield from inside(hints[field.name], seen)


def is_marked(hint: Any) -> bool:
    own = get_origin(hint) is Annotated and {PERSONAL, FREE_TEXT} & set(hint.__metadata__)
    return bool(own) or any(is_marked(part) for part in get_args(hint))


def is_worded(hint: Any) -> bool:
    """Whether any text at all fits in."""
    return hint is str or any(is_worded(part) for part in get_args(hint))


def is_walked(hint: Any) -> bool:
    """Whether it is a value whose own fields are looked at in its stead."""
    return is_dataclass(hint) or any(is_walked(part) for part in get_args(hint))


def in_clear(found: Mapping[str, Any]) -> set[str]:
    """What looks as if it told of a person and is stored in clear: by its name, or because any words fit in
    and its name does not say that they are a code."""
    open_to_words = {
        name
        for name, hint in found.items()
        if not CODED.fullmatch(name.rpartition(".")[2])
        and (PERSONAL_LOOKING.search(name.rpartition(".")[2]) or is_worded(hint))
    }
    return {name for name in open_to_words if not is_marked(found[name]) and not is_walked(found[name])}


def test_what_looks_personal_is_marked_or_has_its_reason_to_be_in_clear() -> None:
    assert in_clear(named_fields()) == set(BODIES)
    assert all(BODIES.values())


OF_VALUES = {
    "Person.given_name": PERSONAL,
    "Person.family_name": PERSONAL,
    "Person.email": PERSONAL,
    "Person.phone": PERSONAL,
    "Person.birth_date": PERSONAL,
    "Profile.company_id": PERSONAL,
    "Profile.availability": FREE_TEXT,
    "Firm.name": PERSONAL,
    "Firm.siret": PERSONAL,
    "Course.trainer": PERSONAL,
    "Course.place": FREE_TEXT,
    "Course.link": FREE_TEXT,
}
"""Marked in values that commands and events both carry."""


def test_the_fields_that_are_marked_are_these() -> None:
    assert {name: mark_of(hint) for name, hint in named_fields().items() if is_marked(hint)} == {
        "association.ContactNamed@1.name": PERSONAL,
        "association.ContactNamed@1.mailbox": PERSONAL,
        "association.ContactNamed@1.phone": PERSONAL,
        "convention.SignatoryNamed@1.name": PERSONAL,
        "convention.SignatoryNamed@1.delegation": PERSONAL,
        "convention.Announced@1.source": FREE_TEXT,
        "convention.HistoryRecorded@1.evidence": FREE_TEXT,
        "mentor.Interviewed@1.report": FREE_TEXT,
        **OF_VALUES,
    }


def mark_of(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        (mark,) = hint.__metadata__
        return str(mark)
    return next(mark_of(part) for part in get_args(hint) if is_marked(part))


def test_a_command_marks_what_its_event_marks() -> None:
    """What it is told from another by, its digest, is then gone with the person's key."""
    asked = asked_fields()
    assert {name: mark_of(hint) for name, hint in asked.items() if is_marked(hint)} == {
        "Contact.name": PERSONAL,
        "Contact.mailbox": PERSONAL,
        "Contact.phone": PERSONAL,
        "Signatory.name": PERSONAL,
        "Signatory.delegation": PERSONAL,
        "Announce.source": FREE_TEXT,
        "RecordHistory.evidence": FREE_TEXT,
        "HoldInterview.report": FREE_TEXT,
        **OF_VALUES,
    }
    assert in_clear(asked) - set(BODIES) == set(ASKED)


WORDS = """
    reason comment note text message description remark motive sentence problem source evidence name
    first_name email phone birth_date address contact delegation signatory title blurb
"""


@pytest.mark.parametrize("word", WORDS.split())
@pytest.mark.parametrize("deep", [False, True])
def test_a_planted_field_is_found_however_deep_and_let_through_once_marked(word: str, deep: bool) -> None:
    def found(hint: Any) -> set[str]:
        planted = make_dataclass("Planted", [(word, hint), ("party", str), ("day", datetime)])
        outer = make_dataclass("Outer", [("several", tuple[planted, ...])])  # type: ignore[valid-type]
        return in_clear(dict(inside(outer if deep else planted, set())))

    assert found(str) == found(str | None) == found(dict[str, str]) == {f"Planted.{word}"}
    assert found(Annotated[str, PERSONAL]) == found(Annotated[str, FREE_TEXT] | None) == set()


def test_what_is_not_made_of_words_is_found_by_its_name() -> None:
    planted = make_dataclass("Planted", [("birth", datetime), ("phone", int), ("count", int)])
    assert in_clear(dict(inside(planted, set()))) == {"Planted.birth", "Planted.phone"}
