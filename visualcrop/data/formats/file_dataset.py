"""A dataset in files: where it lies, and which of its two forms it has."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import attrs

from ...errors import DatasetError
from ...strategy.base import option
from ...utils.paths import expanded
from ...utils.text_set import Keys
from ..base import Dataset, Problem, Sample
from .files import Row, is_held
from .normal import SHEET, read_normal

HOME = "VISUALCROP_DATA"  # names the folder in which datasets lie, each in one of its own name


def home() -> Path:
    """Where datasets are looked for that have no path."""
    return expanded(os.environ.get(HOME) or "~/.cache/visualcrop/datasets")


@attrs.frozen
class FileDataset(Dataset):
    """A dataset in files on this machine; nothing is ever fetched by reading it."""

    hint: ClassVar[str] = "or fetch it with 'visualcrop data fetch'"

    path: str = option("", help="its folder or file; if empty, its own folder in $VISUALCROP_DATA")

    @property
    def root(self) -> Path:
        return expanded(self.path) if self.path else home() / self.name

    def read(self) -> Iterator[Row]:
        root = self.root
        if not root.exists():
            raise DatasetError(
                f"There is no {self.name} at {str(root)!r}; give its place as path=, {self.hint}."
            )
        return once_each(read_normal(root) if is_held(root, root / SHEET) else self.rows(root))

    @abstractmethod
    def rows(self, root: Path) -> Iterator[Row]:
        """Every row in the format in which the dataset is shipped."""


def once_each(rows: Iterator[Row]) -> Iterator[Row]:
    """A second row of one id is a problem: results could not be told apart."""
    seen = Keys()
    for row in rows:
        if isinstance(row, Sample) and not seen.add(row.id):
            yield Problem(row.id, "Another row has this id already.")
        else:
            yield row
