"""
LookWise at several thresholds of its gate, beside asking directly and FOCUS, on `tiny-shapes`.

`python benchmarks/lookwise_gate.py dev 0 SMALL LARGE` asks SMALL questions of `shapes(split=dev,
seed=0, about=small)` and LARGE of `about=large`, each once by each method. What a lower gate does
follows from the direct answer, which it keeps or not.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from statistics import fmean

import attrs

from visualcrop import Sample, VisualSearch
from visualcrop.evaluation.scoring import score_answer
from visualcrop.evaluation.statistics import accuracy_interval, paired_difference
from visualcrop.plugin import Dataset, Registry, say
from visualcrop_lookwise.searcher import mean_token_probability

GATES = (0.6, 0.7, 0.8, 0.9, 0.96, 1.0)
OTHERS = ("direct", "focus")
VARIANTS = (
    "lookwise",
    "lookwise(relevance=vv)",
    "lookwise(answer=crop)",
    "lookwise(relevance=vv, answer=crop)",
)


@attrs.frozen
class Asked:
    """A question's answer by one method."""

    right: float
    passes: int
    sure: float = 0.0  # mean probability of the answer's tokens


def ask(search: VisualSearch, sample: Sample) -> Asked:
    """Search for the answer to *sample*."""
    answer = search.answer(sample.question())
    passes = sum(answer.passes.values())
    return Asked(score_answer(sample, answer) or 0.0, passes, mean_token_probability(answer) or 0.0)


def row(name: str, asked: Sequence[Asked], direct: Sequence[Asked], skipped: float) -> str:
    """One row of a table: name, accuracy, gain, searches skipped, passes."""
    right, groups = [each.right for each in asked], range(len(asked))
    share, bounds = fmean(right), accuracy_interval(right, groups)
    apart = paired_difference(right, [each.right for each in direct], groups)
    low, high = (100 * bound for bound in (apart.interval.low, apart.interval.high))
    accuracy = f"{share:.1%} ({bounds.low:.0%} to {bounds.high:.0%})"
    gain = f"{100 * apart.gain:+.1f} ({low:+.1f} to {high:+.1f})"
    return (
        f"| {name} | {accuracy} | {gain} | {skipped:.0%} | {fmean(a.passes for a in asked):.1f} |"
    )


def main(split: str, seed: int, counts: dict[str, int]) -> None:
    """Print a table of each kind of question."""
    opened = VisualSearch.open("tiny-shapes")
    searches = {spec: opened.with_searcher(spec) for spec in (*OTHERS, *VARIANTS)}
    for about, count in counts.items():
        spec = f"shapes(split={split}, seed={seed}, about={about}, count={count})"
        found: list[dict[str, Asked]] = []
        for sample in Registry.load().build(Dataset, spec):
            found.append({spec: ask(search, sample) for spec, search in searches.items()})
            opened.model.forget()
        by_spec = {spec: [each[spec] for each in found] for spec in searches}
        direct = by_spec["direct"]
        say(f"{about}, {count} questions")
        for spec in OTHERS:
            say(row(f"`{spec}`", by_spec[spec], direct, 0))
        for spec in VARIANTS:
            for gate in GATES:
                pairs = list(zip(direct, by_spec[spec], strict=True))
                gated = [first if first.sure >= gate else other for first, other in pairs]
                skipped = fmean(first.sure >= gate for first, _ in pairs)
                say(row(f"`{spec}` at {gate}", gated, direct, skipped))


if __name__ == "__main__":
    split, seed, small, large = sys.argv[1:]
    main(split, int(seed), {"small": int(small), "large": int(large)})
