"""Needles in haystacks: questions about small things in large drawn scenes, with their places."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from random import Random
from typing import Literal, TypeAlias

import attrs

from visualcrop import Image, Sample
from visualcrop.plugin import Dataset, ImageSource, Problem, TargetBox, option

from .questions import Asked, ask
from .scenes.casting import Kind
from .scenes.painting import draw
from .scenes.planning import plan

Split: TypeAlias = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")
SMALL: tuple[Kind, ...] = ("attribute", "relation", "count", "existence", "detail")
LONG_SIDES = {"1k": 1024, "2k": 2048, "4k": 4096, "8k": 8192}
# A scene's seed, from its highest bit: split, seed of the dataset, number, attempt.
_SEED, _NUMBER, _ATTEMPT = 16, 24, 4
_SPLIT = _SEED + _NUMBER + _ATTEMPT
TRAINING = 1 << _SPLIT  # all scenes' seeds below are those of the first split
_drawn = lru_cache(1)(draw)


def scene_seed(split: Split, seed: int, number: int, attempt: int = 0) -> int:
    """The seed of one scene; no two splits have one in common."""
    own = ((seed << _NUMBER) + number << _ATTEMPT) + attempt
    return (SPLITS.index(split) << _SPLIT) + own


def split_of(scene: int) -> Split:
    """To which split a scene's seed belongs."""
    return SPLITS[scene >> _SPLIT]


@attrs.frozen
class SceneSource(ImageSource):
    """A scene that is drawn when it is asked for."""

    seed: int
    width: int
    height: int
    kind: Kind

    def open(self, max_bytes: int | None = None) -> Image:
        picture = _drawn(self.seed, self.width, self.height, self.kind).picture
        return Image.open(picture, **({} if max_bytes is None else {"max_bytes": max_bytes}))

    def read(self) -> bytes:
        encoded = BytesIO()
        self.open().picture.save(encoded, "PNG", compress_level=1)
        return encoded.getvalue()

    def fingerprint(self) -> str:
        """What is drawn, which need not be drawn for it."""
        return hashlib.blake2b(repr(self).encode(), digest_size=8).hexdigest()

    def size(self) -> tuple[int, int]:
        return self.width, self.height


def _whole(most: int) -> object:
    def check(_: object, attribute: attrs.Attribute[int], value: int) -> None:
        if not 0 <= value < most:
            raise ValueError(f"{attribute.name} must be from 0 to {most - 1}, not {value}")

    return check


@attrs.frozen
class Needles(Dataset):
    """Small things in large drawn scenes: the world of the tiny models, and their benchmark."""

    name = "needles"

    split: Split = option("test", help="no two splits share a scene; models are trained on train")
    seed: int = option(0, help="another seed, other scenes of the split", validator=_whole(1 << 16))
    count: int = option(100, help="how many questions", validator=_whole(1 << _NUMBER))
    about: Literal["small", Kind] = option(
        "small", help="what is asked; small is all but large in turn"
    )
    size: Literal["1k", "2k", "4k", "8k"] = option("2k", help="longer side of the scenes")

    def read(self) -> Iterator[Sample | Problem]:
        for number in range(self.count):
            yield self._sample(number)

    def published(self) -> dict[str, int]:
        return {"samples": self.count, "images": self.count}

    def _sample(self, number: int) -> Sample | Problem:
        kind = SMALL[number % len(SMALL)] if self.about == "small" else self.about
        id = f"{self.split}-{self.seed}-{self.size}-{kind}-{number}"
        side = LONG_SIDES[self.size]
        for attempt in range(1 << _ATTEMPT):
            seed = scene_seed(self.split, self.seed, number, attempt)
            source = SceneSource(seed, *_sides(seed, side), kind)
            asked = _asked(source)
            if asked is not None:
                return _made(id, source, asked)
        return Problem(id, "None of its scenes can be asked a question of this kind.")


def _asked(source: SceneSource) -> Asked | None:
    """What is asked about a scene, for which it need not be drawn."""
    planned = plan(source.seed, source.width, source.height, source.kind)
    return ask(planned, Random(f"question {source.seed}"))  # noqa: S311 - scenes, not secrets


def _sides(seed: int, longer: int) -> tuple[int, int]:
    """Square, or four to three either way."""
    shorter = longer * 3 // 4
    shapes = (longer, longer), (longer, shorter), (shorter, longer)
    return Random(f"sides {seed}").choice(shapes)  # noqa: S311 - as above


def _made(id: str, source: SceneSource, asked: Asked) -> Sample:
    absent = asked.kind == "existence" and asked.answer == "No"
    boxes = [TargetBox(_called(thing.name, asked), thing.box) for thing in asked.about]
    return Sample(
        id=id,
        source=source,
        text=asked.text,
        choices=asked.choices,
        answer=asked.choices.index(asked.answer),
        group=id,
        category=(asked.kind,),
        targets=() if absent else tuple(boxes),
        meta={"scene": source.seed},
    )


def _called(name: str, asked: Asked) -> str:
    """Not by its colour where that is the question."""
    return name if name in asked.text else name.rpartition(" ")[2]
