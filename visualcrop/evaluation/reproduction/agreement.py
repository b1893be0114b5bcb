"""Ours beside the paper's, cell by cell: what is missing, and what differs by more than chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from ...errors import VisualcropError
from ...plugin.registry import Registry
from ..measures import DEVIATION, Figure, measure_records
from ..run_folder import Store
from ..statistics import LEVEL, Interval, adjust_holm, compare_shares
from ..study import GUESS, PaperFigures, Study
from ..summary import guessed_share
from .reader import read_reproduction
from .record import RecordedRun, ReproductionRecord

LEAST = 20  # questions, or images that they are about: fewer are too few for a test
_SHARES = ("accuracy", "recall")


@attrs.frozen
class ComparedCell:
    """One figure of the paper, and ours of the same name; shares are in percent."""

    run: RecordedRun
    row: str  # label of the variant
    column: str  # of the paper's table
    measure: str  # name of our figure
    paper: float
    digits: int  # of the paper's figure, after the point
    paper_n: float  # questions that the paper's figure is of; 0 where nobody knows
    table: int
    ours: Figure | None = None
    missing: str = ""  # why there is no figure of ours
    bounds: Interval | None = None  # of the difference, 95 %
    p: float | None = None  # none where there is no test
    p_holm: float | None = None  # corrected for all cells of the reproduction

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
class Agreement:
    """A reproduction beside the paper."""

    folder: Path
    record: ReproductionRecord
    stores: Mapping[str, Store]  # of the runs that have been started, by name
    cells: Sequence[ComparedCell]
    unknown: Sequence[RecordedRun]  # not started, and their rows are not known either

    @property
    def tested(self) -> list[ComparedCell]:
        return [cell for cell in self.cells if cell.p is not None]


def compare_reproduction(folder: Path) -> Agreement:
    """Read the runs in the folder of a reproduction, and hold every cell against the paper's."""
    record = ReproductionRecord.read(folder)
    stores = record.stores(folder)
    studies = _read_studies(record) | {name: store.study for name, store in stores.items()}
    cells: list[ComparedCell] = []
    for run in record.runs:
        if run.name in studies:
            cells += _compare_run(run, studies[run.name], stores.get(run.name))
    unknown = [run for run in record.runs if run.name not in studies]
    return Agreement(folder, record, stores, [*_correct(cells)], unknown)


def _read_studies(record: ReproductionRecord) -> dict[str, Study]:
    """The studies of the reproduction's file by run; none if it is not there any more."""
    replaced = {n: each["spec"] for n, each in record.models.items() if each["replaced"]}
    try:
        found = read_reproduction(Path(record.file), models=replaced)
    except VisualcropError:
        return {}
    return {run.name: run.study for run in found.runs}


def _compare_run(run: RecordedRun, study: Study, store: Store | None) -> list[ComparedCell]:
    """Every cell of the paper that a run has a row for."""
    if study.beside is None:
        return []
    cells = [*_paper_cells(run, study.beside)]
    if store is None:
        why = " ".join(run.skipped) or "not run"
        return [attrs.evolve(cell, missing=why) for cell in cells]
    names = [*dict.fromkeys(cell.measure for cell in cells)]
    found = measure_records(store.records(), names, study.draws)
    counts = _count_published(study)
    return [_fill(cell, store, found, counts) for cell in cells]


def _paper_cells(run: RecordedRun, beside: PaperFigures) -> Iterator[ComparedCell]:
    """The paper's figures of a run's rows, as far as the paper prints them."""
    for label in beside.rows:
        columns = zip(beside.columns.items(), beside.figures(label), strict=True)
        for (column, measure), printed in columns:
            yield from _paper_cell(run, label, column, measure, printed, beside.table)
    if by := beside.categories:
        for pattern in by.rows:
            name = ", ".join(filter(None, by.rows[pattern].values()))
            for label, column in by.columns.items():
                measure, printed = f"accuracy of {pattern}", by.row(pattern)[column]
                yield from _paper_cell(run, label, name, measure, printed, by.table)


def _paper_cell(
    run: RecordedRun, label: str, column: str, measure: str, printed: str, number: int
) -> Iterator[ComparedCell]:
    if printed:
        digits = len(printed.partition(".")[2])
        yield ComparedCell(run, label, column, measure, float(printed), digits, 0, number)


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
    counts: Mapping[str, int],
) -> ComparedCell:
    """The cell with our figure, and a test where it is an accuracy of enough questions."""
    if cell.row == GUESS:
        return attrs.evolve(cell, ours=Figure(100 * guessed_share(store)))
    if cell.row not in found:
        return attrs.evolve(cell, missing="no answer yet")
    ours = found[cell.row].get(cell.measure)
    if ours is None:
        return attrs.evolve(cell, missing="not measured")
    whole = found[cell.row].get("accuracy")
    return _test(attrs.evolve(cell, ours=ours), ours, whole, counts)


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
