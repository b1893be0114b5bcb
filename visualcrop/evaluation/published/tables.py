"""The tables as rows of text; a cell that the paper leaves empty is empty."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TypeAlias

import attrs

from ...errors import FileError

Row: TypeAlias = Mapping[str, str]

_FILES = resources.files(__package__)


@attrs.frozen
class PaperTable:
    """One table of the paper."""

    number: int
    title: str
    rows: Sequence[Row] = attrs.field(repr=False)
    command: str | None = None  # gets the same in our numbers, on real weights

    def where(self, **cells: str) -> list[Row]:
        """Rows with these cells."""
        return [row for row in self.rows if all(row[name] == cells[name] for name in cells)]

    def row(self, **cells: str) -> Row:
        """The one row with these cells."""
        (row,) = self.where(**cells)
        return row


@cache
def table(number: int) -> PaperTable:
    """A table by its number in the paper."""
    known = _known()
    if number not in known:
        numbers = ", ".join(map(str, known))
        raise FileError(f"Table {number} of the paper is not here; there are tables {numbers}.")
    text = _FILES.joinpath(f"table{number:02}.csv").read_text("utf-8")
    return PaperTable(number, rows=tuple(csv.DictReader(text.splitlines())), **known[number])


def tables() -> list[PaperTable]:
    """All of them, in the paper's order."""
    return [table(number) for number in _known()]


@cache
def _known() -> Mapping[int, Mapping[str, str]]:
    about = tomllib.loads(_FILES.joinpath("tables.toml").read_text("utf-8"))
    return {int(number): each for number, each in about.items()}
