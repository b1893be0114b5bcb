"""Prompts for OneVision's layout: one picture, or several as two of the composers have them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from random import Random

import numpy as np

from visualcrop import Box, BudgetedModel, Finding, Image, Ledger, Question, Target, View
from visualcrop.plugin import AnswerComposer, Registry, TargetExtractor

from ..questions import QUESTIONS, Asked, Sense
from ..scenes import KINDS, Scene, Thing, draw
from ..speech.rehearsal import Listener, rehearsed
from .choosing import crop, roi
from .keeping import Sheet, keep
from .labour import shared
from .sheets import among, in_sight, processor, single

_KINDS = (*KINDS, "relation", "count", "detail")
_SINGLES, _COMPOSED = 4, 4
_COMPOSERS = ("interleaved", "text-boxes")  # in turn
_WRONG = 0.15  # of the findings lie somewhere else


def gather(folder: Path, scenes: int, seed: int, processes: int = 2) -> list[Sheet]:
    """Draw *scenes* scenes from *seed* on and keep sheets of all of them."""
    made = shared(_gathered, range(seed, seed + scenes), processes)
    sheets = [sheet for some in made for sheet in some]
    keep(folder, sheets)
    return sheets


def _gathered(seed: int) -> list[Sheet]:
    rng, chance = np.random.default_rng([seed, 2]), Random(seed)  # noqa: S311 - no secrets
    side = int(rng.choice((1024, 1536, 2048, 2048)))
    size = (side, side) if rng.random() < 0.7 else (side, side * 3 // 4)
    scene = draw(seed, *size, _KINDS[seed % len(_KINDS)])
    boxes = [Box(0, 0, *size)]
    boxes += [crop(scene, rng, lead=number < 2) for number in range(_SINGLES - 1)]
    return [_alone(scene, box) for box in boxes] + list(_composed(scene, rng, chance))


def _alone(scene: Scene, box: Box) -> Sheet:
    sightings = tuple(in_sight(scene.things, Box(*box.whole_pixels())))
    return Sheet((0,), (single(scene, box, processor()),), sightings)


def _composed(scene: Scene, rng: np.random.Generator, chance: Random) -> Iterator[Sheet]:
    """The composers' prompts for questions whose targets have been found."""
    sense, (extractor, *composers) = Sense(scene.things), _tools()
    for composer in islice(cycle(composers), _COMPOSED):
        asked = QUESTIONS[chance.choice(list(QUESTIONS))](sense, chance)
        if asked is None or not asked.about:
            continue
        question = Question(asked.text, Image(scene.picture))
        ledger = BudgetedModel(Listener(), Ledger())
        findings = [
            Finding(target, box)
            for target in extractor.extract(question, ledger)
            for box in _boxes(scene, target, asked, rng)
        ]
        parts = rehearsed(composer, question, findings).parts[:-1]
        pictures = [part for part in parts if isinstance(part, View)]
        if len(pictures) < 2:
            continue
        numbered = iter(range(len(pictures)))
        yield Sheet(
            tuple(next(numbered) if isinstance(part, View) else part for part in parts),
            tuple(among(scene, view.box, view.image.picture) for view in pictures),
            (),
            (asked,),
        )


def _boxes(scene: Scene, target: Target, asked: Asked, rng: np.random.Generator) -> list[Box]:
    """Where a search finds the target: mostly where it is."""
    mine = [t for t in asked.about if target.every or t.shape in target.text] or [*asked.about[:1]]
    if rng.random() < _WRONG:
        x, y = (rng.uniform(0, side) for side in scene.picture.size)
        elsewhere = Thing("", "", Box(x, y, x + 1, y + 1))
        mine = [elsewhere] if not target.every else mine[:-1]
    return [roi(scene, rng, thing) for thing in (mine if target.every else mine[:1])]


@cache
def _tools() -> tuple[TargetExtractor, *tuple[AnswerComposer, ...]]:
    build = Registry.load().build
    return build(TargetExtractor, "rules"), *(build(AnswerComposer, name) for name in _COMPOSERS)
