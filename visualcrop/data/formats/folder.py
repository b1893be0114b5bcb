"""The dataset of whoever has one: what lies in a folder, in the form that all can be written in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from ...errors import DatasetError
from .file_dataset import FileDataset
from .files import Row
from .normal import SHEET, counts


@attrs.frozen
class Folder(FileDataset):
    """Your own: a folder with dataset.toml, samples.jsonl and images."""

    name = "folder"
    hint = "and begin with the how-to guide on datasets"

    def rows(self, root: Path) -> Iterator[Row]:
        raise DatasetError(f"{str(root)!r} holds no {SHEET}; write one, an empty file will do.")

    def published(self) -> Mapping[str, int]:
        return counts(self.root)
