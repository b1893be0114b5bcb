"""Prompts that threads prepare during a pass, as for a GPU."""

from __future__ import annotations

import threading

import attrs
import pytest
import torch

from tests.support.alike import plain
from tests.support.opened import EXISTENCE, about, noise, opened
from visualcrop import Box, Prompt, View
from visualcrop.errors import ModelError
from visualcrop.models.huggingface import HuggingFaceModel

pytestmark = pytest.mark.torch
BOXES = [Box(20 * n, 0, 20 * n + 60, 60) for n in range(9)]


def ahead(threads: int, family: str = "llava") -> HuggingFaceModel:
    """A model with so many threads, which runs one prompt in a pass."""
    return attrs.evolve(plain(family), preparing_threads=threads, max_tokens=1)


def asked() -> list[Prompt]:
    """Nine parts of an image, some of them twice."""
    prompts = [Prompt.fill(View(noise(), box), EXISTENCE, target="mug") for box in BOXES]
    return [*prompts, *prompts[::3]]


@pytest.mark.parametrize("family", ["llava", "qwen2-5-vl", "internvl"])
def test_answers_are_the_same(family: str) -> None:
    """In the order of the prompts, with the same usage, but for seconds."""
    wanted, made = (ahead(threads, family).choose(asked(), ("Yes", "No")) for threads in (0, 3))
    assert [choice.logits for choice in made] == [choice.logits for choice in wanted]
    assert [c.usage.new_tokens for c in made] == [c.usage.new_tokens for c in wanted]


def test_a_prompt_that_cannot_be_prepared() -> None:
    """Its error is the one sentence that it would be without threads, and no thread is left."""
    before = threading.active_count()
    outside = Prompt.fill(View(noise(), Box(900, 900, 950, 950)), EXISTENCE, target="mug")
    said = []
    for threads in (0, 3):
        with pytest.raises(Exception, match="outside") as raised:
            ahead(threads).choose([*asked(), outside], ("Yes", "No"))
        said.append(str(raised.value))
    assert said[0] == said[1]
    assert threading.active_count() == before


def test_a_pass_that_fails_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it wait for prompts that were not begun."""
    model, before = ahead(3), threading.active_count()

    def fail(*_: object, **__: object) -> None:
        raise ValueError("no")

    monkeypatch.setattr(type(model.network.model), "forward", fail)
    with pytest.raises(ModelError):
        model.choose(asked(), ("Yes", "No"))
    assert threading.active_count() == before


def test_threads_are_for_gpus() -> None:
    """On a CPU they would take the cores of the pass."""
    assert opened("llava").threads == 0
    assert ahead(3).threads == 3


def test_pixels_are_kept_as_the_network_takes_them() -> None:
    """In its number format, so that each prompt need not convert them again."""
    model = opened("llava", dtype='"bfloat16"')
    processor = model.prompt_processor
    first, again = (processor.tokenize(about(target)).inputs for target in ("mug", "key"))
    assert first["pixel_values"].dtype == torch.bfloat16
    assert first["pixel_values"] is again["pixel_values"]
    plain_values = opened("llava").prompt_processor.tokenize(about("mug")).inputs["pixel_values"]
    assert plain_values.bfloat16().equal(first["pixel_values"])
