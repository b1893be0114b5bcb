"""Peak memory of the GPU as A.2 of the paper reports it: of each question, then the mean."""

from __future__ import annotations

import csv
from pathlib import Path

import attrs
import pytest

from visualcrop import ModelFamily, Record
from visualcrop.evaluation.comparison import compare
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.formatting import format_costs
from visualcrop.evaluation.study import Study, StudyObjects
from visualcrop.evaluation.summary import Tally, summary_row
from visualcrop.models.engine.decoder import get_decoder
from visualcrop.models.huggingface import HuggingFaceModel
from visualcrop.output.tables import csv_table
from visualcrop.plugin import Registry
from visualcrop.report.tables import csv_cells

GIB = 2**30  # A.2 divides by 1024 three times


@attrs.define
class Gpu:
    """
    Stands for PyTorch's allocator: 13 GiB of weights, and what each pass allocates and frees.

    *question* is the reference: A.2's way, a peak that is reset between questions alone.
    """

    weights: int = 13 * GIB
    peak: int = 13 * GIB
    question: int = 13 * GIB
    passes: int = 0

    def run_pass(self, tokens: int) -> None:
        """Allocate for each token of a pass, more in some passes than in others, and free it."""
        self.passes += 1
        held = self.weights + tokens * (self.passes * 5 % 17) * 2**20
        self.peak, self.question = max(self.peak, held), max(self.question, held)

    def reset(self, device: int) -> None:
        assert device == 0
        self.peak = self.weights


@pytest.fixture(name="gpu")
def _gpu(monkeypatch: pytest.MonkeyPatch) -> Gpu:
    gpu = Gpu()
    monkeypatch.setattr("torch.cuda.synchronize", lambda device: None)
    monkeypatch.setattr("torch.cuda.max_memory_allocated", lambda device: gpu.peak)
    monkeypatch.setattr("torch.cuda.reset_peak_memory_stats", gpu.reset)
    return gpu


@pytest.mark.torch
def test_of_each_question_and_in_the_mean(gpu: Gpu, tmp_path: Path) -> None:
    """What one reset between questions would have shown, in records, tables and files, in GiB."""
    model = Registry.load().build(ModelFamily, "tiny-shapes").open()
    assert isinstance(model, HuggingFaceModel)
    model.meter._devices = [0]
    get_decoder(model.network).register_forward_pre_hook(
        lambda module, args, kwargs: gpu.run_pass(kwargs["inputs_embeds"].shape[1]),
        with_kwargs=True,
    )
    expected: dict[tuple[str, str], int] = {}

    def watch(record: Record) -> None:
        expected[record.key], gpu.question = gpu.question, gpu.weights

    dataset = "shapes(count=3, about=relation, size=1k)"
    study = Study(dataset, "tiny-shapes", {"direct": "direct", "focus": "focus(steps=2)"})
    store = run_study(study, tmp_path / "run", objects=StudyObjects(model), watch=watch)
    records = [*store.records()]
    assert {record.key: record.work["peak_bytes"] for record in records} == expected
    assert len({*expected.values()}) > 2  # else a mean would equal its maximum
    (whole, *_) = compare([store])
    for row in whole.rows:
        peaks = [n for (label, _), n in expected.items() if label == row["searcher"]]
        assert row["memory"]["gpu"] == pytest.approx(sum(peaks) / 3)
        assert row["memory"]["gpu_most"] == max(peaks)
    for row, told in zip(
        whole.rows, csv.DictReader(csv_table(csv_cells(whole)).splitlines()), strict=True
    ):
        assert float(told["GPU GiB"]) == pytest.approx(row["memory"]["gpu"] / GIB, rel=1e-4)
        assert float(told["GPU GiB most"]) == pytest.approx(row["memory"]["gpu_most"] / GIB, 1e-4)


def _record(id: str, **work: float) -> Record:
    return Record(id, "a", "ok", 1.0, work=work, alone=True)


class TestTally:
    """Of many questions."""

    def test_the_mean_is_not_the_maximum(self) -> None:
        """10 and 20 GiB are 15 on average, and 20 at most."""
        tally = Tally()
        tally.add(_record("0", peak_bytes=10 * GIB))
        tally.add(_record("1", peak_bytes=20 * GIB))
        row = summary_row("a", tally, None)
        assert (row["memory"]["gpu"], row["memory"]["gpu_most"]) == (15 * GIB, 20 * GIB)
        (costs,) = format_costs([row])
        assert (costs["GPU"], costs["GPU, most"]) == ("15.0 GiB", "20.0 GiB")

    def test_a_cpu_counts_for_nothing(self) -> None:
        """A question that ran without a GPU, in a resumed run, does not lower the mean."""
        tally = Tally()
        tally.add(_record("0", peak_bytes=10 * GIB))
        tally.add(_record("1"))
        assert summary_row("a", tally, None)["memory"]["gpu"] == 10 * GIB

    def test_without_a_gpu_there_is_none(self) -> None:
        """Neither a mean nor a maximum: nothing is not zero."""
        tally = Tally()
        tally.add(_record("0"))
        memory = summary_row("a", tally, None)["memory"]
        assert (memory["gpu"], memory["gpu_most"]) == (None, None)
