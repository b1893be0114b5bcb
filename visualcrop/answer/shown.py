"""What a model was shown, without holding decoded pictures: an answer may be kept for long."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import Any, TypeAlias

import attrs

from ..errors import ImageError
from ..geometry import Box
from ..image import Image, ImageRef
from ..values import Answer, View, Views

Again: TypeAlias = Callable[[], Image]
_SMALL = 1 << 20  # pixels of a picture that is held as it is


@attrs.frozen(eq=False, slots=False)
class Drawn(Image):
    """A copy of *base* that was drawn on; `draw(base)` does it again."""

    base: Image = attrs.field(repr=False)
    draw: Callable[[Image], Image] = attrs.field(repr=False)


@attrs.frozen(eq=False)
class Kept(Views):
    """Views that are put together when they are looked at."""

    parts: tuple[tuple[Again, Box], ...] = attrs.field(repr=False)

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self)[index]
        again, box = self.parts[index]
        return View(again(), box)

    def __iter__(self) -> Iterator[View]:
        return (View(again(), box) for again, box in self.parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Views | tuple) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(box for _, box in self.parts))

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process gets the views themselves."""
        return tuple, ([*self],)


def without_pictures(answer: Answer, image: Image, source: object) -> Answer:
    """*answer*, where what was shown of *image* is taken from there, or from *source*, again."""
    looked_up = _looked_up(image, source)
    parts = tuple((_again(view.image, image, looked_up), view.box) for view in answer.shown)
    return attrs.evolve(answer, shown=Kept(parts)).with_image(ImageRef(looked_up))


def _again(shown: Image, asked: Image, looked_up: Again) -> Again:
    if shown is asked:
        return looked_up
    if isinstance(shown, Drawn) and shown.base is asked:
        return partial(_drawn, shown.draw, looked_up)
    if shown.width * shown.height <= _SMALL:
        return lambda: shown
    encoded = BytesIO()
    shown.picture.save(encoded, "PNG", compress_level=1)
    return partial(Image.open, encoded.getvalue())


def _drawn(draw: Callable[[Image], Image], looked_up: Again) -> Image:
    return draw(looked_up())


def _looked_up(image: Image, source: object) -> Again:
    """The image while somebody holds it; else from the file, the bytes or the array again."""
    digest, held = image.digest, weakref.ref(image)
    if not isinstance(source, str | os.PathLike | bytes):
        try:
            source = weakref.ref(source)
        except TypeError:  # an open file, say: it cannot be read from its start again
            source = None
    del image

    def again() -> Image:
        given = source() if isinstance(source, weakref.ref) else source
        found = held() or (None if given is None else Image.open(given))
        if found is None or found.digest != digest:
            what = "no longer there" if found is None else "another by now"
            raise ImageError(
                f"The image that the answer was shown is {what}; hold what you ask about, "
                "as Image.open(...), for as long as you look at what was shown."
            )
        return found

    return again
