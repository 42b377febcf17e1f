"""The workbook: its sheets, written beforehand, and the few pages that bind them (ECMA-376, Office Open XML).

Written here and not by a library: the library sets sheets aside on disk in clear.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from xml.sax.saxutils import quoteattr

from api.export.cells import Table
from api.export.spool import Spool

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def workbook(tables: Sequence[Table], at: datetime) -> Spool:
    """One sheet a table, in a file of its own. ``at``: the date of its parts."""
    made = Spool()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _pages(tables):
            archive.writestr(member(name, at), text)
        for number, table in enumerate(tables, start=1):
            copy(archive, member(f"xl/worksheets/sheet{number}.xml", at), table.sheet)
    return made


def member(name: str, at: datetime) -> zipfile.ZipInfo:
    """A compressed part of a zip, its owner's alone once taken out."""
    info = zipfile.ZipInfo(name, at.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info


def copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, spool: Spool) -> None:
    """Piece by piece: a part is never in memory as a whole."""
    info.file_size = spool.size
    with archive.open(info, "w") as out:
        for chunk in spool.chunks():
            out.write(chunk)


def _pages(tables: Sequence[Table]) -> Iterator[tuple[str, str]]:
    numbers = range(1, len(tables) + 1)
    sheets = "".join(
        f'<sheet name={quoteattr(table.title)} sheetId="{n}" r:id="rId{n}"/>'
        for n, table in zip(numbers, tables, strict=True)
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for n in numbers
    )
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    yield (
        "[Content_Types].xml",
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>{overrides}</Types>',
    )
    yield (
        "_rels/.rels",
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    yield (
        "xl/workbook.xml",
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{related}</Relationships>',
    )
