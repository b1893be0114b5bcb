"""How many things there are, from boxes that overlap and confidences that may be wrong."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..geometry import Box
from ..values import Finding

# Chosen on the development split of `shapes`, on 120 questions.
_SAME = 0.5  # overlap (IoU) from which two boxes are one thing, however relevant
_SHARE = 0.5  # of the prominence of a box that it overlaps: below it, a box shows the same thing
_RELIABILITY = 0.8  # how often the two rules above are right about boxes that overlap
_PRIOR = 0.1  # that a box of no prominence shows the target; as much short of 1 for the highest
_LEAST = 0.5  # probability from which a box is an instance, if no other one shows it


@attrs.frozen
class Instance:
    """A box that may show a thing of its own."""

    finding: Finding
    there: float  # probability that the box shows the target at all
    separate: float  # probability that no better box shows the same thing

    @property
    def probability(self) -> float:
        """That the box adds one to the count."""
        return self.there * self.separate

    @property
    def counts(self) -> bool:
        """Whether it is one of those that are shown as found."""
        return self.separate >= _LEAST


def separate_instances(findings: Sequence[Finding]) -> tuple[Instance, ...]:
    """
    Every box that is likely to show the target, best first, with the odds that it is the only one.

    *findings* are all boxes that were checked: how far a box stands out among them, by the score of
    its proposal, is the prior that it shows the target. A box shows the same thing as a better one
    if the two are nearly the same, or overlap and it stands out much less.
    """
    heights = _measure_prominence(findings)
    likely = [
        (height, finding, there)
        for height, finding in zip(heights, findings, strict=True)
        if (there := _is_there(finding, height)) > _LEAST
    ]
    found: list[Instance] = []
    kept: list[tuple[float, Box]] = []
    for height, finding, there in sorted(likely, key=_rank):
        met = [each for each in kept if each[1].common(finding.box)]
        again = any(_is_same(finding.box, height, box, better) for better, box in met)
        apart = 1.0 if not met else 1 - _RELIABILITY if again else _RELIABILITY
        if not again:
            kept.append((height, finding.box))
        found.append(Instance(finding, there, apart))
    return tuple(found)


def count_probabilities(probabilities: Sequence[float]) -> tuple[float, ...]:
    """
    The probability of each count, from 0 up: how many of independent events happen.

    This is the Poisson binomial distribution, exactly, one event after the other.
    """
    counts = [1.0]
    for one in probabilities:
        happens = [0.0, *(one * count for count in counts)]
        fails = [*((1 - one) * count for count in counts), 0.0]
        counts = [a + b for a, b in zip(happens, fails, strict=True)]
    return tuple(counts)


def _rank(likely: tuple[float, Finding, float]) -> tuple[float, ...]:
    """The most prominent first; of equals, the surest, and then by place: order does not matter."""
    height, finding, there = likely
    box = finding.box
    return -height, -there, box.left, box.top, box.right, box.bottom


def _is_same(box: Box, height: float, other: Box, better: float) -> bool:
    """Whether *box* shows what the *better* one shows, whose centre it may hold."""
    across, down = other.centre
    holds = box.left <= across < box.right and box.top <= down < box.bottom
    return box.overlap(other) >= _SAME or height < _SHARE * better or (holds and height == better)


def _measure_prominence(findings: Sequence[Finding]) -> list[float]:
    """Where each proposal's score lies between the lowest, 0, and the highest, 1; 0.5 if alike."""
    scores = [finding.relevance for finding in findings]
    lowest, highest = min(scores, default=0.0), max(scores, default=0.0)
    if not lowest < highest:
        return [0.5] * len(scores)
    return [(score - lowest) / (highest - lowest) for score in scores]


def _is_there(finding: Finding, height: float) -> float:
    """The probability that the box shows the target: odds of the prior times the verifier's."""
    prior = min(1 - _PRIOR, max(_PRIOR, height))
    verified = finding.probability
    yes, no = prior * verified, (1 - prior) * (1 - verified)
    return yes / (yes + no)
