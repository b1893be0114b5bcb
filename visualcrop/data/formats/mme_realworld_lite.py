"""MME-RealWorld-Lite, as TSV or parquet."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from ...errors import DatasetError
from ..base import Problem, Sample
from .common import FileDataset
from .files import Row, build_row, find_files, get_text, index_of_letter
from .tables import TableRow, read_table

_LONGEST = 100_000  # characters of all options
_LETTERED = re.compile(r"^\(?([A-Z])\)[ .]*")


@attrs.frozen
class MmeRealworldLite(FileDataset):
    """MME-RealWorld-Lite: text, maps, charts, cameras and roads in large images (1,919)."""

    name = "mme-realworld-lite"

    def rows(self, root: Path) -> Iterator[Row]:
        for path in find_files(root, "mme_realworld_lite.tsv", "train-*.parquet", "data/*.parquet"):
            for row in read_table(path):
                yield row if isinstance(row, Problem) else _build_row(row)

    def published(self) -> Mapping[str, int]:
        return {"samples": 1919, "images": 1543, "Perception": 1169, "Reasoning": 750}


def _build_row(row: TableRow) -> Row:
    return build_row(str(row.cells.get("index", row.place)), partial(_sample, row))


def _sample(row: TableRow) -> Sample:
    cells = row.cells
    choices = _choices(cells["multi-choice options"])
    fine = str(cells.get("l2-category") or "").lower()
    return Sample(
        id=get_text(cells, "index"),
        source=row.source,
        text=get_text(cells, "question"),
        choices=choices,
        answer=index_of_letter(cells["answer"], choices),
        group=row.digest[:16],
        category=(*get_text(cells, "category").split("/"), *[fine] * bool(fine)),
    )


def _choices(listed: Any) -> tuple[str, ...]:
    """Options without their letters, which the protocol adds; the TSV has a Python literal."""
    if isinstance(listed, str) and len(listed) > _LONGEST:
        raise DatasetError(f"Its options are longer than {_LONGEST:,} characters.")
    options = ast.literal_eval(listed) if isinstance(listed, str) else listed
    letters = [found[1] for option in options if (found := _LETTERED.match(option))]
    if letters != list(string.ascii_uppercase[: len(options)]):
        raise DatasetError(f"Its options do not begin with (A), (B) and so on: {options!r}.")
    return tuple(_LETTERED.sub("", option).strip() for option in options)
