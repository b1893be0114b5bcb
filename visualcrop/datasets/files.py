"""What a dataset in files rests on: where it lies, pictures in files, rows that may be broken."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, TypeAlias

import attrs

from ..dataset import Dataset, ImageSource, Problem, Sample
from ..decoding import size_of
from ..errors import DatasetError, FileError, VisualcropError
from ..image import MAX_PIXELS, Image
from ..keys import Keys
from ..strategy import option

HOME = "VISUALCROP_DATA"  # names the folder in which datasets lie, each in one of its own name
Row: TypeAlias = Sample | Problem


@attrs.frozen
class FileSource(ImageSource):
    """A picture in a file of its own."""

    path: str

    @classmethod
    def inside(cls, root: Path, name: str) -> FileSource:
        """The file *name* under *root*, which has to be there."""
        shown = repr(name if len(name) <= 100 else f"{name[:97]}...")
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DatasetError(f"Its image {shown} lies outside the dataset's folder.")
        try:
            there = (root / name).is_file()
        except (OSError, ValueError):  # no file could have such a name
            there = False
        if not there:
            raise DatasetError(f"Its image {shown} is missing.")
        return cls(str(root / name))

    def read(self) -> bytes:
        try:
            return Path(self.path).read_bytes()
        except OSError as exc:
            raise FileError(f"{self.path!r} cannot be read: {exc.strerror}.") from exc

    def open(self, max_pixels: int = MAX_PIXELS) -> Image:
        return Image.open(self.path, max_pixels=max_pixels)

    def size(self) -> tuple[int, int]:
        return size_of(self.path)


def home() -> Path:
    """Where datasets are looked for that have no path."""
    return Path(os.environ.get(HOME) or "~/.cache/visualcrop/datasets").expanduser()


@attrs.frozen
class FileDataset(Dataset):
    """A dataset in files on this machine; nothing is ever fetched by reading it."""

    hint: ClassVar[str] = "or fetch it with 'visualcrop data fetch'"

    path: str = option("", help="its folder or file; if empty, its own folder in $VISUALCROP_DATA")

    @property
    def root(self) -> Path:
        return Path(self.path).expanduser() if self.path else home() / self.name

    def read(self) -> Iterator[Row]:
        from .normal import SHEET, read_normal

        root = self.root
        if not root.exists():
            raise DatasetError(
                f"There is no {self.name} at {str(root)!r}; give its place as path=, {self.hint}."
            )
        return once_each(read_normal(root) if (root / SHEET).is_file() else self.rows(root))

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


def attempt(id: str, make: Callable[[], Sample]) -> Row:
    """The sample that *make* makes, or why it cannot be made."""
    try:
        return make()
    except VisualcropError as exc:
        return Problem(id, str(exc))
    except KeyError as exc:
        return Problem(id, f"It has no field {exc.args[0]!r}.")
    except (TypeError, ValueError, AttributeError, LookupError, RecursionError) as exc:
        reason = str(exc).partition("\n")[0].rstrip(".")
        return Problem(id, f"A field of it is not what it should be ({reason}).")


def text_of(fields: Mapping[str, Any], name: str) -> str:
    """The text in the field *name*, which has to be there."""
    value = fields[name]
    if not isinstance(value, str | int | float) or isinstance(value, bool) or value != value:  # noqa: PLR0124 - NaN
        raise DatasetError(f"Its field {name!r} holds no text.")
    return str(value)


def place_of_letter(letter: object, choices: tuple[str, ...]) -> int:
    """Which choice *letter* names."""
    index = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(choices)].find(str(letter).strip()) if letter else -1
    if index < 0 or len(str(letter).strip()) != 1:
        raise DatasetError(f"Its answer {letter!r} is not the letter of one of its options.")
    return index


def find_files(root: Path, *patterns: str) -> list[Path]:
    """The file given, or those in the folder that match the first pattern with a match."""
    if root.is_file():
        return [root]
    for pattern in patterns:
        if found := sorted(root.glob(pattern)):
            return found
    listed = ", ".join(patterns)
    raise DatasetError(f"{str(root)!r} holds none of {listed}; give the folder with these files.")
