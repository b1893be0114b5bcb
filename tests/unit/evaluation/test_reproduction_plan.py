"""What a reproduction is about to do, what it may cost, and what is missing for it."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest
from huggingface_hub import constants

from tests.support.miniatures import make_miniatures
from visualcrop import VisualcropError
from visualcrop.budget import Budget
from visualcrop.evaluation.published.tables import table
from visualcrop.evaluation.reproduction.files import find_file, find_tables
from visualcrop.evaluation.reproduction.missing import Inventory, Missing
from visualcrop.evaluation.reproduction.passes import expect_passes
from visualcrop.evaluation.reproduction.plan import Plan, Planner
from visualcrop.evaluation.reproduction.reader import read_reproduction
from visualcrop.evaluation.reproduction.runner import Runner
from visualcrop.evaluation.reproduction.speed import GPU_SHARE, Machine
from visualcrop.evaluation.reproduction.values import Reproduction
from visualcrop.evaluation.selection import Selection
from visualcrop.evaluation.study import PaperFigures, Study
from visualcrop.searchers.focus import Focus

_A100 = Machine("NVIDIA A100", GPU_SHARE * 312e12, "of its peak", gpu=True)
_TEXT = """
title = "Toys"
[models]
one = "toy"
[datasets]
few = "toy(scenes=1)"
more = "toy(scenes=2)"
[[study]]
name = "a"
[study.searchers]
"four steps" = "focus(steps=4)"
"""


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def _read(text: str, folder: Path, data: Path | None = None) -> Reproduction:
    path = folder / "some.toml"
    path.write_text(text)
    return read_reproduction(path, data=None if data is None else str(data))


def _plan(found: Reproduction, folder: Path, limit: int | None = None) -> Plan:
    inventory = Inventory(found)
    planner = Planner(inventory, folder, Selection(limit=limit), _A100)
    return planner.plan(found, inventory.find_missing())


class TestPlan:
    """One line for each run."""

    def test_counts_what_is_left(self, tmp_path: Path) -> None:
        """Three questions a scene under two variants, and none of those that are answered."""
        toys = _read(_TEXT, tmp_path)
        [*Runner(tmp_path / "out", Selection(limit=2), progress=False).run(toys, toys, {})]
        few, more = _plan(toys, tmp_path / "out").runs
        assert (few.questions, few.variants, few.answered, few.left) == (3, 2, 4, 2)
        assert (more.questions, more.variants, more.answered, more.left) == (6, 2, 4, 8)
        few, more = _plan(toys, tmp_path / "out", limit=1).runs
        assert (few.questions, few.left, more.questions, more.left) == (1, 0, 1, 0)
        assert few.passes == few.hours == 0

    def test_a_folder_of_another_study_cannot_be_resumed(self, tmp_path: Path) -> None:
        """It is said before anything runs, and its answers are not counted."""
        toys = _read(_TEXT, tmp_path)
        [*Runner(tmp_path / "out", Selection(limit=1), progress=False).run(toys, toys, {})]
        changed = _read(_TEXT.replace("steps=4", "steps=5"), tmp_path)
        plan = _plan(changed, tmp_path / "out")
        assert [run.answered for run in plan.runs] == [0, 0]
        first, second = plan.missing
        assert "holds a run of another study (its variants.four steps is" in first.reason
        assert (first.runs, second.runs) == (("a-one-few",), ("a-one-more",))

    def test_too_little_memory_is_said(self, tmp_path: Path) -> None:
        """Of a model that is larger than the machine."""
        plan = _plan(read_reproduction(find_file("5"), data=str(tmp_path)), tmp_path)
        small = attrs.evolve(plan, machine=attrs.evolve(_A100, memory_gib=4.0))
        large = attrs.evolve(plan, machine=attrs.evolve(_A100, memory_gib=400.0))
        assert "and NVIDIA A100 has 4: set bits=4" in " ".join(small.notes())
        assert "set bits=4" not in " ".join(large.notes())

    def test_sums_are_not_known_where_one_is_not(self, tmp_path: Path) -> None:
        """Nobody knows the passes of a searcher that no table has."""
        text = _TEXT.replace('"focus(steps=4)"', '"whole-image"')
        plan = _plan(_read(text, tmp_path), tmp_path)
        assert {run.passes for run in plan.runs} == {None}
        assert plan.as_json()["totals"]["passes"] is None
        assert plan.as_json()["totals"]["left"] == 18

    def test_is_plain_values(self, tmp_path: Path) -> None:
        """It is printed as JSON, with its totals."""
        plan = _plan(_read(_TEXT, tmp_path), tmp_path).as_json()
        assert json.loads(json.dumps(plan))["totals"]["left"] == 18
        assert [run["name"] for run in plan["runs"]] == ["a-one-few", "a-one-more"]

    @pytest.mark.parametrize(
        ("method", "model", "column"),
        [
            ("focus", "llava-1.5", "best_llava_1.5"),
            ("focus", "llava-onevision", "best_llava_onevision"),
            ("zoomeye", "llava-1.5", "best_llava_1.5"),
            ("zoomeye", "llava-onevision", "best_llava_onevision"),
            ("vicrop", "llava-1.5", "best_llava_1.5"),
        ],
    )
    def test_hours_are_about_those_of_the_authors(
        self, method: str, model: str, column: str, tmp_path: Path
    ) -> None:
        """On their A100 (Table 6), within a factor of two, for the best setting of each method."""
        best = {"focus": "Steps-8 (overrun)", "zoomeye": "Depth-5 (4 crops)"}
        whole = read_reproduction(find_file("10"), data=str(tmp_path))
        runs = whole.select([method, model]).runs
        label = best.get(method, "rel-att-high")
        alone = [
            attrs.evolve(
                run, study=attrs.evolve(run.study, variants={label: _spec(run.study, label)})
            )
            for run in runs
        ]
        plan = _plan(attrs.evolve(whole, runs=tuple(alone)), tmp_path)
        hours = sum(run.hours or 0 for run in plan.runs)
        printed = float(table(6).row(method=method)[column])
        assert printed / 2 <= hours <= 2 * printed


def _spec(study: Study, label: str) -> str:
    return study.variants[label]


class TestExpectedPasses:
    """Of one question, before anything runs."""

    def _expect(
        self, spec: str, paper: PaperFigures | None = None, **given: object
    ) -> float | None:
        study = Study("toy", "toy", {"direct": "direct", "a": spec}, beside=paper, **given)  # type: ignore[arg-type]
        searcher = Focus(steps=4) if spec.startswith("focus") else None
        return expect_passes(study, "a", searcher, "llava-1.5", "vstar").passes

    def test_are_the_papers_and_two_more(self) -> None:
        """It counts neither the targets' pass nor the answer's."""
        cells = {"method": "focus", "model": "llava-1.5", "dataset": "vstar"}
        rows = {"a": {"setting": "Steps-8 (overrun)"}}
        paper = PaperFigures(10, {"accuracy": "accuracy"}, rows, cells)
        assert self._expect("focus(steps=8)", paper) == 13.28 + 2

    def test_follow_from_the_steps_without(self) -> None:
        """1.39 targets a question, each a map and its steps."""
        assert self._expect("focus(steps=4)") == pytest.approx(1.39 * 5 + 2)

    def test_are_at_most_the_budget(self) -> None:
        """And the answer's, which no budget holds."""
        assert self._expect("anything", budget=Budget(7)) == 8

    def test_of_another_method_are_the_mean_of_table_10(self) -> None:
        """On that dataset with that model."""
        rows = table(10).where(method="zoomeye", model="llava-1.5", dataset="vstar")
        passes = [float(row["passes"]) for row in rows]
        assert self._expect("zoomeye(depth=3)") == pytest.approx(sum(passes) / len(passes) + 2)

    def test_of_a_stranger_are_not_known(self) -> None:
        """Nothing is made up."""
        assert self._expect("stranger") is None

    def test_of_direct_is_one(self) -> None:
        """Asking is one pass."""
        assert self._expect("direct") == 1


def _reasons(missing: list[Missing]) -> str:
    return "\n".join(map(str, missing))


class TestMissing:
    """All of it at once, before anything runs."""

    def test_nothing_is_missing_for_toys(self, tmp_path: Path) -> None:
        """They need no files and no weights."""
        assert Inventory(_read(_TEXT, tmp_path)).find_missing() == []

    def test_everything_is_named_with_what_it_takes(self, tmp_path: Path) -> None:
        """A dataset and how to fetch it, a checkpoint and its size, a plug-in, a wrong option."""
        text = """
            [models]
            real = { spec = "llava-hf/llava-1.5-7b-hf", gib = 13.2 }
            [datasets]
            vstar = { spec = "vstar", gib = 0.4 }
            gqa = "gqa"
            toy = "toy"
            [[study]]
            name = "a"
            datasets = ["vstar", "gqa"]
            searchers = { a = "stranger", b = "focus(stepz=1)" }
            [[study]]
            name = "b"
            datasets = ["toy"]
            judge = "llm(checkpoint=some/judge)"
        """
        missing = Inventory(_read(text, tmp_path, tmp_path / "my data")).find_missing()
        told, place = _reasons(missing), tmp_path / "my data" / "vstar"
        for expected in (
            f"There is no vstar at '{place}'. Fetch it (0.4 GiB): visualcrop data fetch vstar --to",
            f"--to '{place}'",
            "'gqa' is not fetched: it is at",
            "Download 'llava-hf/llava-1.5-7b-hf' (13.2 GiB) from the hub, or give --model real=",
            "Download 'some/judge' from the hub.",
            "no searcher is called 'stranger'",
            "did you mean 'steps'",
        ):
            assert expected in told
        runs = {each.reason.split()[0]: each.runs for each in missing}
        assert runs["'llava-hf/llava-1.5-7b-hf'"] == ("a-real-vstar", "a-real-gqa", "b-real-toy")
        assert runs["'some/judge'"] == ("b-real-toy",)

    def test_a_plugin_of_ours_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the command that installs it."""
        monkeypatch.setenv("VISUALCROP_BLOCK", "seal")
        text = _TEXT.replace('"focus(steps=4)"', '"seal"')
        missing = Inventory(_read(text, tmp_path)).find_missing()
        assert "pip install visualcrop-seal" in _reasons(missing)

    @pytest.mark.parametrize(
        ("spoil", "reason"),
        [
            (lambda root: (root / "test_questions.jsonl").unlink(), "test_questions.jsonl"),
            (lambda root: (root / "test_questions.jsonl").write_text(""), "holds no question that"),
            (lambda root: (root / "test_questions.jsonl").write_text("{\n"), "its row 'line 1' is"),
            (lambda root: [path.unlink() for path in root.rglob("*.jpg")], "is missing"),
        ],
    )
    def test_a_dataset_without_a_question_is_missing(
        self, spoil: object, reason: str, tmp_path: Path
    ) -> None:
        """Though its folder is there."""
        data = make_miniatures(tmp_path / "data")
        spoil(data / "vstar")  # type: ignore[operator]
        text = _TEXT.replace('"toy(scenes=1)"', '"vstar"')
        (missing,) = Inventory(_read(text, tmp_path, data)).find_missing()
        assert reason in missing.reason
        assert missing.runs == ("a-one-few",)

    def test_model_and_searchers_have_to_fit(self, tmp_path: Path) -> None:
        """An unknown protocol, or a search that the model cannot be asked with, is named too."""
        text = _TEXT.replace('name = "a"', 'name = "a"\nprotocol = "stranger"')
        (missing,) = Inventory(_read(text, tmp_path)).find_missing()
        assert "stranger" in missing.reason
        assert len(missing.runs) == 2


@pytest.mark.parametrize("number", [*find_tables()])
def test_the_papers_tables_lack_nothing_but_files(number: int, tmp_path: Path) -> None:
    """On miniatures, and with the checkpoints named as missing, each has its whole plan."""
    data = make_miniatures(tmp_path / "data")
    whole = read_reproduction(find_file(str(number)), data=str(data))
    plan = _plan(whole, tmp_path / "out")
    assert {run.counted for run in plan.runs} == {"read"}
    assert all(each.reason.endswith("HF_HUB_OFFLINE is set.") for each in plan.missing)
    assert all(model.weights_gib for model in plan.models)
    assert table(number).command == f"visualcrop reproduce {number} --data FOLDER"


@pytest.mark.parametrize("text", ["11", "010", "-4", "9" * 5000, "table-10", ""])
def test_a_table_without_a_file_is_refused(text: str) -> None:
    """With the numbers of those that have one."""
    with pytest.raises(
        VisualcropError, match=r"no reproduction .* \(2, 3, 4, 5, 10, 12, 13, 14, 15\)"
    ):
        find_file(text)
