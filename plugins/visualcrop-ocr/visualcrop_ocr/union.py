"""Boxes of several generators in one list."""

from __future__ import annotations

from itertools import chain, zip_longest

import attrs

from visualcrop import Anchors, Box, Proposal, RelevanceMap
from visualcrop.plugin import ProposalGenerator, between, option

from .proposals import Ocr


@attrs.frozen
class Union(ProposalGenerator):
    """
    The first box of each generator, then the second of each, and so on. No pass.

    Scores of two generators need not compare, so that each box is scored by its place in the list.
    """

    name = "union"

    proposals: tuple[ProposalGenerator, ...] = option(
        (Anchors(), Ocr()), help="generators, in the order of their turns"
    )
    nms: float = option(
        0.5, help="largest overlap (IoU) with a box before it", validator=between(0, 1)
    )

    def __attrs_post_init__(self) -> None:
        if not self.proposals:
            raise ValueError("proposals must name one generator at least")

    def propose(self, relevance: RelevanceMap) -> tuple[Proposal, ...]:
        turns = zip_longest(*(each.propose(relevance) for each in self.proposals))
        kept: list[Box] = []
        for proposal in chain.from_iterable(turns):
            if proposal and not any(overlap(proposal.box, box) > self.nms for box in kept):
                kept.append(proposal.box)
        return tuple(Proposal(box, 1 / place) for place, box in enumerate(kept, 1))


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    common = one.common(other)
    return common.area / (one.area + other.area - common.area) if common else 0.0
