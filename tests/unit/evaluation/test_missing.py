"""Answers that were lost are missed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import shipped
from tests.support.studies import toy_study
from visualcrop import Record
from visualcrop.evaluation.comparison import compare
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.formatting import describe_problems
from visualcrop.evaluation.run_folder import Store
from visualcrop.evaluation.selection import Selection
from visualcrop.evaluation.study import Study
from visualcrop.evaluation.summary import summarize

_STUDY = toy_study()  # six questions, two variants


def _told(store: Store) -> str:
    """What is said of the run, the same by every command."""
    (whole, *_) = compare([store])
    told = "\n".join(describe_problems(whole.rows))
    assert told == "\n".join(describe_problems(summarize(store)))
    return told


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Store:
    """A run in two shards."""
    for part in (1, 2):
        store = run_study(_STUDY, tmp_path, selection=Selection(shard=(part, 2)))
    return store


def test_a_whole_run_says_nothing(store: Store) -> None:
    """Nor does one of a part of the dataset, which is all that was wanted."""
    assert store.finished
    assert [told["answers"] for told in [*store.reports().values()]] == [
        {"direct": 3, "focus": 3}
    ] * 2
    assert _told(store) == ""


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (0, "3 of 6 asked (direct, focus). 6 answers"),
        (1, "4 of 6 asked (direct); 3 of 6 asked (focus). 5 answers"),
        (4, "5 of 6 asked (direct, focus). 2 answers"),
    ],
)
def test_lines_that_went_missing(store: Store, left: int, told: str) -> None:
    """A shard that was cut is not finished: how many are missing is told, and they are asked."""
    path = store.shard_path((2, 2))
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:left]))
    _check_and_mend(store, told, 6 - left)


def test_a_shard_that_went_missing(store: Store) -> None:
    """Its worker's report knows that it was there."""
    store.shard_path((2, 2)).unlink()
    _check_and_mend(store, "3 of 6 asked (direct, focus). 6 answers", 6)


def test_a_variant_that_went_missing(store: Store) -> None:
    """It has a row, though no answer."""
    for path in store.shards().values():
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(line for line in lines if b'"variant": "direct"' in line))
    assert [row["n"] for row in summarize(store)] == [6, 0]
    assert "Unfinished: 0 of 6 asked (focus). 6 answers are missing" in _told(store)


def _check_and_mend(store: Store, told: str, missing: int) -> None:
    who = "the same command, and those of other shards, ask only these"
    assert f"Unfinished: {told} are missing: {who}." in _told(store)
    new: list[Record] = []
    run_study(_STUDY, store.folder, selection=Selection(shard=(2, 2)), watch=new.append)
    assert len(new) == missing
    assert _told(store) == ""


def test_a_later_call_for_less_does_not_hide_them(tmp_path: Path) -> None:
    """The report says how many answers there were, not how many were asked for last."""
    store = run_study(_STUDY, tmp_path)
    path = store.shard_path((1, 1))
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2]))
    run_study(_STUDY, tmp_path, selection=Selection(limit=1))
    assert "2 answers are missing" in _told(store)


def test_errors_are_answers_that_may_go_missing_too(tmp_path: Path) -> None:
    """A question that failed was asked; its line may be lost like any other."""
    study = toy_study("broken=focus(relevance=vv(layers=[90, 91]))", scenes=1)
    for _ in range(2):  # asked again, they are still three
        store = run_study(study, tmp_path)
        assert next(iter(store.reports().values()))["answers"] == {"direct": 3, "broken": 3}
    path = store.shard_path((1, 1))
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-6]))
    assert "2 of 3 asked (direct); 1 of 3 asked (broken). 3 answers are" in _told(store)


def test_reports_of_older_runs_promise_nothing(store: Store) -> None:
    """They count as before: a part that came to its end is finished."""
    for path in store.folder.glob("asked-*.json"):
        path.write_text('{"questions": 3, "broken": 0, "named": [], "sha256": "0"}')
    assert store.finished
    assert _told(store) == ""


def test_broken_rows_are_counted_once(tmp_path: Path) -> None:
    """Every shard meets all of them; a row is not broken twice for that."""
    data = shipped.folder(tmp_path / "data")
    with (data / "samples.jsonl").open("a") as file:
        file.write('\n{"id": "torn"}\n')
    study = Study(f"folder(path={data})", "toy", {"direct": "direct"})
    for part in (1, 2):
        store = run_study(study, tmp_path / "run", selection=Selection(shard=(part, 2)))
    count, first = store.broken()
    assert [told["broken"] for told in [*store.reports().values()]] == [1, 1]
    assert (count, first.partition(":")[0]) == (1, "'torn'")
