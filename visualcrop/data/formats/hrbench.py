"""HR-Bench, as TSV or parquet (`DreamMr/HR-Bench`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Literal

import attrs

from ...strategy.base import option
from ..base import Problem, Sample
from .common import FileDataset
from .files import Row, build_row, find_files, get_text, index_of_letter
from .tables import TableRow, read_table


@attrs.frozen
class HrBench(FileDataset):
    """HR-Bench: small things in 4K or 8K images, each question in four orders (800)."""

    name = "hrbench"

    split: Literal["4k", "8k"] = option("4k", help="images of 4,000 or of 8,000 pixels")

    def rows(self, root: Path) -> Iterator[Row]:
        file = f"hr_bench_{self.split}"
        wanted = f"{file}.tsv", f"{file}*.parquet", f"**/hrbench_{self.split}*.parquet"
        for path in find_files(root, *wanted):
            for row in read_table(path):
                yield row if isinstance(row, Problem) else _build_row(row)

    def published(self) -> Mapping[str, int]:
        return {"samples": 800, "images": 200, "single": 400, "cross": 400}


def _build_row(row: TableRow) -> Row:
    return build_row(str(row.cells.get("index", row.place)), partial(_sample, row))


def _sample(row: TableRow) -> Sample:
    choices = tuple(get_text(row.cells, letter) for letter in "ABCD")
    return Sample(
        id=get_text(row.cells, "index"),
        source=row.source,
        text=get_text(row.cells, "question"),
        choices=choices,
        answer=index_of_letter(row.cells["answer"], choices),
        group=row.digest[:16],
        category=(get_text(row.cells, "category"),),
        meta={"cycle": get_text(row.cells, "cycle_category")},
    )
