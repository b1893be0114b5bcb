"""`visualcrop calibrate`, and measuring with what it wrote."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import visualcrop
from tests.support.answered_twice import fill_run
from tests.support.refusals import refused
from tests.support.running import Run
from visualcrop import calibrate, read_calibration
from visualcrop.errors import EvaluationError

DATASET = "toy(scenes=2)"


@pytest.fixture
def measured(run: Run) -> Run:
    """The command line, in a folder with a run `run` of the toy's questions and 200 more."""
    assert run("evaluate", DATASET, "-m", "toy", "--out", "run").exit_code == 0
    fill_run(Path("run"), 200)
    return run


def _ask_guarded(run: Run, dataset: str, *more: str) -> tuple[int, str]:
    searcher = 'guarded(gate="gate.json")'
    command = ("evaluate", dataset, "-m", "toy", "-s", searcher, "--out", "tested", *more)
    done = run(*command)
    return done.exit_code, " ".join(done.output.split())


def test_learns_and_is_used(measured: Run) -> None:
    """It says what the gate does and how it is used, and other questions are measured with it."""
    done = measured("calibrate", "run", "--alpha", 0.1, "-o", "gate.json")
    assert done.exit_code == 0, done.output
    told = " ".join(done.output.split())
    assert "lost" in told
    assert 'guarded(gate="gate.json")' in told
    held = json.loads(Path("gate.json").read_text())
    assert (held["format"], held["version"], held["alpha"]) == ("visualcrop-calibration", 1, 0.1)
    (asked,) = Path("run").glob("samples-*.jsonl")
    assert len(held["items"]) == len(asked.read_text().splitlines()) / 2  # two answers to each
    assert held["n"] == len(held["items"])
    code, output = _ask_guarded(measured, "toy(scenes=2, seed=5)")
    assert code == 0, output
    (shard,) = Path("tested").glob("samples-*.jsonl")
    records = [json.loads(line) for line in shard.read_text().splitlines()]
    decisions = {r["decision"] for r in records if r["variant"] != "direct"}
    assert decisions <= {"not searched", "whole image", "search"}
    assert {r["decision"] for r in records if r["variant"] == "direct"} == {""}


def test_a_run_given_twice(measured: Run) -> None:
    """Each question counts once: n, the gate and the densities are those of the run alone."""
    once = json.loads(measured("calibrate", "run", "--alpha", 0.1, "-o", "1.json", "--json").output)
    done = measured("calibrate", "run", "run", "--alpha", 0.1, "-o", "2.json", "--json")
    twice = json.loads(done.output)
    assert Path("1.json").read_text() == Path("2.json").read_text()
    assert twice["figures"] == once["figures"]
    assert (once["repeated"], twice["repeated"]) == (
        0,
        len(json.loads(Path("1.json").read_text())["items"]),
    )


def test_json(measured: Run) -> None:
    """The figures are those of the table, without the list of questions."""
    done = measured("calibrate", "run", "--alpha", 0.1, "-o", "gate.json", "--json")
    told = json.loads(done.output)
    assert told["written"] == "gate.json"
    assert told["calibration"]["n"] == told["figures"][0]["n"]
    assert told["calibration"]["items"] == []


def test_in_python(measured: Run) -> None:
    """`calibrate` writes the same file; what is no run, or no share, is one sentence."""
    assert measured("calibrate", "run", "--alpha", 0.1, "-o", "gate.json").exit_code == 0
    learned = calibrate([visualcrop.Run.open("run")], alpha=0.1)
    learned.calibration.write("python.json")
    assert Path("python.json").read_bytes() == Path("gate.json").read_bytes()
    assert read_calibration("gate.json") == learned.calibration
    wrong: Any = ["run"]
    assert "Run.open" in refused(EvaluationError, calibrate, wrong)
    for share in (-0.1, 1.5, math.nan):
        assert "from 0 to 1" in refused(EvaluationError, calibrate, [], alpha=share)


def test_too_few_for_the_bound(measured: Run) -> None:
    """It says so; and with the gate that it writes nothing is searched."""
    done = measured("calibrate", "run", "--alpha", 0.001, "-o", "gate.json")
    assert done.exit_code == 0, done.output
    assert "nothing will be searched" in " ".join(done.output.split())
    code, output = _ask_guarded(measured, "toy(scenes=2, seed=5)")
    assert code == 0, output
    (shard,) = Path("tested").glob("samples-*.jsonl")
    records = [json.loads(line) for line in shard.read_text().splitlines()]
    guarded = [r for r in records if r["variant"] != "direct"]
    assert {(r["decision"], sum(r["passes"].values())) for r in guarded} == {("not searched", 1)}


def test_its_own_questions(measured: Run) -> None:
    """Questions that were calibrated on are refused, with what to do instead."""
    assert measured("calibrate", "run", "--alpha", 0.1, "-o", "gate.json").exit_code == 0
    code, output = _ask_guarded(measured, DATASET)
    assert code == 1
    assert "was calibrated on the question" in output
    assert "another split or seed" in output


def test_another_protocol(measured: Run) -> None:
    """It is refused before anything is asked."""
    assert measured("calibrate", "run", "--alpha", 0.1, "-o", "gate.json").exit_code == 0
    code, output = _ask_guarded(measured, "toy(scenes=2, seed=5)", "--inference", "letter-logits")
    assert code == 1
    assert "under another protocol" in output
    assert not list(Path("tested").glob("samples-*.jsonl"))


@pytest.mark.parametrize("content", ['{"format": "visualcrop-calibration"}', "[" * 10_000, None])
def test_no_calibration(run: Run, content: str | None) -> None:
    """A file that is none, or not there, is one sentence."""
    if content is not None:
        Path("gate.json").write_text(content)
    code, output = _ask_guarded(run, DATASET)
    assert code == 1
    assert output.startswith("Error: ")
    assert "visualcrop calibrate" in output


def test_a_run_with_direct_alone(run: Run) -> None:
    """There is nothing to learn from one answer."""
    assert run("evaluate", DATASET, "-m", "toy", "-s", "direct", "--out", "run").exit_code == 0
    done = run("calibrate", "run", "-o", "gate.json")
    assert done.exit_code == 1
    assert "evaluate a searcher beside direct" in " ".join(done.output.split())
    assert not Path("gate.json").exists()


def test_ask_says_what_was_decided(run: Run, scene_file: Path) -> None:
    """The answer of the whole image is said to be enough where nothing was searched."""
    question = ("What colour is the mug?", "-c", "red", "-c", "blue")
    for enough, told in ((0, "the whole image was enough: nothing was searched"), (1, "passes (")):
        searcher = f"guarded(enough={enough})"
        done = run("ask", scene_file, *question, "-m", "toy", "-s", searcher)
        assert done.exit_code == 0, done.output
        assert told in " ".join(done.output.split())


@pytest.mark.parametrize("lost", ["boxes", "shown", "target", "box"])
def test_evidence_that_was_changed(measured: Run, lost: str) -> None:
    """It is one sentence that names the question, without Python's words."""
    (shard,) = Path("run").glob("samples-*.jsonl")
    shard.write_text(shard.read_text().replace(f'"{lost}":', '"x":'))
    done = measured("calibrate", "run", "--alpha", 0.1, "-o", "gate.json")
    assert done.exit_code == 1
    told = " ".join(done.output.split())
    assert told.endswith("cannot be read; remove its record, and run the study again."), told


def test_a_manifest_that_was_changed(measured: Run) -> None:
    """It says which row the manifest does not know."""
    manifest = json.loads(Path("run/manifest.json").read_text())
    manifest["resolved"]["searchers"] = {}
    Path("run/manifest.json").write_text(json.dumps(manifest))
    done = measured("calibrate", "run", "-o", "gate.json")
    assert done.exit_code == 1
    assert "does not say what 'focus' is" in " ".join(done.output.split())


def test_few_questions_give_densities_alone(run: Run) -> None:
    """Which say why there is no gate; adaptive takes the file, and guarded refuses it."""
    assert (
        run("evaluate", "toy(scenes=6)", "-m", "toy", "-s", "focus", "--out", "few").exit_code == 0
    )
    done = run("calibrate", "few", "-o", "few.json")
    assert done.exit_code == 0, done.output
    told = " ".join(done.output.split())
    assert "Without a gate, which guarded needs:" in told
    assert "guarded(gate=" not in told
    other = ("evaluate", "toy(scenes=1, seed=50)", "-m", "toy", "-s")
    refused = run(*other, 'guarded(gate="few.json")', "--out", "refused")
    assert "'few.json' has no gate" in " ".join(refused.output.split())
    taken = run(*other, 'focus(verification=adaptive(densities="few.json"))', "--out", "taken")
    assert taken.exit_code == 0, taken.output
