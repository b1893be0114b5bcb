"""A picture, opened with care: any source, any mode, upright, and never too large."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image

from .errors import ImageError
from .geometry import Box
from .image_io import MAX_BYTES, decode_with_key
from .image_io.conversion import iterate_tiles

Pixels: TypeAlias = npt.NDArray[np.uint8]


class ImageRef:
    """
    Opens an image that it does not hold: results refer to the image that was asked about.

    It does not travel to other processes: a pickled result has none.
    """

    __slots__ = ("open",)

    def __init__(self, open: Callable[[], Image]) -> None:
        self.open = open

    def __deepcopy__(self, memo: object) -> ImageRef:
        return self

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        return type(None), ()


@attrs.frozen(eq=False)
class Image:
    """An upright RGB picture. Equal means equal pixels."""

    picture: PIL.Image.Image = attrs.field(repr=False)  # draw on a copy, never on this
    # None: the digest. `attrs.evolve` with another picture does not take it along.
    _key: str | None = attrs.field(default=None, repr=False, init=False)

    @classmethod
    def open(cls, source: object, *, max_bytes: int = MAX_BYTES, key: str | None = None) -> Image:
        """
        Take a path, encoded bytes, a binary file, a PIL image, a uint8 array, or an `Image`.

        A *key* that no picture with other pixels has, if you know one, spares hashing the pixels.
        """
        if isinstance(source, Image):
            return source
        picture, encoded = decode_with_key(source, max_bytes)
        image = cls(picture)
        object.__setattr__(image, "_key", key or encoded)
        return image

    @property
    def width(self) -> int:
        return self.picture.width

    @property
    def height(self) -> int:
        return self.picture.height

    @property
    def box(self) -> Box:
        return Box(0, 0, self.width, self.height)

    @cached_property
    def pixels(self) -> Pixels:
        """Rows x columns x 3, read-only: three bytes a pixel more from the first use on."""
        pixels = np.empty((self.height, self.width, 3), np.uint8)
        for left, top, right, bottom in iterate_tiles(self.width, self.height):
            part = self.picture.crop((left, top, right, bottom))
            pixels[top:bottom, left:right] = np.asarray(part)
        pixels.flags.writeable = False
        return pixels

    @cached_property
    def key(self) -> str:
        """
        What caches know the picture by: pictures with equal keys have equal pixels.

        It is a digest of the encoded bytes where there are some, and otherwise that of the pixels,
        which takes 0.2 s at 50 million pixels.
        """
        return self._key or self.digest

    @cached_property
    def digest(self) -> str:
        """Fingerprint of the pixels."""
        fingerprint = hashlib.blake2b(f"{self.width}x{self.height}:".encode(), digest_size=16)
        for tile in iterate_tiles(self.width, self.height):
            fingerprint.update(self.picture.crop(tile).tobytes())
        return fingerprint.hexdigest()

    def crop(self, box: Box) -> PIL.Image.Image:
        """Pixels under *box*, which is first cut to the picture."""
        rectangle = self.rectangle(box)
        if rectangle == (0, 0, self.width, self.height):
            return self.picture
        return self.picture.crop(rectangle)

    def rectangle(self, box: Box) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the pixels under *box*, in the picture."""
        inside = box.common(self.box)
        if inside is None:
            raise ImageError(f"The box {box} lies outside the {self.width} x {self.height} image.")
        return inside.whole_pixels()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Image) and (self is other or self.digest == other.digest)

    def __hash__(self) -> int:
        return hash(self.digest)


@attrs.frozen(eq=False, slots=False)
class DrawnImage(Image):
    """A copy of *base* with drawings; `draw(base)` makes it again."""

    base: Image = attrs.field(repr=False)
    draw: Callable[[Image], Image] = attrs.field(repr=False)
