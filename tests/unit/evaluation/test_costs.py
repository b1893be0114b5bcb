"""What a question costs under a variant is what it costs alone; where it is not, it is left out."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from visualcrop.data.record import Record
from visualcrop.evaluation.comparison import compare
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.formatting import format_costs
from visualcrop.evaluation.run_folder import Store
from visualcrop.evaluation.study import Study
from visualcrop.executors.local import Local
from visualcrop.output.tables import csv_table
from visualcrop.report.tables import csv_cells

pytestmark = pytest.mark.torch
_BY_CLOCK = {"seconds", "peak_bytes"}
_BY_FORMULA = ("macs", "image_tokens")


def _run(folder: Path, *variants: str, concurrency: int = 1, **how: Any) -> Store:
    dataset = "needles(count=3, about=attribute, size=1k)"
    model, sharing = how.get("model", "tiny"), how.get("sharing", False)
    study = Study(dataset, model, {name: name for name in variants}, sharing=sharing)
    return run_study(study, folder, executor=Local(concurrency=concurrency))


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
        model = f"tiny(memory={64 << 20})"
        small = _records(_run(tmp_path / "run", "focus(steps=2)", model=model))
        assert [_work(record) for record in small.values()] == [*map(_work, alone.values())]


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
