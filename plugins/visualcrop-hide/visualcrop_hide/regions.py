"""From a map to boxes: each connected region of high cells."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import Proposal, RelevanceMap
from visualcrop.plugin import ProposalGenerator, between, option


@attrs.frozen
class Regions(ProposalGenerator):
    """A box around each 8-connected region of high cells (HiDe). No pass."""

    name = "regions"

    threshold: float = option(
        0.7,
        help="least score of a cell, where the map's lowest is 0 and its highest 1",
        validator=between(0, 1),
    )

    def propose(self, relevance: RelevanceMap) -> tuple[Proposal, ...]:
        """One box at least: all of a map whose cells are equal."""
        from scipy import ndimage

        scores = scale_scores(relevance)
        labels, count = ndimage.label(scores >= self.threshold, np.ones((3, 3)))
        sums = ndimage.sum_labels(scores, labels, range(1, count + 1))
        found = []
        for (rows, columns), score in zip(ndimage.find_objects(labels), sums, strict=True):
            box = relevance.grid.cells(rows.start, columns.start, rows.stop, columns.stop)
            found.append(Proposal(box, float(score)))
        return tuple(sorted(found, key=lambda proposal: -proposal.score))


def scale_scores(relevance: RelevanceMap) -> npt.NDArray[np.float64]:
    """The scores from 0 to 1; of a flat map, 1 everywhere."""
    scores = relevance.scores.astype(np.float64)
    spread = scores.max() - scores.min()
    return (scores - scores.min()) / spread if spread > 0 else np.ones_like(scores)
