"""Pictures that were processed before are not processed again."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any

import attrs

from .remembering import Key, Memory

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from transformers import BatchFeature


@attrs.frozen(eq=False)
class Pixels:
    """What an image processor made of a prompt's pictures."""

    made: BatchFeature

    @property
    def bytes(self) -> int:
        return sum(getattr(part, "nbytes", 0) for part in self.made.values())


@attrs.frozen(eq=False)
class Seen:
    """Stands in for an image processor while one prompt is written: it knows the pictures."""

    own: Any  # the image processor
    memory: Memory[Pixels]
    key: Key
    pictures: Callable[[], list[Picture]]

    def __call__(self, images: Any, **options: Any) -> BatchFeature:
        """What *own* makes of the pictures; *images* only tell how many there are."""
        pixels = self.memory.get(self.key, lambda: Pixels(self.own([self.pictures()], **options)))
        return copy(pixels.made)  # processors may take parts out of it

    def __getattr__(self, name: str) -> Any:
        return getattr(self.own, name)
