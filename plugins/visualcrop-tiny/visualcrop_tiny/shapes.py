"""Shapes: questions about small shapes in large drawn scenes, with their boxes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from random import Random
from typing import ClassVar, Literal

import attrs
import PIL.Image

from visualcrop import Sample
from visualcrop.plugin import Problem, TargetBox, option

from .drawn import LONG_SIDES, DrawnDataset, DrawnSource, sample_sides
from .questions import QAPair, ask_question
from .scenes import Kind, Things, draw_scene, plan_scene
from .sentences import write_sentences

SMALL: tuple[Kind, ...] = ("attribute", "relation", "count", "existence", "detail")
_draw_scene = lru_cache(1)(draw_scene)  # a question opens its scene several times


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


@attrs.frozen
class Shapes(DrawnDataset):
    """Small things in large drawn scenes, for which `tiny-shapes` is trained and measured."""

    name = "shapes"

    about: Literal["small", Kind] = option(
        "small", help="kind of question; small: every kind but large, in turn"
    )

    def read(self) -> Iterator[Sample | Problem]:
        for number in range(self.count):
            yield self._make_sample(number)

    def _make_sample(self, number: int) -> Sample | Problem:
        kind = SMALL[number % len(SMALL)] if self.about == "small" else self.about
        id = self._make_id(kind, number)
        scene = SceneSource if self.things == "relative" else AbsoluteSceneSource
        for seed in self._list_seeds(number):
            source = scene(seed, *sample_sides(seed, LONG_SIDES[self.size]), kind)
            pair = _ask_about(source)
            if pair is not None:
                return _to_sample(id, source, pair)
        return Problem(id, "No scene that was tried allows a question of this kind.")


def _ask_about(source: SceneSource) -> QAPair | None:
    """The question about a scene, from its plan, so without drawing it."""
    plan = plan_scene(source.seed, source.width, source.height, source.kind, source.things)
    return ask_question(plan, Random(f"question {source.seed}"))  # noqa: S311 - scenes, not secrets


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
