"""Parquet tables with pictures in their cells, read row by row."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from ...errors import DatasetError, FileError
from ...utils.forking import in_child
from ..base import ImageSource, Problem
from .cells import IMAGE_COLUMNS, TableRow, decoded, digest_of

_BUFFER = 1 << 20


@attrs.frozen
class ParquetSource(ImageSource):
    """A picture in one cell; what stands before it in its row group is passed over."""

    path: str
    column: str
    row: int

    def read(self) -> bytes:
        return decoded(_cursor.read(self.path, self.column, self.row))


class _Cursor:
    """Where the last picture was read: the next one is not far, and is reached by reading on."""

    def __init__(self) -> None:
        self.start_afresh()
        in_child(self.start_afresh)

    def start_afresh(self) -> None:
        """Forget where that was; in a forked child, the file is another process's, too."""
        self.lock = threading.Lock()
        self.column: tuple[str, str] | None = None
        self.cells: Iterator[tuple[int, Any]] = iter(())
        self.next = 0
        self.last: Any = None

    def read(self, path: str, column: str, row: int) -> Any:
        with self.lock:
            if self.column == (path, column) and row == self.next - 1:
                return self.last
            if self.column != (path, column) or row < self.next:
                self.cells = _cells(Path(path), column, row)
            self.column = None  # unless the row is found
            for place, cell in self.cells:
                if place == row:
                    self.column, self.next, self.last = (path, column), row + 1, cell
                    return cell
        raise FileError(f"{path!r} has no row {row}; it was changed.")


_cursor = _Cursor()


def _cells(path: Path, column: str, row: int) -> Iterator[tuple[int, Any]]:
    """Cells with the places of their rows, from the beginning of the group that holds *row*."""
    file, first = _opened(path), 0
    for group in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if row < first + rows:
            cells = _rows(file, path, row_groups=[group], columns=[column])
            yield from ((n, each[column]) for n, each in enumerate(cells, first))
        first += rows


def parquet_rows(path: Path) -> Iterator[TableRow | Problem]:
    """Every row, one in memory at a time."""
    file = _opened(path)
    names = file.schema_arrow.names
    column = next((name for name in IMAGE_COLUMNS if name in names), None)
    if column is None:
        raise DatasetError(f"{str(path)!r} has no column called image.")
    number = 0
    try:
        for number, cells in enumerate(_rows(file, path), 1):
            yield _row(path, column, number - 1, cells)
    except FileError as exc:
        yield Problem(f"row {number}", str(exc))


def _row(path: Path, column: str, number: int, cells: dict[str, Any]) -> TableRow | Problem:
    try:
        digest = digest_of(decoded(cells.pop(column)))
    except DatasetError as exc:
        return Problem(str(cells.get("index", f"row {number}")), str(exc))
    return TableRow(f"row {number}", cells, ParquetSource(str(path), column, number), digest)


def _rows(file: Any, path: Path, **part: Any) -> Iterator[dict[str, Any]]:
    """Rows one by one; a sentence where the file is damaged, or a text in it is not UTF-8."""
    import pyarrow as pa

    damaged = (OSError, ValueError, pa.ArrowException)  # as Python ends, the module is no more
    try:
        for batch in file.iter_batches(1, **part):
            yield from batch.to_pylist()
    except damaged as exc:
        reason = str(exc).partition("\n")[0].rstrip(".")
        raise FileError(f"{str(path)!r} cannot be read on: {reason}.") from exc


def _opened(path: Path) -> Any:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise DatasetError(
            "Reading parquet needs pyarrow; pip install 'visualcrop[eval]', or give the TSV."
        ) from None
    try:
        return pq.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)
    except (OSError, ValueError, pa.ArrowException) as exc:  # ValueError: its name is no UTF-8
        reason = str(exc).partition("\n")[0].rstrip(".")
        raise FileError(f"{str(path)!r} cannot be read as parquet: {reason}.") from exc
