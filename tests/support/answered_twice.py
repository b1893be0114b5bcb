"""A run whose records hold direct and searched answers that a gate can be learned from."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any


def fill_run(folder: Path, count: int, seed: int = 0) -> None:
    """Add *count* questions to a run of the toy: each direct and searched, with probabilities."""
    (shard,) = folder.glob("samples-*.jsonl")
    lines = [json.loads(line) for line in shard.read_text("utf-8").splitlines()]
    models = {line["variant"]: line for line in lines}
    rng, added = Random(seed), []
    for number in range(count):
        ease = rng.random()
        for variant, skill in (("direct", ease), ("focus", 0.5 + 0.45 * rng.random())):
            added.append(_answer(models[variant], number, skill, rng))
    shard.write_text("".join(json.dumps(line) + "\n" for line in (*lines, *added)), "utf-8")


def _answer(model: dict[str, Any], number: int, skill: float, rng: Random) -> dict[str, Any]:
    """A record like *model*, as sure as it is skilled."""
    rest = (1 - skill) / 3
    return model | {
        "id": f"made-{number}",
        "question": f"{number:016x}",
        "score": float(rng.random() < skill),
        "choice": 0,
        "text": "A",
        "probabilities": [skill, rest, rest, rest],
    }
