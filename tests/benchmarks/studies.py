"""
What a study of many questions takes beside the model: `python -m tests.benchmarks.studies 10000`.

Each step runs in a process of its own, for its memory. The answers are written as a run's file has
them, with a map of 24 x 24 cells and eight boxes each, so that no model is waited for.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import PIL.Image

from tests.support.studies import manifest_of
from visualcrop import Answer, Box, Evidence, Finding, Grid, Record, RelevanceMap, Target
from visualcrop.evaluation.evidence import encode_evidence
from visualcrop.evaluation.resume import open_run
from visualcrop.evaluation.study import Study

_IMAGES = 200


def _study(folder: Path) -> Study:
    variants = {"direct": "direct", "focus": "focus"}
    return Study(f"folder(path={folder / 'data'})", "toy", variants)


def write(folder: Path, count: int) -> None:
    """A dataset of *count* questions about tiny pictures, in the common form."""
    images = folder / "data" / "images"
    images.mkdir(parents=True)
    for number in range(_IMAGES):
        PIL.Image.new("RGB", (64, 48), (number, 80, 90)).save(images / f"{number}.png")
    (folder / "data" / "dataset.toml").write_text('name = "many"\n', "utf-8")
    samples = (
        {
            "id": f"question-{number}",
            "image": f"images/{number % _IMAGES}.png",
            "question": f"What colour is the mug number {number}?",
            "options": ["red", "green", "blue", "black"],
            "answer": number % 4,
            "category": ["attribute"],
            "targets": [{"name": "mug", "box": [5, 5, 20, 20]}],
        }
        for number in range(count)
    )
    lines = (json.dumps(sample) + "\n" for sample in samples)
    (folder / "data" / "samples.jsonl").write_text("".join(lines), "utf-8")


def answer(folder: Path, count: int) -> None:
    """A run in which all questions but the last are answered under both variants."""
    study = _study(folder)
    evidence = tuple(encode_evidence(_looked()))
    rng = np.random.default_rng(0)
    with (
        open_run(folder / "run", study, manifest_of(study)) as (store, _),
        store.shard_path((1, 1)).open("w", encoding="utf-8") as file,
    ):
        for number in range(count - 1):
            for variant, chance in (("direct", 0.6), ("focus", 0.8)):
                score = float(rng.random() < chance)
                seen = evidence if variant == "focus" else ()
                record = Record(
                    f"question-{number}",
                    variant,
                    "ok",
                    score,
                    text="green",
                    choice=1,
                    group=str(number % _IMAGES),
                    category=("attribute",),
                    passes={"answer": 1},
                    counts={"all": 1, "focus-paper": 0},
                    evidence=seen,
                )
                file.write(record.line() + "\n")


def _looked() -> Answer:
    boxes = [Box(n, 0, n + 9, 9) for n in range(8)]
    findings = tuple(Finding(Target("mug"), box, 1.0, 0.5) for box in boxes)
    scores = np.random.default_rng(0).random((24, 24), np.float32)
    relevance = RelevanceMap(Grid.even(24, 24, Box(0, 0, 64, 48)), scores)
    return Answer("green", evidence=(Evidence(Target("mug"), findings, relevance),))


def listing(folder: Path) -> None:
    """Read the whole dataset once."""
    from visualcrop.plugin import Registry

    assert sum(1 for _ in _study(folder).build_dataset(Registry.load()))


def resuming(folder: Path) -> None:
    """Find what is left, and ask it."""
    from visualcrop.evaluation.evaluate import run_study
    from visualcrop.evaluation.summary import summarize

    new: list[Record] = []
    assert summarize(run_study(_study(folder), folder / "run", watch=new.append))
    assert len(new) <= 2


def reporting(folder: Path) -> None:
    """Write the page with its tables, and twelve pages of questions."""
    from typer.testing import CliRunner

    from visualcrop.cli import app

    done = CliRunner().invoke(app, ["report", str(folder / "run")])
    assert done.exit_code == 0, done.output


def asking(folder: Path) -> None:
    """Ask every question directly, and write each answer down."""
    from visualcrop.evaluation.evaluate import run_study

    run_study(
        Study(f"folder(path={folder / 'data'})", "toy", {"direct": "direct"}), folder / "asked"
    )


STEPS: dict[str, Callable[[Path], None]] = {
    step.__name__: step for step in (listing, resuming, reporting, asking)
}


def measured(name: str, folder: Path) -> Iterator[str]:
    """Seconds of one step by the clock and the processor, without imports; memory at the most."""
    import torch  # noqa: F401 - before the clock starts

    from visualcrop.cli import app  # noqa: F401 - as above

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started, worked = time.perf_counter(), time.process_time()
    STEPS[name](folder)
    yield f"{time.perf_counter() - started:8.1f} s {time.process_time() - worked:8.1f} s"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"{peak:8.0f} MB, {peak - before:5.0f} MB of them the step's"


def main(words: list[str]) -> None:
    """Measure each step, or one of them in this process."""
    if words[0] in STEPS:
        print(words[0].ljust(10), *measured(words[0], Path(words[1])))
        return
    count = int(words[0])
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), count)
        answer(Path(folder), count)
        print(f"{count} questions: step, clock, processor, memory", flush=True)
        for name in words[1:] or STEPS:
            command = [sys.executable, "-m", "tests.benchmarks.studies", name, folder]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
