"""A run's memory, which the number of questions must not drive up."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import attrs
import PIL.Image
import pytest

from tests.support.studies import manifest_of
from visualcrop import Record
from visualcrop.evaluation.comparison import compare
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.resume import open_run
from visualcrop.evaluation.run_folder import Store
from visualcrop.evaluation.study import Study
from visualcrop.evaluation.summary import summarize, tally_records
from visualcrop.executors.base import Executor
from visualcrop.plugin import Task, WorkerFactory

_EARLY, _LATE = 200, 1200  # answers, two to a question
_EVIDENCE = ({"target": "mug", "boxes": [{"box": [n, 0, n + 9, 9]} for n in range(8)]},)


@attrs.frozen
class Quick(Executor):
    """Answers at once, at the length at which a search does."""

    name = "quick"

    def run(self, open_worker: WorkerFactory, tasks: Iterator[Task]) -> Iterator[Record]:
        del open_worker
        for task in tasks:
            yield Record(
                task.sample.id,
                task.variant,
                "ok",
                float(len(task.sample.id) % 2),
                text="green" * 20,
                group=task.sample.group,
                category=task.sample.category,
                image=(64, 48),
                passes={"relevance": 1, "verification": 8, "answer": 1},
                counts={"all": 10, "focus-paper": 9},
                work={"new_tokens": 900, "flops": 1e12},
                evidence=_EVIDENCE,
                whole={"size": [336, 252], "tokens": 576, "target": 0.5},
            )


def _study(folder: Path, questions: int) -> Study:
    folder.mkdir()
    PIL.Image.new("RGB", (64, 48)).save(folder / "one.png")
    (folder / "dataset.toml").write_text('name = "many"\n')
    shared = {"image": "one.png", "options": ["red", "green"], "answer": 0, "category": ["colour"]}
    with (folder / "samples.jsonl").open("w") as file:
        for place in range(questions):
            sample = {"id": f"question-{place}", "question": f"Which colour has {place}?"}
            file.write(json.dumps(sample | shared) + "\n")
    return Study(f"folder(path={folder})", "toy", {"direct": "direct", "focus": "focus"})


@pytest.fixture(autouse=True, scope="module")
def _traced() -> Iterator[None]:
    """Memory by the byte; no answer waits for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("visualcrop.evaluation.shard.os.fsync", lambda file: None)
        tracemalloc.start()
        yield
        tracemalloc.stop()


def _held() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


@pytest.fixture(name="ran", scope="module")
def _ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, dict[int, int]]:
    """A run of 600 questions, and the bytes held after so many answers."""
    held: dict[int, int] = {}
    count = iter(range(1, _LATE + 1))

    def watch(record: Record) -> None:
        del record
        if (done := next(count)) in {_EARLY, _LATE}:
            held[done] = _held()

    folder = tmp_path_factory.mktemp("flat")
    study = _study(folder / "data", _LATE // 2)
    return run_study(study, folder / "run", executor=Quick(), watch=watch), held


def test_a_run_keeps_next_to_nothing(ran: tuple[Store, dict[int, int]]) -> None:
    """Of a question a number in a set, so that no id comes twice, and nothing of its answers."""
    _, held = ran
    grown = (held[_LATE] - held[_EARLY]) / ((_LATE - _EARLY) / 2)
    assert grown < 128


def test_a_summary_keeps_numbers(ran: tuple[Store, dict[int, int]]) -> None:
    """32 bytes of an answer: bounds, pairs, risk, ratios of passes; in all and in its category."""
    store, _ = ran
    before = _held()
    kept = tally_records(store.records())
    grown = (_held() - before) / _LATE
    assert {name: found["focus"].n for name, found in kept.items()} == {None: 600, "colour": 600}
    assert grown < 2 * 32 * 1.25 + 16  # a list grows ahead; sums and names are the same for all


@pytest.mark.parametrize(
    "make", [summarize, lambda store: compare([store])], ids=["rows", "compare"]
)
def test_results_take_little(make: Callable[[Store], object], tmp_path: Path) -> None:
    """While they are made some hundred bytes of an answer, also where groups change sides."""
    few, many = (_answered(tmp_path / str(count), count) for count in (400, 1600))
    make(few)  # modules are loaded, patterns compiled
    peaks = []
    for store in (few, many):
        before = _held()
        tracemalloc.reset_peak()
        assert make(store)
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
    assert (peaks[1] - peaks[0]) / (2 * 1200) < 400


def _answered(folder: Path, questions: int) -> Store:
    """A run in which variants differ, two questions about each image."""
    study = Study("toy", "toy", {"direct": "direct", "focus": "focus"})
    rng = Random(0)
    with open_run(folder, study, manifest_of(study)) as (store, shard):
        for place in range(questions):
            for variant in study.variants:
                score, group = float(rng.random() < 0.5), str(place // 2)
                shard.append(Record(str(place), variant, "ok", score, group=group))
    return store
