"""ZoomEye's two searches of a tree of nodes, over any scorer of nodes: no model, no pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Protocol

import attrs

from visualcrop import errors

from .constants import Schedule
from .tree import Node


class NodeScorer(Protocol):
    """How confident a model is about a node, from -1 to 1."""

    def score_answering(self, node: Node) -> float:
        """That it can answer the question from the node."""

    def score_existence(self, node: Node) -> float:
        """That the target is in the node."""

    def score_children(
        self, nodes: Sequence[Node], *, latent: bool
    ) -> Sequence[tuple[float, float]]:
        """For each node, that the target is in it and, if *latent*, that zooming in may show it."""


def _ignore() -> None:
    pass


@attrs.define(eq=False)
class BestFirstSearch:
    """Search for one thing (type 1); its results so far outlive the end of the budget."""

    scorer: NodeScorer
    schedule: Schedule
    depth: int  # nodes as deep as this are not cut
    bias: float  # weight of existence against latent confidence at the root
    to_bottom: bool = False  # do not stop before a node that is not cut was scored
    skip_root: bool = False  # do not ask whether the root is enough
    authors: bool = False  # with the quirks of the authors' code
    popped: list[Node] = attrs.field(factory=list, init=False)  # in the order they left the queue
    confidences: dict[Node, float] = attrs.field(factory=dict, init=False)  # of the popped
    accepted: list[Node] = attrs.field(factory=list, init=False)
    priorities: dict[Node, float] = attrs.field(factory=dict, init=False)  # of all ever queued
    out_of_budget: bool = attrs.field(default=False, init=False)
    _reached_bottom: bool = attrs.field(default=False, init=False)
    _on_pop: Callable[[], None] = attrs.field(default=_ignore, init=False)

    def run(self, root: Node, on_pop: Callable[[], None] = _ignore) -> None:
        """
        Search until something is good enough, or until nothing will be.

        *on_pop* is called after each node that left the queue.
        """
        self._on_pop = on_pop
        try:
            self._run(root)
        except errors.BudgetExceededError:
            self.out_of_budget = True
        if self.out_of_budget and not self.accepted:
            self._accept_best(self.schedule.lower)

    def _run(self, root: Node) -> None:
        queue, threshold = [root], self.schedule.start(self.depth, authors=self.authors)
        while queue:
            node = queue.pop(0)
            is_enough = self._score(node) >= threshold.value
            is_late = len(self.popped) >= threshold.limit
            if is_enough:
                self.accepted.append(node)
                if not self.to_bottom or self._reached_bottom or (is_late and not self.authors):
                    return
            elif is_late and self._ends_at(threshold.fall()):
                return
            if not self._expand(node, queue):
                self._reached_bottom = True
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

    def _score(self, node: Node) -> float:
        if not (self.skip_root and node.depth == 0):
            self.confidences[node] = self.scorer.score_answering(node)
        self.popped.append(node)
        self._on_pop()
        return self.confidences.get(node, -math.inf)

    def _ends_at(self, threshold: float | None) -> bool:
        """Whether a lower threshold ends the search, with an earlier node or without one."""
        if threshold is None:
            return True
        self._accept_best(threshold)
        return bool(self.accepted) or threshold < self.schedule.lower

    def _accept_best(self, threshold: float) -> None:
        """Accept the best of all popped nodes that reach *threshold*, and no other."""
        good = [node for node, score in self.confidences.items() if score >= threshold]
        known = [*self.accepted, *(node for node in good if node not in self.accepted)]
        self.accepted = [max(known, key=self.confidences.__getitem__)] if known else []

    def _expand(self, node: Node, queue: list[Node]) -> bool:
        """Insert a node's children into the queue by their priority; false if it has none."""
        if node.depth == self.depth or not node.children:
            return False
        depth = node.depth + 1
        weight = self.bias + (1 - self.bias) * depth**2 / self.depth**2
        latent = self.authors or depth < self.depth  # at the last level it has no weight
        try:
            scores = self.scorer.score_children(node.children, latent=latent)
        except errors.BudgetExceededError:  # what is in the queue may still be scored
            self.out_of_budget = True
            return True
        for child, (existence, further) in zip(node.children, scores, strict=True):
            self.priorities[child] = weight * existence + (1 - weight) * further
        queue += node.children
        queue.sort(key=self.priorities.__getitem__, reverse=True)
        return True


@attrs.define(eq=False)
class ExhaustiveSearch:
    """Score every node down to *depth* for all things of a kind (type 2), children first."""

    scorer: NodeScorer
    depth: int
    threshold: float
    confidences: dict[Node, float] = attrs.field(factory=dict, init=False)
    accepted: list[Node] = attrs.field(factory=list, init=False)
    out_of_budget: bool = attrs.field(default=False, init=False)
    _on_score: Callable[[], None] = attrs.field(default=_ignore, init=False)

    def run(self, root: Node, on_score: Callable[[], None] = _ignore) -> None:
        """Score every node, until the budget ends; *on_score* is called after each."""
        self._on_score = on_score
        try:
            self._visit(root)
        except errors.BudgetExceededError:
            self.out_of_budget = True

    def _visit(self, node: Node) -> float:
        """Accept nodes that are as good as any below them; the best confidence of the subtree."""
        best = max((self._visit(child) for child in self._children(node)), default=-1.0)
        confidence = self.confidences[node] = self.scorer.score_existence(node)
        if confidence >= max(best, self.threshold):
            self.accepted.append(node)
        self._on_score()
        return max(best, confidence)

    def _children(self, node: Node) -> Iterator[Node]:
        yield from node.children if node.depth < self.depth else ()
