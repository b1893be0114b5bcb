"""Eight threads with one real architecture get the answers that each would get alone."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest

from tests.support import blips
from tests.support.alike import asked, assert_alike, internals, plain, remembering
from tests.support.crowd import eight
from tests.support.opened import GRIDDED, about
from visualcrop import Capture, Model, Prompt
from visualcrop.models import BatchingModel

pytestmark = pytest.mark.torch
CHOICES = ("Yes", "No", "The mug is red.")
TURNS = 6


def _weighed(model: Model, prompts: list[Prompt]) -> list[Any]:
    return [choice.logits for choice in model.choose(prompts, CHOICES)]


def _told(model: Model, prompts: list[Prompt]) -> list[Any]:
    return [choice.logits for choice in model.choose(prompts, CHOICES, by="sentence")]


def _seen(model: Model, prompts: list[Prompt]) -> list[Any]:
    layers = model.info.kv_layers[1:], model.info.attention_layers[:2]
    readings = model.forward(prompts, Capture(values=layers[0], attention=layers[1]))
    return [internals(reading) for reading in readings]


QUESTIONS = (_weighed, _told, _seen)


@cache
def answers_alone(family: str) -> list[list[Any]]:
    """To each question about each prompt, from a model that nobody shares."""
    return [question(plain(family), asked()) for question in QUESTIONS]


@pytest.mark.parametrize(
    ("family", "room"),
    [*((family, 1 << 30) for family in GRIDDED), ("llava", 1), ("gemma3", 1), ("qwen3-vl", 1)],
)
def test_threads_are_alone(family: str, room: int) -> None:
    """Prompts and questions come in any order, and the bill is that of all of them."""
    batching = BatchingModel(remembering(family, room), most=6)
    wanted = answers_alone(family)
    before, passes = batching.passes, [0] * 8

    def ask(number: int) -> None:
        chance = random.Random(number)
        for _ in range(TURNS):
            kind = chance.randrange(3)
            places = chance.sample(range(len(asked())), k=chance.randint(1, 3))
            found = QUESTIONS[kind](batching, [asked()[place] for place in places])
            assert_alike(found, [wanted[kind][place] for place in places])
            passes[number] += len(places) * (len(CHOICES) if kind == 1 else 1)

    eight(ask)
    assert batching.passes - before == sum(passes)


def test_instructblip_is_asked_by_one_at_a_time() -> None:
    """It needs no batching around it to give eight threads the maps and words of each alone."""
    model, prompts = blips.opened(), [about(f"mug {number}") for number in range(8)]

    def told(prompt: Prompt) -> list[Any]:
        (seen,) = model.forward([prompt], Capture(attention=(1,), gradients=(1,), qformer=True))
        (chosen,) = model.choose([prompt], CHOICES, by="sentence")
        return [seen.attention[1], seen.gradients[1], chosen.logits]

    wanted = [told(prompt) for prompt in prompts]
    before = model.passes
    eight(lambda number: assert_alike([told(prompts[number])], [wanted[number]]))

    assert model.passes - before == 8 * (1 + len(CHOICES))
