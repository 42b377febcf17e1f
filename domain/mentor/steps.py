"""The steps of a mentor's path, from the file to the clearance: each is refused, or recorded as it comes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from domain.guards import not_in_the_future
from domain.kernel import Act
from domain.links import Channel, told_by
from domain.mentor import guards, standing
from domain.mentor.bringing import checked
from domain.mentor.clearance import Lack, must_be_clearable
from domain.mentor.model import FILE, Mentor
from domain.mentor.parts import LADDER, Asked, CheckKind, Profile

if TYPE_CHECKING:
    from domain.programme.rules import Rules


# The file -----------------------------------------------------------------------------------------


def change_profile(mentor: Mentor, act: Act, *, profile: Profile, digest: str) -> None:
    """Replaces what they bring."""
    guards.is_open(mentor, "changer le profil")
    checked(profile)
    if digest != mentor.profile_digest:
        mentor._profile_changed(profile=profile, digest=digest)


def issue_link(mentor: Mentor, act: Act, *, link: str, action: str, digest: str, expires_on: date) -> None:
    """Lets the candidate sign online: see ``Linked``."""
    guards.is_open(mentor, "donner un lien")
    mentor.issue_link(act, link=link, action=action, digest=digest, expires_on=expires_on)


def see_identity(mentor: Mentor, act: Act, *, on: date, channel: Channel) -> None:
    """Somebody saw an identity paper: that day, and nothing of the paper, is kept."""
    guards.is_open(mentor, "noter la pièce d'identité")
    not_in_the_future(act, on)
    guards.not_before(on, mentor.applied_on, "la candidature")
    guards.not_before(on, mentor.corrected_on, "la correction de l'identité")
    if (on, channel) != (mentor.identity_seen_on, mentor.identity_channel):
        mentor._identity_seen(on=on, channel=channel, day=act.today)


def sign_charter(mentor: Mentor, act: Act, *, on: date, version: str, channel: Channel) -> None:
    """The mentor signed the charter: by a link, or on paper that a role records. Nobody is invited any
    more to do what is done."""
    mentor.spend(act, FILE)
    told_by(act, channel, on)
    guards.is_open(mentor, "noter la charte")
    not_in_the_future(act, on)
    guards.not_before(on, mentor.applied_on, "la candidature")
    guards.charter_version(version)
    if (on, version, channel) != (mentor.charter_signed_on, mentor.charter_version, mentor.charter_channel):
        mentor._charter_signed(on=on, version=version, channel=channel, day=act.today)
    for link in tuple(mentor.live_links):
        mentor._link_revoked(link=link.id)


# From the interview to the clearance --------------------------------------------------------------


def hold_interview(mentor: Mentor, act: Act, *, on: date, favourable: bool, report: str) -> None:
    """The association met them; its report is its own."""
    guards.status_in(mentor, LADDER, "noter un entretien")
    guards.file_is_complete(mentor)
    not_in_the_future(act, on)
    guards.not_before(on, mentor.applied_on, "la candidature")
    guards.interview_told(report)
    mentor._interviewed(on=on, favourable=favourable, report=report)


def ask_check(
    mentor: Mentor, act: Act, *, kind: CheckKind, mission: str | None, departement: str | None, rules: Rules
) -> None:
    """Asks for a document, after the interview; an attestation only within its legal perimeter."""
    guards.no_reason(act)
    guards.is_open(mentor, "demander une vérification")
    guards.was_interviewed(mentor)
    guards.may_be_asked(act, kind, mission, departement, rules)
    asked = Asked(mission, departement) if kind is CheckKind.HONORABILITE else Asked()
    if mentor.asked.get(kind) != asked:
        mentor._check_asked(kind=kind, mission=asked.mission, departement=asked.departement)


def present_check(
    mentor: Mentor,
    act: Act,
    *,
    kind: CheckKind,
    presented: bool,
    on: date,
    issued_on: date | None,
    rules: Rules,
) -> None:
    """Whether the document was shown, and when. A new one brings back whoever was overdue."""
    guards.no_reason(act)
    guards.is_open(mentor, "noter une vérification")
    interview = guards.was_interviewed(mentor)
    guards.was_asked(mentor, kind)
    asked = mentor.asked[kind]
    guards.may_be_asked(act, kind, asked.mission, asked.departement, rules)
    not_in_the_future(act, on)
    guards.check_dated(kind, presented, issued_on, on, interview, rules)
    mentor._check_presented(kind=kind, presented=presented, issued_on=issued_on, on=on, checker=act.actor.id)
    standing.return_if_checked(mentor, act, rules)


def clear(mentor: Mentor, act: Act, *, on: date, rules: Rules, operator: tuple[Lack, ...]) -> None:
    """The association clears them: every step done, each document counting on that day. ``operator``:
    what it lacks itself."""
    guards.status_in(mentor, LADDER, "valider")
    not_in_the_future(act, on)
    guards.not_before(on, mentor.applied_on, "la candidature")
    must_be_clearable(mentor, rules, on, operator)
    mentor._cleared(on=on)
