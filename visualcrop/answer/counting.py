"""What a question asks to count, and what the boxes say to it."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..utils.english import is_counting, read_number
from ..values import Evidence, Finding, Question
from .instances import count_probabilities, separate_instances
from .weighing import normalise

_LEAST = 0.5  # of the boxes' count: less likely to be among the choices, it decides nothing


@attrs.frozen
class WeighedCounts:
    """The answers to a question how many, and the probability of each by the boxes."""

    options: Sequence[str]  # the choices of the question; without any, numbers from 0
    probabilities: tuple[float, ...]
    findings: tuple[Finding, ...]  # the boxes that count


def weigh_counts(
    question: Question, findings: Sequence[Finding], evidence: Sequence[Evidence] = ()
) -> WeighedCounts | None:
    """
    How likely each count is.

    None if the question does not ask how many of one kind there are, if a choice is no number or
    two are the same, if no box shows any, or if some were not checked: nothing is counted then.
    """
    numbers = [read_number(choice) for choice in question.choices]
    if not is_counting(question.text) or None in numbers or len({*numbers}) < len(numbers):
        return None
    boxes = _find_checked(findings, evidence)
    instances = separate_instances(boxes)
    if not instances:
        return None
    counts = count_probabilities([instance.probability for instance in instances])
    counted = tuple(instance.finding for instance in instances if instance.counts)
    if not question.choices:
        return WeighedCounts([*map(str, range(len(counts)))], counts, counted)
    chosen = [counts[n] if n is not None and n < len(counts) else 0.0 for n in numbers]
    if sum(chosen) < _LEAST:
        return None
    return WeighedCounts(question.choices, normalise(chosen), counted)


def _find_checked(findings: Sequence[Finding], evidence: Sequence[Evidence]) -> Sequence[Finding]:
    """Every box of the one target of which all are wanted, if all of them were checked."""
    boxes = [finding for each in evidence for finding in each.findings] or findings
    wanted = {finding.target for finding in boxes if finding.target.every}
    found = [finding for finding in boxes if finding.target.every]
    checked = all(finding.confidence is not None for finding in found)
    return found if len(wanted) == 1 and checked else ()
