"""Shared by all formats: files inside the dataset's folder, fields, and rows that may be broken."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

import attrs

from ...errors import DatasetError, VisualcropError
from ...image import Image
from ...image_io import MAX_BYTES, size_of
from ...utils.paths import read_limited
from ..base import ImageSource, Problem, Sample

Row: TypeAlias = Sample | Problem
MOST_ENCODED = 1 << 30  # bytes of an encoded picture


def is_file_inside(root: Path, path: Path) -> bool:
    """
    Whether *path* is a file of the folder *root*, and neither a pipe nor a device.

    A link that leads out of the folder is refused, or a dataset could have any file read.
    """
    try:
        if not path.is_file():
            return False
    except (OSError, ValueError):  # no file could have such a name
        return False
    real, home = path.resolve(), root.resolve()
    if home.parent.name == "snapshots" and (home.parents[1] / "blobs").is_dir():
        home = home.parents[1]  # as the hub's own cache keeps them: links into `blobs`
    if not real.is_relative_to(home):
        raise DatasetError(
            f"{path.name!r} is a link that leads out of the dataset's folder; copy what it leads "
            "to into its place."
        )
    return True


@attrs.frozen
class FileSource(ImageSource):
    """An image in a file of its own."""

    path: str

    @classmethod
    def inside(cls, root: Path, name: str) -> FileSource:
        """The source of the file *name* below *root*; raises if there is none."""
        shown = repr(name if len(name) <= 100 else f"{name[:97]}...")
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DatasetError(f"Its image {shown} lies outside the dataset's folder.")
        if not is_file_inside(root, root / name):
            raise DatasetError(f"Its image {shown} is missing.")
        return cls(str(root / name))

    def read(self) -> bytes:
        return read_limited(Path(self.path), MOST_ENCODED)

    def open(self, max_bytes: int = MAX_BYTES) -> Image:
        return Image.open(self.path, max_bytes=max_bytes)

    def size(self) -> tuple[int, int]:
        return size_of(self.path)


ROW_ERRORS = (
    *(TypeError, ValueError, AttributeError, LookupError, ArithmeticError, SyntaxError),
    *(RecursionError, MemoryError),
)


def build_row(id: str, make: Callable[[], Sample]) -> Row:
    """Call *make* for a sample; a problem if it raises."""
    try:
        return make()
    except VisualcropError as exc:
        return Problem(id, str(exc))
    except KeyError as exc:
        return Problem(id, f"It has no field {exc.args[0]!r}.")
    except ROW_ERRORS as exc:
        reason = str(exc).partition("\n")[0].rstrip(".") or type(exc).__name__
        return Problem(id, f"A field of it is not what it should be ({reason}).")


def get_text(fields: Mapping[str, Any], name: str) -> str:
    """The text in the field *name*; numbers become text, anything else raises."""
    value = fields[name]
    if not isinstance(value, str | int | float) or isinstance(value, bool) or value != value:  # noqa: PLR0124 - NaN
        raise DatasetError(f"Its field {name!r} holds no text.")
    return str(value)


def index_of_letter(letter: object, choices: tuple[str, ...]) -> int:
    """Index of the choice that *letter* names."""
    letters, wanted = string.ascii_uppercase[: len(choices)], str(letter or "").strip()
    index = letters.find(wanted)
    if index < 0 or len(wanted) != 1:
        raise DatasetError(f"Its answer {letter!r} is not the letter of one of its options.")
    return index


def find_files(root: Path, *patterns: str) -> list[Path]:
    """Find the files that match the first pattern with a match; *root* itself if it is a file."""
    if root.is_file():
        return [root]
    for pattern in patterns:
        if found := sorted(path for path in root.glob(pattern) if is_file_inside(root, path)):
            return found
    listed = ", ".join(patterns)
    raise DatasetError(f"{str(root)!r} holds none of {listed}; give the folder with these files.")
