"""A search that did not search, or not to its end, is told beside its figures."""

from __future__ import annotations

from pathlib import Path

from tests.support.studies import toy_study
from visualcrop import Budget
from visualcrop.evaluation.comparison import compare
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.formatting import describe_problems
from visualcrop.evaluation.run_folder import Store
from visualcrop.evaluation.selection import Selection
from visualcrop.evaluation.summary import summarize
from visualcrop.report.tables import summary


def _told(store: Store) -> str:
    """On the console and the page, and in the summary, which have it from one place."""
    (whole, *_) = compare([store])
    told = " ".join(describe_problems(summarize(store)))
    assert " ".join(describe_problems(whole.rows)) == told
    assert all(line.replace("(", "").split()[0] in summary(store, whole) for line in [told] if line)
    return told


def test_that_it_had_no_target(tmp_path: Path) -> None:
    """It asked directly under another name: no figure of it is the method's."""
    store = run_study(toy_study("focus(targets=given)", "focus", scenes=1), tmp_path)
    assert (
        "No target was found, and the whole image was asked, in 3 of 3 (focus(targets=given))."
        in _told(store)
    )


def test_that_its_budget_ran_out(tmp_path: Path) -> None:
    """What it would have found with more is not known."""
    store = run_study(toy_study("focus", scenes=1, budget=Budget(2)), tmp_path)
    assert "The budget ran out, and the best so far was taken, in" in _told(store)
    assert not _told(run_study(toy_study("focus", scenes=1), tmp_path / "enough"))


def test_that_questions_were_drawn_twice(tmp_path: Path) -> None:
    """Two samples of a dataset in one folder are one sample, and no larger draw."""
    study = toy_study("direct", scenes=4)
    for seed in (1, 2):
        store = run_study(study, tmp_path, selection=Selection(limit=5, seed=seed))
    n = summarize(store)[0]["n"]
    assert n > 5
    assert f"{n} questions count, of several commands: the last of them chose 5." in _told(store)
