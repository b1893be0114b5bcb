"""Windows over the whole map, ranked by their mean."""

from __future__ import annotations

import attrs

from ..interfaces import ProposalGenerator
from ..strategy.base import at_least, option
from ..values import Proposal, RelevanceMap
from .anchors import Means, Region, non_maximum_suppression


@attrs.frozen
class Sliding(ProposalGenerator):
    """Slide a window over the map and rank the places by mean relevance. No pass."""

    name = "sliding"

    size: int = option(5, help="cells on a side of the window", validator=at_least(1))
    stride: int = option(1, help="cells from one place to the next", validator=at_least(1))
    k: int = option(30, help="most boxes to propose", validator=at_least(1))
    nms: float = option(0.3, help="largest overlap (IoU) with a better box", validator=at_least(0))

    def propose(self, relevance: RelevanceMap) -> tuple[Proposal, ...]:
        means, shape = Means(relevance.scores), relevance.scores.shape
        first = (self.size - 1) // 2  # a window's centre when it starts at the edge
        ends = [first + max(0, n - self.size) + self.stride for n in shape]
        centres = [range(first, end, self.stride) for end in ends]
        places = {Region.around(r, c, self.size, shape) for r in centres[0] for c in centres[1]}
        ordered = sorted(places, key=lambda p: (p.top, p.left))
        regions = (attrs.evolve(place, score=means.of(place)) for place in ordered)
        return non_maximum_suppression(regions, relevance, self.nms, self.k)
