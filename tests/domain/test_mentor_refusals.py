"""A refusal about a mentor, a course or a company quotes nothing personal, nor what was typed freely.

As in ``test_refusals``: every command is tried, by everybody, at every stage. What is personal in the
commands is planted; what is personal in the records cannot be looked at without the test failing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, cast

import pytest

from domain.association import commands as of_association
from domain.commands import Command, command_types, handler_of
from domain.company import commands as of_company
from domain.company.model import Company, Firm, TieKind
from domain.erasure import Erase, Ground
from domain.kernel import SYSTEM, Act, Actor, DomainError, Refused, Root
from domain.links import Channel
from domain.mentor import candidacies as come
from domain.mentor import commands as ask
from domain.mentor import guards
from domain.mentor import identity as of_person
from domain.mentor.model import Mentor
from domain.mentor.parts import CheckKind, MentorLeaving, Occupation, Origin, Person
from domain.reminding import RecordDelivery, Remind
from domain.training import commands as course
from domain.training.model import Training
from domain.training.parts import Course, Module
from tests.domain.mentor_support import COURSE, MENTOR, PROFILE, PROGRAMME, Desk, applying, codes_of, words_of
from tests.domain.refusing import MARK, Met, Shelf, Unlookable, copied, quotes_nobody, refusals_at
from tests.domain.rehearsal import OFFICER, settled
from tests.support import AUDITOR, COORDINATOR, FACE, GRENOBLE, LYON, NATIONAL, fold_at

TWIN: Final = "mentor-2"
COMPANY: Final = "company-1"
ROOMS: Final = ("company", "mentor", "training")
UAI: Final = "0690010L"
LYCEE: Final = Actor("t-lycee", "lycee", frozenset({"public", f"lycee:{UAI}"}))
GUEST: Final = Actor("link:l1", "person", frozenset({"link:l1"}))
EVERYBODY: Final = (COORDINATOR, LYON, GRENOBLE, LYCEE, GUEST, NATIONAL, AUDITOR, OFFICER, SYSTEM)
WHO: Final = Person(MARK, MARK, f"{MARK}@exemple.test", "0601020304", date(1985, 3, 2))
PLANTED: Final = replace(PROFILE, availability=f"le mardi, dit {MARK}")


# The stages -------------------------------------------------------------------------------------------


def candidate(desk: Desk) -> None:
    desk.apply(person=WHO, profile=PLANTED)
    term = desk.today + timedelta(days=9)
    desk.do(ask.IssueLink(record_id=MENTOR, link="l1", action="file", digest="d" * 64, expires_on=term))


def with_a_twin(desk: Desk) -> None:
    candidate(desk)
    desk.apply(TWIN, replace(WHO, given_name=MARK * 2, email=f"{MARK}.bis@exemple.test", birth_date=None))
    desk.complete_file()
    desk.do(replace(interview(MENTOR, desk.today), report=f"vu {MARK}"))


def checked(desk: Desk) -> None:
    with_a_twin(desk)
    desk.check()


def cleared(desk: Desk) -> None:
    checked(desk)
    desk.admit()
    desk.train()
    desk.clear()


def suspended(desk: Desk) -> None:
    cleared(desk)
    desk.do(ask.Suspend(record_id=MENTOR, on=desk.today), COORDINATOR, MARK)
    desk.do(course.CloseCourse(record_id=COURSE))
    desk.do(of_company.CloseCompany(record_id=COMPANY, on=desk.today), LYON)


def twin_suspended(desk: Desk) -> None:
    desk.admit()
    for record_id, email in ((TWIN, f"{MARK}2@exemple.test"), (MENTOR, f"{MARK}@exemple.test")):
        desk.apply(record_id, Person(MARK, MARK, email))
        desk.complete_file(record_id)
        desk.interview(record_id)
        desk.check(record_id)
    desk.train(TWIN)
    desk.clear(TWIN)
    desk.do(ask.Suspend(record_id=TWIN, on=desk.today), COORDINATOR, MARK)


def overdue(desk: Desk) -> None:
    cleared(desk)
    desk.go_to(date(2026, 12, 1))
    desk.do(ask.SuspendOverdue(record_id=MENTOR), SYSTEM)


def uninsured(desk: Desk) -> None:
    """All is done, and the operator's insurance ran out yesterday."""
    checked(desk)
    desk.admit(insured_until=desk.today)
    desk.train()
    desk.house.clock.advance(days=1)


def operator_gone(desk: Desk) -> None:
    uninsured(desk)
    desk.do(of_association.Leave(record_id=FACE, on=desk.today), LYON, "fin")


def left(desk: Desk) -> None:
    cleared(desk)
    desk.do(ask.Leave(record_id=MENTOR, on=desk.today, cause=MentorLeaving.END))


def erased(desk: Desk) -> None:
    left(desk)
    desk.do(Erase(record_id=MENTOR, ground=Ground.OBJECTION), OFFICER)


def enrolling(desk: Desk) -> None:
    """Nobody was there yet: one has the only place, the other waits."""
    with_a_twin(desk)
    desk.opened(places=1, trainer=MARK, place=f"chez {MARK}")
    for mentor_id in (MENTOR, TWIN):
        desk.do(course.Enrol(record_id=COURSE, mentor_id=mentor_id))


def begun(desk: Desk) -> None:
    enrolling(desk)
    desk.go_to(date(2025, 12, 3))


def held(desk: Desk) -> None:
    begun(desk)
    desk.do(course.Hold(record_id=COURSE), SYSTEM)


STAGES: Final[tuple[Callable[[Desk], None], ...]] = (
    candidate,
    with_a_twin,
    checked,
    cleared,
    suspended,
    twin_suspended,
    overdue,
    uninsured,
    operator_gone,
    left,
    erased,
    enrolling,
    held,
    begun,
)


# Everything that may be asked -------------------------------------------------------------------------


def interview(record_id: str, on: date, report: str = "vu") -> ask.HoldInterview:
    return ask.HoldInterview(record_id=record_id, on=on, favourable=True, report=report)


def of_mentors(today: date, odd: str) -> Iterator[Command]:
    days = (today, today + timedelta(days=1), today - timedelta(days=400))
    who = Person(odd, odd, f"{MARK}@exemple.test", "0601020304", date(1985, 3, 2))
    for person in (
        WHO,
        who,
        replace(WHO, family_name=" "),
        replace(WHO, email=odd),
        replace(WHO, phone=odd),
        replace(WHO, birth_date=date(1800, 1, 1)),
        replace(WHO, email=None, phone=None),
    ):
        yield applying("mentor-3", person)
        yield come.ApplyByLink(record_id="mentor-3", association_id=FACE, person=person, profile=PROFILE)
        yield come.Propose(record_id="mentor-3", association_id=FACE, uai=UAI, person=person, profile=PROFILE)
        yield of_person.ChangePerson(record_id=MENTOR, person=person)
        yield of_person.CorrectPerson(record_id=MENTOR, person=person)
    for profile in (
        replace(PROFILE, availability=odd * 999),
        replace(PROFILE, rome=odd),
        replace(PROFILE, families=(odd,)),
        replace(PROFILE, communes=(odd,)),
        replace(PROFILE, languages=(odd,)),
        replace(PROFILE, mentees=-1),
        replace(PROFILE, company_id=COMPANY),
        replace(PROFILE, company_id=COMPANY, status=Occupation.SELF_EMPLOYED),
    ):
        yield applying("mentor-3", profile=profile)
        yield ask.ChangeProfile(record_id=MENTOR, profile=profile)
    yield applying(MENTOR)
    yield applying("mentor-3", channel=Origin.LYCEE)
    yield applying("mentor-3", channel=Origin.LYCEE, uai=odd)
    yield come.Propose(record_id="mentor-3", association_id=FACE, uai=odd, person=WHO, profile=PROFILE)
    for duplicate in (TWIN, MENTOR, "mentor-9"):
        yield of_person.Merge(record_id=MENTOR, duplicate_id=duplicate)
    for action in ("file", odd):
        yield ask.IssueLink(record_id=MENTOR, link="l2", action=action, digest="e" * 64, expires_on=today)
    for link in ("l1", odd):
        yield ask.RevokeLink(record_id=MENTOR, link=link)
    for on in days:
        for channel in (Channel.PAPER, Channel.ONLINE):
            yield ask.SignCharter(record_id=MENTOR, on=on, version="2025.1", channel=channel)
        yield ask.SignCharter(record_id=MENTOR, on=on, version=odd, channel=Channel.PAPER)
        yield ask.SeeIdentity(record_id=MENTOR, on=on, channel=Channel.PAPER)
        for report in (odd, " ", odd * 999):
            yield interview(MENTOR, on, report)
        yield ask.Clear(record_id=MENTOR, on=on)
        yield ask.Suspend(record_id=MENTOR, on=on)
        yield ask.LiftSuspension(record_id=MENTOR, on=on)
        for cause in (MentorLeaving.MOVED, MentorLeaving.MERGED):
            yield ask.Leave(record_id=MENTOR, on=on, cause=cause)
        for kind in CheckKind:
            for issued in (on, on - timedelta(days=200), on + timedelta(days=1), None):
                yield ask.PresentCheck(record_id=MENTOR, kind=kind, presented=True, on=on, issued_on=issued)
    for kind in CheckKind:
        yield ask.AskCheck(record_id=MENTOR, kind=kind, mission=odd, departement=odd)
    yield ask.RefuseCandidacy(record_id=MENTOR)
    yield ask.Release(record_id=MENTOR, on=today)
    yield ask.Lapse(record_id=MENTOR)
    yield ask.SuspendOverdue(record_id=MENTOR)


def of_courses(today: date, odd: str) -> Iterator[Command]:
    start = datetime(today.year, today.month, today.day, 8, tzinfo=UTC)
    good = Course(odd, (Module("posture", 60),), 1, start, start + timedelta(hours=1), odd, odd, odd)
    for told_of in (
        good,
        replace(good, title=" "),
        replace(good, modules=()),
        replace(good, modules=(Module(odd, 60),)),
        replace(good, modules=(Module("posture", 0),)),
        replace(good, modules=(Module("posture", 61),)),
        replace(good, modules=(Module("oral", 60),)),
        replace(good, places=0),
        replace(good, ends_at=start),
        replace(good, starts_at=start.replace(tzinfo=None)),
        replace(good, place=None, link=None),
        replace(good, trainer=odd * 999),
    ):
        yield course.ChangeCourse(record_id=COURSE, course=told_of)
        for record_id in (COURSE, "training-3"):
            yield course.Plan(
                record_id=record_id, association_id=FACE, programme_id=PROGRAMME, course=told_of
            )
    yield course.LeaveCourse(record_id=MENTOR, key=odd)
    for kind in (course.OpenCourse, course.CancelCourse, course.CloseCourse, course.Hold, course.CallOff):
        yield kind(record_id=COURSE)
    for mentor_id in (MENTOR, TWIN, "mentor-9"):
        yield course.Enrol(record_id=COURSE, mentor_id=mentor_id)
        yield course.Withdraw(record_id=COURSE, mentor_id=mentor_id)
        yield course.RevokeCertificate(record_id=COURSE, mentor_id=mentor_id)
        for minutes, modules in ((None, None), (9_999, None), (1, None), (1, (odd,))):
            yield course.Attend(
                record_id=COURSE, mentor_id=mentor_id, present=True, minutes=minutes, modules=modules
            )
        for on in (today, today + timedelta(days=1), today - timedelta(days=99)):
            yield course.Certify(record_id=COURSE, mentor_id=mentor_id, on=on)


def of_companies(today: date, odd: str) -> Iterator[Command]:
    for firm in (Firm("X", odd), Firm(" "), Firm("X", naf=odd)):
        yield of_company.RegisterCompany(record_id="company-3", firm=firm)
        yield of_company.ChangeCompany(record_id=COMPANY, firm=firm)
    yield of_company.RegisterCompany(record_id=COMPANY, firm=Firm("X"))
    for on in (today, today + timedelta(days=1)):
        yield of_company.CloseCompany(record_id=COMPANY, on=on)
        for count in (0, 1):
            yield of_company.RecordTie(record_id=COMPANY, kind=TieKind.VISIT, count=count, on=on)


def of_any(odd: str) -> Iterator[Command]:
    for record_id in (MENTOR, COURSE, COMPANY):
        yield Remind(record_id=record_id, key=odd)
        yield RecordDelivery(record_id=record_id, key=odd, channel="mail", problem=odd)
        for ground in (Ground.OBJECTION, Ground.RETENTION):
            yield Erase(record_id=record_id, ground=ground)


def unlookable(record: Root) -> Root:
    """The record with nothing personal in it that could be looked at."""
    nothing = cast("Any", Unlookable())
    again = copied(record)
    if isinstance(again, Mentor):
        email, phone = again.person.email and nothing, again.person.phone and nothing
        again.person = Person(nothing, nothing, email, phone, again.person.birth_date and nothing)
        profile = again.profile
        employer, free = profile.company_id and nothing, profile.availability and nothing
        again.profile = replace(profile, company_id=employer, availability=free)
        if again.interview:
            again.interview = replace(again.interview, report=nothing)
    if isinstance(again, Company):
        again.firm = replace(again.firm, name=nothing, siret=again.firm.siret and nothing)
    if isinstance(again, Training):
        again.course = replace(again.course, place=nothing, link=nothing, trainer=nothing)
    return again


class Digesting(Shelf):
    """A shelf that also digests words."""

    def digest(self, *words: str) -> str:
        return "0" * 64


def attempts(stage: Callable[[Desk], None], odd: str) -> Iterator[tuple[Command, DomainError]]:
    """Everything that somebody is refused at this stage."""
    desk = Desk()
    desk.do(of_company.RegisterCompany(record_id=COMPANY, firm=Firm("Bois & Cie")))
    stage(desk)
    ids = (MENTOR, TWIN, COURSE, COMPANY, FACE, PROGRAMME)
    found = {i: one for i in ids if (one := settled(fold_at(desk.house.recorder, i)))}
    records = {i: unlookable(one) for i, one in found.items()}
    world, today = desk.house.executor.world, desk.today
    every = (*of_mentors(today, odd), *of_courses(today, odd), *of_companies(today, odd), *of_any(odd))
    for n, command in enumerate(every):
        for m, actor in enumerate(EVERYBODY):
            reason = "" if (n + m) % 2 else f"à la demande de {odd}"
            shelf = Digesting(records, world, actor, command)
            try:
                handler_of(command)(command, Act(actor, desk.now, reason), cast("Any", shelf))
            except DomainError as refused:
                yield command, refused


@pytest.fixture(scope="module")
def met() -> list[Met]:
    return refusals_at(STAGES, attempts)


def test_no_refusal_quotes_what_is_personal(met: list[Met]) -> None:
    assert len(met) > 8_000
    quotes_nobody(met, different=100)


def test_every_command_of_these_rooms_was_refused_to_somebody(met: list[Met]) -> None:
    wanted = {c for c in command_types().values() if c.__module__.split(".")[1] in ROOMS}
    assert wanted <= {type(command) for _, command, _ in met}
    untold = codes_of(*ROOMS) - {refused.code for _, _, refused in met}
    assert len(untold) < 14
    elsewhere = ("candidacy", "guards", "identity", "merging", "operator")
    files = [f"test_mentor_{name}.py" for name in elsewhere]
    assert untold <= words_of(
        *files, "test_erasing_a_person.py", "test_training.py", "test_training_attendance.py"
    ), "told there, of rarer facts"


def test_a_guard_that_looks_at_a_person_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def indiscreet(mentor: Mentor, act: Act) -> None:
        raise Refused("indiscreet", f"{mentor.person.family_name} n'est pas suspendu·e.")

    monkeypatch.setattr(guards, "own_suspensions", indiscreet)
    with pytest.raises(AssertionError, match="looks at a personal value"):
        list(attempts(suspended, MARK))
