"""The studies of the paper that come with the repository."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pytest

from tests.support.running import Run
from visualcrop.evaluation.study_toml import read_study

STUDIES = Path(__file__).parents[2] / "benchmarks" / "studies"


@pytest.mark.parametrize("name", ["table-3", "figure-4"])
class TestStudies:
    """Each is one file, and its table is ready for a page."""

    def test_runs_and_reports(self, run: Run, name: str) -> None:
        """On two questions, without an error; every variant has its row, the paper's beside it."""
        for package in ("visualcrop_tiny", "visualcrop_ablations"):
            pytest.importorskip(package)
        file = STUDIES / f"{name}.toml"
        done = run("evaluate", file, "--limit", 2, "--out", "run")
        assert done.exit_code == 0, done.output
        assert run("report", "run", "--pages", 0).exit_code == 0
        study, told = read_study(file), Path("run/report/summary.md").read_text()
        assert all(f"\n| {label} |" in told for label in study.variants)
        assert "\n2 questions of `shapes(" in told
        assert "; 0 errors, " in told
        assert " 72.77 |" in told
        rows = csv.DictReader(StringIO(Path("run/report/results.csv").read_text()))
        assert [row["searcher"] for row in rows] == [*study.variants]

    def test_repeats_all_that_the_paper_has(self, name: str) -> None:
        """Each row of the paper's that can be had stands beside one of ours, and no two by one."""
        study = read_study(STUDIES / f"{name}.toml")
        assert study.sharing
        assert study.beside
        rows = [tuple(study.beside.figures(label)) for label in study.beside.rows]
        assert len({*rows}) == len(rows) == {"table-3": 8, "figure-4": 8}[name]
        assert {*study.beside.rows} <= {*study.variants, "random guess"}


def test_steps_are_drawn_as_curves(run: Run) -> None:
    """One of accuracy and one of recall for each search that has several, and none is mixed."""
    Path("study.toml").write_text(
        'dataset = "toy(scenes=1)"\nmodel = "toy"\nsharing = true\n'
        '[sweep]\nset = ["overrun=true,false", "steps=1,8"]\n'
    )
    run("evaluate", "study.toml", "--out", "run")
    assert run("report", "run", "--pages", 0).exit_code == 0
    page = Path("run/report/index.html").read_text()
    assert "More steps" in page
    for curve in ("accuracy", "recall"):
        assert all(f">{curve}, overrun={over}<" in page for over in ("true", "false"))
