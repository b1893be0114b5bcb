"""Whether maps point at the target, and whether the model knows it when it sees it."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from visualcrop import Box, Image, Sample, Target, View, VisualSearch, errors
from visualcrop.plugin import ProposalGenerator, Registry, RelevanceSource, TargetBox

from ..needles import SceneSource
from ..scenes import plan
from .methods import box_about, budgeted

MAPS = ("vv", "kk-norope", "random")
_FIRST = 8


def sources() -> Mapping[str, RelevanceSource]:
    """The maps that are compared."""
    registry = Registry.load()
    try:
        return {name: registry.build(RelevanceSource, name) for name in MAPS}
    except errors.UnknownStrategyError as exc:
        raise errors.UnknownStrategyError(
            f"{exc} What is compared comes with: pip install visualcrop-tiny[measure]"
        ) from None


def pointed(
    search: VisualSearch,
    source: RelevanceSource,
    boxes: ProposalGenerator,
    target: TargetBox,
    image: Image,
) -> tuple[bool, bool]:
    """Whether the first box, and whether one of the first eight, holds half of the target."""
    found = source.map(View.whole(image), Target(target.name), budgeted(search.model))
    hits = [_held(p.box, target.box) for p in boxes.propose(found)[:_FIRST]]
    return hits[0], any(hits)


def _held(box: Box, target: Box) -> bool:
    common = box.common(target)
    return common is not None and common.area >= target.area / 2


def confidences(
    search: VisualSearch, sample: Sample, image: Image, others: list[Box]
) -> tuple[float, list[float]]:
    """How sure the model is of the target in a crop of it, and in crops of *others*."""
    target, searcher = sample.targets[0], search.searcher
    views = [View(image, box_about(box, image)) for box in (target.box, *others)]
    sure = searcher.verification.verify(views, Target(target.name), budgeted(search.model))  # type: ignore[attr-defined]
    return sure[0], list(sure[1:])


def elsewhere(image: Image, target: Box, rng: Random, count: int = 2) -> list[Box]:
    """Places whose crop shows nothing of the target."""
    found: list[Box] = []
    for _ in range(100):
        x, y = rng.uniform(0, image.width - 1), rng.uniform(0, image.height - 1)
        box = Box(x, y, x + 1, y + 1)
        if len(found) < count and not box_about(box, image).common(target):
            found.append(box)
    return found


def other_things(sample: Sample, image: Image, target: TargetBox, count: int = 2) -> list[Box]:
    """Things of the same scene whose crop shows nothing of the target."""
    source = sample.source
    if not isinstance(source, SceneSource):
        return []
    boxes = [thing.box for thing in plan(source.seed, *source.size(), source.kind).things]
    return [box for box in boxes if not box_about(box, image).common(target.box)][:count]


def area(positive: list[float], negative: list[float]) -> float:
    """Area under the curve: how often a positive is surer than a negative."""
    pairs = [(p > n) + 0.5 * (p == n) for p in positive for n in negative]
    return sum(pairs) / max(1, len(pairs))
