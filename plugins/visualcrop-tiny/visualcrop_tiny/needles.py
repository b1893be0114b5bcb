"""Needles in haystacks: questions about small things in large drawn scenes, with their boxes."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from random import Random
from typing import ClassVar, Literal, TypeAlias

import attrs
import PIL.Image

from visualcrop import Image, Sample
from visualcrop.plugin import Dataset, ImageSource, Problem, TargetBox, option

from .questions import QAPair, ask_question
from .scenes import Kind, Things, draw_scene, plan_scene
from .sentences import write_sentences

Split: TypeAlias = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")
SMALL: tuple[Kind, ...] = ("attribute", "relation", "count", "existence", "detail")
LONG_SIDES = {"1k": 1024, "2k": 2048, "4k": 4096, "8k": 8192}
# Bits of a scene's seed, from the highest: split, seed of the dataset, number, attempt.
_SEED_BITS, _NUMBER_BITS, _ATTEMPT_BITS = 16, 24, 4
_SPLIT_SHIFT = _SEED_BITS + _NUMBER_BITS + _ATTEMPT_BITS
SEEDS_END, NUMBERS_END, ATTEMPTS = 1 << _SEED_BITS, 1 << _NUMBER_BITS, 1 << _ATTEMPT_BITS
TRAIN_SEEDS_END = 1 << _SPLIT_SHIFT  # all seeds of scenes below this are in the train split
_draw_scene = lru_cache(1)(draw_scene)  # a question opens its scene several times


def scene_seed(split: Split, seed: int, number: int, attempt: int = 0) -> int:
    """The seed of one scene; no two splits share one."""
    within_split = ((seed << _NUMBER_BITS) + number << _ATTEMPT_BITS) + attempt
    return (SPLITS.index(split) << _SPLIT_SHIFT) + within_split


def split_of(scene: int) -> Split:
    """The split that a scene's seed belongs to."""
    return SPLITS[scene >> _SPLIT_SHIFT]


@attrs.frozen
class DrawnSource(ImageSource):
    """A picture that follows from the source's own fields, by which it is known."""

    @abstractmethod
    def draw(self) -> PIL.Image.Image:
        """The picture."""

    def open(self, max_bytes: int | None = None) -> Image:
        limit = {} if max_bytes is None else {"max_bytes": max_bytes}
        return Image.open(self.draw(), key=repr(self), **limit)

    def read(self) -> bytes:
        encoded = BytesIO()
        self.open().picture.save(encoded, "PNG", compress_level=1)
        return encoded.getvalue()

    def fingerprint(self) -> str:
        """A hash of the fields, so that nothing need be drawn."""
        return hashlib.blake2b(repr(self).encode(), digest_size=8).hexdigest()


@attrs.frozen
class SceneSource(DrawnSource):
    """A scene that is drawn when it is opened."""

    seed: int
    width: int
    height: int
    kind: Kind
    things: ClassVar[Things] = "relative"

    def draw(self) -> PIL.Image.Image:
        drawn = _draw_scene(self.seed, self.width, self.height, self.kind, self.things)
        return drawn.picture

    def size(self) -> tuple[int, int]:
        return self.width, self.height


@attrs.frozen
class AbsoluteSceneSource(SceneSource):
    """
    A scene whose things have as many pixels as in one of 2048.

    A class of its own, so that keys and fingerprints of other scenes stay what they were.
    """

    things: ClassVar[Things] = "absolute"


def below(limit: int) -> object:
    """A validator: from 0 up to, and without, the *limit*."""

    def check(_: object, attribute: attrs.Attribute[int], value: int) -> None:
        if not 0 <= value < limit:
            raise ValueError(f"{attribute.name} must be from 0 to {limit - 1}, not {value}")

    return check


@attrs.frozen
class Needles(Dataset):
    """Small things in large drawn scenes, for which the tiny models are trained and measured."""

    name = "needles"

    split: Split = option("test", help="no two splits share a scene; models are trained on train")
    seed: int = option(0, help="another seed draws other scenes", validator=below(SEEDS_END))
    count: int = option(100, help="how many questions", validator=below(NUMBERS_END))
    about: Literal["small", Kind] = option(
        "small", help="kind of question; small: every kind but large, in turn"
    )
    size: Literal["1k", "2k", "4k", "8k"] = option("2k", help="longer side of the scenes")
    things: Things = option(
        "relative",
        help="things that grow with scenes above 2k, or that have as many pixels as at 2k",
    )

    def read(self) -> Iterator[Sample | Problem]:
        for number in range(self.count):
            yield self._make_sample(number)

    def published(self) -> dict[str, int]:
        return {"samples": self.count, "images": self.count}

    def _make_sample(self, number: int) -> Sample | Problem:
        kind = SMALL[number % len(SMALL)] if self.about == "small" else self.about
        size = self.size if self.things == "relative" else f"{self.size}-{self.things}"
        id = f"{self.split}-{self.seed}-{size}-{kind}-{number}"
        scene = SceneSource if self.things == "relative" else AbsoluteSceneSource
        side = LONG_SIDES[self.size]
        for attempt in range(ATTEMPTS):
            seed = scene_seed(self.split, self.seed, number, attempt)
            source = scene(seed, *sample_sides(seed, side), kind)
            pair = _ask_about(source)
            if pair is not None:
                return _to_sample(id, source, pair)
        return Problem(id, "No scene that was tried allows a question of this kind.")


def _ask_about(source: SceneSource) -> QAPair | None:
    """The question about a scene, from its plan, so without drawing it."""
    plan = plan_scene(source.seed, source.width, source.height, source.kind, source.things)
    return ask_question(plan, Random(f"question {source.seed}"))  # noqa: S311 - scenes, not secrets


def sample_sides(seed: int, longer: int) -> tuple[int, int]:
    """Width and height: square, 4:3 or 3:4."""
    shorter = longer * 3 // 4
    shapes = (longer, longer), (longer, shorter), (shorter, longer)
    return Random(f"sides {seed}").choice(shapes)  # noqa: S311 - as above


def _to_sample(id: str, source: SceneSource, pair: QAPair) -> Sample:
    absent = pair.kind == "existence" and pair.answer == "No"
    boxes = [TargetBox(_name_without_answer(thing.name, pair), thing.box) for thing in pair.about]
    return Sample(
        id=id,
        source=source,
        text=pair.text,
        choices=pair.choices,
        answer=pair.choices.index(pair.answer),
        group=id,
        category=(pair.kind,),
        targets=() if absent else tuple(boxes),
        meta={"scene": source.seed},
        sentences=write_sentences(pair),
    )


def _name_without_answer(name: str, pair: QAPair) -> str:
    """The name if the question has it, else the shape alone: the colour may be the answer."""
    return name if name in pair.text else name.rpartition(" ")[2]
