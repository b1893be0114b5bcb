"""The reproductions of the paper's tables, and the cells of the paper that their rows claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from visualcrop.evaluation.published.tables import Row, table
from visualcrop.evaluation.reproduction.reader import read_reproduction
from visualcrop.evaluation.reproduction.values import Reproduction, ReproductionRun

FOLDER = Path(__file__).parents[2] / "benchmarks" / "studies" / "paper"
NUMBERS = (2, 3, 4, 5, 10, 12, 13, 14, 15)
Cell: TypeAlias = tuple[int, int, str]  # table, row from 0, column

# Columns that say which row it is; all others hold figures.
KEYS = {
    *("method", "model", "setting", "dataset", "variant", "option", "value", "inference"),
    *("subset", "domain", "task"),
}
_DERIVED = "_difference"  # ends the names of columns that follow from others
_ALSO = {2: (11,)}  # tables whose figures come from the same runs
# Rows that no run can measure, and why.
UNMEASURED: Mapping[tuple[int, str], str] = {
    (10, "dc2"): "quoted from DC2's paper, and its passes are estimated (A.4)",
}


def read_table(
    number: int, models: Mapping[str, str] = {}, data: str | None = None
) -> Reproduction:
    """The reproduction of a table as it comes with the repository."""
    return read_reproduction(FOLDER / f"table-{number}.toml", models=models, data=data)


def claimed(runs: Iterable[ReproductionRun]) -> Counter[Cell]:
    """How many rows of ours claim each cell of the paper."""
    return Counter(cell for run in runs for cell in _claims(run))


def printed(number: int) -> set[Cell]:
    """What a table's reproduction should have: every figure but those that no run can measure."""
    return {
        (each, place, name)
        for each in (number, *_ALSO.get(number, ()))
        for place, row in enumerate(table(each).rows)
        if (each, row.get("method", "")) not in UNMEASURED
        for name, cell in row.items()
        if cell and name not in KEYS and not name.endswith(_DERIVED)
    }


def _claims(run: ReproductionRun) -> Iterator[Cell]:
    beside = run.study.beside
    assert beside
    for label, cells in beside.rows.items():
        row = next(_fitting(beside.table, {**beside.where, **cells}))
        figures = zip(beside.columns, beside.figures(label), strict=True)
        yield from ((beside.table, row, name) for name, printed in figures if printed)
    if beside.categories:
        by = beside.categories
        for cells in by.rows.values():
            row = next(_fitting(by.table, cells))
            yield from ((by.table, row, name) for name in by.columns.values())


def _fitting(number: int, cells: Mapping[str, str]) -> Iterator[int]:
    rows: list[Row] = [*table(number).rows]
    return (place for place, row in enumerate(rows) if cells.items() <= row.items())
