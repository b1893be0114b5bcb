"""Sizes of images and of target boxes: Table 8 and Fig. 1 of the paper."""

from __future__ import annotations

from collections import Counter

import attrs

from ..errors import VisualcropError
from .base import Dataset, Problem, Sample
from .write_common import Advance


@attrs.define
class Measures:
    """Sums over a dataset; means are taken over distinct images."""

    samples: int = 0
    images: int = 0
    width: float = 0.0  # mean, in pixels
    height: float = 0.0
    chance: float | None = None  # accuracy of guessing, over samples with options
    options: Counter[int] = attrs.field(factory=Counter)  # number of options: number of samples
    categories: Counter[str] = attrs.field(factory=Counter)
    shares: list[float] = attrs.field(factory=list)  # target area / image area, for each target
    problems: list[Problem] = attrs.field(factory=list)

    def share_quantile(self, q: float) -> float | None:
        """The *q* quantile of `shares`, with q from 0 to 1; none without targets."""
        ranked = sorted(self.shares)
        return ranked[min(len(ranked) - 1, int(q * len(ranked)))] if ranked else None


def measure(dataset: Dataset, advance: Advance) -> Measures:
    """Read all rows, and the size of each image from its header."""
    made, sizes = Measures(), dict[str, tuple[int, int]]()
    for row in dataset.read():
        if isinstance(row, Problem):
            made.problems.append(row)
        else:
            _add(made, row, sizes)
        advance(row)
    made.images = len(sizes)
    if sizes:
        made.width, made.height = (
            sum(side) / len(sizes) for side in zip(*sizes.values(), strict=True)
        )
    if guesses := sum(made.options.values()):
        made.chance = sum(count / n for n, count in made.options.items()) / guesses
    return made


def _add(made: Measures, sample: Sample, sizes: dict[str, tuple[int, int]]) -> None:
    made.samples += 1
    made.categories.update(sample.category)
    if sample.choices:
        made.options[len(sample.choices)] += 1
    group = sample.group or sample.id
    try:
        width, height = sizes[group] = sizes.get(group) or sample.source.size()
    except VisualcropError as exc:
        made.problems.append(Problem(sample.id, str(exc), "kept"))
    else:
        made.shares += [target.box.area / (width * height) for target in sample.targets]
