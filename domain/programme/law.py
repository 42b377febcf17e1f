"""What a programme's rules may not widen: the law sets it for everybody. The rest is a default."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from domain.kernel import Refused
from domain.programme.labels import RULE_LABELS
from domain.programme.rules import Delay, Rules, Unit


@dataclass(frozen=True)
class Ceiling:
    """The longest that the rule at ``path`` may be; ``in_days``: the fewest that so many months last."""

    path: str
    at_most: Delay
    in_days: int
    source: str

    def allows(self, delay: Delay) -> bool:
        return delay.count <= (self.at_most.count if delay.unit is Unit.MONTHS else self.in_days)


CEILINGS: Final = (
    Ceiling(
        "mentors.b3_age",
        Delay(3, Unit.MONTHS),
        89,
        "un bulletin n° 3 présenté a moins de trois mois",
    ),
    Ceiling(
        "financial_report",
        Delay(6, Unit.MONTHS),
        181,
        "loi n° 2000-321 du 12 avril 2000, article 10",
    ),
    Ceiling(
        "retention",
        Delay(120, Unit.MONTHS),
        3_652,
        "RGPD, article 5 : dix ans sont la plus longue des prescriptions qui valent ici, celle de l'article "
        "2226 du code civil",
    ),
)
"""The bulletin's age is the design's (domain page, where it is no default); the financial report's term is
that of any public subsidy. No text tells how long to keep: storage is limited to what is needed (GDPR,
5.1.e), and past the longest limitation of an action that these records could serve, nothing needs them.
"""


def lawful(rules: Rules, academie: str) -> None:
    """Raises ``Refused`` for a rule that is longer than the law allows, or an académie's own perimeter of the
    attestation d'honorabilité: where it may be asked for is told by the law, so by the nation for all.
    """
    for ceiling in CEILINGS:
        value: Delay = attrgetter(ceiling.path)(rules)
        if not ceiling.allows(value):
            most = ceiling.at_most.label
            raise Refused(
                "rule_beyond_law",
                f"La règle « {RULE_LABELS[ceiling.path]} » ({ceiling.path}) vaut {value.label}, au-delà de "
                f"ce que la loi permet : {most} ({ceiling.source}).",
                (f"{ceiling.path} d'au plus {most} ({ceiling.in_days} jours)",),
            )
    if academie and rules.mentors.honorabilite:
        raise Refused(
            "perimeter_is_national",
            "Les périmètres de l'attestation d'honorabilité (mentors.honorabilite) sont ceux de la loi : les "
            "règles nationales les disent, et ils valent dans toutes les académies.",
            ("les mêmes règles sans mentors.honorabilite",),
        )
