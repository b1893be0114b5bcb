"""V*Bench, in the folders in which it is shipped (`craigwu/vstar_bench`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from ...errors import DatasetError, VisualcropError
from ...geometry import Box
from ...utils.paths import read_limited
from ..base import Problem, Sample, TargetBox
from .common import FileDataset, json_lines
from .files import ODD, FileSource, Row, attempt, is_held, place_of_letter, text_of

QUESTIONS = "test_questions.jsonl"
_CHOICE = re.compile(r"^\(([A-Z])\) ?(.*)$")


@attrs.frozen
class VStar(FileDataset):
    """V*Bench: attributes and relations of small things in 2K images (191 questions)."""

    name = "vstar"

    def rows(self, root: Path) -> Iterator[Row]:
        if not is_held(root, root / QUESTIONS):
            raise DatasetError(f"{str(root)!r} holds no {QUESTIONS}; give V*Bench's own folder.")
        for place, fields in json_lines(root, QUESTIONS):
            if isinstance(fields, Problem):
                yield fields
                continue
            id = str(fields.get("image", place)).rpartition(".")[0] or place
            row = attempt(id, partial(_sample, root, id, fields))
            yield from _located(root, row, fields) if isinstance(row, Sample) else [row]

    def published(self) -> Mapping[str, int]:
        return {
            "samples": 191,
            "images": 191,
            "direct_attributes": 115,
            "relative_position": 76,
        }


def _sample(root: Path, id: str, fields: dict[str, Any]) -> Sample:
    text, choices = _asked(text_of(fields, "text"))
    return Sample(
        id=id,
        source=FileSource.inside(root, text_of(fields, "image")),
        text=text,
        choices=choices,
        answer=place_of_letter(fields["label"], choices),
        group=text_of(fields, "image"),
        category=(text_of(fields, "category"),),
        meta={"question_id": str(fields.get("question_id", ""))},
    )


def _asked(text: str) -> tuple[str, tuple[str, ...]]:
    """The question alone, and its options; the instruction below them is the protocol's."""
    question, choices = [], []
    for line in text.splitlines():
        if found := _CHOICE.match(line):
            choices.append(found[2].strip())
        elif not choices:
            question.append(line)
    return "\n".join(question).strip(), tuple(choices)


def _located(root: Path, sample: Sample, fields: dict[str, Any]) -> Iterator[Row]:
    """With its targets, where the file beside the image tells them."""
    beside = (root / str(fields["image"])).with_suffix(".json")
    try:
        known = json.loads(read_limited(beside)) if is_held(root, beside) else {}
        names, boxes = known["target_object"], known["bbox"]
        targets = tuple(_target(*pair) for pair in zip(names, boxes, strict=True))
        meta = {**sample.meta, "sentences": list(map(str, known.get("options", ())))}
    except (VisualcropError, OSError, *ODD) as exc:
        yield sample
        reason = f"{beside.name} does not tell where its targets are ({type(exc).__name__})."
        yield Problem(sample.id, reason, "kept")
    else:
        yield attrs.evolve(sample, targets=targets, meta=meta)


def _target(name: Any, corner_and_size: Any) -> TargetBox:
    x, y, width, height = map(float, corner_and_size)
    return TargetBox(str(name), Box(x, y, x + width, y + height))
