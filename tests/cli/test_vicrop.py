"""ViCrop on real architectures, from the command line, on tiny random checkpoints of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_models import picture
from tests.support.running import Run
from tests.support.tiny.checkpoints import checkpoint

QUESTION = "What colour is the mug?"
FAMILIES = ("llava", "llava-onevision", "qwen2-5-vl", "instructblip")
ODD_SIZES = [  # strips for each family, all of them where an image is tiled
    *((family, (1, 3000)) for family in FAMILIES),
    *(("llava-onevision", size) for size in ((64, 64), (1, 1), (3000, 1), (2100, 900))),
]
SHORT = ("-o", "max_new_tokens=3", "--json")


class TestViCrop:
    """`visualcrop ask -s vicrop -m FOLDER`."""

    @pytest.mark.parametrize("family", FAMILIES)
    @pytest.mark.parametrize(
        ("source", "relevance"), [("rel-att", 8), ("grad-att", 4), ("pure-grad", 8)]
    )
    def test_every_source_answers(
        self, run: Run, tmp_path: Path, family: str, source: str, relevance: int
    ) -> None:
        """At its price for four parts, with passes backwards on a line of their own."""
        picture(1200, 1100).save(tmp_path / "noise.png", compress_level=1)
        words = ("-s", f"vicrop(source={source})", "-m", checkpoint(family), *SHORT)
        done = run("ask", "noise.png", QUESTION, *words)
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        assert told["passes"] == {"original": 1, "relevance": relevance, "answer": 1}
        each = 2 if family == "instructblip" and source == "grad-att" else 1
        assert told["work"]["backward"] == (0 if source == "rel-att" else relevance * each)
        assert len(told["findings"]) == 1

    @pytest.mark.parametrize(("family", "size"), ODD_SIZES)
    def test_any_size_answers(
        self, run: Run, tmp_path: Path, family: str, size: tuple[int, int]
    ) -> None:
        """A single pixel and strips of one pixel among them."""
        picture(*size).save(tmp_path / "noise.png", compress_level=1)
        words = ("-s", "vicrop", "-o", "box=300", "-m", checkpoint(family), *SHORT)
        done = run("ask", "noise.png", QUESTION, *words)
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        assert told["findings"]
        assert told["passes"]["relevance"] <= 20

    @pytest.mark.parametrize("budget", [0, 2, 4])
    def test_stays_within_its_budget(self, run: Run, tmp_path: Path, budget: int) -> None:
        """From nothing at all to one pass too few."""
        picture(1200, 1100).save(tmp_path / "noise.png", compress_level=1)
        words = ("-s", "vicrop", "--budget", budget, "-m", checkpoint("llava"), *SHORT)
        done = run("ask", "noise.png", QUESTION, *words)
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        assert told["exhausted"]
        assert sum(told["passes"].values()) - told["passes"].get("answer", 0) <= budget
        assert bool(told["findings"]) == (budget >= 3)


@pytest.mark.parametrize(
    ("family", "source"),
    [("llava", "rel-att"), ("llava-onevision", "pure-grad"), ("qwen2-5-vl", "grad-att")],
)
def test_focus_takes_the_maps(run: Run, tmp_path: Path, family: str, source: str) -> None:
    """As a relevance like any other."""
    picture(300, 200).save(tmp_path / "noise.png")
    spec = f"focus(targets=rules, steps=2, overrun=false, relevance={source})"
    words = ("-s", spec, "-o", "answer.max_new_tokens=3", "-m", checkpoint(family), "--json")
    done = run("ask", "noise.png", QUESTION, *words)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["passes"]["relevance"] == (1 if source == "grad-att" else 2)


def test_layer_that_is_not_there(run: Run, tmp_path: Path) -> None:
    """One sentence says which there are."""
    picture(64, 64).save(tmp_path / "noise.png")
    words = ("-s", "vicrop", "-o", "source.layer=40", "-m", checkpoint("llava"))
    done = run("ask", "noise.png", QUESTION, *words)
    assert done.exit_code == 1
    assert "There is no layer 40 in a model of 4 layers; give one from 0 to 3." in done.stderr
    assert done.stderr.count("\n") == 1
