"""The form that all datasets can be written in: `dataset.toml`, `samples.jsonl`, `images/`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

import attrs

from ...errors import DatasetError, FileError
from ...geometry import Box
from ...utils.paths import MOST_TEXT, read_whole
from ..base import Problem, Sample, TargetBox
from .files import FileSource, Row, attempt, is_held, text_of

SHEET, SAMPLES, IMAGES = "dataset.toml", "samples.jsonl", "images"


def read_normal(root: Path) -> Iterator[Row]:
    """Each line of `samples.jsonl`, in its order."""
    for place, fields in json_lines(root, SAMPLES):
        if isinstance(fields, Problem):
            yield fields
        else:
            yield attempt(str(fields.get("id", place)), partial(_sample, root, fields))


def json_lines(root: Path, name: str) -> Iterator[tuple[str, dict[str, Any] | Problem]]:
    """`line 1` and so on of a file in *root*, each with the object that it holds."""
    path = root / name
    if path.exists() and not is_held(root, path):
        raise FileError(f"{str(path)!r} cannot be read: it is no file.")
    try:
        with path.open("rb") as file:
            for number, line in enumerate(_lines(file), 1):
                if len(line) > MOST_TEXT:
                    reason = f"It is longer than {MOST_TEXT:,} bytes."
                    yield f"line {number}", Problem(f"line {number}", reason)
                elif line.strip():
                    yield f"line {number}", _object(line, f"line {number}")
    except OSError as exc:
        raise FileError(f"{str(path)!r} cannot be read: {exc.strerror}.") from exc


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Line by line; of one that is too long, its beginning."""
    while line := file.readline(MOST_TEXT + 1):
        yield line
        while len(line) > MOST_TEXT and not line.endswith(b"\n"):
            line = file.readline(MOST_TEXT + 1)


def _object(line: bytes, place: str) -> dict[str, Any] | Problem:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as exc:
        return Problem(place, f"It is not JSON ({str(exc).partition(':')[0]}).")
    return fields if isinstance(fields, dict) else Problem(place, "It is not a JSON object.")


def _sample(root: Path, fields: dict[str, Any]) -> Sample:
    _check_fields(fields)
    answer, category = fields["answer"], fields.get("category") or ()
    return Sample(
        id=text_of(fields, "id"),
        source=FileSource.inside(root, text_of(fields, "image")),
        text=text_of(fields, "question"),
        choices=tuple(map(str, fields.get("options") or ())),
        answer=answer if type(answer) is int else _texts(answer),
        group=str(fields.get("group") or fields["image"]),
        category=_texts(category),
        targets=tuple(
            TargetBox(str(target["name"]), Box(*map(float, target["box"])))
            for target in fields.get("targets") or ()
        ),
        meta=dict(fields.get("meta") or {}),
    )


def _check_fields(fields: dict[str, Any]) -> None:
    """Refuse what is easily mistaken: the name of a field, and text for the index of an option."""
    for name in ("id", "image", "question", "answer"):
        if name not in fields and (close := difflib.get_close_matches(name, fields, n=1)):
            raise DatasetError(f"It has a field {close[0]!r} (did you mean {name!r}?).")
    answer, options = fields["answer"], fields.get("options")
    if isinstance(answer, str) and options:
        raise DatasetError(
            f"Its answer is text, but it has options; give the index, 0 to {len(options) - 1}."
        )


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def as_fields(sample: Sample, image: str) -> dict[str, Any]:
    """A line of `samples.jsonl`."""
    answer = sample.answer
    return {
        "id": sample.id,
        "image": image,
        "question": sample.text,
        "options": list(sample.choices) or None,
        "answer": answer if isinstance(answer, int) else list(answer),
        "group": sample.group,
        "category": list(sample.category),
        "targets": [
            {"name": target.name, "box": [*attrs.astuple(target.box)]} for target in sample.targets
        ],
        "meta": dict(sample.meta),
    }


def sheet_of(root: Path) -> dict[str, Any]:
    """What `dataset.toml` says; nothing if it is not there."""
    import tomllib

    if not is_held(root, root / SHEET):
        return {}
    try:
        return tomllib.loads(read_whole(root / SHEET).decode("utf-8"))
    except (ValueError, RecursionError) as exc:
        reason = str(exc).partition("\n")[0] or "it is nested too deeply"
        raise DatasetError(f"{str(root / SHEET)!r} is not TOML ({reason}); mend it.") from exc


def counts(root: Path) -> dict[str, int]:
    """How many samples and images `dataset.toml` promises, if it does."""
    sheet = sheet_of(root)
    given = {"samples": sheet.get("n"), "images": sheet.get("images")}
    return {name: count for name, count in given.items() if type(count) is int and count >= 0}
