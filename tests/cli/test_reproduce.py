"""`visualcrop reproduce`: a table of the paper in one command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.support.running import Run
from visualcrop.evaluation.reproduction.files import find_tables
from visualcrop.evaluation.reproduction.record import ReproductionRecord
from visualcrop.evaluation.run_folder import Store

ROOT = Path(__file__).parents[2]
_TEXT = """
title = "Toys"
[models]
"one.5" = "toy"
[datasets]
few = "toy(scenes=1)"
vstar = { spec = "vstar", gib = 0.4 }
[[study]]
name = "a"
[study.searchers]
"four steps" = "focus(steps=4)"
"""


@pytest.fixture
def toys(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`visualcrop reproduce toys.toml`, whose dataset `vstar` is missing."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("COLUMNS", "200")
    Path("toys.toml").write_text(_TEXT)
    return lambda *words: run("reproduce", "toys.toml", *words)


def test_without_figures_of_the_paper(toys: Run, run: Run) -> None:
    """A reproduction of one's own is reported as the results of its runs."""
    assert toys("--skip-missing").exit_code == 0
    assert run("report", "runs/toys", "--out", "page").exit_code == 0
    for name in ("summary.md", "results.md", "index.html"):
        text = Path("page", name).read_text()
        assert "a-one.5-few: toy on toy(scenes=1)" in text
        assert "four steps" in text
        assert "not the paper" not in text


class TestPlan:
    """`--dry-run`."""

    def test_shows_every_run_and_what_is_missing(self, toys: Run) -> None:
        """With the command that fetches it, and nothing is written."""
        done = toys("--data", "data", "--dry-run")
        assert done.exit_code == 0
        lines = done.stdout.splitlines()
        assert lines[0] == "Toys: 2 runs, in runs/toys"
        cells = {line.split()[0]: line.split()[1:] for line in lines if line.strip()}
        assert cells["a-one.5-few"] == ["3", "2", "0", "6", "30", "?"]
        assert cells["a-one.5-vstar"][2:4] == ["191", "2"]
        assert (
            "Missing for 1 run: There is no vstar at 'data/vstar'. "
            "Fetch it (0.4 GiB): visualcrop data fetch vstar --to data/vstar"
        ) in done.stdout
        assert "Passes and hours are estimates." in done.stdout
        assert not Path("runs").exists()

    def test_a_model_within_a_searcher_is_planned(self, run: Run, toys: Run) -> None:
        """With its size, and the option that puts a folder in its place can be given as it is."""
        pytest.importorskip("visualcrop_seal")
        words = ("--data", "data", "--dry-run", "--json")
        plan = json.loads(run("reproduce", 10, *words).stdout)
        sizes = {model["name"]: model["weights_gib"] for model in plan["models"]}
        assert sizes["seal-vsm"] == 14
        option = "--model 'seal-vsm=seal-vsm(checkpoint=FOLDER)'"
        assert any(option in each["fix"] for each in plan["missing"])
        named = option.split("'")[1].replace("FOLDER", "elsewhere")
        plan = json.loads(run("reproduce", 10, *words, "--model", named).stdout)
        assert any("elsewhere" in each["reason"] for each in plan["missing"])
        assert not any("no locator is called" in each["reason"] for each in plan["missing"])

    def test_json_has_the_same(self, toys: Run) -> None:
        """Runs, models, what is missing, totals."""
        plan = json.loads(toys("--data", "data", "--dry-run", "--json").stdout)
        assert [run["left"] for run in plan["runs"]] == [6, 382]
        assert [each["runs"] for each in plan["missing"]] == [["a-one.5-vstar"]]
        assert plan["totals"]["left"] == 388

    @pytest.mark.parametrize("number", [*find_tables()])
    def test_of_each_table_of_the_paper(self, run: Run, toys: Run, number: int) -> None:
        """It is the whole plan, though neither datasets nor checkpoints are here."""
        done = run("reproduce", number, "--data", "data", "--dry-run", "--json")
        assert done.exit_code == 0, done.output
        plan = json.loads(done.stdout)
        assert all(run["missing"] and run["questions"] for run in plan["runs"])
        assert all(model["weights_gib"] for model in plan["models"])
        assert plan["totals"]["passes"] > plan["totals"]["left"] > 0


class TestRun:
    """Without it."""

    def test_is_refused_for_what_is_missing(self, toys: Run) -> None:
        """The plan is shown, and no run is begun."""
        done = toys()
        assert done.exit_code == 1
        assert "1 of 2 runs cannot be run (There is no vstar at" in done.stderr
        assert done.stderr.rstrip().endswith("or give --skip-missing to run the others.")
        assert not Path("runs").exists()

    def test_skips_what_is_missing_if_told_to(self, toys: Run) -> None:
        """And says so, also in the record."""
        done = toys("--skip-missing", "--data", "data")
        assert done.exit_code == 0, done.output
        assert "Left out: a-one.5-vstar: There is no vstar at 'data/vstar'." in done.stdout
        few, vstar = ReproductionRecord.read(Path("runs/toys")).runs
        assert (few.skipped, len(vstar.skipped)) == ((), 1)
        assert len([*Store.existing("runs/toys/a-one.5-few").records()]) == 6
        assert not Path("runs/toys/a-one.5-vstar").exists()

    def test_nothing_to_run_is_an_error_and_binds_no_folder(self, toys: Run) -> None:
        """All is missing below a wrong folder: the corrected command is not in its way."""
        words = ("--skip-missing", "--only", "vstar", "--out", "out")
        none = toys("--data", "nonexist", *words)
        assert none.exit_code == 1
        assert (
            "1 of 1 run cannot be run (There is no vstar at 'nonexist/vstar'); mend" in none.stderr
        )
        assert not Path("out").exists()

    def test_a_wrong_folder_of_data_binds_no_run_that_was_skipped(self, toys: Run) -> None:
        """Only what has begun has to stay as it is."""
        words = ("--skip-missing", "--out", "out")
        assert toys("--data", "nonexist", *words).exit_code == 0
        again = toys("--data", "data", *words)
        assert again.exit_code == 0, again.output
        assert "Left out: a-one.5-vstar: There is no vstar at 'data/vstar'." in again.stdout

    def test_the_first_error_of_a_run_is_named(self, toys: Run) -> None:
        """Below the runs, as `evaluate` does; what the model's config tells is foreseen."""
        pytest.importorskip("visualcrop_tiny")
        text = _TEXT.replace("steps=4", "steps=1, relevance=vv(layers=[14, 32])")
        Path("toys.toml").write_text(text)
        done = toys("--model", "one.5=tiny", "--only", "few", "--limit", 1)
        foreseen = "layers [14, 32] do not fit a model of 6 layers."
        assert f"'four steps' in 'a-one.5-few' will fail: {foreseen}" in done.stdout
        assert "a-one.5-few: " in done.stdout
        assert "Layers [14, 32] do not fit a model of 6 layers" in done.stdout

    def test_its_folder_is_no_run_but_names_its_runs(self, run: Run, toys: Run) -> None:
        """For `show` and `compare`, which read one run."""
        assert toys("--only", "few", "--out", "out", "--limit", 1).exit_code == 0
        for words in (("compare", "out"), ("show", "out", "1")):
            refused = run(*words)
            assert refused.exit_code == 1
            assert (
                "'out' holds several runs; give the folder of one: 'a-one.5-few'" in refused.stderr
            )

    @pytest.mark.parametrize(
        ("spec", "reason"),
        [
            ("focs(steps=4)", "no searcher is called 'focs'"),
            ("focus(steps=x)", "x is not a whole number"),
            ("focus(steps=4", "'focus(steps=4' cannot be read: expected ',' after 'focus(steps=4'"),
        ],
    )
    def test_a_mistake_in_a_spec_comes_before_any_plan(
        self, toys: Run, spec: str, reason: str
    ) -> None:
        """In one line, with the run: no plan hides it."""
        Path("toys.toml").write_text(_TEXT.replace("focus(steps=4)", spec))
        refused = toys("--dry-run", "--only", "few")
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "In the run 'a-one.5-few': " in refused.stderr
        assert reason in refused.stderr
        assert len(refused.stderr.splitlines()) == 1

    def test_another_study_of_that_name_is_in_the_way(self, toys: Run) -> None:
        """It is no missing thing; and what the study had is said in words."""
        assert toys("--only", "few", "--limit", 1).exit_code == 0
        Path("toys.toml").write_text(_TEXT.replace('"four steps"', '"other"'))
        done = toys("--only", "few", "--dry-run")
        assert "In the way of 1 run: " in done.stdout
        assert "'focus(steps=4)', and now there is none" in done.stdout

    def test_runs_are_those_of_evaluate(self, run: Run, toys: Run) -> None:
        """`show` and `compare` read them, and `evaluate` on the same study resumes them."""
        assert toys("--only", "few", "--out", "out").exit_code == 0
        id = next(Store.existing("out/a-one.5-few").records()).id
        assert run("show", "out/a-one.5-few", id).exit_code == 0
        assert run("compare", "out/a-one.5-few").exit_code == 0
        words = ("toy(scenes=1)", "-m", "toy", "-s", "four steps=focus(steps=4)")
        again = run("evaluate", *words, "--out", "out/a-one.5-few")
        assert again.exit_code == 0
        assert len([*Store.existing("out/a-one.5-few").lines()]) == 6

    def test_the_same_command_resumes(self, toys: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """After Ctrl-C, which says how far it came."""

        def interrupt(*words: object, **named: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("visualcrop.evaluation.reproduction.runner.run_study", interrupt)
            stopped = toys("--only", "few", "--limit", 1)
        assert stopped.exit_code == 130
        assert "Interrupted in run 1 of 1. What was answered is in runs/toys: the" in stopped.stderr
        assert toys("--only", "few", "--limit", 1).exit_code == 0
        done = json.loads(toys("--only", "few", "--json").stdout)
        assert [row["asked"] for row in done["runs"][0]["rows"]] == [3, 3]

    def test_a_model_may_stand_in(self, toys: Run) -> None:
        """Under the file's name for it."""
        pytest.importorskip("visualcrop_tiny")
        words = ("--only", "few", "--limit", 1, "--out", "out")
        assert toys("--model", "one.5=tiny", *words).exit_code == 0
        assert Store.existing("out/a-one.5-few").study.model == "tiny"
        record = ReproductionRecord.read(Path("out"))
        assert record.models["one.5"] == {"spec": "tiny", "replaced": "toy"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("99",), "There is no reproduction '99'; give the number of a table that has one (2, 3,"),
        (("table-10",), "There is no reproduction 'table-10'"),
        (("none.toml",), "The reproduction 'none.toml' cannot be read"),
        (("10", "--model", "tiny"), "The model 'tiny' is not NAME=SPEC"),
        (("10", "--model", "llava=tiny"), "it has no model 'llava'; did you mean 'llava-1.5'"),
        (("10", "--only", "focuss"), "did you mean 'focus'"),
        (("10", "--shard", "3/2"), "is not i/n"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    run: Run, words: tuple[str, ...], sentence: str
) -> None:
    """And nothing is run."""
    failed = run("reproduce", *words, "--dry-run")
    assert failed.exit_code == 1
    assert sentence in failed.stderr


def test_an_installed_wheel_brings_the_tables(tmp_path: Path) -> None:
    """Built, unpacked elsewhere and run, it has all those of the repository."""
    pytest.importorskip("hatchling")
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    command = [sys.executable, "-c", build, str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    shutil.unpack_archive(tmp_path / built.stdout.split()[-1], tmp_path / "site", "zip")
    told = (
        "import visualcrop; from visualcrop.evaluation.reproduction.files import find_tables\n"
        "print(visualcrop.__file__, *find_tables())"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n{told}",
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    place, *numbers = done.stdout.split()
    assert place.startswith(str(tmp_path))
    assert numbers == [str(number) for number in find_tables()]
