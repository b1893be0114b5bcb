"""Variants of one run or of several, question by question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from ..errors import EvaluationError, VisualcropError, nearest
from ..registry import Registry
from .store import MANIFEST, Store, read_json
from .study import BASELINE
from .summary import Tally, row_of, tallies


@attrs.frozen
class Comparison:
    """Rows of the same questions, each against one of them."""

    baseline: str
    rows: list[dict[str, Any]]
    category: str | None = None


def compare(
    stores: Sequence[Store], baseline: str | None = None, *, forced: bool = False
) -> list[Comparison]:
    """Every variant against *baseline*: over all questions, then for each category."""
    if not forced:
        _check_alike(stores)
    found = _gathered(stores)
    if not found.get(None):
        raise EvaluationError(f"{stores[0].folder} holds no answers yet; run its study first.")
    return [_compared(tallies, baseline, category) for category, tallies in found.items()]


def _compared(found: dict[str, Tally], baseline: str | None, category: str | None) -> Comparison:
    name = baseline or (BASELINE if BASELINE in found else next(iter(found), BASELINE))
    if name not in found:
        known = nearest(name, found, called="variants")
        raise EvaluationError(f"No variant is called {name!r}; {known}.")
    rows = [row_of(label, tally, found[name]) for label, tally in found.items()]
    return Comparison(name, rows, category)


def _gathered(stores: Sequence[Store]) -> dict[str | None, dict[str, Tally]]:
    """By category and label; where two runs have one label, the folder's name tells them apart."""
    labels = [label for store in stores for label in store.study.variants]
    found: dict[str | None, dict[str, Tally]] = {}
    for store in stores:
        wanted = _wanted(store)
        for category, by_label in tallies(store.records()).items():
            for label, tally in by_label.items():
                tally.wanted = None if category else wanted
                own = label if labels.count(label) == 1 else f"{store.folder.name}: {label}"
                found.setdefault(category, {})[own] = tally
    return found


def _wanted(store: Store) -> int | None:
    """How many questions a run that is unfinished should have; 0 if it cannot be told."""
    if store.finished:
        return None
    try:
        dataset = store.study.open_dataset(Registry.load())
        return dataset.published().get("samples") or sum(1 for _ in dataset)
    except VisualcropError:  # it need not be on this machine
        return 0


def _check_alike(stores: Sequence[Store]) -> None:
    """Refuse runs of different datasets, or under different protocols."""
    first = stores[0]
    for other in stores[1:]:
        for what, one, two in (
            ("dataset", first.study.dataset, other.study.dataset),
            ("protocol", _protocol(first), _protocol(other)),
            ("judge", first.study.judge, other.study.judge),
        ):
            if one != two:
                raise EvaluationError(
                    f"{first.folder} and {other.folder} differ in their {what} ({one} and {two}), "
                    "so a difference would not be the search's; give --force to compare them."
                )


def _protocol(store: Store) -> str:
    told = read_json(store.folder / MANIFEST)["protocol"]
    how = " without options" if store.study.open_ended else ""
    return f"{told['name']} {told['digest']}{how}"
