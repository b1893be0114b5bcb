"""How much of an image a model can see: silent down-scaling is where small things are lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from ..data.base import Sample
from ..image import Image
from ..models.base import Model
from ..record import Record
from ..values import View

_SMALLER = 0.9  # of a side; less is what rounding to whole tokens does
_NAMED = 3  # questions


def whole_of(sample: Sample, image: Image, model: Model) -> dict[str, Any]:
    """
    How *model* is shown all of the image, in plain values; nothing if it cannot tell.

    `target` is how many image tokens the smallest true box takes.
    """
    scale = model.encoded_size(View.whole(image))
    if scale is None:
        return {}
    told = {"size": [*scale.size], "tokens": scale.tokens}
    areas = [target.box.area for target in sample.targets]
    return told | ({"target": round(min(areas) / scale.cell**2, 4)} if areas else {})


@attrs.define
class Shrinking:
    """What whole images came to for the model, over many questions in any order."""

    told: int = 0  # questions of which it is known
    tokens: int = 0
    shrunk: int = 0
    most: tuple[float, str, Sequence[int], Sequence[int]] | None = None  # scale, id, image, size
    measured: int = 0  # questions whose true boxes are known
    lost: int = 0  # of these, with a true box smaller than an image token
    named: list[str] = attrs.field(factory=list)  # the first of the lost, by id

    def add(self, record: Record) -> None:
        """Count one more."""
        if not record.whole:
            return
        size, target = record.whole["size"], record.whole.get("target")
        self.told += 1
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
        if not self.told:
            return None
        most = self.most and dict(zip(("id", "image", "size"), self.most[1:], strict=True))
        return {
            "questions": self.told,
            "tokens": round(self.tokens / self.told, 9),
            "shrunk": self.shrunk,
            "most": most,
            "measured": self.measured,
            "lost": self.lost,
            "named": self.named,
        }
