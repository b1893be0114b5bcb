"""Where to look next, and when to stop: ZoomEye's two searches over any source of confidences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Protocol

import attrs

from visualcrop import errors

from .schedule import Schedule
from .tree import Node


class Eyes(Protocol):
    """Whoever knows how sure the model is of a node, from -1 to 1."""

    def answering(self, node: Node) -> float:
        """That it can answer from it."""

    def existence(self, node: Node) -> float:
        """That what is looked for is in it."""

    def promise(self, nodes: Sequence[Node], *, latent: bool) -> Sequence[tuple[float, float]]:
        """That it is in each, and, where *latent* is wanted, that zooming in may show it."""


@attrs.define(eq=False)
class Search:
    """One thing (type 1), the most promising node first. What is known outlives a stop."""

    eyes: Eyes
    schedule: Schedule
    depth: int  # nodes as deep as this are not cut
    bias: float  # weight of existence against latent confidence at the root
    to_bottom: bool = False  # do not stop before a node that is not cut was asked about
    skip_root: bool = False  # do not ask whether the root is enough
    authors: bool = False
    popped: list[Node] = attrs.field(factory=list, init=False)
    sure: dict[Node, float] = attrs.field(factory=dict, init=False)  # of the popped, if asked
    accepted: list[Node] = attrs.field(factory=list, init=False)
    priority: dict[Node, float] = attrs.field(factory=dict, init=False)  # of all that were queued
    refused: bool = attrs.field(default=False, init=False)  # passes that it would have needed
    _bottom: bool = attrs.field(default=False, init=False)

    def run(self, root: Node) -> None:
        """Search until something is good enough, or until nothing will be."""
        try:
            self._run(root)
        except errors.BudgetExceededError:
            self.refused = True
        if self.refused and not self.accepted:
            self._accept(self.schedule.lower)

    def _run(self, root: Node) -> None:
        queue, fall = [root], self.schedule.start(self.depth, authors=self.authors)
        while queue:
            node = queue.pop(0)
            hit = self._sure(node) >= fall.threshold
            late = len(self.popped) >= fall.limit
            if hit:
                self.accepted.append(node)
                if not self.to_bottom or self._bottom or (late and not self.authors):
                    return
            elif late and self._settled(fall.lower()):
                return
            if not self._opened(node, queue):
                self._bottom = True
                if self.to_bottom and self.accepted:
                    return

    @property
    def chosen(self) -> Node | None:
        """The deepest node that was good enough, the first of several."""
        return max(self.accepted, key=lambda node: node.depth, default=None)

    @property
    def zooms(self) -> tuple[int, int]:
        """How often the next node was deeper than the last, and how often less deep."""
        steps = [after.depth - before.depth for before, after in pairwise(self.popped)]
        return sum(step > 0 for step in steps), sum(step < 0 for step in steps)

    def _sure(self, node: Node) -> float:
        if not (self.skip_root and node.depth == 0):
            self.sure[node] = self.eyes.answering(node)
        self.popped.append(node)
        return self.sure.get(node, -math.inf)

    def _settled(self, threshold: float | None) -> bool:
        """Whether a lower threshold ends the search, with an earlier node or without one."""
        if threshold is None:
            return True
        self._accept(threshold)
        return bool(self.accepted) or threshold < self.schedule.lower

    def _accept(self, threshold: float) -> None:
        """Take the best of the nodes that were good enough all along."""
        good = [node for node, sure in self.sure.items() if sure >= threshold]
        known = [*self.accepted, *(node for node in good if node not in self.accepted)]
        self.accepted = [max(known, key=self.sure.__getitem__)] if known else []

    def _opened(self, node: Node, queue: list[Node]) -> bool:
        """Put a node's children where they belong in the queue; false if there are none."""
        if node.depth == self.depth or not node.children:
            return False
        depth = node.depth + 1
        weight = self.bias + (1 - self.bias) * depth**2 / self.depth**2
        latent = self.authors or depth < self.depth  # below, it weighs nothing
        try:
            promised = self.eyes.promise(node.children, latent=latent)
        except errors.BudgetExceededError:  # what is in the queue may still be asked about
            self.refused = True
            return True
        for child, (there, further) in zip(node.children, promised, strict=True):
            self.priority[child] = weight * there + (1 - weight) * further
        queue += node.children
        queue.sort(key=self.priority.__getitem__, reverse=True)
        return True


@attrs.define(eq=False)
class Sweep:
    """All things of a kind (type 2), every node down to *depth*, children before their parent."""

    eyes: Eyes
    depth: int
    threshold: float
    seen: dict[Node, float] = attrs.field(factory=dict, init=False)
    accepted: list[Node] = attrs.field(factory=list, init=False)
    refused: bool = attrs.field(default=False, init=False)

    def run(self, root: Node) -> None:
        """Ask about every node."""
        try:
            self._run(root)
        except errors.BudgetExceededError:
            self.refused = True

    def _run(self, node: Node) -> float:
        """Accept nodes that are as good as any below them; the best confidence that was seen."""
        best = max((self._run(child) for child in self._below(node)), default=-1.0)
        sure = self.seen[node] = self.eyes.existence(node)
        if sure >= max(best, self.threshold):
            self.accepted.append(node)
        return max(best, sure)

    def _below(self, node: Node) -> Iterator[Node]:
        yield from node.children if node.depth < self.depth else ()
