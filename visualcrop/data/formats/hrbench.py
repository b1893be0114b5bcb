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
from .files import Row, attempt, find_files, place_of_letter, text_of
from .tables import TableRow, table_rows


@attrs.frozen
class HrBench(FileDataset):
    """HR-Bench: small things in 4K or 8K images, each question in four orders (800)."""

    name = "hrbench"

    split: Literal["4k", "8k"] = option("4k", help="images of 4,000 or of 8,000 pixels")

    def rows(self, root: Path) -> Iterator[Row]:
        file = f"hr_bench_{self.split}"
        wanted = f"{file}.tsv", f"{file}*.parquet", f"**/hrbench_{self.split}*.parquet"
        for path in find_files(root, *wanted):
            for row in table_rows(path):
                yield row if isinstance(row, Problem) else _made(row)

    def published(self) -> Mapping[str, int]:
        return {"samples": 800, "images": 200, "single": 400, "cross": 400}


def _made(row: TableRow) -> Row:
    return attempt(str(row.cells.get("index", row.place)), partial(_sample, row))


def _sample(row: TableRow) -> Sample:
    choices = tuple(text_of(row.cells, letter) for letter in "ABCD")
    return Sample(
        id=text_of(row.cells, "index"),
        source=row.source,
        text=text_of(row.cells, "question"),
        choices=choices,
        answer=place_of_letter(row.cells["answer"], choices),
        group=row.digest[:16],
        category=(text_of(row.cells, "category"),),
        meta={"cycle": text_of(row.cells, "cycle_category")},
    )
