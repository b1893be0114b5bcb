"""What reading files rests on: pictures of their own, rows that may be broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

import attrs

from ..dataset import ImageSource, Problem, Sample
from ..decoding import MAX_BYTES, size_of
from ..errors import DatasetError, FileError, VisualcropError
from ..image import Image

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

    def open(self, max_bytes: int = MAX_BYTES) -> Image:
        return Image.open(self.path, max_bytes=max_bytes)

    def size(self) -> tuple[int, int]:
        return size_of(self.path)


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
