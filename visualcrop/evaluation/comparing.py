"""Variants of one run or of several, question by question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from ..errors import EvaluationError, nearest
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
) -> Comparison:
    """Every variant against *baseline*, over the questions that both have."""
    if not forced:
        _check_alike(stores)
    return _compared(_gathered(stores), baseline)


def by_category(stores: Sequence[Store], baseline: str | None = None) -> list[Comparison]:
    """The same for each category that the runs have."""
    found = []
    for category in _categories(stores):
        made = _compared(_gathered(stores, category), baseline)
        found.append(attrs.evolve(made, category=category))
    return found


def _compared(found: dict[str, Tally], baseline: str | None) -> Comparison:
    name = baseline or (BASELINE if BASELINE in found else next(iter(found), BASELINE))
    if name not in found:
        known = nearest(name, found, called="variants")
        raise EvaluationError(f"No variant is called {name!r}; {known}.")
    against = found[name]
    return Comparison(name, [row_of(label, tally, against) for label, tally in found.items()])


def _gathered(stores: Sequence[Store], category: str | None = None) -> dict[str, Tally]:
    """By label; where two runs have one label, the folder's name tells them apart."""
    labels = [label for store in stores for label in store.study.variants]
    found: dict[str, Tally] = {}
    for store in stores:
        for label, tally in tallies(store.records(), category).items():
            own = label if labels.count(label) == 1 else f"{store.folder.name}: {label}"
            found[own] = tally
    return found


def _categories(stores: Iterable[Store]) -> list[str]:
    found: dict[str, None] = {}
    for store in stores:
        for record in store.records():
            found |= dict.fromkeys(record.category)
    return list(found)


def _check_alike(stores: Sequence[Store]) -> None:
    """Refuse runs of different datasets, or under different protocols."""
    first = stores[0]
    for other in stores[1:]:
        for what, one, two in (
            ("dataset", first.study.dataset, other.study.dataset),
            ("protocol", _protocol(first), _protocol(other)),
        ):
            if one != two:
                raise EvaluationError(
                    f"{first.folder} and {other.folder} differ in their {what} ({one} and {two}), "
                    "so a difference would not be the search's; give --force to compare them."
                )


def _protocol(store: Store) -> str:
    told = read_json(store.folder / MANIFEST)["protocol"]
    return f"{told['name']} {told['digest']}"
