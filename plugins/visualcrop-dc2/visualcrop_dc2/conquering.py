"""Divide the image, describe the pieces, combine what was said: the visual memory."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from visualcrop import Box, Image

from .asking import Asker
from .dividing import Patch, alike, levels, nodes, over
from .memory import Memory


@attrs.frozen
class Described:
    """A node and what is said of it."""

    patch: Patch
    caption: str = ""
    objects: tuple[str, ...] = ()


@attrs.define
class Tree:
    """One image being described, from the smallest patches up."""

    asker: Asker
    leaf: float  # shortest half of a side that is still divided
    theta: float
    layer: int
    authors: bool  # below a union, its first member stands for all
    memory: Memory = attrs.field(factory=Memory)
    leaves: list[Described] = attrs.field(factory=list)
    described: int = 0  # patches that were put into words: what FOCUS's authors count

    def build(self, image: Image, depth: int) -> None:
        """Fill the memory; what it holds stands, even if the budget stops this halfway."""
        if self.levels(image.box, depth):
            self._visit(Patch.at(image, (image.box,)), depth)

    def levels(self, box: Box, most: int) -> int:
        """How often *box* is divided, at most *most* times."""
        return levels(box, self.leaf, most)

    def affordable(self, depth: int, more: int) -> int:
        """The depth up to *depth* for which the budget has the passes, with some *more* after."""
        for less in range(depth, 0, -1):
            price = self.price(less) + more
            if self.asker.model.affordable(price) == price:
                return less
        return 0

    def price(self, depth: int) -> int:
        """Most passes that a tree of *depth* levels may take."""
        return 2 * nodes(depth) + (4 * nodes(depth - 1) if self.theta else 0)

    def _visit(self, patch: Patch, depth: int) -> Described:
        if not self.levels(patch.view.box, depth):
            return self._leaf(patch)
        quarters = patch.quarters(forget=self.authors)
        children = [self._visit(child, depth - 1) for child in self._merged(quarters)]
        if patch.black:
            return Described(patch)
        caption = self.asker.refined(patch.view, [child.caption for child in children])
        described = self._listed(patch, caption)
        self._combine(described, children)
        return described

    def _leaf(self, patch: Patch) -> Described:
        if patch.black:
            return Described(patch)
        described = self._listed(patch, self.asker.caption(patch.view))
        self.leaves.append(described)
        return described

    def _listed(self, patch: Patch, caption: str) -> Described:
        self.described += 1
        return Described(patch, caption, self.asker.objects(caption))

    def _merged(self, quarters: Sequence[Patch]) -> Sequence[Patch]:
        if not self.theta:
            return quarters
        features = self.asker.features([quarter.view for quarter in quarters], self.layer)
        clusters = [[quarters[i] for i in cluster] for cluster in alike(features, self.theta)]
        return [over(cluster) for cluster in clusters]

    def _combine(self, parent: Described, children: Sequence[Described]) -> None:
        """An object of one child lies there, of several in all of *parent*, of none nowhere."""
        for name in parent.objects:
            owners = [child for child in children if name in child.objects]
            if owners:
                here = parent.patch.places[:1] if self.authors else parent.patch.places
                self.memory.note(name, owners[0].patch.places if len(owners) == 1 else here)
