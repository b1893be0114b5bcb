"""The pictures of a page: each is put in once, and shown wherever it is wanted."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..drawing import shrink_picture, to_data_uri
from ..geometry import Box
from ..image import Image

_SIDE = 1920  # most pixels on the longer side
_THUMBNAIL = 240
_QUALITY, _FINE = 88, 93  # of JPEG, for pictures and for parts in their own pixels


@attrs.frozen
class PlacedPicture:
    """A picture that lies on a rectangle of an image."""

    id: str  # of its element
    uri: str = attrs.field(repr=False)
    box: Box  # in pixels of the image


@attrs.frozen
class Pictures:
    """Pictures by image and rectangle, in the order in which they were added."""

    _placed: dict[tuple[str, Box, int], PlacedPicture] = attrs.field(factory=dict, init=False)

    def __iter__(self) -> Iterator[PlacedPicture]:
        return iter(self._placed.values())

    def add(self, image: Image) -> PlacedPicture:
        """The whole image, at most 1920 pixels long."""
        return self._add(image, image.box, _SIDE, _QUALITY)

    def add_detail(self, image: Image, box: Box) -> PlacedPicture | None:
        """A part in its own pixels; none if the whole picture has them already."""
        if max(image.width, image.height) <= _SIDE:
            return None
        return self._add(image, Box(*image.rectangle(box)), _SIDE, _FINE)

    def add_thumbnail(self, image: Image, box: Box) -> PlacedPicture | None:
        """A part in a few pixels; none if the whole picture has as many."""
        place = Box(*image.rectangle(box))
        length = max(place.width, place.height)
        shrunk = length * min(1, _SIDE / max(image.width, image.height))
        if shrunk == length or shrunk >= _THUMBNAIL:
            return None
        fine = self._placed.get((image.key, place, _SIDE))
        return fine or self._add(image, place, _THUMBNAIL, _QUALITY)

    def _add(self, image: Image, box: Box, side: int, quality: int) -> PlacedPicture:
        key = (image.key, box, side)
        if key not in self._placed:
            uri = to_data_uri(shrink_picture(image.crop(box), side), quality)
            self._placed[key] = PlacedPicture(f"picture-{len(self._placed)}", uri, box)
        return self._placed[key]
