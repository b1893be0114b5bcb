"""GQA's balanced questions, with the pictures in `images`."""

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
class Gqa(FileDataset):
    """GQA: large objects, asked in many steps and answered in a word (12,578)."""

    name = "gqa"

    split: Literal["testdev", "val", "train"] = option("testdev", help="which balanced part")

    def rows(self, root: Path) -> Iterator[Row]:
        (path,) = find_files(
            root, f"{self.split}_balanced_questions.json", f"**/{self.split}_b*.json"
        )
        base = root if root.is_dir() else path.parent
        for id, fields in read_json_items(path):
            if isinstance(fields, Problem):
                yield fields
            else:
                yield build_row(id, partial(_sample, base, id, fields))

    def published(self) -> Mapping[str, int]:
        return {"samples": 12578, "images": 398} if self.split == "testdev" else {}


def _sample(root: Path, id: str, fields: dict[str, Any]) -> Sample:
    image, types = get_text(fields, "imageId"), fields.get("types") or {}
    return Sample(
        id=id,
        source=FileSource.inside(root, f"images/{image}.jpg"),
        text=get_text(fields, "question"),
        answer=(get_text(fields, "answer"),),
        group=image,
        category=tuple(str(types[key]) for key in ("structural", "semantic") if types.get(key)),
        meta={"sentence": str(fields.get("fullAnswer", ""))},
    )
