"""`python -m visualcrop_maps DATASET -m MODEL -o FILE` learns the weights of `layers(by=ridge)`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from visualcrop import Box, BudgetedModel, Ledger, Sample, Target, View, VisualSearch
from visualcrop.errors import VisualcropError
from visualcrop.plugin import Dataset, OnePassSource, Registry, RelevanceSource, say

from .layer_weights import fit_layer_weights


def main(arguments: Sequence[str] | None = None) -> int:
    """Learn from the boxed things of a dataset, and save the weights; 2 where that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m visualcrop_maps", description=__doc__)
    parser.add_argument("dataset", help="its spec; about 50 of its questions have boxes")
    parser.add_argument("-m", "--model", default="tiny-shapes")
    parser.add_argument("-r", "--relevance", default="vv", help="the source whose layers count")
    parser.add_argument("-o", "--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    registry = Registry.load()
    try:
        source = registry.build(RelevanceSource, given.relevance)
        if not isinstance(source, OnePassSource):
            parser.error(f"{given.relevance} has no layers; take vv, kk-norope or attention.")
        items = _read_items(registry.build(Dataset, given.dataset))
        model = BudgetedModel(VisualSearch.open(given.model).model, Ledger(), "learning")
        learned = fit_layer_weights(source, items, model)
    except VisualcropError as exc:
        parser.error(str(exc))
    learned.save(given.out)
    say(f"{given.out}: {len(learned.weights)} layers of {learned.name}, {learned.items} things")
    return 0


def _read_items(dataset: Dataset) -> Iterator[tuple[View, Target, Box]]:
    """The first thing with a box of each question."""
    for sample in dataset.read():
        if isinstance(sample, Sample) and sample.targets:
            thing = sample.targets[0]
            yield View.whole(sample.source.open()), Target(thing.name), thing.box


if __name__ == "__main__":
    sys.exit(main())
