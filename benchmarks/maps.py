"""
How well relevance sources point, and what a search of eight steps makes of each.

`python benchmarks/maps.py DATASET -m MODEL -s SOURCE -s SOURCE ...` asks about each boxed thing of
the dataset, with boxes as `anchors` proposes them. Recall counts questions where the middle of the
first thing lies in one of the first 1, 4 or 8 boxes. With `--accuracy`, each source searches with
`focus(overrun=false)`, too; a searcher may stand in a source's place. The last column then has the
p of a sign test against the first source. Intervals are Wilson's, at 95 %.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import attrs
from scipy.stats import binomtest

from visualcrop import (
    Box,
    Budget,
    BudgetedModel,
    Ledger,
    Sample,
    Target,
    View,
    VisualSearch,
)
from visualcrop.plugin import Dataset, Registry, RelevanceSource, Spec, say
from visualcrop.proposals.anchors import Anchors

FIRST = (1, 4, 8)


@attrs.define
class Row:
    """What one source was measured to do."""

    search: VisualSearch
    relevance: RelevanceSource | None  # none of a searcher: its map may depend on the question
    ledger: Ledger = attrs.field(factory=lambda: Ledger(Budget()))
    ranks: list[float] = attrs.field(factory=list)
    right: list[bool] = attrs.field(factory=list)


def find_rank(source: RelevanceSource, sample: Sample, model: BudgetedModel) -> float:
    """How many boxes come before the first that holds the middle of the sample's thing."""
    thing = sample.targets[0]
    view, target = View.whole(sample.source.open()), Target(thing.name)
    x, y = thing.box.centre
    middle = Box(x - 0.5, y - 0.5, x + 0.5, y + 0.5)
    boxes = [p.box for p in Anchors().propose(source.map(view, target, model))]
    return next((i for i, box in enumerate(boxes) if box.contains(middle)), float("inf"))


def open_rows(sources: Sequence[str], model: str) -> dict[str, Row]:
    """Each source, or searcher with one, and a search with it; one model for all."""
    registry, rows = Registry.load(), {}
    loaded = VisualSearch.open(model).model
    for text in sources:
        name = Spec.parse(text).name
        is_searcher = bool(registry.entries_for("searcher", name))
        spec = text if is_searcher else f"focus(relevance={text}, overrun=false)"
        search = attrs.evolve(VisualSearch.open(model, spec), model=loaded)
        relevance = None if is_searcher else search.searcher.relevance  # type: ignore[attr-defined]
        rows[text] = Row(search, relevance)
    return rows


def measure(rows: dict[str, Row], sample: Sample, *, accuracy: bool) -> None:
    """Add one question to every row."""
    image = sample.source.open()
    for row in rows.values():
        if sample.targets and row.relevance is not None:
            lent = BudgetedModel(row.search.model, row.ledger, "relevance")
            row.ranks.append(find_rank(row.relevance, sample, lent))
        if accuracy:
            answer = row.search.ask(image, sample.text, sample.choices)
            row.right.append(answer.choice == sample.answer)


def share(hits: Sequence[bool]) -> str:
    """A share and its interval."""
    found = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
    return f"{sum(hits) / len(hits):.2f} ({found.low:.2f}-{found.high:.2f})"


def sign_test(these: Sequence[bool], those: Sequence[bool]) -> str:
    """The p of the questions that one of the two alone has right."""
    better = sum(a and not b for a, b in zip(these, those, strict=True))
    worse = sum(b and not a for a, b in zip(these, those, strict=True))
    p = binomtest(better, better + worse).pvalue if better + worse else 1.0
    return f"+{better} -{worse}, p = {p:.2g}"


def main() -> None:
    """Print a row of a table for each source."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("-m", "--model", default="tiny-shapes")
    parser.add_argument("-s", "--source", action="append", required=True)
    parser.add_argument("--accuracy", action="store_true")
    given = parser.parse_args()
    rows = open_rows(given.source, given.model)
    for sample in Registry.load().build(Dataset, given.dataset).read():
        if isinstance(sample, Sample):
            measure(rows, sample, accuracy=given.accuracy)
    first = next(iter(rows.values()))
    for name, row in rows.items():
        cells = [f"{row.ledger.passes / len(row.ranks):g}" if row.ranks else "–"]
        cells += [share([rank < n for rank in row.ranks]) if row.ranks else "–" for n in FIRST]
        if given.accuracy:
            cells += [share(row.right), sign_test(row.right, first.right)]
        say(f"| `{name}` | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
