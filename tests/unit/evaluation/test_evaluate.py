"""A study in Python: what `evaluate` takes, and what its `Run` tells."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.refusals import refused
from visualcrop import Answer, Budget, BudgetedModel, Direct, Focus, Question, Run, evaluate
from visualcrop.data.base import Problem, Sample
from visualcrop.errors import (
    EvaluationError,
    FileError,
    SpecError,
    UnknownStrategyError,
    VisualcropError,
)
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.study import Study, label_specs
from visualcrop.models.toy import Toy
from visualcrop.models.toy.dataset import ToyScenes
from visualcrop.plugin import Searcher
from visualcrop.relevance.vv import Vv

_TWO = {"all": Focus(), "one": Focus(steps=1, relevance=Vv(layers=(1, 3)))}


@attrs.frozen
class Unregistered(Searcher):
    """Made in a notebook: no plug-in offers it."""

    name = "unregistered"

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        return Direct().search(question, model)


@attrs.frozen
class Broken(ToyScenes):
    """Fails after its first question."""

    name = "broken"

    def read(self) -> Iterator[Sample | Problem]:
        yield next(iter(super().read()))
        raise RuntimeError("The disk is gone.")


@attrs.frozen
class Interrupted(Searcher):
    """Ctrl-C is pressed."""

    name = "interrupted"

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        raise KeyboardInterrupt


@pytest.fixture(scope="module")
def run() -> Run:
    """Two searchers on four scenes, and asking directly."""
    return evaluate(ToyScenes(scenes=4), _TWO, Toy())


def _outcomes(run: Run) -> list[tuple[Any, ...]]:
    return [(r.variant, r.id, r.text, r.score, r.passes) for r in run.records()]


class TestInputs:
    """Objects and specs mean the same."""

    def test_objects_are_written_down_as_what_they_were_given(self, run: Run) -> None:
        """So that study.json has the specs that a user would have typed."""
        assert run.study.variants == {
            "direct": "direct",
            "all": "focus",
            "one": "focus(relevance=vv(layers=[1, 3]), steps=1)",
        }
        assert (run.study.dataset, run.study.model) == ("toy(scenes=4, seed=0)", "toy")

    def test_specs_have_the_records_of_objects(self, run: Run) -> None:
        """Of a dataset, searchers and a model; and so has an open model."""
        specs = {label: str(spec) for label, spec in run.study.variants.items()}
        assert _outcomes(evaluate("toy(scenes=4)", specs, "toy")) == _outcomes(run)
        assert _outcomes(evaluate("toy(scenes=4)", _TWO, Toy().open())) == _outcomes(run)

    def test_is_the_study_of_the_command_line(self, tmp_path: Path) -> None:
        """The same study.json and records, whoever wrote them."""
        study = Study("toy(scenes=2)", "toy", label_specs(["focus"]), budget=Budget(9))
        run_study(study, tmp_path / "cli")
        run = evaluate("toy(scenes=2)", model="toy", budget=9, out=tmp_path / "python")
        assert run.study == study
        assert _outcomes(run) == _outcomes(Run.open(tmp_path / "cli"))

    def test_takes_a_searcher_that_no_plugin_offers(self) -> None:
        """An object needs no name in the registry."""
        run = evaluate("toy(scenes=1)", Unregistered(), "toy")
        assert run.searchers == ["direct", "unregistered"]
        assert run.compare("unregistered").gain == 0

    def test_takes_a_studys_file(self, tmp_path: Path) -> None:
        """With its searchers, beside which no others can be given."""
        file = tmp_path / "study.toml"
        file.write_text('dataset = "toy(scenes=1)"\nmodel = "toy"\n[searchers]\nx = "focus"\n')
        assert evaluate(file).searchers == ["direct", "x"]
        refused(EvaluationError, evaluate, file, Focus())
        refused(EvaluationError, evaluate, file, budget=4)

    def test_selects_and_spreads(self) -> None:
        """As the command line's options of the same names do."""
        run = evaluate("toy(scenes=4)", "focus", "toy", limit=2, concurrency=2)
        assert {record.id for record in run.records()} == {"0-attribute", "0-relation"}
        run = evaluate("toy(scenes=4)", "focus", "toy", ids=["1-count"], executor="local")
        assert {record.id for record in run.records()} == {"1-count"}

    @pytest.mark.parametrize(
        ("given", "error"),
        [
            (("toy(scenes=1)", "fokus"), UnknownStrategyError),
            (("toy(scenes=1)", {"x": "focus(steps=no)"}), SpecError),
            (("toy(scenes=1)", "focus", "tou"), UnknownStrategyError),
            (("toys",), UnknownStrategyError),
            (("toy(scenes=1)", {"direct": Focus()}), EvaluationError),
            ((None,), EvaluationError),
            ((ToyScenes,), EvaluationError),
            (("toy", [Focus()]), EvaluationError),
            (("toy", 5), EvaluationError),
            (("toy", {1: "focus"}), EvaluationError),
            (("toy", {"x": Focus}), EvaluationError),
            (("toy", {" ": "focus"}), EvaluationError),
            (("toy", {"x": "focus", "x ": "focus(steps=2)"}), EvaluationError),
            (("toy", "focus", 5), EvaluationError),
        ],
    )
    def test_refuses_before_anything_is_asked(
        self, given: tuple[Any, ...], error: type[VisualcropError]
    ) -> None:
        """A spec that cannot be built."""
        refused(error, evaluate, *given)

    @pytest.mark.parametrize(
        "given",
        [
            {"limit": -1},
            {"limit": 1.5},
            {"seed": "x"},
            {"ids": "1-count"},
            {"ids": [5]},
            {"category": 5},
            {"shard": 5},
            {"shard": (2, 1)},
            {"protocol": None},
            {"judge": object()},
            {"open_ended": "yes"},
            {"executor": Focus()},
            {"out": ""},
            {"out": 5},
            {"out": "\0"},
            {"out": "\ud800"},
        ],
    )
    def test_refuses_an_argument_of_the_wrong_kind(self, given: dict[str, Any]) -> None:
        """In one sentence, and not by whatever trips over it first."""
        refused(EvaluationError, evaluate, "toy(scenes=1)", "direct", "toy", **given)

    def test_takes_a_limit_of_any_size(self) -> None:
        """Beyond what `itertools` counts to."""
        assert len(evaluate("toy(scenes=1)", "direct", "toy", limit=1 << 70).records()) == 3


class TestFolder:
    """Where the results are."""

    def test_without_out_it_goes_with_the_run(self) -> None:
        """A temporary folder, complete for as long as somebody holds the run."""
        run = evaluate("toy(scenes=1)", "focus", "toy")
        folder = run.folder
        assert len(run.records()) == 6
        assert (folder / "manifest.json").is_file()
        del run
        gc.collect()
        assert not folder.exists()

    def test_without_out_a_failure_leaves_no_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """But what was answered before it stays, and so after Ctrl-C; the message says where."""
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        refused(EvaluationError, evaluate, "toy(scenes=1)", "focus", "toy", ids=["none"])
        assert [*tmp_path.iterdir()] == []
        with pytest.raises(RuntimeError) as caught:
            evaluate(Broken(), "direct", "toy")
        (kept,) = tmp_path.iterdir()
        assert str(kept) in caught.value.__notes__[0]
        assert len(Run.open(kept).records()) == 1
        shutil.rmtree(kept)
        with pytest.raises(KeyboardInterrupt, match=r"Run\.open reads it"):
            evaluate("toy(scenes=1)", Interrupted(), "toy")
        (folder,) = tmp_path.iterdir()
        assert len(Run.open(folder).records()) == 1

    @pytest.mark.parametrize("name", ["study.json", "manifest.json"])
    def test_replaces_no_file_of_others(self, tmp_path: Path, name: str) -> None:
        """A folder of something else may hold a file of the same name."""
        (tmp_path / name).write_text('{"name": "a web page"}')
        refused(EvaluationError, evaluate, "toy(scenes=1)", "direct", "toy", out=tmp_path)
        assert (tmp_path / name).read_text() == '{"name": "a web page"}'

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes in folders")
    def test_a_pipe_in_place_of_the_lock(self, tmp_path: Path) -> None:
        """Is refused: opening it would wait for ever."""
        os.mkfifo(tmp_path / ".lock")
        refused(FileError, evaluate, "toy(scenes=1)", "direct", "toy", out=tmp_path)

    def test_resumes(self, tmp_path: Path) -> None:
        """The same call asks what is new; another study is refused."""
        model = Toy().open()
        evaluate("toy(scenes=2)", "focus", model, limit=3, out=tmp_path)
        before = model.passes
        run = evaluate("toy(scenes=2)", "focus", model, out=tmp_path)
        assert len(run.records()) == 12
        done = model.passes
        assert done > before
        evaluate("toy(scenes=2)", "focus", model, out=tmp_path)
        assert model.passes == done
        refused(EvaluationError, evaluate, "toy(scenes=2)", "focus(steps=1)", model, out=tmp_path)

    def test_opens_what_lies_there(self, tmp_path: Path) -> None:
        """A run of earlier, and nothing else."""
        run = evaluate("toy(scenes=1)", "focus", "toy", out=tmp_path / "run")
        assert Run.open(tmp_path / "run").rows() == run.rows()
        refused(EvaluationError, Run.open, tmp_path)


class TestResults:
    """What a run tells."""

    def test_table(self, run: Run) -> None:
        """A row for each searcher, in text and HTML, with the notes of the command line."""
        table = run.table()
        assert [row[0] for row in table.rows] == ["direct", "all", "one"]
        assert "against direct" in str(table)
        assert any(note in str(table) for note in table.notes)
        assert table._repr_html_().count("<tr>") == 4
        assert "search passes" in str(run.costs())

    def test_compares_question_by_question(self, run: Run) -> None:
        """A gain that changes its sign with the sides; equal to that of the table's row."""
        one, other = run.compare("all", "direct"), run.compare("direct", "all")
        assert (one.gain, one.p, one.n) == (-other.gain, other.p, 12)
        row = next(row for row in run.rows() if row["searcher"] == "all")
        assert row["gain"]["gain"] == one.gain
        assert row["gain"]["interval"] == {"low": one.low, "high": one.high}
        assert str(one).startswith("all against direct: +")
        assert "all against direct" in one._repr_html_()

    def test_refuses_what_names_no_folder(self) -> None:
        """Anything but text and paths."""
        for given in (None, 5, b"run", "", True):
            refused(EvaluationError, Run.open, given)

    def test_repr_survives_its_folder(self, tmp_path: Path) -> None:
        """A debugger shows it after somebody has removed the folder."""
        run = evaluate("toy(scenes=1)", "direct", "toy", out=tmp_path / "run")
        shutil.rmtree(tmp_path / "run")
        assert "cannot be read" in repr(run)

    def test_refuses_an_unknown_searcher(self, run: Run) -> None:
        """With the nearest that there is."""
        assert "did you mean 'all'?" in refused(EvaluationError, run.compare, "al")

    def test_restores_an_answer(self, run: Run) -> None:
        """From its record, to be drawn on the image; no model is asked for it."""
        answer = run.answer("0-attribute", "all")
        assert answer.findings
        assert answer.overlay(side=90).size == (90, 60)
        assert run.answer("0-attribute", "direct").evidence == ()
        for id, searcher in (("9-attribute", "all"), ("0-attribute", "al")):
            refused(EvaluationError, run.answer, id, searcher)

    def test_shows_itself(self, run: Run) -> None:
        """In a notebook its tables, else a line."""
        assert run._repr_html_().count("<table>") == 2
        assert repr(run).startswith("<Run of direct, all, one on toy(scenes=4, seed=0) with toy")

    def test_data_frame(self, run: Run) -> None:
        """A row for each record, with pandas; without it, one sentence."""
        try:
            import pandas as pd
        except ImportError:
            assert "pip install pandas" in refused(EvaluationError, run.to_pandas)
            return
        frame = run.to_pandas()
        assert isinstance(frame, pd.DataFrame)
        assert {"variant", "score", "passes.answer"} <= {*frame.columns}
        assert len(frame) == len(run.records())
