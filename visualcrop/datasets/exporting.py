"""Writes any dataset in V*Bench's own folders, for the tools that read nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import attrs

from ..dataset import Dataset, Problem, Sample
from ..errors import VisualcropError
from ..protocol import LETTERS
from .importing import Advance, Written, put_whole, suffix_of, writing
from .vstar import QUESTIONS

_FOLDERS = {"attribute": "direct_attributes", "relation": "relative_position"}
_INSTRUCTION = "Answer with the option's letter from the given choices directly."


def write_vstar(dataset: Dataset, target: Path, advance: Advance) -> Written:
    """Write *dataset* into the folder *target*; questions without options have no place there."""
    written, lines = Written(), list[str]()
    with writing(target):
        for row in dataset.read():
            line = _write(row, target, written)
            if isinstance(line, Problem):
                written.problems.append(line)
            else:
                lines.append(json.dumps(line) + "\n")
                written.samples += 1
            advance(row)
        put_whole(target / QUESTIONS, "".join(lines).encode())
    return written


def _write(row: Sample | Problem, target: Path, written: Written) -> dict[str, str] | Problem:
    if isinstance(row, Problem):
        return row
    if not isinstance(row.answer, int):
        return Problem(row.id, "It has no options, and V*Bench has no other questions.", "excluded")
    try:
        picture = row.source.read()
        suffix = suffix_of(picture)
    except (VisualcropError, OSError) as exc:
        return Problem(row.id, str(exc))
    folder = _FOLDERS.get(row.category[0], row.category[0]) if row.category else "questions"
    image = _free(_safe(folder), _safe(row.id.rpartition("/")[2]), suffix, written)
    put_whole(target / image, picture)
    put_whole((target / image).with_suffix(".json"), _beside(row, row.answer))
    number = str(written.samples)
    return {
        "image": image,
        "text": "\n".join((row.text, *_lettered(row.choices), _INSTRUCTION)),
        "category": image.partition("/")[0],
        "label": LETTERS[row.answer],
        "question_id": number,
    }


def _free(folder: str, name: str, suffix: str, written: Written) -> str:
    """A name that no other image has."""
    image, number = f"{folder}/{name}{suffix}", 1
    while image in written.images:
        number += 1
        image = f"{folder}/{name}_{number}{suffix}"
    written.images.add(image)
    return image


def _safe(name: str) -> str:
    """Without dots either, which V*Bench's own reader cuts at."""
    return re.sub(r"[^\w-]+", "_", name) or "_"


def _lettered(choices: tuple[str, ...]) -> list[str]:
    return [f"({letter}) {choice}" for letter, choice in zip(LETTERS, choices, strict=False)]


def _beside(sample: Sample, answer: int) -> bytes:
    """Boxes as corner and size; the right option first, as there."""
    boxes = [attrs.astuple(target.box) for target in sample.targets]
    others = [choice for choice in sample.choices if choice != sample.choices[answer]]
    known = {
        "target_object": [target.name for target in sample.targets],
        "bbox": [[x, y, right - x, bottom - y] for x, y, right, bottom in boxes],
        "question": sample.text,
        "options": sample.meta.get("sentences") or [sample.choices[answer], *others],
    }
    return json.dumps(known).encode()
