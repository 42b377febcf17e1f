"""The places of a course: who has one, who waits for one, and who has the turn of whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from domain.kernel import Act
from domain.training import guards
from domain.training.parts import Place, Status

if TYPE_CHECKING:
    from domain.training.model import Training

Standing = Callable[[str], str | None]
"""The open record of the same mentor: itself, the one that it was merged into, or none at all."""


def enrol(training: Training, act: Act, *, mentor_id: str) -> None:
    """A mentor takes a place, or waits for one when they are all taken."""
    guards.status_in(training, {Status.OPEN, Status.HELD}, "y inscrire quelqu'un")
    guards.not_enrolled(training, mentor_id)
    guards.seat_left(training)
    training._enrolled(mentor_id=mentor_id, waits=training.taken >= training.course.places)


def withdraw(training: Training, act: Act, *, mentor_id: str, standing: Standing) -> None:
    """A mentor will not come: before the course begins, the first who waits has the place."""
    guards.status_in(training, {Status.OPEN}, "retirer une inscription")
    guards.withdrawable(training, guards.enrolled(training, mentor_id), act)
    training._withdrawn(mentor_id=mentor_id)
    fill(training, act, standing)


def release(training: Training, act: Act, *, mentor_id: str, standing: Standing) -> None:
    """The mentor's record is closed: before the course has begun, the place goes to the record kept of
    the same person, or back to those who wait. Of two places of one person the better is kept: a given
    one, else the earlier turn. Nothing happens otherwise, nor twice."""
    place = training.enrolments.get(mentor_id)
    ahead = training.status == Status.OPEN and act.now < training.course.starts_at
    if not (ahead and place and place.place in {Place.ENROLLED, Place.WAITING}):
        return
    kept = standing(mentor_id)
    if kept == mentor_id:
        return
    if kept is None or _before(training, kept, mentor_id):
        training._released(mentors=(mentor_id,))
        fill(training, act, standing)
        return
    if kept in training.enrolments:
        training._released(mentors=(kept,))
    training._reassigned(former=(mentor_id,), kept=(kept,))


def fill(training: Training, act: Act, standing: Standing) -> None:
    """The free places go to those who wait, in their order; whose record is closed waits no more, and the
    record kept of the same person has the turn. Nobody is given a place once the course has begun."""
    if act.now >= training.course.starts_at:
        return
    free, turns, gone = training.course.places - training.taken, dict[str, str](), list[str]()
    for mentor_id in training.waiting:
        if len(turns) >= free:
            break
        kept = standing(mentor_id)
        if kept is None or kept in turns or (kept != mentor_id and _before(training, kept, mentor_id)):
            gone.append(mentor_id)
        else:
            turns[kept] = mentor_id
    merged = {kept: former for kept, former in turns.items() if kept != former}
    gone += [kept for kept in merged if kept in training.enrolments and kept not in gone]
    if gone:
        training._released(mentors=tuple(gone))
    if merged:
        training._reassigned(former=tuple(merged.values()), kept=tuple(merged))
    if turns:
        training._promoted(mentors=tuple(turns), day=act.today)


def _before(training: Training, one: str, other: str) -> bool:
    """Whether one has a place, or a turn, that is no worse than the other's."""
    if one not in training.waiting:
        return one in training.enrolments
    return other in training.waiting and training.waiting.index(one) < training.waiting.index(other)
