"""Writes any dataset in the folder layout of V*Bench, for tools that read only that."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath

import attrs

from ..errors import VisualcropError
from ..protocol import LETTERS
from .base import Dataset, Problem, Sample
from .formats.vstar import QUESTIONS
from .safe_names import fold_name
from .write_common import (
    Advance,
    Written,
    choose_suffix,
    explain_write_errors,
    find_strays,
    refuse_existing_dataset,
    write_if_changed,
)

_FOLDERS = {"attribute": "direct_attributes", "relation": "relative_position"}
_LONGEST = 50  # characters of a name, which may have four bytes each
_INSTRUCTION = "Answer with the option's letter from the given choices directly."


def write_vstar(dataset: Dataset, target: Path, advance: Advance) -> Written:
    """
    Write *dataset* into the folder *target*; questions without options are excluded.

    The list of questions is written last. A folder that has one is a dataset, and is refused.
    """
    refuse_existing_dataset(target, QUESTIONS)
    written, lines, stems = Written(), list[str](), set[str]()
    with explain_write_errors(target):
        for row in dataset.read():
            line = _write(row, target, written, stems)
            if isinstance(line, Problem):
                written.problems.append(line)
            else:
                lines.append(json.dumps(line) + "\n")
                written.samples += 1
            advance(row)
        write_if_changed(target / QUESTIONS, "".join(lines).encode())
        beside = {f"{PurePosixPath(image).with_suffix('.json')}" for image in written.images}
        folders = {image.partition("/")[0] for image in written.images}
        written.strays = find_strays(target, folders, written.images | beside)
    return written


def _write(
    row: Sample | Problem, target: Path, written: Written, stems: set[str]
) -> dict[str, str] | Problem:
    if isinstance(row, Problem):
        return row
    if not isinstance(row.answer, int):
        return Problem(row.id, "It has no options, and V*Bench has no other questions.", "excluded")
    try:
        picture = row.source.read()
        suffix = choose_suffix(picture)
    except (VisualcropError, OSError) as exc:
        return Problem(row.id, str(exc))
    folder = _FOLDERS.get(row.category[0], row.category[0]) if row.category else "questions"
    image = (
        _choose_free_stem(f"{_clean_name(folder)}/{_clean_name(row.id.rpartition('/')[2])}", stems)
        + suffix
    )
    written.images.add(image)
    write_if_changed(target / image, picture)
    write_if_changed((target / image).with_suffix(".json"), _encode_targets(row, row.answer))
    number = str(written.samples)
    return {
        "image": image,
        "text": "\n".join((row.text, *_letter_choices(row.choices), _INSTRUCTION)),
        "category": image.partition("/")[0],
        "label": LETTERS[row.answer],
        "question_id": number,
    }


def _choose_free_stem(stem: str, stems: set[str]) -> str:
    """Choose a path without suffix that no file system takes for another image's."""
    free, number = stem, 1
    while fold_name(free) in stems:
        number += 1
        free = f"{stem}_{number}"
    stems.add(fold_name(free))
    return free


def _clean_name(name: str) -> str:
    """Replace all but letters and digits: V*Bench's own reader cuts names at the first dot."""
    return re.sub(r"[^\w-]+", "_", name)[:_LONGEST] or "_"


def _letter_choices(choices: tuple[str, ...]) -> list[str]:
    return [f"({letter}) {choice}" for letter, choice in zip(LETTERS, choices, strict=False)]


def _encode_targets(sample: Sample, answer: int) -> bytes:
    """The JSON beside an image: boxes as [x, y, width, height]; the right option comes first."""
    boxes = [attrs.astuple(target.box) for target in sample.targets]
    options = list(sample.sentences or sample.choices)
    right = options.pop(answer)
    known = {
        "target_object": [target.name for target in sample.targets],
        "bbox": [[x, y, right - x, bottom - y] for x, y, right, bottom in boxes],
        "question": sample.text,
        "options": [right, *options],
    }
    return json.dumps(known).encode()
