"""A corpus of 200 questions in our own words about drawn scenes, as V*Bench's files have theirs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.shipped import put
from visualcrop import Image
from visualcrop_tiny.scenes import draw_scene

SIZE = (512, 384)
_CORPUS = Path(__file__).with_suffix(".jsonl")
_OURS = ("scene", "kind", "beside")  # what is not in V*Bench's list of questions


@cache
def lines() -> tuple[dict[str, Any], ...]:
    """Each question as in V*Bench's list, with its scene and what is in the file beside it."""
    return tuple(map(json.loads, _CORPUS.read_text("utf-8").splitlines()))


def picture(line: dict[str, Any]) -> Image:
    """The scene of a question."""
    return Image.open(draw_scene(line["scene"], *SIZE, line["kind"]).picture)


def write_vstar_bench(root: Path, of: slice = slice(None), *, drawn: bool = True) -> Path:
    """V*Bench's folders with the questions *of* a slice; unless *drawn*, pictures are empty."""
    chosen = lines()[of]
    for line in chosen:
        path = put(root / line["image"], b"")
        if drawn:
            picture(line).picture.save(path)
        put(path.with_suffix(".json"), json.dumps(line["beside"]))
    put(root / "test_questions.jsonl", "".join(_listed(chosen)))
    return root


def _listed(chosen: tuple[dict[str, Any], ...]) -> Iterator[str]:
    for line in chosen:
        yield json.dumps({name: line[name] for name in line if name not in _OURS}) + "\n"


if __name__ == "__main__":
    write_vstar_bench(Path(sys.argv[1]))
