"""Tables whose cells hold pictures in base64: TSV and parquet, one row in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...errors import DatasetError
from ..base import Problem
from .cells import TableRow


def table_rows(path: Path) -> Iterator[TableRow | Problem]:
    """Every row of the table, whichever of the two it is."""
    from .parquet import parquet_rows
    from .tsv import tsv_rows

    readers = {".tsv": tsv_rows, ".parquet": parquet_rows}
    if path.suffix not in readers:
        raise DatasetError(f"{str(path)!r} is neither .tsv nor .parquet; give one of these.")
    return readers[path.suffix](path)
