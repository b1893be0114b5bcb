"""Compares a dataset with its published counts, and its files with their digests."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator

import attrs

from ..errors import DatasetError, VisualcropError
from ..image_io import size_of
from .base import Dataset, Problem, Sample
from .formats.common import DATASET_TOML, FileDataset, read_counts, read_dataset_toml, to_fields
from .formats.files import is_file_inside
from .write_common import Advance, sha256_of


@attrs.frozen
class Count:
    """How many there are of something, and how many were published."""

    of: str  # samples, images, or the name of a category
    found: int
    published: int | None = None

    @property
    def is_right(self) -> bool:
        return self.published is None or self.published == self.found


@attrs.frozen
class Audit:
    """The result of `audit`."""

    counts: tuple[Count, ...]
    problems: tuple[Problem, ...]
    rows: str  # sha256 of all questions and answers
    pictures: str | None = None  # sha256 of all encoded pictures, if they were read
    files: tuple[tuple[str, bool], ...] = ()  # name, and whether its digest in `dataset.toml` holds

    @property
    def is_sound(self) -> bool:
        """Whether no sample is lost and every count and digest is right."""
        kept = all(problem.effect != "lost" for problem in self.problems)
        return kept and all(c.is_right for c in self.counts) and all(same for _, same in self.files)


def audit(
    dataset: Dataset, advance: Advance, *, pictures: bool = True, pixels: bool = False
) -> Audit:
    """Read every row; with *pictures*, each image's bytes; with *pixels*, decode them."""
    found, groups, problems = Counter[str](), set[str](), list[Problem]()
    text, images = hashlib.sha256(), hashlib.sha256()
    for row in dataset.read():
        if isinstance(row, Sample):
            found.update({"samples": 1, **dict.fromkeys(row.category, 1)})
            text.update(json.dumps({**to_fields(row, ""), "meta": None}).encode())
            groups.add(row.group or row.id)
            if pictures or pixels:
                problems += _check_picture(row, images, pixels=pixels)
        else:
            problems.append(row)
        advance(row)
    found["images"] = len(groups)
    return Audit(
        _compare_counts(found, _expected_counts(dataset)),
        tuple(problems),
        text.hexdigest(),
        images.hexdigest() if pictures or pixels else None,
        tuple(_check_files(dataset)),
    )


def _check_picture(sample: Sample, images: hashlib._Hash, *, pixels: bool) -> list[Problem]:
    """Read a sample's image into the digest *images*, and compare its boxes with its size."""
    try:
        if pixels:
            sample.source.open()
        picture = sample.source.read()
        images.update(picture)
        width, height = size_of(picture)
    except VisualcropError as exc:
        return [Problem(sample.id, str(exc))]
    outside = [
        target.name
        for target in sample.targets
        if not (target.box.right <= width and target.box.bottom <= height)
        or min(target.box.left, target.box.top) < 0
    ]
    return [Problem(sample.id, f"The box of {name} leaves the image.", "kept") for name in outside]


def _expected_counts(dataset: Dataset) -> dict[str, int]:
    """Published counts; those in `dataset.toml` come first."""
    promised = read_counts(dataset.root) if isinstance(dataset, FileDataset) else {}
    return {**dataset.published(), **promised}


def _compare_counts(found: Counter[str], published: dict[str, int]) -> tuple[Count, ...]:
    names = dict.fromkeys(("samples", "images", *published, *sorted(found)))
    return tuple(Count(name, found[name], published.get(name)) for name in names)


def _check_files(dataset: Dataset) -> Iterator[tuple[str, bool]]:
    """Each file with a digest in `dataset.toml`, and whether it still has that digest."""
    if not isinstance(dataset, FileDataset):
        return
    digests = read_dataset_toml(dataset.root).get("sha256", {})
    if not isinstance(digests, dict):
        raise DatasetError(f"[sha256] of {DATASET_TOML} is no table; mend it.")
    for name, digest in digests.items():
        if name in {"", ".", ".."} or set(name) & set("/\\\0"):
            raise DatasetError(
                f"[sha256] of {DATASET_TOML} names {name!r}; name files of its folder."
            )
        path = dataset.root / name
        if is_file_inside(dataset.root, path):
            yield name, sha256_of(path) == digest
