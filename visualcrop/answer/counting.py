"""What a question asks to count, and what its boxes say: alone, and in clusters that overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs

from ..geometry import Box
from ..utils.english import COUNTING, read_number
from ..values import Evidence, Finding, Question
from .collage import merge_boxes
from .instances import Instance, count_probabilities, separate_instances
from .weighing import multiply, normalise

_LEAST = 0.5  # of the boxes' count: less likely to be among the choices, it decides nothing
# Counts that a model reads off a crop are surer than right, so that their log-odds are halved.
# Chosen on the development split of `shapes`, on 120 questions.
_TRUST = 0.5
MOST_ASKED = 9  # things in one cluster: a reply of one digit
_MOST_MISSED = 3  # things, without any box


@attrs.frozen
class Cluster:
    """Boxes that overlap one another, and how many things they show."""

    box: Box  # around all of them
    boxes: int
    counts: tuple[float, ...]  # the probability of each count, from 0 up
    there: float = 1.0  # that any of the boxes shows one

    @classmethod
    def of(cls, box: Box, instances: Sequence[Instance]) -> Cluster:
        """The cluster of those *instances* that lie in *box*."""
        inside = [each for each in instances if box.contains(each.finding.box)]
        counts = count_probabilities([each.probability for each in inside])
        absent = math.prod(1 - each.there for each in inside)
        return cls(box, len(inside), counts, 1 - absent)

    @property
    def numbers(self) -> range:
        """Counts that the model is asked to choose from: one more than there are boxes."""
        return range(1, min(MOST_ASKED, self.boxes + 1) + 1)

    def is_unsure(self, sure: float) -> bool:
        """Whether one crop of all of them may tell what their overlap does not."""
        return 1 < self.boxes <= MOST_ASKED and max(self.counts) < sure

    def reconcile(self, read: Sequence[float]) -> Cluster:
        """The same, weighed with the probability of each number that the model *read* there."""
        counts = [*self.counts, 0.0][self.numbers.start : self.numbers.stop]
        tempered = normalise([max(one, 1e-9) ** _TRUST for one in read])
        return attrs.evolve(self, counts=(0.0, *multiply(counts, tempered)))

    def recount(self, regions: Sequence[float]) -> Cluster:
        """The same, with the probability of each of its *regions* to be a thing for its boxes."""
        counts = [self.there * one for one in count_probabilities(regions)]
        counts[0] += 1 - self.there
        return attrs.evolve(self, counts=tuple(counts))


def find_instances(
    question: Question, findings: Sequence[Finding], evidence: Sequence[Evidence] = ()
) -> tuple[Instance, ...]:
    """
    The boxes to count, of every box that was checked.

    None if the question does not ask how many of one kind there are, if a choice is no number or
    two are the same, or if some boxes were not checked.
    """
    numbers = [read_number(choice) for choice in question.choices]
    if not COUNTING.search(question.text) or None in numbers or len({*numbers}) < len(numbers):
        return ()
    boxes = [finding for each in evidence for finding in each.findings] or findings
    wanted = [finding for finding in boxes if finding.target.every]
    checked = all(finding.confidence is not None for finding in wanted)
    one_kind = len({finding.target for finding in wanted}) == 1
    return separate_instances(wanted) if checked and one_kind else ()


def cluster_instances(instances: Sequence[Instance]) -> list[Cluster]:
    """Clusters of boxes that overlap, if only through others."""
    boxes = merge_boxes([instance.finding.box for instance in instances])
    return [Cluster.of(box, instances) for box in sorted(boxes, key=lambda box: box.centre)]


def weigh_numbers(
    question: Question, clusters: Sequence[Cluster], missed: float = 0.0
) -> tuple[Sequence[str], tuple[float, ...]] | None:
    """
    The answers to *question*, and the probability of each by the *clusters*, added up.

    *missed* is the probability that there is one more, which no box shows, and of each more after
    it. The answers are the choices; without any, the numbers from 0. None if the count is most
    likely another than any choice, and not for what was *missed*.
    """
    hidden = normalise([missed**n for n in range(_MOST_MISSED + 1)]) if missed else (1.0,)
    counts = add_counts([*(cluster.counts for cluster in clusters), hidden])
    if not question.choices:
        return [*map(str, range(len(counts)))], counts
    numbers = [read_number(choice) for choice in question.choices]
    chosen = [counts[n] if n is not None and n < len(counts) else 0.0 for n in numbers]
    least = _LEAST * (missed or 1.0)
    return (question.choices, normalise(chosen)) if sum(chosen) >= least else None


def add_counts(distributions: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The distribution of a sum of independent counts."""
    total = [1.0]
    for counts in distributions:
        sums = [0.0] * (len(total) + len(counts) - 1)
        for n, one in enumerate(total):
            for m, other in enumerate(counts):
                sums[n + m] += one * other
        total = sums
    return tuple(total)
