"""Ours beside the paper's, cell by cell: what is missing, and what differs by more than chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import attrs

from ...errors import VisualcropError
from ...plugin.registry import Registry
from ..comparison import searcher_names
from ..efficiency import Curve, passes_ratio
from ..measures import DEVIATION, Figure, measure_records
from ..methods import SEARCH, Efficiency, count_methods, measure_efficiency
from ..run_folder import Present, Store
from ..statistics import LEVEL, Interval, adjust_holm, compare_shares
from ..study import GUESS, PaperFigures, Study
from ..summary import (
    ResultRow,
    Tally,
    add_missing,
    guessed_share,
    summarize,
    tally_records,
)
from .files import named_in_tables
from .reader import read_reproduction
from .record import RecordedRun, ReproductionRecord

Tallies: TypeAlias = Mapping[str, Tally]  # by label

LEAST = 20  # questions, or images that they are about: fewer are too few for a test
_SHARES = ("accuracy", "recall")
_PASSES = ("search passes", "zoomeye-paper", "seal-paper")


@attrs.frozen
class ComparedCell:
    """One figure of the paper, and ours of the same name; shares are in percent."""

    run: RecordedRun
    row: str  # label of the variant
    column: str  # of the paper's table
    measure: str  # name of our figure
    table: int  # of the paper
    printed: str  # the paper's figure
    paper_n: float = 0.0  # questions that it is of, where there is a test
    ours: Figure | None = None
    missing: str = ""  # why there is no figure of ours
    bounds: Interval | None = None  # of the difference, 95 %
    p: float | None = None  # none where there is no test
    p_holm: float | None = None  # corrected for all cells of the reproduction

    @property
    def paper(self) -> float:
        """The paper's figure."""
        return float(self.printed)

    @property
    def is_share(self) -> bool:
        """Whether it is a share of questions, whose differences are points."""
        return self.measure.partition(" of ")[0] in _SHARES

    @property
    def difference(self) -> float | None:
        """Ours less the paper's: points of a share, and a part of the paper's else."""
        if self.ours is None:
            return None
        difference = self.ours.value - self.paper
        if self.is_share or self.measure == DEVIATION:
            return difference
        return difference / self.paper if self.paper else None

    @property
    def differs(self) -> bool:
        """Whether it is more than chance, also as one of so many cells."""
        return self.p_holm is not None and self.p_holm < 1 - LEVEL

    @property
    def may_differ(self) -> bool:
        """Whether it would be more than chance, if it were the only cell."""
        return not self.differs and self.p is not None and self.p < 1 - LEVEL


@attrs.frozen
class ComparedRatios:
    """The efficiency ratios of one model on one dataset, and those of the paper's figures."""

    model: str
    dataset: str
    inference: str  # how answers are read, where a method has settings of several ways; else empty
    ours: Efficiency
    paper: Mapping[tuple[str, str], float]  # by method, and the count of its passes


@attrs.frozen
class Agreement:
    """A reproduction beside the paper."""

    folder: Path
    record: ReproductionRecord
    stores: Mapping[str, Store]  # of the runs that have been started, by name
    cells: Sequence[ComparedCell]
    unknown: Sequence[RecordedRun]  # not started, and their rows are not known either
    failures: Sequence[str]  # of answers, and of runs that are not finished
    ratios: Sequence[ComparedRatios]
    foreign: frozenset[str]  # datasets, by name, that are not the paper's of this name
    foreign_models: frozenset[str]  # likewise
    plain: Mapping[str, Sequence[ResultRow]]  # results of runs that name no figures of the paper

    @property
    def tested(self) -> list[ComparedCell]:
        return [cell for cell in self.cells if cell.p is not None]


def compare_reproduction(folder: Path) -> Agreement:
    """Read the runs in the folder of a reproduction, and hold every cell against the paper's."""
    record = ReproductionRecord.read(folder)
    stores = record.stores(folder)
    studies = _read_studies(record) | {name: store.study for name, store in stores.items()}
    cells: list[ComparedCell] = []
    foreign = _find_foreign(record.datasets, "datasets")
    for run in record.runs:
        if run.name in studies:
            cells += _compare_run(
                run, studies[run.name], stores.get(run.name), foreign=run.dataset in foreign
            )
    unknown = [run for run in record.runs if run.name not in studies]
    tallies = {name: _tally(store) for name, store in stores.items()}
    failures = [*_describe_failures(tallies, record.limit)]
    ratios = [*_compare_ratios(stores, tallies, cells)]
    return Agreement(
        folder,
        record,
        stores,
        [*_correct(cells)],
        unknown,
        failures,
        ratios,
        foreign,
        _find_foreign(record.models, "models"),
        {name: summarize(store) for name, store in stores.items() if store.study.beside is None},
    )


def _find_foreign(named: Mapping[str, Mapping[str, str]], kind: str) -> frozenset[str]:
    """Names under which something else was run than what the paper's tables call so."""
    known = named_in_tables(kind)
    every = {spec for specs in known.values() for spec in specs}
    return frozenset(
        name
        for name, source in named.items()
        if source["spec"].partition("(")[0] not in known.get(name, every)
    )


def _read_studies(record: ReproductionRecord) -> dict[str, Study]:
    """The studies of the reproduction's file by run; none if it is not there any more."""
    replaced = {n: each["spec"] for n, each in record.models.items() if each["replaced"]}
    try:
        found = read_reproduction(Path(record.file), models=replaced)
    except VisualcropError:
        return {}
    return {run.name: run.study for run in found.runs}


def _compare_run(
    run: RecordedRun, study: Study, store: Store | None, *, foreign: bool
) -> list[ComparedCell]:
    """Every cell of the paper that a run has a row for; no test on a *foreign* dataset."""
    if study.beside is None:
        return []
    cells = [*_paper_cells(run, study.beside)]
    if store is None:
        return [attrs.evolve(cell, missing="not run") for cell in cells]
    names = [*dict.fromkeys(cell.measure for cell in cells)]
    found = measure_records(store.records(), names, study.draws)
    counts = None if foreign else _count_published(study)
    return [_fill(cell, store, found, counts) for cell in cells]


def _paper_cells(run: RecordedRun, beside: PaperFigures) -> Iterator[ComparedCell]:
    """The paper's figures of a run's rows, as far as the paper prints them."""
    for label in beside.rows:
        columns = zip(beside.columns.items(), beside.figures(label), strict=True)
        for (column, measure), printed in columns:
            if printed:
                yield ComparedCell(run, label, column, measure, beside.table, printed)
    if by := beside.categories:
        for pattern in by.rows:
            name = ", ".join(filter(None, by.rows[pattern].values()))
            for label, column in by.columns.items():
                if printed := by.row(pattern)[column]:
                    measure = f"accuracy of {pattern}"
                    yield ComparedCell(run, label, name, measure, by.table, printed)


def _count_published(study: Study) -> Mapping[str, int]:
    """Questions of the dataset by category, and of all under `samples`; empty if nobody knows."""
    try:
        return study.build_dataset(Registry.load()).published()
    except VisualcropError:
        return {}


def _fill(
    cell: ComparedCell,
    store: Store,
    found: Mapping[str, Mapping[str, Figure | None]],
    counts: Mapping[str, int] | None,  # none of a dataset that is not the paper's
) -> ComparedCell:
    """The cell with our figure, and a test where it is an accuracy of enough questions."""
    if cell.row == GUESS:
        share = guessed_share(store)
        known = {"ours": Figure(100 * share)} if share else {"missing": "not known"}
        return attrs.evolve(cell, **known)
    if cell.row not in found:
        return attrs.evolve(cell, missing="no answer yet")
    ours = found[cell.row].get(cell.measure)
    if ours is None:
        return attrs.evolve(cell, missing="not measured")
    if counts is None:
        return attrs.evolve(cell, ours=ours)
    return _test(attrs.evolve(cell, ours=ours), ours, found[cell.row].get("accuracy"), counts)


def _test(
    cell: ComparedCell, ours: Figure, whole: Figure | None, counts: Mapping[str, int]
) -> ComparedCell:
    if not ours.n:
        return cell
    asked = _count_asked(cell.measure, ours.n, whole, counts)
    alike = asked * ours.effective / ours.n  # as much as ours, answers about one image agree
    found = compare_shares(ours.value / 100, ours.effective, cell.paper / 100, alike)
    bounds = Interval(100 * found.interval.low, 100 * found.interval.high)
    p = found.p if ours.effective >= LEAST else None
    return attrs.evolve(cell, paper_n=asked, bounds=bounds, p=p)


def _count_asked(measure: str, n: int, whole: Figure | None, counts: Mapping[str, int]) -> float:
    """Questions of the paper's figure: as many as are published, or as ours are of all of ours."""
    category = measure.partition(" of ")[2].removesuffix("/*")
    total = counts.get("samples", 0)
    if not category:
        return total or n
    if category in counts:
        return counts[category]
    return n * total / whole.n if total and whole and whole.n else n


def _correct(cells: Sequence[ComparedCell]) -> Iterator[ComparedCell]:
    """The cells with their p corrected for the number of cells that are tested (Holm)."""
    adjusted = iter(adjust_holm([cell.p for cell in cells if cell.p is not None]))
    for cell in cells:
        yield cell if cell.p is None else attrs.evolve(cell, p_holm=next(adjusted))


def _tally(store: Store) -> Tallies:
    """Answers of every variant, with what is missing of each."""
    present: Present = Counter()
    found = tally_records(store.records(present), categories=False)
    return add_missing(store, found, present)[None]


def _describe_failures(tallies: Mapping[str, Tallies], limit: int | None) -> Iterator[str]:
    """Runs that are not finished, in one sentence, and answers that failed, in one for each run."""
    unfinished = []
    for name, by_label in tallies.items():
        left = [tally for tally in by_label.values() if tally.wanted is not None]
        if left:
            asked = min(sum(tally.statuses.values()) for tally in left)
            wanted = max(tally.wanted or 0 for tally in left)
            wanted = min(wanted, limit) if limit else wanted
            unfinished.append(f"{name} ({asked} of {wanted or 'so many'} questions)")
    if unfinished:
        yield f"Unfinished: {', '.join(unfinished)}; the same command goes on."
    for name, by_label in tallies.items():
        failed = [tally for tally in by_label.values() if tally.statuses.get("error")]
        if failed:
            count = sum(tally.statuses["error"] for tally in failed)
            reason = " ".join(failed[0].error.split()).rstrip(".")
            yield f"Errors: {count} in {name}, the first: {reason}."


def _compare_ratios(
    stores: Mapping[str, Store], tallies: Mapping[str, Tallies], cells: Sequence[ComparedCell]
) -> Iterator[ComparedRatios]:
    """Of every model on every dataset where two methods search, in rows of the paper."""
    places = dict.fromkeys((cell.run.model, cell.run.dataset) for cell in cells if cell.ours)
    for model, dataset in places:
        own = [cell for cell in cells if (cell.run.model, cell.run.dataset) == (model, dataset)]
        names = {
            name: searcher_names(stores[name]) for name in {c.run.name for c in own} & {*stores}
        }
        for inference, alike in _split_by_inference(own, names, stores).items():
            rows = {(cell.run.name, cell.row) for cell in alike if cell.measure in _PASSES}
            methods: dict[str, list[str]] = {}
            kept: dict[str, Tally] = {}
            for run in dict.fromkeys(run for run, _ in rows if run in stores):
                for label, tally in tallies[run].items():
                    kept[f"{run}: {label}"] = tally
                    if (run, label) in rows:
                        methods.setdefault(names[run][label], []).append(f"{run}: {label}")
            if count_methods(kept, methods) > 1:
                ours = measure_efficiency(kept, methods)
                paper = _published_ratios(alike, names, ours.ours)
                yield ComparedRatios(model, dataset, inference, ours, paper)


def _split_by_inference(
    cells: Sequence[ComparedCell],
    names: Mapping[str, Mapping[str, str]],
    stores: Mapping[str, Store],
) -> dict[str, list[ComparedCell]]:
    """
    The cells by how answers are read, where a method has settings of several ways.

    Those are no points of one curve. Methods that each have a way of their own, as in Table 10, are
    compared as they are: in one group, without a name.
    """
    ways = {name: store.study.inference or store.study.protocol for name, store in stores.items()}
    by_method: dict[str, set[str]] = {}
    for cell in cells:
        if cell.measure in _PASSES and (method := names.get(cell.run.name, {}).get(cell.row)):
            by_method.setdefault(method, set()).add(ways[cell.run.name])
    if all(len(found) == 1 for found in by_method.values()):
        return {"": [*cells]}
    found: dict[str, list[ComparedCell]] = {}
    for cell in cells:
        if cell.run.name in ways:
            found.setdefault(ways[cell.run.name], []).append(cell)
    return found


def _published_ratios(
    cells: Sequence[ComparedCell], names: Mapping[str, Mapping[str, str]], ours: str
) -> dict[tuple[str, str], float]:
    """The ratios of the paper's own figures, by the same rule, for the count that they are of."""
    curves: dict[str, dict[tuple[str, str], dict[str, float]]] = {}
    counts: dict[str, str] = {}
    for cell in cells:
        kind = "passes" if cell.measure in _PASSES else cell.measure
        method = names.get(cell.run.name, {}).get(cell.row)
        if method and kind in {"passes", "accuracy"}:
            if kind == "passes":
                counts[method] = SEARCH if cell.measure == "search passes" else cell.measure
            points = curves.setdefault(method, {})
            points.setdefault((cell.run.name, cell.row), {})[kind] = cell.paper
    known = {
        method: [point for point in points.values() if len(point) == 2]
        for method, points in curves.items()
    }
    found = {
        method: Curve.of([p["passes"] for p in points], [p["accuracy"] for p in points])
        for method, points in known.items()
        if points
    }
    others = (method for method in found if method != ours and ours in found)
    return {
        (method, counts[method]): float(passes_ratio(found[ours], found[method]))
        for method in others
    }
