"""Tab-separated tables with pictures in their cells, by the place of each cell in the file."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import attrs

from ...errors import DatasetError, FileError
from ..base import ImageSource, Problem
from .cells import IMAGE_COLUMNS, TableRow, decoded, digest_of

_LONGEST = 1 << 30  # bytes of a line
_MOST_LINES = 400  # of one row: more is a quotation mark that nobody closed
_REFERENCE = 64  # a cell no longer than this names the row that has the picture


@attrs.frozen
class CellSource(ImageSource):
    """A picture in base64, somewhere in a file."""

    path: str
    start: int  # in bytes, as *length*
    length: int

    def read(self) -> bytes:
        try:
            with Path(self.path).open("rb") as file:
                file.seek(self.start)
                return decoded(file.read(self.length).decode("ascii", "replace"))
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


def tsv_rows(path: Path) -> Iterator[TableRow | Problem]:
    """Every row; one that is broken is a problem, and reading goes on in the next line."""
    csv.field_size_limit(sys.maxsize)  # a global, and pictures are long
    pictures: dict[str, tuple[CellSource, str]] = {}  # by index: later rows may refer to them
    number = 1
    try:
        with path.open("rb") as file:
            header = _record(file)
            if header is None or not set(IMAGE_COLUMNS) & set(header.cells):
                raise DatasetError(f"{str(path)!r} has no column called image.")
            number += header.lines
            while (record := _record(file)) is not None:
                if record.cells or record.wrong:
                    yield _row(path, header.cells, record, f"line {number}", pictures)
                number += record.lines
    except OSError as exc:
        raise FileError(f"{str(path)!r} cannot be read: {exc.strerror}.") from exc


def _record(file: IO[bytes]) -> _Record | None:
    """The next row; if it is broken, its first line alone."""
    start, taken = file.tell(), list[bytes]()

    def lines() -> Iterator[str]:
        while len(taken) < _MOST_LINES and (line := file.readline(_LONGEST)):
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


def _row(
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
            pictures[index] = CellSource(str(path), start, len(cell)), digest_of(decoded(cell))
        source, digest = pictures.get(cell) or pictures[index]
    except DatasetError as exc:
        return Problem(index, str(exc))
    return TableRow(place, cells, source, digest)
