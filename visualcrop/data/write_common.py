"""Writes any dataset in the common form."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Container, Iterable
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
from .formats.files import is_held
from .formats.tables import digest_of
from .names import check_way

_PROBLEMS = "problems.jsonl"
_TABLES = ("*.jsonl", "*.json", "*.tsv", "*.parquet", "data/*.parquet")
Advance = Callable[[Sample | Problem], None]


@attrs.define
class Written:
    """What was written, and what could not be."""

    samples: int = 0
    images: set[str] = attrs.field(factory=set)
    problems: list[Problem] = attrs.field(factory=list)
    strays: list[str] = attrs.field(factory=list)  # files there that are no part of it


def write_common(dataset: Dataset, target: Path, advance: Advance) -> Written:
    """
    Write *dataset* into the folder *target*, pictures as they were shipped.

    Begun anew after an interruption, pictures that are there already are kept. `samples.jsonl`
    and `dataset.toml` come last: a folder with either is a dataset, and is left as it is.
    """
    check_free(target, SAMPLES, DATASET_TOML)
    written, part = Written(), target / f"{SAMPLES}.part"
    with writing(target):
        for name in (part.name, _PROBLEMS, IMAGES):
            check_way(target, name)
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
        written.strays = strays(target, {IMAGES}, written.images)
    return written


def check_free(target: Path, *names: str) -> None:
    """Refuse a folder that holds a dataset: it may be somebody's own, or an older one."""
    for name in names:
        if os.path.lexists(target / name):
            raise FileError(
                f"{str(target)!r} holds a dataset already ({name}); write --to another folder, or "
                "remove it."
            )


def strays(target: Path, folders: Iterable[str], written: Container[str]) -> list[str]:
    """Files in *folders* of *target* that were not *written*, as of something written before."""
    found = (path for folder in sorted(folders) for path in sorted((target / folder).iterdir()))
    names = (str(path.relative_to(target)) for path in found)
    return [name for name in names if name not in written]


def _write(row: Sample | Problem, target: Path, lines: IO[str], written: Written) -> None:
    if isinstance(row, Sample):
        try:
            image = _keep(row.source.read(), target, written)
        except VisualcropError as exc:
            row = Problem(row.id, str(exc))
        else:
            lines.write(json.dumps(to_fields(row, image)) + "\n")
            written.samples += 1
            written.images.add(image)
            return
    written.problems.append(row)


def _keep(picture: bytes, target: Path, written: Written) -> str:
    """Write a picture under its own digest, once; its name from the dataset's folder."""
    size_of(picture)  # refuses what is no picture
    name = f"{IMAGES}/{digest_of(picture)[:16]}{suffix_of(picture)}"
    if name in written.images and (target / name).read_bytes() != picture:
        raise DatasetError(f"Its image would take the place of another one, {name}.")
    write_once(target / name, picture)
    return name


def suffix_of(picture: bytes) -> str:
    """The ending that the picture's format is known by."""
    known = format_of(picture)
    return {"JPEG": ".jpg", "JPEG2000": ".jp2", "TIFF": ".tif"}.get(known, f".{known.lower()}")


def write_once(path: Path, content: bytes) -> None:
    """Write a file atomically; one that has this content already is left alone."""
    part = path.with_name(f"{path.name}.part")
    for place in (path.parent, path, part):
        if place.is_symlink():
            raise FileError(f"{str(place)!r} is a link, and is not written through; remove it.")
    if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return
    write_atomically(path, content, part)


class writing:  # noqa: N801 - read as a verb in `with writing(target)`
    """Says in a sentence that the disk is full, or whatever else stops writing to *target*."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, exc: BaseException | None, trace: object) -> None:
        if isinstance(exc, OSError):
            reason = exc.strerror or exc
            raise FileError(
                f"{str(self.target)!r} cannot be written: {reason}; "
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
    tables = [target / SAMPLES, *_sources(dataset)]
    digests = [f"{json.dumps(path.name)} = {json.dumps(sha256(path))}\n" for path in tables]
    return f"{text}\n[sha256]\n{''.join(digests)}"


def _sources(dataset: Dataset) -> list[Path]:
    """The tables that were read; pictures have their digests for names."""
    if not isinstance(dataset, FileDataset):
        return []
    root = dataset.root
    found = [root] if root.is_file() else [path for p in _TABLES for path in root.glob(p)]
    own = {SAMPLES, _PROBLEMS}
    return sorted(p for p in found if p.name not in own and (p == root or is_held(root, p)))


def sha256(path: Path) -> str:
    """Fingerprint of a file of any size."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
