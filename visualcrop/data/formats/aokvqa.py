"""A-OKVQA, with the images of COCO 2017."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import attrs

from ...strategy.base import option
from ..base import Problem, Sample
from .common import FileDataset
from .files import FileSource, Row, build_row, find_files, get_text
from .json_items import read_json_items


@attrs.frozen
class Aokvqa(FileDataset):
    """A-OKVQA: large objects and common sense, by choice or in words (1,145)."""

    name = "aokvqa"

    task: Literal["mc", "da"] = option("mc", help="multiple choice, or direct answers in words")
    split: Literal["train", "val"] = option("val", help="which part; the test part has no answers")

    def rows(self, root: Path) -> Iterator[Row]:
        (path,) = find_files(root, f"aokvqa_v1p0_{self.split}.json")
        for place, fields in read_json_items(path):
            if not isinstance(fields, dict):
                yield fields if isinstance(fields, Problem) else Problem(place, "It is no object.")
                continue
            id = str(fields.get("question_id", place))
            if self.task == "da" and fields.get("difficult_direct_answer"):
                reason = "Its answers differ too much; direct answers officially leave it out."
                yield Problem(id, reason, "excluded")
            else:
                yield build_row(id, partial(self._sample, path.parent, fields))

    def published(self) -> Mapping[str, int]:
        if self.task == "da":  # how many are difficult is not published
            return {}
        return {"samples": 1145 if self.split == "val" else 17056}

    def _sample(self, folder: Path, fields: dict[str, Any]) -> Sample:
        image, by_choice = int(fields["image_id"]), self.task == "mc"
        answers = tuple(map(str, fields["direct_answers"]))
        return Sample(
            id=get_text(fields, "question_id"),
            source=_source(folder, f"{self.split}2017/{image:012d}.jpg"),
            text=get_text(fields, "question"),
            choices=tuple(map(str, fields["choices"])) if by_choice else (),
            answer=int(fields["correct_choice_idx"]) if by_choice else answers,
            group=str(image),
        )


def _source(folder: Path, name: str) -> FileSource:
    """The image in COCO's folder: beside the questions, in `coco` or in `images`."""
    for place in ("coco", "images"):
        if (folder / place / name).is_file():
            return FileSource.inside(folder, f"{place}/{name}")
    return FileSource.inside(folder, name)
