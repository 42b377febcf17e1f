"""The guards of an import: each raises its error with a code, a sentence, and what is missing."""

from __future__ import annotations

import re
from typing import Final

from domain.imports.parts import MEDIA_TYPES, MOST_BYTES, File, ImportKind
from domain.kernel import Actor, Forbidden, NotFound, Refused

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_ACADEMIE: Final = "academie:"


def academies_of(actor: Actor) -> tuple[str, ...]:
    """The codes of the académies that an actor acts for."""
    return tuple(
        sorted(scope.removeprefix(_ACADEMIE) for scope in actor.scopes if scope.startswith(_ACADEMIE))
    )


def submitter(actor: Actor, kind: ImportKind, association_id: str | None) -> None:
    """Académies bring in associations; an association its own mentors and attendance. Of another's it is not
    told whether there is one."""
    wanted = "academie" if kind is ImportKind.ASSOCIATIONS else "association"
    if actor.role != wanted:
        raise Forbidden(
            "role_not_allowed",
            f"Le rôle « {actor.role} » ne peut pas importer ce fichier ({kind}).",
            (f"un jeton du rôle {wanted}",),
        )
    if kind is ImportKind.ASSOCIATIONS and not academies_of(actor):
        raise Forbidden(
            "role_not_allowed", "Ce jeton n'est celui d'aucune académie.", ("un jeton qui a une académie",)
        )
    if association_id is not None and not actor.holds(f"association:{association_id}"):
        raise NotFound("not_found", f"Aucun dossier {association_id} dans votre périmètre.")


def aimed(kind: ImportKind, association_id: str | None, training_id: str | None) -> None:
    """Each kind names what it is about, and nothing else."""
    wanted = (kind is not ImportKind.ASSOCIATIONS, kind is ImportKind.ATTENDANCE)
    if (association_id is not None, training_id is not None) != wanted:
        raise Refused(
            "import_target",
            "Un import de mentors nomme l'association ; un import de présences l'association et la "
            "formation ; un import d'associations, ni l'une ni l'autre.",
            ("association et training, selon kind",),
        )


def file(told: File) -> None:
    if not _DIGEST.fullmatch(told.sha256):
        raise Refused("hash_malformed", "L'empreinte n'en est pas une.", ("une empreinte SHA-256",))
    if told.media_type not in MEDIA_TYPES:
        raise Refused("media_type_refused", "Un import se fait d'un fichier CSV ou XLSX.", tuple(MEDIA_TYPES))
    if not 0 < told.size <= MOST_BYTES:
        raise Refused(
            "size_refused",
            f"Un fichier à importer compte de 1 octet à {MOST_BYTES // 1024 // 1024} Mio.",
            ("un fichier plus petit, ou découpé",),
        )
