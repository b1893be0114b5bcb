"""How much is asked of a node, and how that falls while nothing is found."""

from __future__ import annotations

import attrs


@attrs.frozen
class Schedule:
    """Thresholds for the confidence that a node answers the question."""

    upper: float = 0.6  # at first
    lower: float = 0.0  # at last
    drops: tuple[float, ...] = (0.1, 0.1, 0.2)  # the last is used again and again
    patience: int = 3  # nodes for each level of the tree before the first drop
    interval: int = 2  # nodes before each further drop

    def start(self, depth: int, *, authors: bool = False) -> Fall:
        """The schedule at work, in a tree of *depth* levels."""
        return Fall(self, self.upper, self.patience * depth, list(self.drops), authors)


@attrs.define
class Fall:
    """A threshold on its way down."""

    schedule: Schedule
    threshold: float
    limit: int  # popped nodes after which it falls
    drops: list[float]
    authors: bool

    def lower(self) -> float | None:
        """
        The next threshold; none if that would be below the last.

        The authors' code accepts nodes before it looks at the last one, and so goes one drop
        below it; there, 0.95 - 0.05 - 0.1 - ... is not 0 but a little less.
        """
        if not self.drops:
            return None
        self.threshold -= self.drops.pop(0) if len(self.drops) > 1 else self.drops[0]
        self.limit += self.schedule.interval
        if self.authors:
            return self.threshold
        self.threshold = round(self.threshold, 9)
        return None if self.threshold < self.schedule.lower else self.threshold
