"""Variants of one run or of several, question by question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from ..data.record import Record
from ..errors import EvaluationError, nearest
from ..utils.text_set import TextSet
from .formatting import describe_history
from .methods import Efficiency, count_methods, group_methods, measure_efficiency
from .run_folder import MANIFEST, Present, Store
from .selective import AurcDifference, Selective
from .study import BASELINE
from .summary import (
    Tally,
    add_missing,
    compare_areas,
    measure_selective,
    summary_rows,
    tally_records,
)


@attrs.frozen
class Comparison:
    """Rows of the same questions, each against one of them."""

    baseline: str
    rows: list[dict[str, Any]]
    category: str | None = None
    notes: tuple[str, ...] = ()  # of runs that were resumed or forced, or compared by force
    # of the variants with confidences, over all questions
    selective: tuple[Selective, ...] = ()
    areas: Mapping[str, AurcDifference] = {}  # of these, each against the baseline
    efficiency: Efficiency | None = None  # over all questions, where two methods search or more


def compare(
    stores: Sequence[Store],
    baseline: str | None = None,
    *,
    forced: bool = False,
    ours: str | None = None,
    methods: Sequence[str] = (),
) -> list[Comparison]:
    """
    Every variant against *baseline*: over all questions, then for each category.

    *ours* and *methods* say of which methods the efficiency ratios are: see `group_methods`.
    """
    different = [*_differences(stores)]
    if different and not forced:
        raise EvaluationError(
            f"{different[0]}, so a difference would not be the search's; give --force to compare "
            "them."
        )
    found = _collect(stores, forced=forced)
    if not any(tally.statuses for tally in found.get(None, {}).values()):
        raise EvaluationError(f"{stores[0].folder} holds no answers yet; run its study first.")
    forces = (f"Compared by force: {each}." for each in different)
    notes = (*forces, *describe_history(_manifests(stores)))
    whole, *parts = (
        attrs.evolve(_compare_rows(tallies, baseline, category), notes=notes)
        for category, tallies in found.items()
    )
    areas = {
        label: area
        for label, tally in found[None].items()
        if label != whole.baseline
        and (area := compare_areas(tally, found[None][whole.baseline])) is not None
    }
    whole = attrs.evolve(whole, selective=tuple(measure_selective(found[None])), areas=areas)
    groups = group_methods(_searchers(stores), methods)
    if ours or methods or count_methods(found[None], groups) > 1:
        efficiency = measure_efficiency(found[None], groups, ours)
        whole = attrs.evolve(whole, efficiency=efficiency)
    return [whole, *parts]


def _compare_rows(
    found: dict[str, Tally], baseline: str | None, category: str | None
) -> Comparison:
    name = baseline or (BASELINE if BASELINE in found else next(iter(found), BASELINE))
    if name not in found:
        known = nearest(name, found, called="variants")
        raise EvaluationError(f"No variant is called {name!r}; {known}.")
    return Comparison(name, summary_rows(found, name), category)


def _collect(stores: Sequence[Store], *, forced: bool) -> dict[str | None, dict[str, Tally]]:
    """Tallies by category and label; a label that two runs share has its run's folder before it."""
    names = _names(stores)
    same = None if forced or len(stores) == 1 else SameQuestions()
    found: dict[str | None, dict[str, Tally]] = {}
    for store, own in zip(stores, names, strict=True):
        present: Present = Counter()
        records = store.records(present)
        if same is not None:
            records = same.checked(store, records)
        for category, by_label in add_missing(store, tally_records(records), present).items():
            for label, tally in by_label.items():
                found.setdefault(category, {})[own[label]] = tally
    return found


def _names(stores: Sequence[Store]) -> list[dict[str, str]]:
    """What each run's variants are called: by their labels, where no other run has the same."""
    variants = [[*store.study.variants] for store in stores]
    labels = Counter(label for own in variants for label in own)
    if twice := [store for store in stores if _places(stores)[store.folder.resolve()] > 1]:
        raise EvaluationError(f"{str(twice[0].folder)!r} is given twice; give each run once.")
    return [
        {label: label if labels[label] == 1 else f"{run}: {label}" for label in own}
        for run, own in zip(_run_names(stores), variants, strict=True)
    ]


def _searchers(stores: Sequence[Store]) -> dict[str, str]:
    """Names of the searchers by label, with the model's spec where runs have several."""
    several = len({store.study.model for store in stores}) > 1
    found: dict[str, str] = {}
    for store, own in zip(stores, _names(stores), strict=True):
        model = f", {store.study.model}" if several else ""
        names = searcher_names(store)
        found |= {own[label]: f"{name}{model}" for label, name in names.items()}
    return found


def searcher_names(store: Store) -> dict[str, str]:
    """Names of a run's searchers by label, as the manifest has them, or the study."""
    kept = (store.folder / MANIFEST).is_file()
    resolved = store.manifest["resolved"]["searchers"] if kept else {}
    specs = {**store.study.variants, **resolved}
    return {label: specs[label].partition("(")[0].strip() for label in store.study.variants}


def _manifests(stores: Sequence[Store]) -> dict[str, dict[str, Any]]:
    """By the run's name; a run that has lost its manifest has none."""
    return {
        name: store.manifest
        for name, store in zip(_run_names(stores), stores, strict=True)
        if (store.folder / MANIFEST).is_file()
    }


def _run_names(stores: Sequence[Store]) -> list[str]:
    """The names of the runs' folders, or their paths where two have the same name."""
    names = Counter(store.folder.name for store in stores)
    return [
        store.folder.name if names[store.folder.name] == 1 else str(store.folder)
        for store in stores
    ]


def _places(stores: Sequence[Store]) -> Counter[Path]:
    return Counter(store.folder.resolve() for store in stores)


@attrs.define
class SameQuestions:
    """Whether runs that are compared were asked the same: questions of one id are one."""

    _ids: TextSet = attrs.field(factory=TextSet)
    _known: dict[str, TextSet] = attrs.field(
        factory=lambda: {"question": TextSet(), "picture": TextSet()}
    )
    _of: Store | None = None

    def checked(self, store: Store, records: Iterator[Record]) -> Iterator[Record]:
        """The same records, as long as none is of another question than an earlier run's."""
        first, self._of = self._of is None, self._of or store
        for record in records:
            if not first and (record.id,) in self._ids:
                self._check(store, record)
            self._ids.add(record.id)
            for name, keys in self._known.items():
                keys.add(record.id, getattr(record, name))
            yield record

    def _check(self, store: Store, record: Record) -> None:
        for name, keys in self._known.items():
            own = getattr(record, name)
            if own and (record.id, "") not in keys and (record.id, own) not in keys:
                raise EvaluationError(
                    f"{store.folder} has another {name} under {record.id!r} than the runs beside "
                    "it, so a difference would not be the search's; give --force to compare them."
                )


def _differences(stores: Sequence[Store]) -> Iterator[str]:
    """Where runs have another dataset, protocol or judge than the first."""
    first = stores[0]
    for other in stores[1:]:
        for what, one, two in (
            ("dataset", first.study.dataset, other.study.dataset),
            ("protocol", _protocol(first), _protocol(other)),
            ("judge", first.study.judge, other.study.judge),
        ):
            if one != two:
                yield f"{first.folder} and {other.folder} differ in their {what} ({one} and {two})"


def _protocol(store: Store) -> str:
    prompt = store.manifest["protocol"]
    how = " without options" if store.study.open_ended else ""
    return f"{prompt['name']} {prompt['digest']}{how}"
