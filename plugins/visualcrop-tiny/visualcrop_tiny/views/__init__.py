"""What the eye is shown of a scene while it is trained, and what is then in sight."""

from __future__ import annotations

from .gathering import gather
from .keeping import Sheet, kept
from .sight import GRID, PATCH, PIXEL_MEAN, PIXEL_STD, SIDE, Sighting, View, whole
from .storing import Store, render

__all__ = [
    "GRID",
    "PATCH",
    "PIXEL_MEAN",
    "PIXEL_STD",
    "SIDE",
    "Sheet",
    "Sighting",
    "Store",
    "View",
    "gather",
    "kept",
    "render",
    "whole",
]
