"""What V*'s search model says, and what its words point at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from visualcrop import Box, Proposal, Reply

if TYPE_CHECKING:
    from torch import Tensor

_MOST = 100  # boxes that are kept of 2,304


@attrs.frozen
class Located(Reply):
    """A reply with a place in it. Boxes and logits lie over the view, however it is shaped."""

    boxes: Tensor = attrs.field(kw_only=True, eq=False, repr=False)  # n x 4: centres, sizes, 0 to 1
    scores: Tensor = attrs.field(kw_only=True, eq=False, repr=False)  # n, 0 to 1
    logits: Tensor = attrs.field(kw_only=True, eq=False, repr=False)  # rows x columns of the mask

    def proposals(self, view: Box) -> tuple[Proposal, ...]:
        """The surest boxes, best first, in pixels of the image."""
        scores, order = self.scores.sort(descending=True, stable=True)
        found = zip(self.boxes[order[:_MOST]].tolist(), scores[:_MOST].tolist(), strict=True)
        return tuple(Proposal(_box(box, view), score) for box, score in found)


def _box(relative: list[float], view: Box) -> Box:
    across, down, width, height = relative
    width, height = max(width, 1e-6) * view.width, max(height, 1e-6) * view.height
    left = view.left + across * view.width - width / 2
    top = view.top + down * view.height - height / 2
    return Box(left, top, left + width, top + height)
