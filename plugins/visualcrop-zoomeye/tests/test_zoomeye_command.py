"""From the command line, on tiny random checkpoints of three families."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.opened import noise
from tests.support.tiny.checkpoints import checkpoint
from visualcrop import ModelFamily
from visualcrop.cli import app
from visualcrop.plugin import Registry, Searcher
from visualcrop.plugin.configure import configure
from visualcrop_zoomeye import ZoomEye

SPEC = "zoomeye(targets=rules, depth=2, side=150, max_new_tokens=3)"
QUESTIONS = ("What colour is the mug?", "Is the mug left of the key?", "How many mugs are there?")
FAMILIES = ("llava", "llava-onevision", "qwen2-5-vl")


def ask(folder: Path, family: str, question: str, *words: object):
    """`visualcrop ask` about noise."""
    noise(300, 200).picture.resize((600, 400)).save(folder / "noise.png")
    given = [folder / "noise.png", question, "-s", SPEC, "-m", checkpoint(family), *words]
    return CliRunner().invoke(app, ["ask", *map(str, given)])


@pytest.mark.torch
@pytest.mark.parametrize("family", FAMILIES)
class TestCommandLine:
    @pytest.mark.parametrize("question", QUESTIONS)
    def test_answers(self, tmp_path: Path, family: str, question: str) -> None:
        """About one thing, two, or all of a kind, with both counts on the record."""
        done = ask(tmp_path, family, question, "--json")
        assert done.exit_code == 0, done.output
        record = json.loads(done.stdout)
        assert record["counts"]["zoomeye-paper"] == 3 * record["counts"]["pops"]
        assert record["counts"]["all"] == sum(record["passes"].values())
        assert record["work"]["flops"] > 0

    def test_keeps_a_budget_of_one(self, tmp_path: Path, family: str) -> None:
        """A pass of the search at most, and the answer's; unless that was enough, it says so."""
        done = ask(tmp_path, family, QUESTIONS[1], "--budget", 1, "--json")
        assert done.exit_code == 0, done.output
        record = json.loads(done.stdout)
        assert record["counts"]["all"] <= 2
        assert record["exhausted"] or record["findings"]

    def test_has_the_constants_of_the_family(self, family: str) -> None:
        """From the settings of the model's family, without an option."""
        registry = Registry.load()
        settings = registry.build(ModelFamily, family).settings()
        method = configure(registry, Searcher, "zoomeye", settings=settings)
        assert isinstance(method, ZoomEye)
        assert method.family == family
