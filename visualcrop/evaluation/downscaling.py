"""How far a model downscales whole images: where small things are lost unnoticed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from ..data.base import Sample
from ..data.record import Record
from ..image import Image
from ..models.base import Model
from ..values import View

_SMALLER = 0.9  # of a side; above it lies rounding to whole tokens
_NAMED = 3  # questions


def describe_encoding(sample: Sample, image: Image, model: Model) -> dict[str, Any]:
    """
    Size and image tokens at which *model* encodes the whole image; empty if it cannot tell.

    `target` is the number of image tokens that the smallest annotated box covers.
    """
    encoded = model.encoded_size(View.whole(image))
    if encoded is None:
        return {}
    found = {"size": [*encoded.size], "tokens": encoded.tokens}
    areas = [target.box.area for target in sample.targets]
    return found | ({"target": round(min(areas) / encoded.cell**2, 4)} if areas else {})


@attrs.define
class DownscalingTally:
    """How much whole images were downscaled for the model, over many questions in any order."""

    known: int = 0  # questions for which the model could tell
    tokens: int = 0
    shrunk: int = 0
    most: tuple[float, str, Sequence[int], Sequence[int]] | None = None  # scale, id, image, size
    measured: int = 0  # questions with annotated boxes
    lost: int = 0  # of these, with a box smaller than an image token
    named: list[str] = attrs.field(factory=list)  # the first three of the lost, by id

    def add(self, record: Record) -> None:
        """Count one more."""
        if not record.whole:
            return
        size, target = record.whole["size"], record.whole.get("target")
        self.known += 1
        self.tokens += record.whole["tokens"]
        scale = min(now / full for now, full in zip(size, record.image, strict=True))
        if scale < _SMALLER:
            found = scale, record.id, record.image, size
            self.shrunk, self.most = self.shrunk + 1, min(self.most or found, found)
        self.measured += target is not None
        if target is not None and target < 1:
            self.lost += 1
            self.named = sorted([*self.named, record.id])[:_NAMED]

    def as_json(self) -> dict[str, Any] | None:
        """Plain values, the tokens of an image on average; none if nothing is known."""
        if not self.known:
            return None
        most = self.most and dict(zip(("id", "image", "size"), self.most[1:], strict=True))
        return {
            "questions": self.known,
            "tokens": round(self.tokens / self.known, 9),
            "shrunk": self.shrunk,
            "most": most,
            "measured": self.measured,
            "lost": self.lost,
            "named": self.named,
        }
