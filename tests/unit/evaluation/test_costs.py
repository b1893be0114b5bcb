"""What a question costs under a variant is what it costs alone; where it is not, it is left out."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from visualcrop import ModelFamily
from visualcrop.data.record import Record
from visualcrop.evaluation.comparison import compare
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.formatting import format_costs
from visualcrop.evaluation.run_folder import Store
from visualcrop.evaluation.study import Study, StudyObjects
from visualcrop.executors.local import Local
from visualcrop.models.billing import LentModel
from visualcrop.models.engine.decoder import get_decoder
from visualcrop.models.engine.metering.meter import macs
from visualcrop.models.huggingface import HuggingFaceModel
from visualcrop.output.tables import csv_table
from visualcrop.plugin import Registry
from visualcrop.report.tables import csv_cells

pytestmark = pytest.mark.torch
_BY_CLOCK = {"seconds", "peak_bytes"}
_BY_FORMULA = ("macs", "image_tokens")


def _run(folder: Path, *variants: str, concurrency: int = 1, **how: Any) -> Store:
    dataset = "shapes(count=3, about=attribute, size=1k)"
    model, sharing = how.get("model", "tiny-shapes"), how.get("sharing", False)
    study = Study(dataset, model, {name: name for name in variants}, sharing=sharing)
    executor, objects = Local(concurrency=concurrency), how.get("objects", StudyObjects())
    return run_study(study, folder, executor=executor, objects=objects)


def _records(store: Store, variant: str = "focus(steps=2)") -> dict[str, Record]:
    found = {record.id: record for record in store.records() if record.variant == variant}
    assert not [record.error for record in found.values() if record.error]
    return found


def _work(record: Record) -> dict[str, float]:
    return {name: amount for name, amount in record.work.items() if name not in _BY_CLOCK}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    """One variant, with no other beside it."""
    return _records(_run(tmp_path_factory.mktemp("alone") / "run", "focus(steps=2)"))


class TestAlone:
    """A variant that shares nothing."""

    def test_what_stands_beside_it_changes_nothing(self, alone: Any, tmp_path: Path) -> None:
        """Others look at the same images first, and remember them; it costs the same."""
        both = _records(_run(tmp_path / "run", "direct", "focus(steps=1)", "focus(steps=2)"))
        assert {id: _work(record) for id, record in both.items()} == {
            id: _work(record) for id, record in alone.items()
        }
        assert all(record.alone for record in both.values())

    def test_a_full_memory_changes_nothing(self, alone: Any, tmp_path: Path) -> None:
        """It has room for one search, and was filled by another."""
        model = f"tiny-shapes(memory={64 << 20})"
        small = _records(_run(tmp_path / "run", "focus(steps=2)", model=model))
        assert [_work(record) for record in small.values()] == [*map(_work, alone.values())]


class TestStages:
    """MACs of each stage of a search."""

    def test_are_of_the_stages_that_ran(self, alone: dict[str, Record]) -> None:
        """Each stage that was charged has its own, and together they are all MACs."""
        for record in alone.values():
            assert {*record.macs} == {*record.passes}
            assert sum(record.macs.values()) == pytest.approx(record.work["macs"], rel=1e-12)

    def test_a_map_costs_what_the_network_ran(
        self, alone: dict[str, Record], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Without caches, a stage's MACs follow from the tokens that entered the decoder in it."""
        entered: dict[str, list[int]] = {}
        model = Registry.load().build(ModelFamily, "tiny-shapes(memory=0)").open()
        assert isinstance(model, HuggingFaceModel)
        call, text = LentModel.forward, model.network.config.get_text_config()

        def forward(lent: LentModel, prompts: Any, capture: Any, *, stage: str) -> Any:
            entered.setdefault(stage, []).append(0)
            return call(lent, prompts, capture, stage=stage)

        def watch(module: Any, args: Any, kwargs: Any) -> None:
            for lengths in entered.values():
                lengths[-1] = lengths[-1] or kwargs["inputs_embeds"].shape[1]

        monkeypatch.setattr(LentModel, "forward", forward)
        get_decoder(model.network).register_forward_pre_hook(watch, with_kwargs=True)
        store = _run(tmp_path / "run", "focus(steps=2)", objects=StudyObjects(model))
        sizes = {"width": text.hidden_size, "inner": text.intermediate_size}
        expected = [macs(n, layers=text.num_hidden_layers, **sizes) for n in entered["relevance"]]
        found = [record.macs["relevance"] for record in _records(store).values()]
        assert found == pytest.approx(expected)
        assert found == [record.macs["relevance"] for record in alone.values()]


class TestTogether:
    """Variants that share passes, and questions that run side by side."""

    @pytest.mark.parametrize("how", [{"sharing": True}, {"concurrency": 3}])
    def test_cost_the_same_by_formula(
        self, alone: Any, tmp_path: Path, how: dict[str, Any]
    ) -> None:
        """As if nothing were remembered, and nobody stood beside; the rest says whose it is not."""
        variants = ("focus(steps=1)", "focus(steps=2)")
        together = _records(_run(tmp_path / "run", *variants, **how))
        assert not any(record.alone for record in together.values())
        for id, record in together.items():
            assert record.passes == alone[id].passes
            assert record.macs == pytest.approx(alone[id].macs, rel=1e-9)
            for name in _BY_FORMULA:
                assert record.work[name] == pytest.approx(alone[id].work[name], rel=1e-9)

    def test_leave_cells_empty(self, tmp_path: Path) -> None:
        """On the console, in the files and on the page, which have them from one place."""
        store = _run(tmp_path / "run", "focus(steps=1)", "focus(steps=2)", sharing=True)
        (whole, *_) = compare([store])
        columns = format_costs(whole.rows)
        assert all(not each.get("FLOPs") and not each.get("seconds") for each in columns)
        assert all(each["MACs"] and each["image tokens"] for each in columns)
        for row in csv.DictReader(csv_table(csv_cells(whole)).splitlines()):
            assert (row["TFLOPs"], row["seconds"]) == ("", "")
            assert row["TMACs"]
            assert row["image tokens"]
