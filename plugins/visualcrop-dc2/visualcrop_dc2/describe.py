"""The tree of captions over an image, from the smallest patches up, and the memory made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs
import numpy as np

from visualcrop import Box, Image

from .partition import Patch, average, cluster_patches, count_levels, count_nodes
from .prompts import PatchDescriber
from .visual_memory import VisualMemory


@attrs.define(eq=False)
class DescribedPatch:
    """A node of the tree with its caption and the objects that the caption names."""

    patch: Patch
    children: Sequence[DescribedPatch] = ()  # none of a leaf
    caption: str = ""
    objects: tuple[str, ...] = ()  # empty until they are listed


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
        if not self.count_levels(image.box, depth):
            return
        levels = self._divide(Patch.at(image, (image.box,)), self.count_levels(image.box, depth))
        shown = [[node for node in level if not node.patch.is_black] for level in levels]
        self.describer.expect(sum(map(len, shown)))
        try:
            for level in reversed(shown):
                self._describe(level)
        finally:
            self._remember(levels[0][0])

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

    def _divide(self, root: Patch, depth: int) -> list[list[DescribedPatch]]:
        """The nodes of each level, the root first: all of a level are of one size."""
        levels = [[DescribedPatch(root)]]
        for _ in range(depth):
            parents = levels[-1]
            quarters = [node.patch.quarters(first_only=self.authors) for node in parents]
            for parent, patches in zip(parents, self._merge(quarters), strict=True):
                parent.children = [DescribedPatch(patch) for patch in patches]
            levels.append([child for parent in parents for child in parent.children])
        return levels

    def _merge(self, groups: Sequence[Sequence[Patch]]) -> Iterator[Sequence[Patch]]:
        """The four quarters of each parent, those that look alike averaged into one patch."""
        if not self.theta:
            yield from groups
            return
        model = self.describer.model
        model.at("merge").expect(model.affordable(4 * len(groups)))
        for batch in self.describer.affordable_batches(groups, 4):
            views = [quarter.view for quarters in batch for quarter in quarters]
            features = self.describer.extract_features(views, self.layer)
            for quarters, own in zip(batch, np.split(features, len(batch)), strict=True):
                clusters = cluster_patches(own, self.theta)
                yield [average([quarters[index] for index in cluster]) for cluster in clusters]

    def _describe(self, nodes: Sequence[DescribedPatch]) -> None:
        """Caption *nodes* of one level, whose children are described, and list their objects."""
        for batch in self.describer.affordable_batches(nodes, 2):
            captions = self._caption(batch)
            self.described += len(batch)
            lists = self.describer.list_objects(captions)
            for node, caption, objects in zip(batch, captions, lists, strict=True):
                node.caption, node.objects = caption, objects
                if not node.children:
                    self.leaves.append(node)

    def _caption(self, nodes: Sequence[DescribedPatch]) -> list[str]:
        views = [node.patch.view for node in nodes]
        if not nodes[0].children:
            return self.describer.caption(views)
        parts = [[child.caption for child in node.children] for node in nodes]
        return self.describer.refine_captions(views, parts)

    def _remember(self, parent: DescribedPatch) -> None:
        """
        Below *parent*, an object of one child lies there, of several in all of their parent.

        One of no child lies nowhere. Children come before their parents, and parts in their order.
        """
        for child in parent.children:
            self._remember(child)
        for name in parent.objects:
            owners = [child for child in parent.children if name in child.objects]
            if owners:
                here = parent.patch.places[:1] if self.authors else parent.patch.places
                self.memory.add(name, owners[0].patch.places if len(owners) == 1 else here)
