"""Ten thousand mentors from one file: from its submission until the ledger says that they are recorded."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

import openpyxl

from benchmarks import candidates, conventions
from benchmarks.figures import Figure, Result, number, spread
from benchmarks.stage import Refused, Stage, worker
from domain.folding import fold
from domain.identifiers import InvalidIdentifier, parse_siret
from domain.imports.commands import Submit
from domain.imports.model import Import
from domain.imports.parts import CSV, ENDED, XLSX, File, ImportKind
from domain.ports import Request
from ops.compose import House, house
from ops.stack.temporal import Temporal

LINES: Final = 10_000
ROUNDS: Final = 3

_HEADERS: Final = (
    *("Nom", "Prénom", "Courriel", "Téléphone", "Date de naissance", "Entreprise", "SIRET", "Code ROME"),
    *("NAF", "Famille de métiers", "Capacité", "Langues", "Statut", "Engagement", "Communes", "Remarques"),
)
_COMPANIES: Final = 500
_PATIENCE: Final = 600.0
_LOOK: Final = 0.1


async def importing(stage: Stage) -> list[Result]:
    """The same lines by each format, each time into a house that knows nobody."""
    count = stage.sized(LINES, 12)
    files = {"import-csv": (CSV, _delimited(count)), "import-xlsx": (XLSX, _workbook(count))}
    found: list[Result] = []
    for name, (media_type, body) in files.items():
        rounds = [
            await _round(stage, f"{name}-{turn}", media_type, body, count)
            for turn in range(stage.sized(ROUNDS, 1))
        ]
        value = spread(rounds)
        said = (
            f"{number(count)} lignes de {len(_HEADERS)} colonnes ({number(len(body) / 1e6)} Mo), "
            f"{number(count / value.middle)} mentors par seconde, de l'envoi à l'événement qui dit la fin"
        )
        limit = "la lecture du fichier, la vérification et le chiffrement de chaque ligne, sur deux cœurs"
        found.append(Figure(name, value, said, limit=limit))
    return found


async def _round(stage: Stage, name: str, media_type: str, body: bytes, count: int) -> float:
    """Seconds. Raises ``Refused`` unless every line has become a mentor."""
    settings = await stage.database(name.replace("-", "_"))
    with Temporal(settings.home / "temporal") as server:
        reached = settings.model_copy(update={"temporal_address": server.address})
        async with house(reached, "bench") as parts, worker(reached):
            await conventions.opened(parts)
            started = time.perf_counter()
            record = await _imported(parts, name, media_type, body)
            seconds = time.perf_counter() - started
    if record.result is None or record.result.fresh != count:
        raise Refused(f"{record.status} : {record.result}")
    return seconds


async def _imported(parts: House, name: str, media_type: str, body: bytes) -> Import:
    record_id = f"import-{name}"
    await parts.documents.keep(record_id, body)
    asked = Submit(
        record_id=record_id,
        kind=ImportKind.MENTORS,
        association_id=conventions.ASSOCIATION,
        training_id=None,
        file=File(sha256(body).hexdigest(), len(body), media_type),
        dry_run=False,
    )
    await parts.executor.execute(Request(asked, candidates.COORDINATOR, f"{record_id}:{asked.name}"))
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        record = fold(await parts.feed.of([record_id]))
        if isinstance(record, Import) and record.status in ENDED:
            return record
        await asyncio.sleep(_LOOK)
    raise Refused(record_id)


# The files --------------------------------------------------------------------------------------


def _delimited(count: int) -> bytes:
    """As a spreadsheet of here saves it: semicolons, and the encoding of Windows."""
    return "\r\n".join(";".join(line) for line in _lines(count)).encode("cp1252")


def _workbook(count: int) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Mentors")
    for line in _lines(count):
        sheet.append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _lines(count: int) -> Iterator[list[str]]:
    """One in two has a company, the company of several."""
    yield list(_HEADERS)
    sirets = [_siret(number) for number in range(min(count, _COMPANIES))]
    for one in range(count):
        employer = one % len(sirets) if one % 2 else None
        yield [
            f"Exemple{one:05d}",
            f"Camille{one % 300}",
            f"p{one}@exemple.test",
            f"06 12 {one // 10_000:02d} {one // 100 % 100:02d} {one % 100:02d}",
            f"{1 + one % 28:02d}/{1 + one % 12:02d}/{1950 + one % 50}",
            "" if employer is None else f"Entreprise {employer}",
            "" if employer is None else sirets[employer],
            *(
                "K2104",
                "62.01Z",
                "Relation client",
                "2",
                "français, anglais",
                "salariée",
                "bénévole",
                "69123",
            ),
            "mercredi après-midi",
        ]


def _siret(number: int) -> str:
    """A well-formed one: its last digit makes it so."""
    return next(one for one in (f"732829320{number:04d}{digit}" for digit in range(10)) if _formed(one))


def _formed(text: str) -> bool:
    try:
        parse_siret(text)
    except InvalidIdentifier:
        return False
    return True
