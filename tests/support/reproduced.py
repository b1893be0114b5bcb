"""Folders of reproductions whose answers are drawn: as right as the paper says, or otherwise."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.support.studies import manifest_of
from visualcrop import Record
from visualcrop.evaluation.reproduction.record import ReproductionRecord
from visualcrop.evaluation.reproduction.values import Reproduction, ReproductionRun
from visualcrop.evaluation.resume import open_run

Right = Callable[[ReproductionRun, str], float]  # the share that a variant gets right
CATEGORIES: Mapping[str, tuple[str, str]] = {  # of the paper's datasets, in halves
    "vstar": ("direct_attributes", "relative_position"),
    "hrbench_4k": ("single", "cross"),
    "hrbench_8k": ("single", "cross"),
    "mme": ("Perception/OCR with Complex Context/license", "Reasoning/Monitoring/calculate"),
}
COUNTS = {"vstar": (191, 1), "hrbench_4k": (800, 4), "hrbench_8k": (800, 4)}  # of each image


def as_printed(run: ReproductionRun, label: str) -> float:
    """What the paper has for the row; half where it has none."""
    beside = run.study.beside
    if beside is None or label not in beside.rows:
        return 0.5
    return float(_printed(run, label).get("accuracy") or 50) / 100


def _printed(run: ReproductionRun, label: str) -> dict[str, str]:
    beside = run.study.beside
    assert beside
    if label not in beside.rows:
        return {}
    return dict(zip(beside.columns.values(), beside.figures(label), strict=True))


def write_reproduction(
    folder: Path,
    found: Reproduction,
    *,
    runs: Callable[[ReproductionRun], bool] = lambda run: True,
    right: Right = as_printed,
    limit: int | None = None,
    seed: int = 0,
) -> Path:
    """Write `reproduction.json` and some of the runs, each with answers to all of its variants."""
    ReproductionRecord.of(found, limit).write(folder)
    for run in filter(runs, found.runs):
        with open_run(folder / run.name, run.study, manifest_of(run.study)) as (store, _):
            lines = (record.line() + "\n" for record in _records(run, right, limit, seed))
            store.shard_path((1, 1)).write_text("".join(lines), "utf-8")
    return folder


def _records(run: ReproductionRun, right: Right, limit: int | None, seed: int) -> Iterator[Record]:
    """Answers with the shares and passes of the rows; those about one image are alike in part."""
    count, each = COUNTS.get(run.dataset, (100, 1))
    kinds = CATEGORIES.get(run.dataset, ("one", "other"))
    rng = random.Random(f"{seed} {run.name}")
    for label in run.study.variants:
        share, passes = right(run, label), _passes(run, label)
        lean = {kind: _lean(run, label, kind) for kind in kinds}
        for number in range(min(count, limit or count)):
            if not number % each:
                lucky = rng.random()
            luck = lucky if rng.random() < 0.5 else rng.random()
            kind = kinds[number % 2]
            spent = 0 if label == "direct" else max(1, round(rng.gauss(passes, 1)))
            counts = {"all": spent + 1, "focus-paper": spent}
            if "zoomeye" in run.study.variants[label]:
                counts["zoomeye-paper"] = spent
            yield Record(
                f"{number}",
                label,
                "ok",
                float(luck < share + lean[kind]),
                group=f"{number // each}",
                category=tuple(kind.split("/")),
                counts=counts,
            )


def _lean(run: ReproductionRun, label: str, kind: str) -> float:
    """By how much the paper has more for questions of one kind than for all."""
    printed = _printed(run, label).get(f"accuracy of {kind}")
    return float(printed) / 100 - as_printed(run, label) if printed else 0.0


def _passes(run: ReproductionRun, label: str) -> float:
    printed = _printed(run, label)
    return float(printed.get("search passes") or printed.get("zoomeye-paper") or 9)
