"""V*Bench, in its original folders (`craigwu/vstar_bench`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from ...errors import DatasetError, VisualcropError
from ...geometry import Box
from ...protocol import has_words
from ...utils.paths import read_limited
from ..base import Problem, Sample, TargetBox
from .common import FileDataset, read_json_lines
from .files import ROW_ERRORS, FileSource, Row, build_row, get_text, index_of_letter, is_file_inside

QUESTIONS = "test_questions.jsonl"
_CHOICE = re.compile(r"^\(([A-Z])\) ?(.*)$")


@attrs.frozen
class VStar(FileDataset):
    """V*Bench: attributes and relations of small things in 2K images (191 questions)."""

    name = "vstar"

    def rows(self, root: Path) -> Iterator[Row]:
        if not is_file_inside(root, root / QUESTIONS):
            raise DatasetError(f"{str(root)!r} holds no {QUESTIONS}; give V*Bench's own folder.")
        for place, fields in read_json_lines(root, QUESTIONS):
            if isinstance(fields, Problem):
                yield fields
                continue
            id = str(fields.get("image", place)).rpartition(".")[0] or place
            row = build_row(id, partial(_sample, root, id, fields))
            yield from _add_annotations(root, row, fields) if isinstance(row, Sample) else [row]

    def published(self) -> Mapping[str, int]:
        return {
            "samples": 191,
            "images": 191,
            "direct_attributes": 115,
            "relative_position": 76,
        }


def _sample(root: Path, id: str, fields: dict[str, Any]) -> Sample:
    text, choices = _split_question(get_text(fields, "text"))
    return Sample(
        id=id,
        source=FileSource.inside(root, get_text(fields, "image")),
        text=text,
        choices=choices,
        answer=index_of_letter(fields["label"], choices),
        group=get_text(fields, "image"),
        category=(get_text(fields, "category"),),
        meta={"question_id": str(fields.get("question_id", ""))},
    )


def _split_question(text: str) -> tuple[str, tuple[str, ...]]:
    """Split question and options; the instruction after them is left to the protocol."""
    question, choices = [], []
    for line in text.splitlines():
        if found := _CHOICE.match(line):
            choices.append(found[2].strip())
        elif not choices:
            question.append(line)
    return "\n".join(question).strip(), tuple(choices)


def _add_annotations(root: Path, sample: Sample, fields: dict[str, Any]) -> Iterator[Row]:
    """Add targets and sentences from the JSON file beside the image, and what is wrong with it."""
    beside = (root / str(fields["image"])).with_suffix(".json")
    problems = list[Problem]()
    known: Any = {}
    try:
        known = json.loads(read_limited(beside)) if is_file_inside(root, beside) else {}
        names, boxes = known["target_object"], known["bbox"]
        targets = tuple(_target(*pair) for pair in zip(names, boxes, strict=True))
        sample = attrs.evolve(sample, targets=targets)
    except (VisualcropError, OSError, *ROW_ERRORS) as exc:
        reason = f"{beside.name} does not tell where its targets are ({type(exc).__name__})."
        problems.append(Problem(sample.id, reason, "kept"))
    try:
        sentences = _read_sentences(known.get("options", []))
        sample = attrs.evolve(sample, sentences=match_sentences(sample, sentences))
    except (VisualcropError, *ROW_ERRORS) as exc:
        reason = f"{beside.name} does not give its options as sentences ({type(exc).__name__})."
        problems.append(Problem(sample.id, reason, "kept"))
    yield sample
    yield from problems


def _read_sentences(given: Any) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise DatasetError("Its options are no list of texts.")
    return [each.strip() for each in given]


def match_sentences(sample: Sample, sentences: Sequence[str]) -> tuple[str, ...]:
    """
    The *sentences* in the order of the sample's choices; none if they are the choices themselves.

    V*Bench lists the right one first, and puts the choices in another order. Each wrong one goes to
    the choice whose words it has, and one that has none's to the first choice that is left.
    """
    choices, right = sample.choices, sample.answer
    if not sentences or sorted(sentences) == sorted(choices):
        return ()
    if len(sentences) != len(choices) or not isinstance(right, int):
        raise DatasetError(f"{len(choices)} options have {len(sentences)} sentences.")
    placed, wrong = {right: sentences[0]}, list(sentences[1:])
    others = [index for index in range(len(choices)) if index != right]
    for index in sorted(others, key=lambda index: -len(choices[index])):  # "dark red" before "red"
        if (found := next((s for s in wrong if has_words(s, choices[index])), None)) is not None:
            placed[index] = found
            wrong.remove(found)
    left = (index for index in others if index not in placed)
    placed.update(zip(left, wrong, strict=True))
    return tuple(placed[index] for index in range(len(choices)))


def _target(name: Any, corner_and_size: Any) -> TargetBox:
    x, y, width, height = map(float, corner_and_size)
    return TargetBox(str(name), Box(x, y, x + width, y + height))
