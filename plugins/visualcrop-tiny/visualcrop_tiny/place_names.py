"""Names of places, and of kinds of questions about them: all that a command line needs to know."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Place: TypeAlias = Literal[
    "harbour", "market-street", "park", "writing-desk", "shelf-wall", "night-town"
]
PLACES: tuple[Place, ...] = get_args(Place)
About: TypeAlias = Literal[
    "attribute", "relation", "count", "existence", "detail", "which", "large"
]
ABOUT: tuple[About, ...] = get_args(About)
TOUR: tuple[About, ...] = ("attribute", "count", "relation", "detail")  # of one picture
