"""
How often a box of the first 1, 4 and 8 holds the middle of a small thing, by relevance source.

`python benchmarks/window_recall.py COUNT` asks about COUNT scenes of `needles(split=dev, seed=11,
size=8k, about=attribute, things=absolute)` on `tiny`, with boxes as `anchors` proposes them.
"""

from __future__ import annotations

import sys

from visualcrop import Box, Budget, BudgetedModel, Ledger, Sample, Target, View, VisualSearch, Vv
from visualcrop.plugin import RelevanceSource, say
from visualcrop.proposals.anchors import Anchors
from visualcrop_maps import Contrast, Windows
from visualcrop_tiny.needles import Needles

FIRST = (1, 4, 8)
SOURCES: dict[str, RelevanceSource] = {
    "vv": Vv(),
    "contrast": Contrast(),
    "windows(scale=raw)": Windows(scale="raw"),
    "windows(scale=contrast)": Windows(scale="contrast"),
    "windows(scale=existence)": Windows(scale="existence"),
}


def find_rank(source: RelevanceSource, sample: Sample, model: BudgetedModel) -> float:
    """How many boxes come before the first that holds the middle of the sample's thing."""
    thing = sample.targets[0]
    view, target = View.whole(sample.source.open()), Target(thing.name)
    x, y = (thing.box.left + thing.box.right) / 2, (thing.box.top + thing.box.bottom) / 2
    middle = Box(x - 0.5, y - 0.5, x + 0.5, y + 0.5)
    boxes = [p.box for p in Anchors().propose(source.map(view, target, model))]
    return next((i for i, box in enumerate(boxes) if box.contains(middle)), float("inf"))


def main(count: int) -> None:
    """Print a row of a table for each source."""
    model = VisualSearch.open("tiny").model
    ranks: dict[str, list[float]] = {name: [] for name in SOURCES}
    ledgers = {name: Ledger(Budget()) for name in SOURCES}
    samples = Needles(
        split="dev", seed=11, size="8k", count=count, about="attribute", things="absolute"
    )
    for sample in samples:
        for name, source in SOURCES.items():
            lent = BudgetedModel(model, ledgers[name], "relevance")
            ranks[name].append(find_rank(source, sample, lent))
    for name, found in ranks.items():
        recalls = [sum(rank < first for rank in found) / count for first in FIRST]
        cells = [f"{ledgers[name].passes / count:g}", *(f"{recall:.2f}" for recall in recalls)]
        say(f"| `{name}` | {' | '.join(cells)} |")


if __name__ == "__main__":
    main(int(sys.argv[1]))
