"""The runs of a reproduction, and the file that says which belong to it."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import attrs
import pytest

from visualcrop import Model, VisualcropError
from visualcrop.evaluation.reproduction.reader import read_reproduction
from visualcrop.evaluation.reproduction.record import RECORD, ReproductionRecord
from visualcrop.evaluation.reproduction.runner import Runner
from visualcrop.evaluation.reproduction.values import Reproduction
from visualcrop.evaluation.run_folder import Store
from visualcrop.evaluation.selection import Selection
from visualcrop.evaluation.study import KeptModel
from visualcrop.models.toy import Toy

_TEXT = """
title = "Toys"
[models]
one = "toy"
two = "toy"
[datasets]
few = "toy(scenes=1)"
more = "toy(scenes=2)"
[[study]]
name = "a"
[study.searchers]
"four steps" = "focus(steps=4)"
"""


@pytest.fixture
def toys(tmp_path: Path) -> Reproduction:
    path = tmp_path / "toys.toml"
    path.write_text(_TEXT)
    return read_reproduction(path)


def _run(whole: Reproduction, folder: Path, only: tuple[str, ...] = (), **how: Any) -> list[str]:
    """Names of the runs that were run."""
    missing = how.pop("missing", {})
    runner = Runner(folder, Selection(limit=how.pop("limit", 1)), progress=False, **how)
    return [run.name for run, _ in runner.run(whole, whole.select(only), missing)]


class TestRunner:
    """Each run is an ordinary one."""

    def test_every_run_is_a_folder_of_its_own(self, toys: Reproduction, tmp_path: Path) -> None:
        """Read as any run is, with the study that the file says."""
        assert _run(toys, tmp_path / "out") == [run.name for run in toys.runs]
        stores = ReproductionRecord.read(tmp_path / "out").stores(tmp_path / "out")
        assert {name: store.study for name, store in stores.items()} == {
            run.name: run.study for run in toys.runs
        }
        assert all(store.finished for store in stores.values())
        assert [len([*store.records()]) for store in stores.values()] == [2, 2, 2, 2]

    def test_goes_on_where_it_stopped(self, toys: Reproduction, tmp_path: Path) -> None:
        """A run that is there is not asked again, and no line is written twice."""
        _run(toys, tmp_path, ("a-one-few",))
        _run(toys, tmp_path, ("a-one-few",), limit=None)
        done = Store.existing(tmp_path / "a-one-few")
        assert len([*done.lines()]) == len([*done.records()]) == 6

    def test_an_interrupt_says_how_far_it_came(
        self, toys: Reproduction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And that the same command goes on."""
        stop = {"toy(scenes=2)"}

        def interrupt(study: Any, *_: Any, **__: Any) -> None:
            if study.dataset in stop:
                raise KeyboardInterrupt

        monkeypatch.setattr(
            "visualcrop.evaluation.reproduction.runner.run_study", interrupt, raising=True
        )
        with pytest.raises(KeyboardInterrupt, match=r"in run 2 of 4\. .*: the same command"):
            _run(toys, tmp_path)

    def test_a_model_is_loaded_once_for_runs_in_a_row(
        self, toys: Reproduction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Though each is a run of its own; and not at all where nothing is left to answer."""
        opened: list[Toy] = []
        plain = Toy.open

        def count(toy: Toy) -> Model:
            opened.append(toy)
            return plain(toy)

        monkeypatch.setattr(Toy, "open", count)
        _run(toys, tmp_path)
        assert len(opened) == 1  # the two models of the file are one
        _run(toys, tmp_path)
        assert len(opened) == 1

    def test_another_model_is_loaded_and_the_last_let_go(self) -> None:
        """Of two families, the one that is asked for; its weights do not travel."""
        kept, (small, large) = KeptModel(), (Toy(), Toy(local=True))
        first = kept.open(small)
        assert kept.open(Toy()) is first
        assert kept.open(large) is not first
        assert pickle.loads(pickle.dumps(kept))._model is None


class TestRecord:
    """`reproduction.json`."""

    def test_names_every_run_of_the_file(self, toys: Reproduction, tmp_path: Path) -> None:
        """Those that were not asked for, too: they may be run later."""
        _run(toys, tmp_path, ("few",), limit=2)
        record = ReproductionRecord.read(tmp_path)
        assert [(run.name, run.model, run.dataset) for run in record.runs] == [
            (run.name, run.model, run.dataset) for run in toys.runs
        ]
        assert record.limit == 2
        assert [*record.stores(tmp_path)] == ["a-one-few", "a-two-few"]

    def test_says_why_a_run_was_left_out(self, toys: Reproduction, tmp_path: Path) -> None:
        """Until it is run."""
        why = ["There is no vstar."]
        assert _run(toys, tmp_path, ("few",), missing={"a-one-few": why}) == ["a-two-few"]
        assert ReproductionRecord.read(tmp_path).runs[0].skipped == tuple(why)
        _run(toys, tmp_path, ("few",))
        assert ReproductionRecord.read(tmp_path).runs[0].skipped == ()

    def test_another_reproduction_is_refused(self, toys: Reproduction, tmp_path: Path) -> None:
        """One of another title, or with another model under the same name; a single run, too."""
        _run(toys, tmp_path / "out", ("a-one-few",))
        other = attrs.evolve(toys, title="Others")
        with pytest.raises(VisualcropError, match="holds the reproduction 'Toys'; give another"):
            _run(other, tmp_path / "out")
        models = {**toys.models, "one": attrs.evolve(toys.models["one"], spec="tiny")}
        with pytest.raises(VisualcropError, match="holds runs of 'toy', not 'tiny'; give another"):
            _run(attrs.evolve(toys, models=models), tmp_path / "out")
        with pytest.raises(VisualcropError, match="holds a single run; give another"):
            _run(toys, tmp_path / "out" / "a-one-few")

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"runs": 3}', "null"])
    def test_a_damaged_file_is_one_sentence(
        self, text: str, toys: Reproduction, tmp_path: Path
    ) -> None:
        """Nothing is run beside it."""
        (tmp_path / RECORD).write_text(text)
        with pytest.raises(VisualcropError, match=f"{RECORD}' cannot be used"):
            _run(toys, tmp_path)

    @pytest.mark.parametrize("name", ["../a-one-few", "/a-one-few", "a-two-few", "a" * 5000])
    def test_a_run_elsewhere_is_none_of_it(
        self, name: str, toys: Reproduction, tmp_path: Path
    ) -> None:
        """A name that is not that of its study, model and dataset leads to no folder."""
        record = ReproductionRecord.of(toys)
        first, *others = record.runs
        attrs.evolve(record, runs=(attrs.evolve(first, name=name), *others)).write(tmp_path)
        with pytest.raises(VisualcropError, match="no run can be called"):
            ReproductionRecord.read(tmp_path)

    def test_is_read_from_any_folder(
        self, toys: Reproduction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A path of the file that began at the folder of the command still names it."""
        monkeypatch.chdir(tmp_path)
        near = attrs.evolve(toys, path=Path("toys.toml"))
        assert ReproductionRecord.of(near).file == str(tmp_path / "toys.toml")

    def test_a_folder_without_one_is_none(self, tmp_path: Path) -> None:
        """It says whose folder is wanted."""
        with pytest.raises(VisualcropError, match="holds no reproduction; give the --out of"):
            ReproductionRecord.read(tmp_path)
