"""Associations by their name, as somebody types it in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops.compose import House


async def bearers(parts: House, name: str) -> list[str]:
    """The ids of those of that whole name, in any académie. What is one name to the register is one here."""
    from domain.association.parts import Identity

    codes = [academie.code for academie in parts.world.territory.academies]
    return sorted(set((await parts.feed.holders(Identity(name).marks(codes))).values()))
