"""DC2 on real architectures, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.opened import noise
from tests.support.running import Run
from tests.support.tiny.checkpoints import checkpoint

QUESTION = "What colour is the mug?"
SPEC = "dc2(depth=1, leaf=20, max_caption_tokens=4, max_new_tokens=3)"


@pytest.mark.parametrize("family", ["llava", "llava-onevision", "qwen2-5-vl"])
class TestDc2:
    def test_answers(self, run: Run, tmp_path: Path, family: str) -> None:
        """Four quarters are compared and described, then the whole is, and asked."""
        noise(200, 120).picture.save(tmp_path / "noise.png")
        words = ("-s", SPEC, "-o", "theta=0.000001", "-m", checkpoint(family), "--json")
        done = run("ask", "noise.png", QUESTION, *words)
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        assert told["passes"] == {"merge": 4, "captions": 5, "objects": 5, "answer": 1}
        assert told["work"]["flops"] > 0

    def test_keeps_to_its_budget(self, run: Run, tmp_path: Path, family: str) -> None:
        """With seven passes, and without fitting, it stops in the middle and says so."""
        noise(200, 120).picture.save(tmp_path / "noise.png")
        options = ("-o", "fit=false", "-o", "temperature=0.2", "--budget", 7)
        words = ("-s", SPEC, *options, "-m", checkpoint(family), "--json")
        told = json.loads(run("ask", "noise.png", QUESTION, *words).stdout)
        assert sum(told["passes"].values()) == 8
        assert told["exhausted"]


def test_merges_nothing_where_tokens_have_no_place(run: Run, tmp_path: Path) -> None:
    """InstructBLIP's settings turn merging off, for it shows no values of image tokens."""
    noise(200, 120).picture.save(tmp_path / "noise.png")
    done = run("ask", "noise.png", QUESTION, "-s", SPEC, "-m", checkpoint("instructblip"), "--json")
    assert done.exit_code == 0, done.output
    passes = json.loads(done.stdout)["passes"]
    assert passes["captions"] == 5
    assert "merge" not in passes
