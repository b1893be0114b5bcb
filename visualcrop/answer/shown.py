"""The views of an answer without decoded pictures: an answer may be kept for long."""

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

ImageLoader: TypeAlias = Callable[[], Image]
_MOST_HELD = 1 << 20  # pixels of a picture that stays decoded


@attrs.frozen(eq=False, slots=False)
class DrawnImage(Image):
    """A copy of *base* with drawings; `draw(base)` makes it again."""

    base: Image = attrs.field(repr=False)
    draw: Callable[[Image], Image] = attrs.field(repr=False)


@attrs.frozen(eq=False)
class LazyViews(Views):
    """Views whose images are loaded when they are looked at."""

    parts: tuple[tuple[ImageLoader, Box], ...] = attrs.field(repr=False)

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self)[index]
        load, box = self.parts[index]
        return View(load(), box)

    def __iter__(self) -> Iterator[View]:
        return (View(load(), box) for load, box in self.parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Views | tuple) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(box for _, box in self.parts))

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process gets the views themselves."""
        return tuple, ([*self],)


def release_pictures(answer: Answer, image: Image, source: object) -> Answer:
    """*answer* with views of *image* that load it again, from there or from *source*."""
    reload = _make_reloader(image, source)
    parts = tuple((_make_loader(view.image, image, reload), view.box) for view in answer.shown)
    return attrs.evolve(answer, shown=LazyViews(parts)).with_image(ImageRef(reload))


def _make_loader(shown: Image, original: Image, reload: ImageLoader) -> ImageLoader:
    """How *shown* is made again: from the original, or as a PNG if it is another picture."""
    if shown is original:
        return reload
    if isinstance(shown, DrawnImage) and shown.base is original:
        return partial(_redraw, shown.draw, reload)
    if shown.width * shown.height <= _MOST_HELD:
        return lambda: shown
    encoded = BytesIO()
    shown.picture.save(encoded, "PNG", compress_level=1)
    return partial(Image.open, encoded.getvalue())


def _redraw(draw: Callable[[Image], Image], reload: ImageLoader) -> Image:
    return draw(reload())


def _make_reloader(image: Image, source: object) -> ImageLoader:
    """A loader that gives *image* itself while it is alive, and opens *source* after that."""
    digest, held = image.digest, weakref.ref(image)
    if not isinstance(source, str | os.PathLike | bytes):
        try:
            source = weakref.ref(source)
        except TypeError:  # an open file, say: it cannot be read from its start again
            source = None
    del image

    def load() -> Image:
        given = source() if isinstance(source, weakref.ref) else source
        found = held() or (None if given is None else Image.open(given))
        if found is None or found.digest != digest:
            what = "no longer there" if found is None else "another by now"
            raise ImageError(
                f"The image that the answer was shown is {what}; hold what you ask about, "
                "as Image.open(...), for as long as you look at what was shown."
            )
        return found

    return load
