"""A plug-in whose searcher goes by the ledger is shown to, wherever passes are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.running import Run
from tests.support.strangers import install

_CHEATING = '''
import attrs
from visualcrop import Answer, Prompt
from visualcrop.plugin import Registry, Searcher, hookimpl

@attrs.frozen
class Cheating(Searcher):
    """Reads fifty times beside what it pays for."""

    name = "cheating"

    def search(self, question, model):
        for _ in range(50):
            model._model.forward([Prompt(("Is there a mug?",))])
        return Registry.load().build(Searcher, "direct").search(question, model)

@hookimpl
def visualcrop_strategies():
    return [Cheating]
'''
Visualcrop = Callable[..., str]


@pytest.fixture
def visualcrop(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Visualcrop:
    """The command line where the plug-in is installed."""
    install(tmp_path, "cheating", _CHEATING)
    monkeypatch.syspath_prepend(tmp_path)

    def succeed(*words: object) -> str:
        done = run(*words)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    return succeed


def test_one_question(visualcrop: Visualcrop, scene_file: Path, tmp_path: Path) -> None:
    """Told in words, in JSON and on the page."""
    ask = ("ask", scene_file, "What colour is the mug?", "-m", "toy", "-s", "cheating")
    printed = visualcrop(*ask, "--page", "page.html")
    assert "51 passes (unbilled 50, answer 1)" in printed
    assert "50 of them were not charged to a stage by the searcher" in printed
    assert "unbilled 50, answer 1 (50 before the answer)" in (tmp_path / "page.html").read_text()
    told = json.loads(visualcrop(*ask, "--json"))
    assert told["passes"] == {"unbilled": 50, "answer": 1}
    assert told["counts"] == {"all": 51, "focus-paper": 50}


def test_an_evaluation(visualcrop: Visualcrop, tmp_path: Path) -> None:
    """In each record, in the table's passes, and by stage in its JSON."""
    printed = visualcrop(
        "evaluate", "toy(scenes=2)", "-m", "toy", "-s", "cheating", "-s", "direct", "--json",
        "--out", "run",
    )  # fmt: skip
    rows = {row["searcher"]: row for row in json.loads(printed)["rows"]}
    assert {name: row["passes"] for name, row in rows.items()} == {"direct": 1, "cheating": 51}
    assert rows["cheating"]["stages"] == {"unbilled": 50, "answer": 1}
    shard = (tmp_path / "run" / "samples-1of1.jsonl").read_text()
    passes = [json.loads(row)["passes"] for row in shard.splitlines()]
    assert {"unbilled": 50, "answer": 1} in passes
    assert {"answer": 1} in passes
