"""The paper's algorithm for anchors, cell by cell: an oracle."""

from __future__ import annotations

import math

import numpy as np

from visualcrop import Proposal, RelevanceMap
from visualcrop.proposals.anchors import Anchors


def by_hand(anchors: Anchors, found: RelevanceMap) -> list[Proposal]:
    """Top k apart, grow each, leave out what overlaps a better one."""
    scores, kept = found.scores.astype(float), list[Proposal]()
    starts: list[tuple[int, ...]] = []
    for cell in sorted(np.ndindex(*scores.shape), key=lambda cell: -scores[cell]):
        if len(starts) < anchors.k and all(math.dist(cell, s) >= anchors.s_dist for s in starts):
            starts.append(cell)
    for start in starts:
        best = _about(start, anchors.s_min, scores.shape)
        for size in range(anchors.s_min + 2, int(anchors.s_max) + 1, 2):
            wider = _about(start, size, scores.shape)
            if wider == best or scores[wider].mean() < anchors.threshold * scores[start]:
                break
            best = wider
        (top, bottom), (left, right) = ((s.start, s.stop) for s in best)
        box = found.grid.cells(top, left, bottom, right)
        if all(box.overlap(p.box) <= anchors.nms and box != p.box for p in kept):
            kept.append(Proposal(box, float(scores[start])))
    return kept


def _about(start: tuple[int, ...], size: int, shape: tuple[int, ...]) -> tuple[slice, ...]:
    sides = [min(size, n) for n in shape]
    ends = zip(start, sides, shape, strict=True)
    firsts = [min(max(0, at - size // 2), n - side) for at, side, n in ends]
    return tuple(slice(f, f + side) for f, side in zip(firsts, sides, strict=True))
