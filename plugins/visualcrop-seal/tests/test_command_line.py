"""SEAL from the command line: on tiny checkpoints of three families, and on its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.support.opened import noise
from tests.support.tiny.checkpoints import checkpoint
from tests.support.tiny.seal import tower, vqa, vsm
from visualcrop.cli import app

pytestmark = pytest.mark.torch
QUESTION = "What colour is the mug?"
SHORT = ("-o", "answer.max_new_tokens=3", "-o", "locator.max_new_tokens=3")


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Noise on disk, in the folder where the command runs."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "noise.png"
    noise(500, 300).picture.save(path)
    return path


def ask(picture: Path, *words: object) -> Result:
    """`visualcrop ask` about it."""
    return CliRunner().invoke(app, ["ask", picture.name, QUESTION, *map(str, words)])


@pytest.mark.parametrize("family", ["llava", "llava-onevision", "qwen2-5-vl"])
class TestAnyFamily:
    """The search, with a model's own internals for a search model."""

    def test_answers_within_its_budget(self, picture: Path, family: str) -> None:
        """A part costs a map and a check, and two more passes where its own heat is weak."""
        spec = "seal(targets=rules, high=1, smallest=100)"
        words = ("-s", spec, "-m", checkpoint(family), "--budget", 14, "--json", *SHORT)
        done = ask(picture, *words)
        assert done.exit_code == 0, done.output
        output = json.loads(done.stdout)
        assert set(output["passes"]) <= {"detect", "describe", "context", "answer"}
        assert sum(output["passes"].values()) == 14 + 1
        assert output["exhausted"]

    def test_takes_any_relevance_source(self, picture: Path, family: str) -> None:
        """By one option."""
        spec = "seal(targets=rules, locator=internal(relevance=random, checks=2))"
        done = ask(picture, "-s", spec, "-m", checkpoint(family), "--budget", 9, "--json", *SHORT)
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["passes"]["detect"] >= 2


class TestItsOwnModels:
    """The published pair."""

    def test_answers(self, picture: Path) -> None:
        """The answering model's settings choose how targets are found and shown."""
        own = f'checkpoint="{{}}", vision_tower="{tower()}", dtype=float32'
        searching = f"seal(locator=seal-vsm({own.format(vsm())}), high=1)"
        words = ("-s", searching, "-m", f"seal-vqa({own.format(vqa())})", "--json")
        done = ask(picture, *words, "-o", "answer.max_new_tokens=3")
        assert done.exit_code == 0, done.output
        output = json.loads(done.stdout)
        assert "targets=missing" in output["searcher"]
        assert output["passes"] == {"targets": 1, "answer": 1}  # it does not say that it misses any

    def test_answering_model_shows_no_map(self, picture: Path) -> None:
        """One sentence says which locator to take."""
        own = f'seal-vqa(checkpoint="{vqa()}", vision_tower="{tower()}", dtype=float32)'
        done = ask(picture, "-s", "seal(targets=rules)", "-m", own)
        assert done.exit_code == 1
        assert "search with another locator" in done.stderr
        assert done.stderr.count("\n") == 1

    def test_needs_checkpoints(self, picture: Path) -> None:
        """One sentence each, that names what is published."""
        done = ask(picture, "-m", "seal-vqa")
        assert "craigwu/seal_vqa_7b" in done.stderr
        done = ask(picture, "-s", "seal(locator=seal-vsm)")
        assert "craigwu/seal_vsm_7b" in done.stderr
