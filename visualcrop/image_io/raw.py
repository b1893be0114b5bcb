"""`Raw`, a picture whose header is read."""

from __future__ import annotations

import attrs
import PIL.Image


@attrs.frozen
class Raw:
    """A picture that may not be decoded yet."""

    picture: PIL.Image.Image
    ours: bool = False  # no caller holds it, so it needs no copy
    copied: int = 0  # bytes that were copied to get this far
    orientation: int = 1  # as in EXIF: 1 is upright

    @property
    def lies_on_its_side(self) -> bool:
        return self.orientation in {5, 6, 7, 8}
