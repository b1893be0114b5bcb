"""Tables whose cells hold pictures in base64: TSV and parquet, one row in memory at a time."""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import attrs

from ...errors import DatasetError, FileError
from ...utils.forking import after_fork_in_child
from ..base import ImageSource, Problem

IMAGE_COLUMNS = ("image", "bytes")


@attrs.frozen
class TableRow:
    """One row without its picture, and the source of that."""

    place: str
    cells: Mapping[str, Any]
    source: ImageSource
    digest: str  # SHA-256 of the encoded picture


def decode_cell(cell: Any) -> bytes:
    """Decode a picture's cell: base64, bytes, or the dict that Hugging Face's datasets write."""
    if isinstance(cell, dict):
        cell = cell.get("bytes")
    if isinstance(cell, bytes):
        return cell
    try:
        picture = base64.b64decode(cell or "", validate=True)
    except (binascii.Error, TypeError, ValueError) as exc:
        raise DatasetError("Its image is not base64; the file may be cut short.") from exc
    if not picture:
        raise DatasetError("Its image is missing.")
    return picture


def hash_picture(picture: bytes) -> str:
    """SHA-256 of an encoded picture, in hexadecimal digits."""
    return hashlib.sha256(picture).hexdigest()


def read_table(path: Path) -> Iterator[TableRow | Problem]:
    """Read every row of a TSV or parquet file."""
    readers = {".tsv": read_tsv, ".parquet": read_parquet}
    if path.suffix not in readers:
        raise DatasetError(f"{str(path)!r} is neither .tsv nor .parquet; give one of these.")
    return readers[path.suffix](path)


_MAX_LINE = 1 << 30  # bytes of a line
_MAX_LINES = 400  # of one row: more means an unclosed quotation mark
_REFERENCE = 64  # a cell no longer than this names the row that has the picture


@attrs.frozen
class CellSource(ImageSource):
    """A picture in base64 at a byte range of a TSV file."""

    path: str
    start: int  # in bytes
    length: int  # in bytes

    def read(self) -> bytes:
        try:
            with Path(self.path).open("rb") as file:
                file.seek(self.start)
                return decode_cell(file.read(self.length).decode("ascii", "replace"))
        except OSError as exc:
            raise FileError(f"{self.path!r} cannot be read: {exc.strerror}.") from exc


@attrs.frozen
class _Record:
    """The cells of one row, and the bytes that they were read from."""

    start: int
    raw: bytes
    lines: int
    cells: list[str]
    wrong: str = ""


def read_tsv(path: Path) -> Iterator[TableRow | Problem]:
    """Read every row; a broken one is a problem, and reading continues at the next line."""
    csv.field_size_limit(sys.maxsize)  # a global, and pictures are long
    pictures: dict[str, tuple[CellSource, str]] = {}  # by index: later rows may refer to them
    number = 1
    try:
        with path.open("rb") as file:
            header = _read_record(file)
            if header is None or not set(IMAGE_COLUMNS) & set(header.cells):
                raise DatasetError(f"{str(path)!r} has no column called image.")
            number += header.lines
            while (record := _read_record(file)) is not None:
                if record.cells or record.wrong:
                    yield _read_tsv_row(path, header.cells, record, f"line {number}", pictures)
                number += record.lines
    except OSError as exc:
        raise FileError(f"{str(path)!r} cannot be read: {exc.strerror}.") from exc


def _read_record(file: IO[bytes]) -> _Record | None:
    """Read the next row; of a broken one, the first line only."""
    start, taken = file.tell(), list[bytes]()

    def lines() -> Iterator[str]:
        while len(taken) < _MAX_LINES and (line := file.readline(_MAX_LINE)):
            taken.append(line)
            yield line.decode("utf-8")

    try:
        cells = next(csv.reader(lines(), delimiter="\t", strict=True), None)
    except (csv.Error, UnicodeDecodeError) as exc:
        file.seek(start + len(taken[0]))
        odd = (
            "a quotation mark is out of place" if isinstance(exc, csv.Error) else "it is not UTF-8"
        )
        return _Record(start, taken[0], 1, [], odd)
    return None if cells is None else _Record(start, b"".join(taken), len(taken), cells)


def _read_tsv_row(
    path: Path,
    names: list[str],
    record: _Record,
    place: str,
    pictures: dict[str, tuple[CellSource, str]],
) -> TableRow | Problem:
    if record.wrong or len(record.cells) != len(names):
        counted = f"it has {len(record.cells)} cells, and the header has {len(names)}"
        return Problem(place, f"The row is broken: {record.wrong or counted}.")
    cells = dict(zip(names, record.cells, strict=True))
    cell = cells.pop(next(name for name in IMAGE_COLUMNS if name in cells))
    index = cells.get("index", place)
    try:
        if len(cell) > _REFERENCE or cell not in pictures:
            start = record.start + record.raw.find(cell.encode())
            pictures[index] = (
                CellSource(str(path), start, len(cell)),
                hash_picture(decode_cell(cell)),
            )
        source, digest = pictures.get(cell) or pictures[index]
    except DatasetError as exc:
        return Problem(index, str(exc))
    return TableRow(place, cells, source, digest)


_BUFFER = 1 << 20  # bytes that are read ahead


@attrs.frozen
class ParquetSource(ImageSource):
    """A picture in one cell of a parquet file; earlier rows of its row group are skipped."""

    path: str
    column: str
    row: int

    def read(self) -> bytes:
        return decode_cell(_cursor.read(self.path, self.column, self.row))


class _Cursor:
    """An open parquet column. Pictures are mostly read in order, so it continues from the last."""

    def __init__(self) -> None:
        self.reset()
        after_fork_in_child(self.reset)

    def reset(self) -> None:
        """Close the column; in a forked child, the open file is shared with the parent."""
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
                self.cells = _iterate_cells(Path(path), column, row)
            self.column = None  # unless the row is found
            for place, cell in self.cells:
                if place == row:
                    self.column, self.next, self.last = (path, column), row + 1, cell
                    return cell
        raise FileError(f"{path!r} has no row {row}; it was changed.")


_cursor = _Cursor()


def _iterate_cells(path: Path, column: str, row: int) -> Iterator[tuple[int, Any]]:
    """Cells with their row numbers, from the start of the row group that holds *row*."""
    file, first = _open_parquet(path), 0
    for group in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if row < first + rows:
            cells = _iterate_rows(file, path, row_groups=[group], columns=[column])
            yield from ((n, each[column]) for n, each in enumerate(cells, first))
        first += rows


def read_parquet(path: Path) -> Iterator[TableRow | Problem]:
    """Read every row, one in memory at a time."""
    file = _open_parquet(path)
    names = file.schema_arrow.names
    column = next((name for name in IMAGE_COLUMNS if name in names), None)
    if column is None:
        raise DatasetError(f"{str(path)!r} has no column called image.")
    number = 0
    try:
        for number, cells in enumerate(_iterate_rows(file, path), 1):
            yield _read_parquet_row(path, column, number - 1, cells)
    except FileError as exc:
        yield Problem(f"row {number}", str(exc))


def _read_parquet_row(
    path: Path, column: str, number: int, cells: dict[str, Any]
) -> TableRow | Problem:
    try:
        digest = hash_picture(decode_cell(cells.pop(column)))
    except DatasetError as exc:
        return Problem(str(cells.get("index", f"row {number}")), str(exc))
    return TableRow(f"row {number}", cells, ParquetSource(str(path), column, number), digest)


def _iterate_rows(file: Any, path: Path, **part: Any) -> Iterator[dict[str, Any]]:
    """Read rows one by one; raise `FileError` if the file is damaged or a text is not UTF-8."""
    import pyarrow as pa

    damaged = (OSError, ValueError, pa.ArrowException)  # bound here: at exit the module is gone
    try:
        for batch in file.iter_batches(1, **part):
            yield from batch.to_pylist()
    except damaged as exc:
        reason = str(exc).partition("\n")[0].rstrip(".")
        raise FileError(f"{str(path)!r} cannot be read on: {reason}.") from exc


def _open_parquet(path: Path) -> Any:
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
