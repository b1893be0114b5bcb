"""Real architectures from the command line, on tiny random checkpoints of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import PIL.Image
import pytest
from huggingface_hub import constants

from tests.support.opened import GRIDDED, noise
from tests.support.running import Run
from tests.support.tiny.checkpoints import checkpoint

METHODS = (
    "focus",
    "direct",
    "focus(relevance=kk-norope)",
    "focus(relevance=random)",
    "focus(relevance=attention)",
)
ASKED = [  # what a family hands out is tested beside it: each family and each method, once
    *((family, "focus") for family in GRIDDED),
    *(("llava", method) for method in METHODS[1:]),
    ("gemma3", "focus(relevance=attention)"),  # with layers that slide
    ("qwen3-vl", "focus(relevance=kk-norope)"),  # with positions in three dimensions
]
TILED = ("llava-onevision", "internvl")
SIZES = [  # all of them where images are tiled, and where they are of any size
    *((family, size) for family in GRIDDED for size in ((2000, 1250), (1, 3000))),
    *((family, size) for family in (*TILED, "qwen2-5-vl") for size in ((64, 64), (3000, 1))),
]
QUESTION = "What colour is the mug?"


@pytest.fixture(name="file", scope="module")
def _file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, int], Path]:
    """A file with noise of any size, written once."""
    folder = tmp_path_factory.mktemp("noise")

    def write(width: int, height: int) -> Path:
        path = folder / f"{width}x{height}.jpg"
        if not path.is_file():
            picture(width, height).save(path)
        return path

    return write


@cache
def picture(width: int, height: int) -> PIL.Image.Image:
    """Noise of any size."""
    return noise(64, 48).picture.resize((width, height))


class TestAskAModel:
    """`visualcrop ask -m FOLDER`."""

    @pytest.mark.parametrize(("family", "method"), ASKED)
    def test_every_method_answers(self, run: Run, tmp_path: Path, family: str, method: str) -> None:
        """Each searcher and ablation gives an answer, at its price, within its budget."""
        picture(300, 200).save(tmp_path / "noise.png")
        short = "max_new_tokens=3" if method == "direct" else "answer.max_new_tokens=3"
        words = ("-s", method, "-o", short, "-m", checkpoint(family), "--budget", 8, "--json")
        done = run("ask", "noise.png", QUESTION, *words)
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        assert sum(told["passes"].values()) - told["passes"]["answer"] <= 8
        assert told["work"]["flops"] > 0

    @pytest.mark.parametrize(("family", "size"), SIZES)
    def test_any_size_answers(
        self, run: Run, file: Callable[[int, int], Path], family: str, size: tuple[int, int]
    ) -> None:
        """From a stamp to what is tiled, and strips of one pixel."""
        spec = "focus(targets=rules, steps=2, overrun=false)"
        words = ("-s", spec, "-o", "answer.max_new_tokens=3", "-m", checkpoint(family), "--json")
        done = run("ask", file(*size), QUESTION, *words)
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["passes"]["relevance"] == 1


class TestRefusals:
    """What cannot be loaded."""

    def test_names_the_right_family(self, run: Run, tmp_path: Path) -> None:
        """A checkpoint of another family is named as what it is."""
        picture(64, 64).save(tmp_path / "noise.png")
        spec = f'llava(checkpoint="{checkpoint("gemma3")}")'
        done = run("ask", "noise.png", QUESTION, "-m", spec)
        assert done.exit_code == 1
        assert "is a checkpoint of type 'gemma3', which 'llava' cannot read" in done.stderr

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ("", "needs a checkpoint"),
            ('checkpoint="no/such"', "There is no model 'no/such' among those downloaded"),
            ('checkpoint="{dir}", device=cuda', "no CUDA GPU that torch can use here"),
            ('checkpoint="{dir}", attention=flash_attention_2', "needs the package flash-attn"),
            ('checkpoint="{dir}", bits=4', "need accelerate and bitsandbytes"),
        ],
    )
    def test_says_what_to_do(
        self, run: Run, tmp_path: Path, monkeypatch, options: str, sentence: str
    ) -> None:
        """One sentence, and no traceback."""
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        picture(64, 64).save(tmp_path / "noise.png")
        spec = f"llava({options.format(dir=checkpoint('llava'))})"
        done = run("ask", "noise.png", QUESTION, "-m", spec)
        assert done.exit_code == 1
        assert sentence in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_large_image_answers(run: Run, tmp_path: Path) -> None:
    """Forty million pixels, by the family that cuts an image into the most tiles."""
    picture(8000, 5000).save(tmp_path / "noise.jpg")
    spec = "focus(targets=rules, steps=2, overrun=false)"
    model = checkpoint("llava-onevision")
    words = ("-s", spec, "-o", "answer.max_new_tokens=3", "-m", model, "--json")
    done = run("ask", "noise.jpg", QUESTION, *words)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["passes"]["relevance"] == 1
