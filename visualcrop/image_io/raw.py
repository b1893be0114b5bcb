"""A picture as it was opened."""

from __future__ import annotations

import attrs
import PIL.Image


@attrs.frozen
class Raw:
    """A picture that is perhaps not yet decoded."""

    picture: PIL.Image.Image
    ours: bool = False  # nobody else has it: it may be kept without a copy
    copied: int = 0  # bytes that were copied to get this far
    orientation: int = 1  # as in EXIF: 1 is upright

    @property
    def lies_on_its_side(self) -> bool:
        return self.orientation in {5, 6, 7, 8}
