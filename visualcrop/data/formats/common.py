"""
The common form of datasets in files: `dataset.toml`, `samples.jsonl` and `images/`.

Every dataset in files is read in its own format or in this one, which `data import` writes.
"""

from __future__ import annotations

import difflib
import json
import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, ClassVar

import attrs

from ...errors import DatasetError, FileError
from ...geometry import Box
from ...strategy.base import option
from ...utils.paths import MOST_TEXT, expand_path, read_limited
from ...utils.text_set import TextSet
from ..base import Dataset, Problem, Sample, TargetBox
from .files import FileSource, Row, build_row, get_text, is_file_inside

DATASET_TOML, SAMPLES, IMAGES = "dataset.toml", "samples.jsonl", "images"


def read_common(root: Path) -> Iterator[Row]:
    """Read `samples.jsonl` in order: a sample or a problem for each line."""
    for place, fields in read_json_lines(root, SAMPLES):
        if isinstance(fields, Problem):
            yield fields
        else:
            yield build_row(str(fields.get("id", place)), partial(_sample, root, fields))


def read_json_lines(root: Path, name: str) -> Iterator[tuple[str, dict[str, Any] | Problem]]:
    """Read a JSON Lines file in *root*: pairs of `line 1`, ... and its object, or a problem."""
    path = root / name
    if path.exists() and not is_file_inside(root, path):
        raise FileError(f"{str(path)!r} cannot be read: it is no file.")
    try:
        with path.open("rb") as file:
            for number, line in enumerate(_read_lines(file), 1):
                if len(line) > MOST_TEXT:
                    reason = f"It is longer than {MOST_TEXT:,} bytes."
                    yield f"line {number}", Problem(f"line {number}", reason)
                elif line.strip():
                    yield f"line {number}", _parse_object(line, f"line {number}")
    except OSError as exc:
        raise FileError(f"{str(path)!r} cannot be read: {exc.strerror}.") from exc


def _read_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Read lines; one that is over the limit is cut."""
    while line := file.readline(MOST_TEXT + 1):
        yield line
        while len(line) > MOST_TEXT and not line.endswith(b"\n"):
            line = file.readline(MOST_TEXT + 1)


def _parse_object(line: bytes, place: str) -> dict[str, Any] | Problem:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as exc:
        return Problem(place, f"It is not JSON ({str(exc).partition(':')[0]}).")
    return fields if isinstance(fields, dict) else Problem(place, "It is not a JSON object.")


def _sample(root: Path, fields: dict[str, Any]) -> Sample:
    _check_fields(fields)
    answer, category = fields["answer"], fields.get("category") or ()
    return Sample(
        id=get_text(fields, "id"),
        source=FileSource.inside(root, get_text(fields, "image")),
        text=get_text(fields, "question"),
        choices=tuple(map(str, fields.get("options") or ())),
        answer=answer if type(answer) is int else _texts(answer),
        group=str(fields.get("group") or fields["image"]),
        category=_texts(category),
        targets=tuple(
            TargetBox(str(target["name"]), Box(*map(float, target["box"])))
            for target in fields.get("targets") or ()
        ),
        meta=dict(fields.get("meta") or {}),
        sentences=_sentences(fields.get("sentences") or []),
    )


def _check_fields(fields: dict[str, Any]) -> None:
    """Refuse frequent mistakes: a misspelt field, and text where an option's index belongs."""
    for name in ("id", "image", "question", "answer"):
        if name not in fields and (close := difflib.get_close_matches(name, fields, n=1)):
            raise DatasetError(f"It has a field {close[0]!r} (did you mean {name!r}?).")
    answer, options = fields["answer"], fields.get("options")
    if isinstance(answer, str) and options:
        raise DatasetError(
            f"Its answer is text, but it has options; give the index, 0 to {len(options) - 1}."
        )


def _sentences(value: Any) -> tuple[str, ...]:
    if not isinstance(value, str | list) or not all(isinstance(each, str) for each in value):
        raise DatasetError("Its sentences are no list of texts.")
    return _texts(value)


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def to_fields(sample: Sample, image: str) -> dict[str, Any]:
    """The fields of a sample's line in `samples.jsonl`; *image* is a path below the folder."""
    answer = sample.answer
    sentences = {"sentences": list(sample.sentences)} if sample.sentences else {}
    return {
        "id": sample.id,
        "image": image,
        "question": sample.text,
        "options": list(sample.choices) or None,
        "answer": answer if isinstance(answer, int) else list(answer),
        **sentences,  # without any, a line is as it was before there were some
        "group": sample.group,
        "category": list(sample.category),
        "targets": [
            {"name": target.name, "box": [*attrs.astuple(target.box)]} for target in sample.targets
        ],
        "meta": dict(sample.meta),
    }


def read_dataset_toml(root: Path) -> dict[str, Any]:
    """The table in `dataset.toml`; empty if there is no such file."""
    import tomllib

    if not is_file_inside(root, root / DATASET_TOML):
        return {}
    try:
        return tomllib.loads(read_limited(root / DATASET_TOML).decode("utf-8"))
    except (ValueError, RecursionError) as exc:
        reason = str(exc).partition("\n")[0] or "it is nested too deeply"
        raise DatasetError(
            f"{str(root / DATASET_TOML)!r} is not TOML ({reason}); mend it."
        ) from exc


def read_counts(root: Path) -> dict[str, int]:
    """Read the numbers of samples and images in `dataset.toml`, if it has them."""
    table = read_dataset_toml(root)
    given = {"samples": table.get("n"), "images": table.get("images")}
    return {name: count for name, count in given.items() if type(count) is int and count >= 0}


DATA_HOME = "VISUALCROP_DATA"  # the folder of all datasets, each in a folder of its own name


def datasets_home() -> Path:
    """The folder of all datasets that are named without a path."""
    return expand_path(os.environ.get(DATA_HOME) or "~/.cache/visualcrop/datasets")


@attrs.frozen
class FileDataset(Dataset):
    """A dataset in files on this machine; reading it never fetches anything."""

    hint: ClassVar[str] = "or fetch it with 'visualcrop data fetch'"

    path: str = option("", help="its folder or file; if empty, its own folder in $VISUALCROP_DATA")

    @property
    def root(self) -> Path:
        return expand_path(self.path) if self.path else datasets_home() / self.name

    def read(self) -> Iterator[Row]:
        root = self.root
        if not root.exists():
            raise DatasetError(
                f"There is no {self.name} at {str(root)!r}; give its place as path=, {self.hint}."
            )
        return replace_repeated_ids(
            read_common(root) if is_file_inside(root, root / DATASET_TOML) else self.rows(root)
        )

    @abstractmethod
    def rows(self, root: Path) -> Iterator[Row]:
        """Yield every row of the dataset's original format."""


def replace_repeated_ids(rows: Iterator[Row]) -> Iterator[Row]:
    """Replace a second row of the same id by a problem: results are stored by id."""
    seen = TextSet()
    for row in rows:
        if isinstance(row, Sample) and not seen.add(row.id):
            yield Problem(row.id, "Another row has this id already.")
        else:
            yield row


@attrs.frozen
class Folder(FileDataset):
    """Your own: a folder with dataset.toml, samples.jsonl and images."""

    name = "folder"
    hint = "and begin with the how-to guide on datasets"

    def rows(self, root: Path) -> Iterator[Row]:
        raise DatasetError(
            f"{str(root)!r} holds no {DATASET_TOML}; write one, an empty file will do."
        )

    def published(self) -> Mapping[str, int]:
        return read_counts(self.root)
