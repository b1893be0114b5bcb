"""However a checkpoint's files are spoiled, it answers or is refused in one sentence."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import TypeAlias

import pytest

from tests.attack.checkpoints import spoil
from tests.support.refusals import is_one_sentence
from tests.support.tiny.checkpoints import FAMILIES, published
from tests.support.tiny.publishing import LAYOUTS
from visualcrop import Prompt, View, VisualcropError, VisualSearch
from visualcrop.testing import Scene

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
QUESTION, CHOICES = "What colour is the mug?", ("red", "green")
Damage: TypeAlias = Callable[[bytes], bytes | None]  # none: the file is removed
Said: TypeAlias = tuple[str, list[float]]
DAMAGES: dict[str, Damage] = {
    "missing": lambda content: None,
    "empty": lambda content: b"",
    "cut short": lambda content: content[: len(content) // 2],
    "no text": lambda content: b"\xff\xfe\0" + content[::-1][:200],
    "an empty table": lambda content: b"{}",
    "a list": lambda content: b"[]",
    "null": lambda content: b"null",
}
JSON_ONLY = {"an empty table", "a list", "null"}
DISPENSABLE = {  # files that may be missing or empty, and the answer is the same
    *("added_tokens.json", "special_tokens_map.json", "generation_config.json"),
    *("processor_config.json", "video_preprocessor_config.json"),
    "chat_template.json",  # where another file has one, too
}
EVERY = [(family, layout) for layout in LAYOUTS for family in FAMILIES]


@pytest.mark.parametrize("family", ["llava", "qwen2-5-vl", "instructblip"])
@pytest.mark.parametrize("seed", range(12))
def test_nothing_else_is_raised(family: str, seed: int, tmp_path: Path) -> None:
    """Opened, and asked by choice and in words."""
    rng = Random(seed)
    sound = published(family, rng.choice([*LAYOUTS]))
    folder = Path(shutil.copytree(sound, tmp_path / "spoiled"))
    what = spoil(rng, folder)
    image = Scene.draw(3).image
    said = "Nothing stood in the way."
    try:
        search = VisualSearch.open(f"auto(checkpoint={folder})", "direct")
        search.ask(image, QUESTION, choices=CHOICES)
        search.ask(image, QUESTION)
    except VisualcropError as exc:
        said = str(exc)
    assert is_one_sentence(said), (what, said)


@pytest.mark.parametrize(
    ("family", "layout", "step"),
    [
        *((*pair, 9) for pair in EVERY[::29]),
        *(pytest.param(*pair, 1, marks=pytest.mark.proof) for pair in EVERY),
    ],
)
def test_each_file_in_turn(family: str, layout: str, step: int, tmp_path: Path) -> None:
    """Missing, empty, cut short or with other content: it is refused with advice, or not needed."""
    sound = published(family, layout)
    for name, damage in [*_damages(sound)][::step]:
        folder = Path(shutil.copytree(sound, tmp_path / "damaged"))
        content = DAMAGES[damage]((folder / name).read_bytes())
        (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
        try:
            answered = _answer(folder)
        except VisualcropError as exc:
            said = str(exc)
            assert is_one_sentence(said), (name, damage, said)
            assert "; " in said, (name, damage, said)
            assert "bug" not in said, (name, damage, said)
        else:
            assert Path(name).name in DISPENSABLE, (name, damage)
            assert answered == _sound_answer(family, layout), (name, damage)
        shutil.rmtree(folder)


def _damages(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        for damage in DAMAGES:
            if path.is_file() and (path.suffix == ".json" or damage not in JSON_ONLY):
                yield str(path.relative_to(folder)), damage


@cache
def _sound_answer(family: str, layout: str) -> Said:
    return _answer(published(family, layout))


def _answer(folder: Path) -> Said:
    """An answer in words, and the logits of two others."""
    image = Scene.draw(3).image
    search = VisualSearch.open(f"auto(checkpoint={folder})", "direct(max_new_tokens=3)")
    (choice,) = search.model.choose([Prompt((View.whole(image), QUESTION))], CHOICES)
    return search.ask(image, QUESTION).text, [round(logit, 4) for logit in choice.logits]
