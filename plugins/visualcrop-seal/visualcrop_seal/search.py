"""
The guided search of V*, without a model: a best-first walk over parts of an image.

A part is looked at. If the thing is not in it, the part is cut in four, and the walk goes on where
the heat of all parts above promises most.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from itertools import count, pairwise
from typing import Protocol

import attrs

from visualcrop import Box, Proposal, RelevanceMap

from .heat import Guide


@attrs.frozen
class Sighting:
    """What one look at a part gives: boxes with a score from 0 to 1, and the target's heat."""

    boxes: tuple[Proposal, ...]
    heat: RelevanceMap


class Eye(Protocol):
    """Whom the search asks about a part of the image."""

    def detect(self, box: Box) -> Sighting:
        """The target's boxes and its heat."""

    def describe(self, box: Box) -> str:
        """Words for the place where the target is most likely to be."""

    def context(self, box: Box, place: str) -> RelevanceMap:
        """The heat of that place."""


@attrs.frozen
class Rules:
    """When the search believes, when it trusts a cue, and what it cuts no further."""

    high: float = 0.5  # score above which the target is found
    cue: float = 6.0  # least peak of the target's heat, for the whole image
    decay: float = 0.7  # of that, from level to level
    cue_minimum: float = 3.0
    smallest: float = 224  # side of a part, in pixels, that is not cut

    def trusts(self, heat: RelevanceMap, level: int) -> bool:
        """Whether the target's own heat is clear enough to lead on."""
        least = max(self.cue_minimum, self.cue * self.decay ** (level - 1))
        return bool(heat.scores.max() > least)


@attrs.frozen
class Part:
    """A part of the image, and the heat of all that it was cut from, the whole image first."""

    box: Box
    above: tuple[Guide, ...] = attrs.field(default=(), repr=False)

    @property
    def level(self) -> int:
        """One for the whole image."""
        return len(self.above) + 1

    @property
    def promise(self) -> float:
        """Share of each heat above that lies in it; what is nearer counts a quarter of the next."""
        shares = (guide.share(self.box) / 4**level for level, guide in enumerate(self.above, 1))
        return math.fsum(shares)


@attrs.frozen
class Visit:
    """A part that was looked at, and what was seen."""

    part: Part
    seen: Sighting

    @property
    def best(self) -> Proposal:
        """The surest box; where there is none, the part itself at no score."""
        return max(self.seen.boxes, key=lambda p: p.score, default=Proposal(self.part.box, 0.0))


def walk(whole: Box, eye: Eye, rules: Rules) -> Iterator[Visit]:
    """Look at part after part until one shows the target, or none is left."""
    queue = [(0.0, 0, Part(whole))]
    order = count(1)  # of two that promise the same, the first comes first
    while queue:
        _, _, part = heapq.heappop(queue)
        visit = Visit(part, eye.detect(part.box))
        yield visit
        if visit.best.score > rules.high:
            return
        if min(part.box.width, part.box.height) > rules.smallest:
            above = (*part.above, _guide(visit, eye, rules))
            for box in quarters(part.box):
                child = Part(box, above)
                heapq.heappush(queue, (-child.promise, next(order), child))


def _guide(visit: Visit, eye: Eye, rules: Rules) -> Guide:
    """The target's heat where it is clear, else that of the place where the target is likely."""
    heat, box = visit.seen.heat, visit.part.box
    if not rules.trusts(heat, visit.part.level):
        heat = eye.context(box, eye.describe(box))
    return Guide.of(heat)


def quarters(box: Box) -> list[Box]:
    """Two by two, or four in a row along a side twice as long; the last take what is left over."""
    across, down = (1, 4) if box.height >= 2 * box.width else (2, 2)
    across, down = (4, 1) if 2 * box.height <= box.width else (across, down)
    width, height = box.width // across, box.height // down
    xs = [*(box.left + i * width for i in range(across)), box.right]
    ys = [*(box.top + i * height for i in range(down)), box.bottom]
    return [
        Box(left, top, right, bottom)
        for top, bottom in pairwise(ys)
        for left, right in pairwise(xs)
    ]


def best_of(visits: Sequence[Visit], rules: Rules, overlap: float = 1.0) -> tuple[Proposal, ...]:
    """The surest box of all; if the first look found the target, every box that is sure enough."""
    if not visits:
        return ()
    best = max((visit.best for visit in visits), key=lambda proposal: proposal.score)
    if len(visits) > 1 or best.score <= rules.high:
        return (best,)
    sure = [proposal for proposal in visits[0].seen.boxes if proposal.score > rules.high]
    kept: list[Proposal] = []
    for proposal in sorted(sure, key=lambda p: -p.score):
        if all(proposal.box.overlap(other.box) <= overlap for other in kept):
            kept.append(proposal)
    return tuple(kept)
