"""Writes any dataset in the common form."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from hashlib import file_digest
from importlib.metadata import version
from pathlib import Path
from typing import IO

import attrs

from ..errors import DatasetError, FileError, VisualcropError
from ..image_io import format_of, size_of
from ..spec.parse import Spec
from ..utils.paths import write_atomically
from .base import Dataset, Problem, Sample
from .formats.common import DATASET_TOML, IMAGES, SAMPLES, FileDataset, to_fields
from .formats.files import is_file_inside
from .formats.tables import hash_picture
from .safe_names import refuse_links

_PROBLEMS = "problems.jsonl"
_TABLES = ("*.jsonl", "*.json", "*.tsv", "*.parquet", "data/*.parquet")
Advance = Callable[[Sample | Problem], None]


@attrs.define
class Written:
    """What a writer wrote, and the rows that it could not write."""

    samples: int = 0
    images: set[str] = attrs.field(factory=set)  # paths below the folder
    problems: list[Problem] = attrs.field(factory=list)
    strays: list[str] = attrs.field(factory=list)  # other files in the folders of images


def write_common(dataset: Dataset, target: Path, advance: Advance) -> Written:
    """
    Write *dataset* into the folder *target*: pictures as encoded, the tables last.

    A run after an interruption keeps the pictures that are there. A folder that has
    `samples.jsonl` or `dataset.toml` is a dataset already, and is refused.
    """
    refuse_existing_dataset(target, SAMPLES, DATASET_TOML)
    written, part = Written(), target / f"{SAMPLES}.part"
    with explain_write_errors(target):
        for name in (part.name, _PROBLEMS, IMAGES):
            refuse_links(target, name)
        (target / IMAGES).mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as lines:
            for row in dataset.read():
                _write(row, target, lines, written)
                advance(row)
            lines.flush()
            os.fsync(lines.fileno())
        part.replace(target / SAMPLES)
        problems = [json.dumps(attrs.asdict(problem)) + "\n" for problem in written.problems]
        (target / _PROBLEMS).write_text("".join(problems), "utf-8")
        (target / DATASET_TOML).write_text(_render_toml(dataset, target, written), "utf-8")
        written.strays = find_strays(target, {IMAGES}, written.images)
    return written


def refuse_existing_dataset(target: Path, *names: str) -> None:
    """Refuse a folder that has one of the files *names*: it is somebody's dataset."""
    for name in names:
        if os.path.lexists(target / name):
            raise FileError(
                f"{str(target)!r} holds a dataset already ({name}); write --to another folder, or "
                "remove it."
            )


def find_strays(target: Path, folders: Iterable[str], written: Container[str]) -> list[str]:
    """Find files in *folders* of *target* that are not *written*, such as those of an older run."""
    found = (path for folder in sorted(folders) for path in sorted((target / folder).iterdir()))
    names = (str(path.relative_to(target)) for path in found)
    return [name for name in names if name not in written]


def _write(row: Sample | Problem, target: Path, lines: IO[str], written: Written) -> None:
    if isinstance(row, Sample):
        try:
            image = _write_picture(row.source.read(), target, written)
        except VisualcropError as exc:
            row = Problem(row.id, str(exc))
        else:
            lines.write(json.dumps(to_fields(row, image)) + "\n")
            written.samples += 1
            written.images.add(image)
            return
    written.problems.append(row)


def _write_picture(picture: bytes, target: Path, written: Written) -> str:
    """Write a picture under its digest, and return its path below *target*."""
    size_of(picture)  # refuses what is no picture
    name = f"{IMAGES}/{hash_picture(picture)[:16]}{choose_suffix(picture)}"
    if name in written.images and (target / name).read_bytes() != picture:
        raise DatasetError(f"Its image would take the place of another one, {name}.")
    write_if_changed(target / name, picture)
    return name


def choose_suffix(picture: bytes) -> str:
    """The usual file suffix of the picture's format, such as `.jpg`."""
    known = format_of(picture)
    return {"JPEG": ".jpg", "JPEG2000": ".jp2", "TIFF": ".tif"}.get(known, f".{known.lower()}")


def write_if_changed(path: Path, content: bytes) -> None:
    """Write a file atomically, unless it has this content already."""
    part = path.with_name(f"{path.name}.part")
    for place in (path.parent, path, part):
        if place.is_symlink():
            raise FileError(f"{str(place)!r} is a link, and is not written through; remove it.")
    if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return
    write_atomically(path, content, part)


@contextmanager
def explain_write_errors(target: Path) -> Iterator[None]:
    """Raise one sentence where the disk is full, or something else stops writing to *target*."""
    try:
        yield
    except OSError as exc:
        reason = exc.strerror or exc
        raise FileError(
            f"{str(target)!r} cannot be written: {reason}; "
            "what is there is kept, and the same command resumes."
        ) from exc


def _render_toml(dataset: Dataset, target: Path, written: Written) -> str:
    lines = {
        "name": dataset.name,
        "origin": str(Spec.of(dataset)),
        "n": written.samples,
        "images": len(written.images),
        "problems": len(written.problems),
        "licence": "that of the original",
        "importer": f"visualcrop {version('visualcrop')}",
    }
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())
    tables = [target / SAMPLES, *_find_tables(dataset)]
    digests = [f"{json.dumps(path.name)} = {json.dumps(sha256_of(path))}\n" for path in tables]
    return f"{text}\n[sha256]\n{''.join(digests)}"


def _find_tables(dataset: Dataset) -> list[Path]:
    """Find the files of questions that were read; pictures are named by their digests."""
    if not isinstance(dataset, FileDataset):
        return []
    root = dataset.root
    found = [root] if root.is_file() else [path for p in _TABLES for path in root.glob(p)]
    own = {SAMPLES, _PROBLEMS}
    return sorted(p for p in found if p.name not in own and (p == root or is_file_inside(root, p)))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file of any size, in hexadecimal digits."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
