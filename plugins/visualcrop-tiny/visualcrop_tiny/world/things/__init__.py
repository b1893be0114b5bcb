"""The 64 small things, drawn by hand."""

from __future__ import annotations

from ..drawing import Thing
from .animals import ANIMALS
from .clothes import CLOTHES
from .garden import GARDEN
from .house import HOUSE
from .kitchen import KITCHEN
from .music import MUSIC
from .tools import TOOLS
from .travel import TRAVEL

__all__ = ["THINGS"]

THINGS: dict[str, Thing] = {
    thing.name: thing
    for group in (ANIMALS, TRAVEL, CLOTHES, KITCHEN, GARDEN, TOOLS, HOUSE, MUSIC)
    for thing in group
}
