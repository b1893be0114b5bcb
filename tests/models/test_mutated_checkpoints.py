"""However a checkpoint's files are spoiled, it answers or is refused in one sentence."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest

from tests.attack.checkpoints import spoil
from tests.support.refusals import is_one_sentence
from tests.support.tiny.checkpoints import checkpoint
from visualcrop import VisualcropError, VisualSearch
from visualcrop.testing import Scene

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
QUESTION, CHOICES = "What colour is the mug?", ("red", "green")


@pytest.mark.parametrize("family", ["llava", "qwen2-5-vl", "instructblip"])
@pytest.mark.parametrize("seed", range(12))
def test_nothing_else_is_raised(family: str, seed: int, tmp_path: Path) -> None:
    """Opened, and asked by choice and in words."""
    folder = Path(shutil.copytree(checkpoint(family), tmp_path / "spoiled"))
    what = spoil(Random(seed), folder)
    image = Scene.draw(3).image
    said = "Nothing stood in the way."
    try:
        search = VisualSearch.open(f"auto(checkpoint={folder})", "direct")
        search.ask(image, QUESTION, choices=CHOICES)
        search.ask(image, QUESTION)
    except VisualcropError as exc:
        said = str(exc)
    assert is_one_sentence(said), (what, said)
