"""From targets to nodes: which search each target gets, and what is known when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from visualcrop import Evidence, Finding, Target

from .search import Search, Sweep
from .tree import Node


@attrs.frozen(eq=False)
class Hunt:
    """The search for one target."""

    target: Target
    by: Search | Sweep

    def run(self, root: Node) -> None:
        self.by.run(root)

    @property
    def found(self) -> list[Node]:
        """One node at most; of a target of type 2, any number."""
        if isinstance(self.by, Sweep):
            return self.by.accepted
        return [self.by.chosen] if self.by.chosen else []

    @property
    def pops(self) -> int:
        """Nodes taken off the queue; type 2 has none."""
        return len(self.by.popped) if isinstance(self.by, Search) else 0

    @property
    def evidence(self) -> Evidence:
        """Every node that was popped or swept, in that order."""
        seen = self.by.popped if isinstance(self.by, Search) else self.by.seen
        return Evidence(self.target, tuple(self.findings(seen)))

    def findings(self, nodes: Iterable[Node]) -> Iterator[Finding]:
        """The nodes with what the model made of them."""
        if isinstance(self.by, Sweep):
            yield from (Finding(self.target, n.box, 0.0, self.by.seen[n]) for n in nodes)
            return
        for node in nodes:
            rank, sure = self.by.priority.get(node, 0.0), self.by.sure.get(node)
            yield Finding(self.target, node.box, rank, sure)
