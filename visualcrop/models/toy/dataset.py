"""Questions about toy scenes, as a dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from io import BytesIO

import attrs

from ...data.base import Dataset, ImageSource, Problem, Sample, TargetBox
from ...image import Image
from ...image_io import MAX_BYTES
from ...strategy.base import at_least, option
from .scene import Scene, SceneQuestion

_draw_scene = lru_cache(4)(Scene.draw)  # three questions are asked about each


@attrs.frozen
class SceneSource(ImageSource):
    """A scene that is drawn when it is opened."""

    seed: int

    def open(self, max_bytes: int = MAX_BYTES) -> Image:
        del max_bytes  # scenes are small
        return _draw_scene(self.seed).image

    def read(self) -> bytes:
        encoded = BytesIO()
        self.open().picture.save(encoded, "PNG")
        return encoded.getvalue()

    def fingerprint(self) -> str:
        """A hash of the arguments, so that the scene need not be drawn."""
        return hashlib.blake2b(repr(self).encode(), digest_size=8).hexdigest()

    def size(self) -> tuple[int, int]:
        image = self.open()
        return image.width, image.height


@attrs.frozen
class ToyScenes(Dataset):
    """Three questions about each of some toy scenes, for the toy model."""

    name = "toy"

    scenes: int = option(20, help="how many scenes", validator=at_least(0))
    seed: int = option(0, help="the first scene's seed", validator=at_least(0))

    def read(self) -> Iterator[Sample | Problem]:
        for seed in range(self.seed, self.seed + self.scenes):
            for asked in _draw_scene(seed).questions:
                yield _to_sample(seed, asked)

    def published(self) -> Mapping[str, int]:
        return {"samples": 3 * self.scenes}


def _to_sample(seed: int, asked: SceneQuestion) -> Sample:
    question = asked.question
    return Sample(
        id=f"{seed}-{asked.about}",
        source=SceneSource(seed),
        text=question.text,
        choices=question.choices,
        answer=question.choices.index(asked.answer),
        group=str(seed),
        category=(asked.about,),
        targets=tuple(TargetBox(asked.about, box) for box in asked.boxes),
    )
