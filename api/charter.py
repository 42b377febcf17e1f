"""The charter that mentors sign online: its text, and the version now in use. One file a version, which no
longer changes once somebody may have signed it; the latest is the one that a link has signed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "charters"


@dataclass(frozen=True)
class Charter:
    """``version``: a year and a number, by which the latest is known."""

    version: str
    text: str


def _latest() -> Charter:
    file = max(_FOLDER.glob("*.md"), key=lambda one: tuple(map(int, one.stem.split("."))))
    return Charter(file.stem, file.read_text(encoding="utf-8"))


CURRENT: Final = _latest()
