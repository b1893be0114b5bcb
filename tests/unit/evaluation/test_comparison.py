"""Variants against one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
import pytest

from tests.support.studies import manifest_of, toy_study
from visualcrop import Record, VisualcropError
from visualcrop.data.record import Status
from visualcrop.evaluation.comparison import compare
from visualcrop.evaluation.resume import open_run
from visualcrop.evaluation.run_folder import Store
from visualcrop.evaluation.study import Study

_RIGHT = (1, 1, 1, 1, 1, 1, 1, 0)
_LESS = (1, 0, 0, 0, 0, 0, 0, 0)


def _store(
    folder: Path, scores: Mapping[str, Sequence[float | None]], study: Study | None = None
) -> Store:
    """A run in which each variant has these scores; none is an error."""
    study = attrs.evolve(study or toy_study(), variants={name: name for name in scores})
    with open_run(folder, study, manifest_of(study)) as (store, shard):
        for variant, given in scores.items():
            for number, score in enumerate(given):
                status: Status = "error" if score is None else "ok"
                kind = ("even", "odd")[number % 2]
                shard.append(Record(str(number), variant, status, score, category=(kind,)))
    return store


def test_gains_are_paired(tmp_path: Path) -> None:
    """Six questions that only ours gets right, of eight: clear by McNemar's test."""
    store = _store(tmp_path, {"direct": _LESS, "focus": _RIGHT})
    whole, *parts = compare([store])
    gain = whole.rows[1]["gain"]
    assert (gain["only_ours"], gain["only_theirs"]) == (6, 0)
    assert gain["gain"] == 0.75
    assert gain["p"] == pytest.approx(2 / 2**6)
    assert whole.rows[0]["gain"] is None
    assert [(part.category, part.rows[0]["n"]) for part in parts] == [("even", 4), ("odd", 4)]


def test_only_what_both_answered_counts(tmp_path: Path) -> None:
    """An error on one side takes the question out of the comparison, and is counted."""
    store = _store(tmp_path, {"direct": (1, 0, None, 0), "focus": (1, 1, 1, None)})
    _, ours = compare([store])[0].rows
    assert (ours["n"], ours["errors"]) == (3, 1)
    assert (ours["gain"]["only_ours"], ours["gain"]["gain"]) == (1, 0.5)


def test_any_variant_may_be_the_baseline(tmp_path: Path) -> None:
    """One that nobody called so is refused."""
    store = _store(tmp_path, {"direct": _LESS, "focus": _RIGHT})
    (direct, focus) = compare([store], "focus")[0].rows
    assert direct["gain"]["gain"] == -0.75
    assert focus["gain"] is None
    with pytest.raises(VisualcropError, match="No variant is called 'focal'; did you mean 'focus'"):
        compare([store], "focal")


def test_runs_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    """Where labels are the same; others stay as they are."""
    one = _store(tmp_path / "one", {"direct": _LESS, "focus": _RIGHT})
    two = _store(tmp_path / "two", {"direct": _LESS, "mine": _RIGHT})
    names = [row["searcher"] for row in compare([one, two], "one: direct")[0].rows]
    assert names == ["one: direct", "focus", "two: direct", "mine"]


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (toy_study(protocol="vlmevalkit"), "protocol"),
        (toy_study(open_ended=True), "protocol"),
        (toy_study(judge="llm"), "judge"),
        (toy_study(scenes=9), "dataset"),
    ],
)
def test_unlike_runs_are_refused(other: Study, what: str, tmp_path: Path) -> None:
    """Their difference would not be the search's; whoever knows better may force it."""
    one = _store(tmp_path / "one", {"direct": _LESS})
    two = _store(tmp_path / "two", {"mine": _RIGHT}, other)
    with pytest.raises(VisualcropError, match=f"differ in their {what}.*give --force"):
        compare([one, two])
    assert len(compare([one, two], forced=True)[0].rows) == 2
