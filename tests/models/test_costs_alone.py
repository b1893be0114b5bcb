"""Costs hang neither on interruptions, nor on padding, nor on what was asked before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from tests.support.tiny.checkpoints import checkpoint
from visualcrop import Box, Image, Prompt, View, VisualSearch
from visualcrop.data.record import Record
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.run_folder import Store
from visualcrop.evaluation.study import Study
from visualcrop.evaluation.summary import summarize
from visualcrop.models.engine.response_cache import ResponseCache
from visualcrop.models.engine.wrappers import BatchingModel
from visualcrop.testing import Scene

pytest.importorskip("visualcrop_tiny")
pytestmark = pytest.mark.torch

_MODEL = "tiny-shapes(memory={})"
_STUDY = Study(
    "shapes(count=2, size=1k)",
    _MODEL.format(8 << 20),  # too little for all: what is remembered would hang on the order
    {"direct": "direct", "one": "focus(steps=1)", "four": "focus(steps=4)"},
)


class _Stopped(Exception):  # noqa: N818 - it stands for a kill
    pass


def _after(count: int) -> Callable[[Record], None]:
    """Something that ends a run once so many answers are written down."""
    left = iter(range(count - 1))

    def watch(record: Record) -> None:
        del record
        if next(left, None) is None:
            raise _Stopped

    return watch


def _rows(store: Store) -> list[dict[str, Any]]:
    """All but the seconds, and what the process held."""
    found = summarize(store)
    for row in found:
        del row["memory"]
        row["seconds"] = row["seconds"] is not None
        row["work"].pop("seconds", None)
    return found


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A run that nothing disturbed."""
    return run_study(_STUDY, tmp_path_factory.mktemp("runs") / "whole")


def test_a_run_that_was_broken_off_costs_the_same(tmp_path: Path, whole: Store) -> None:
    """Broken off twice, rows and costs are equal: FLOPs, tokens read and remembered."""
    for count in (2, 3):
        with pytest.raises(_Stopped):
            run_study(_STUDY, tmp_path, watch=_after(count))
    assert _rows(run_study(_STUDY, tmp_path)) == _rows(whole)
    assert all(row["alone"] and row["work"]["flops"] for row in summarize(whole))


def test_macs_do_not_hang_on_what_is_padded() -> None:
    """Prompts of different lengths cost in one call what they cost one by one."""
    model = VisualSearch.open(f"auto(checkpoint={checkpoint('llava')}, memory=0)", "direct").model
    picture = Scene.draw(1).image
    prompts = [
        Prompt.fill(View(picture, Box(0, 0, side, side)), text)
        for side, text in ((99, "Red?"), (55, "How many mugs are left of the second red key?"))
    ]
    for ask in (
        lambda some: model.choose(some, ("Yes", "No")),
        lambda some: model.choose(some, ("a red mug", "a key"), by="sentence"),
        lambda some: model.generate(some, max_new_tokens=3),
        model.forward,
    ):
        told = cast("Callable[[list[Prompt]], list[Any]]", ask)
        together = [reply.usage.macs for reply in told(prompts)]
        assert together == [told([prompt])[0].usage.macs for prompt in prompts]


def test_forgets_pixels_and_prefixes() -> None:
    """Through every wrapper; the next pass reads all of the image again."""
    model = VisualSearch.open("tiny-shapes", "direct").model
    prompt = Prompt.fill(View.whole(Scene.draw(1).image), "Is it red?")
    for asked in (model, BatchingModel(model), ResponseCache(model)):
        asked.forget()
        first, again = (asked.choose([prompt], ("Yes", "No"))[0].usage for _ in range(2))
        asked.forget()
        (later,) = asked.choose([prompt], ("Yes", "No"))
        assert first.new_tokens == later.usage.new_tokens > again.new_tokens


def test_models_that_keep_nothing_forget_nothing() -> None:
    """The default does nothing."""
    model = VisualSearch.open("toy", "direct").model
    model.forget()
    assert model.choose([Prompt.fill(View.whole(Image.open(Scene.draw(1).image)), "?")], ("a", "b"))
