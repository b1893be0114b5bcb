"""From the command line, on tiny random checkpoints of three families."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.opened import noise
from tests.support.tiny.checkpoints import checkpoint
from visualcrop import ModelFamily
from visualcrop.cli import app
from visualcrop.evaluation.comparison import compare
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.formatting import format_costs
from visualcrop.evaluation.study import Study
from visualcrop.output.tables import csv_table
from visualcrop.plugin import Registry, Searcher
from visualcrop.plugin.configure import configure
from visualcrop.report.tables import csv_cells
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


@pytest.mark.torch
def test_a_run_has_both_counts(tmp_path: Path) -> None:
    """Three for each popped node over all records, beside the calls, in rows, table and file."""
    study = Study("toy(scenes=2)", str(checkpoint("llava")), {"zoomeye": SPEC, "direct": "direct"})
    store = run_study(study, tmp_path / "run")
    records = [record for record in store.records() if record.variant == "zoomeye"]
    pops = [record.counts["pops"] for record in records]
    calls = [record.counts["focus-paper"] for record in records]
    assert pops != calls
    (whole, *_) = compare([store])
    ours, direct = whole.rows
    assert ours["own_paper_passes"] == pytest.approx(3 * sum(pops) / len(records))
    assert ours["counts"]["focus-paper"] == pytest.approx(sum(calls) / len(records))
    assert direct["own_paper_passes"] is None
    costs, _ = format_costs(whole.rows)
    assert (costs["search passes"], costs["own paper's passes"]) == (
        f"{sum(calls) / len(records):.1f}",
        f"{3 * sum(pops) / len(records):.1f}",
    )
    told, _ = csv.DictReader(csv_table(csv_cells(whole)).splitlines())
    assert float(told["own paper's passes"]) == pytest.approx(ours["own_paper_passes"], abs=0.005)
