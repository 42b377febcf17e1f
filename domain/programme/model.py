"""The programme: versioned rules (durations, cadences, requirements) and targets, national or by académie."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from domain.authorization import NO_PUBLIC, PUBLIC
from domain.kernel import Act, Refused, Root, event
from domain.programme.bounds import bounded
from domain.programme.rules import Rules

SCHEMES: Final = {
    "1j1m": "1 jeune, 1 mentor",
    "cordees": "Cordées de la réussite",
    "ptech": "P-TECH",
}


@dataclass(frozen=True)
class RulesVersion:
    """One adopted set: ``academie`` empty for the nation, ``to_open`` when open records follow it too."""

    number: int
    rules: Rules
    on: date
    academie: str = ""
    to_open: bool = False


class Programme(Root):
    """A scheme (dispositif) and the rules it runs under."""

    TOPIC = "programme@1"
    about_persons = False

    @event("Created", topic="programme.Opened@1")
    def __init__(self, id: str, scheme: str, label: str) -> None:
        self.scheme = scheme
        self.label = label
        self.status = "open"
        self.versions: list[RulesVersion] = []
        self.targets: dict[tuple[str, str], tuple[int, int]] = {}

    def scopes(self) -> frozenset[str]:
        """Everybody's, figures and machines included: there is no person in it."""
        return frozenset({PUBLIC, *(f"role:{role}" for role in NO_PUBLIC)})

    def adopt_rules(
        self, act: Act, *, rules: Rules, on: date, academie: str = "", to_open: bool = False
    ) -> None:
        """Adopts a new version from ``on``; ``to_open``: records already started follow it from that day.

        Raises ``Refused`` when it is backdated (decisions taken since would lose their rule), when an
        académie legislates for another, out of the bounds (``bounds``), or when nobody could follow them.
        Where the attestation d'honorabilité may be asked for is told by the law, so by the nation for all.
        """
        if on < act.today and self.versions:
            raise Refused(
                "rules_backdated",
                f"Des règles ne s'adoptent pas pour le passé ({on.isoformat()}).",
                (f"une date d'effet à partir du {act.today.isoformat()}",),
            )
        _usable(rules, academie)
        if act.actor.role == "academie" and f"academie:{academie}" not in act.actor.scopes:
            raise Refused(
                "not_your_academie",
                "Une académie n'adopte de règles que pour elle-même.",
                ("le code d'une académie de votre périmètre",),
            )
        self._rules_adopted(
            number=len(self.versions) + 1,
            rules=rules,
            academie=academie,
            to_open=to_open,
            starts=on,
        )

    def set_target(self, act: Act, *, academie: str, school_year: str, mentees: int, lycees: int) -> None:
        """Sets the trajectory of an académie for a school year.

        Raises ``Refused`` for another's académie and for a target below zero.
        """
        if act.actor.role == "academie" and f"academie:{academie}" not in act.actor.scopes:
            raise Refused("not_your_academie", "Une académie ne fixe que sa propre trajectoire.")
        if mentees < 0 or lycees < 0:
            raise Refused("negative_target", "Une cible est un nombre positif ou nul.")
        self._target_set(academie=academie, school_year=school_year, mentees=mentees, lycees=lycees)

    def current(self, academie: str, day: date) -> RulesVersion:
        """What a record started on ``day`` runs under. Raises ``Refused`` when nothing was in force."""
        chosen = self.in_force(academie, day)
        if chosen is None:
            raise Refused(
                "no_rules_in_force",
                f"Aucune règle du programme « {self.label} » n'est en vigueur le {day.isoformat()}.",
                ("une version des règles adoptée pour cette date",),
            )
        return chosen

    def in_force(self, academie: str, day: date) -> RulesVersion | None:
        """The académie's own version on ``day``, else the nation's; ``None`` before the first."""
        effective = [v for v in self.versions if v.on <= day]
        own = [v for v in effective if v.academie == academie and academie]
        chosen = own or [v for v in effective if not v.academie]
        return self._lawfully(chosen[-1], day) if chosen else None

    def followed(self, started_under: int, academie: str, day: date) -> RulesVersion:
        """What an open record follows on ``day``: its own version, or a later one meant for open records.

        As in ``current``, an académie's own version is never overruled by a later one of the nation.
        """
        started = self.versions[started_under - 1]
        later = [v for v in self.versions if v.to_open and v.number > started_under and v.on <= day]
        own = [v for v in later if v.academie == academie and academie]
        national = [v for v in later if not v.academie and not started.academie]
        return self._lawfully([started, *national, *own][-1], day)

    def _lawfully(self, version: RulesVersion, day: date) -> RulesVersion:
        """The version with the perimeters that the nation tells on ``day``: they are the law's, for records
        already open and in every académie. Its other rules are as they were adopted.
        """
        told = [v.rules.mentors.honorabilite for v in self.versions if not v.academie and v.on <= day]
        mentors = version.rules.mentors
        if not told or told[-1] == mentors.honorabilite:
            return version
        return replace(version, rules=replace(version.rules, mentors=replace(mentors, honorabilite=told[-1])))

    @event("RulesAdopted", topic="programme.RulesAdopted@1")
    def _rules_adopted(self, number: int, rules: Rules, academie: str, to_open: bool, starts: date) -> None:
        self.versions.append(RulesVersion(number, rules, starts, academie, to_open))

    @event("TargetSet", topic="programme.TargetSet@1")
    def _target_set(self, academie: str, school_year: str, mentees: int, lycees: int) -> None:
        self.targets[academie, school_year] = (mentees, lycees)


def _usable(rules: Rules, academie: str) -> None:
    bounded(rules)
    if problem := rules.problem():
        raise Refused("rules_unusable", problem)
    if academie and rules.mentors.honorabilite:
        raise Refused(
            "perimeter_is_national",
            "Les périmètres de l'attestation d'honorabilité (mentors.honorabilite) sont ceux de la loi : les "
            "règles nationales les disent, et ils valent dans toutes les académies.",
            ("les mêmes règles sans mentors.honorabilite",),
        )
