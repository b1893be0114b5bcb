"""Boxes around the text of the image, in the order of the map."""

from __future__ import annotations

import attrs
import numpy as np

from visualcrop import Anchors, Box, Proposal, RelevanceMap
from visualcrop.plugin import ProposalGenerator, at_least, option

from .finding import Line, cut_tiles, find_lines, read_line

_MOST_READ = 4  # lines that are read for each box that may be proposed


@attrs.frozen
class Ocr(ProposalGenerator):
    """
    Boxes around lines of text, by the map's mean in them. No pass: networks of its own run.

    The image is read at its own size, tile by tile, and each tile once: the time is in the number
    of tiles, not of targets. A map that was made by hand knows no image, and has no text.
    """

    name = "ocr"

    tiles: int = option(
        80,
        help="most tiles of 1024 pixels on a side to read, those of the highest scores; 8K has 54",
        validator=at_least(1),
    )
    margin: float = option(
        1.0, help="space around a line of text, in heights of it", validator=at_least(0)
    )
    k: int = option(30, help="most boxes to propose", validator=at_least(1))
    otherwise: ProposalGenerator | None = option(
        Anchors(), help="which boxes where no text is found; none proposes none"
    )

    def propose(self, relevance: RelevanceMap) -> tuple[Proposal, ...]:
        found = tuple(self._find(relevance)) if relevance.has_image else ()
        if not found and self.otherwise is not None:
            return self.otherwise.propose(relevance)
        return found[: self.k]

    def _find(self, relevance: RelevanceMap) -> list[Proposal]:
        """A box for each line that can be read, with its margin; the best come first."""
        image, whole = relevance.image, relevance.grid.box
        *parts, last = cut_tiles(image.rectangle(whole))
        parts.sort(key=lambda tile: -mean_score(relevance, tile.box))
        boxes: dict[Box, Line] = {}
        for line in find_lines(image, [*parts[: self.tiles - 1], last]):
            wider = line.box.expanded(self.margin * line.height).common(whole)
            if wider is not None:
                boxes.setdefault(wider, line)
        scored = [Proposal(box, mean_score(relevance, box)) for box in boxes]
        scored.sort(key=lambda proposal: -proposal.score)
        likely = scored[: _MOST_READ * self.k]
        return [each for each in likely if read_line(image, boxes[each.box]) is not None]


def mean_score(relevance: RelevanceMap, box: Box) -> float:
    """The map's mean in *box*: each cell counts by its area there."""
    shares = []
    for edges, low, high in (
        (relevance.grid.ys, box.top, box.bottom),
        (relevance.grid.xs, box.left, box.right),
    ):
        inside = np.diff(np.clip(edges, low, high))
        shares.append(inside / (inside.sum() or 1.0))
    return float(shares[0] @ relevance.scores.astype(np.float64) @ shares[1])
