"""The tree of captions over an image, from the smallest patches up, and the memory made of it."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from visualcrop import Box, Image

from .partition import Patch, average, cluster_patches, count_levels, count_nodes
from .prompts import PatchDescriber
from .visual_memory import VisualMemory


@attrs.frozen
class DescribedPatch:
    """A node of the tree with its caption and the objects that the caption names."""

    patch: Patch
    caption: str = ""
    objects: tuple[str, ...] = ()


@attrs.define
class CaptionTree:
    """The description of one image; what is there outlives the end of the budget."""

    describer: PatchDescriber
    leaf: float  # shortest side of a quarter, in pixels
    theta: float  # cosine distance up to which quarters are averaged; 0 averages none
    layer: int  # decoder layer whose values are compared for that
    authors: bool  # below an average, its first member stands for all
    memory: VisualMemory = attrs.field(factory=VisualMemory)
    leaves: list[DescribedPatch] = attrs.field(factory=list)
    described: int = 0  # patches with a caption: what FOCUS's authors count

    def build(self, image: Image, depth: int) -> None:
        """Fill the memory; what it holds stays, even if the budget ends halfway."""
        if self.count_levels(image.box, depth):
            self._visit(Patch.at(image, (image.box,)), depth)

    def count_levels(self, box: Box, most: int) -> int:
        """How often *box* is divided, at most *most* times."""
        return count_levels(box, self.leaf, most)

    def affordable_depth(self, depth: int, more: int) -> int:
        """The greatest depth up to *depth* that leaves the budget *more* passes for the queries."""
        for less in range(depth, 0, -1):
            price = self.max_passes(less) + more
            if self.describer.model.affordable(price) == price:
                return less
        return 0

    def max_passes(self, depth: int) -> int:
        """Most passes that a tree of *depth* levels may take."""
        return 2 * count_nodes(depth) + (4 * count_nodes(depth - 1) if self.theta else 0)

    def _visit(self, patch: Patch, depth: int) -> DescribedPatch:
        if not self.count_levels(patch.view.box, depth):
            return self._describe_leaf(patch)
        quarters = patch.quarters(first_only=self.authors)
        children = [self._visit(child, depth - 1) for child in self._merge(quarters)]
        if patch.is_black:
            return DescribedPatch(patch)
        caption = self.describer.refine_caption(patch.view, [child.caption for child in children])
        described = self._list_objects(patch, caption)
        self._remember(described, children)
        return described

    def _describe_leaf(self, patch: Patch) -> DescribedPatch:
        if patch.is_black:
            return DescribedPatch(patch)
        described = self._list_objects(patch, self.describer.caption(patch.view))
        self.leaves.append(described)
        return described

    def _list_objects(self, patch: Patch, caption: str) -> DescribedPatch:
        self.described += 1
        return DescribedPatch(patch, caption, self.describer.list_objects(caption))

    def _merge(self, quarters: Sequence[Patch]) -> Sequence[Patch]:
        """Quarters, those that look alike averaged into one patch."""
        if not self.theta:
            return quarters
        views = [quarter.view for quarter in quarters]
        clusters = cluster_patches(self.describer.extract_features(views, self.layer), self.theta)
        return [average([quarters[index] for index in cluster]) for cluster in clusters]

    def _remember(self, parent: DescribedPatch, children: Sequence[DescribedPatch]) -> None:
        """An object of one child lies there, of several in all of *parent*, of none nowhere."""
        for name in parent.objects:
            owners = [child for child in children if name in child.objects]
            if owners:
                here = parent.patch.places[:1] if self.authors else parent.patch.places
                self.memory.add(name, owners[0].patch.places if len(owners) == 1 else here)
