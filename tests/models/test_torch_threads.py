"""How many of torch's threads a model computes with, and who notices."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
import torch
import transformers
from torch import nn
from transformers import PretrainedConfig

from tests.support import blips
from tests.support.opened import GRIDDED, about, noise, opened
from tests.support.waiting import PATIENCE
from visualcrop import Answer, BudgetedModel, Capture, Ledger, Question
from visualcrop.errors import SpecError
from visualcrop.models.engine.threads import (
    SMALL_LAYER,
    choose_threads,
    largest_layer,
    torch_threads,
)
from visualcrop.plugin import Searcher, reply

pytestmark = pytest.mark.torch
_T = TypeVar("_T")
OUTSIDE = 3


@pytest.fixture(autouse=True)
def outside() -> Iterator[None]:
    """A process whose torch computes with three threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(OUTSIDE)
    yield
    torch.set_num_threads(before)


def _in_new_thread(function: Callable[[], _T]) -> _T:
    found = list[_T]()
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join(PATIENCE)
    return found[0]


class TestBlock:
    """`torch_threads` is of one Python thread, and of the time of its block."""

    def test_blocks_that_end_in_the_order_in_which_they_began(self) -> None:
        """As those of two generators may: in the end the number is that of before."""
        one, other = torch_threads(1), torch_threads(2)
        one.__enter__()
        other.__enter__()
        one.__exit__(None, None, None)
        other.__exit__(None, None, None)
        assert torch.get_num_threads() == _in_new_thread(torch.get_num_threads) == OUTSIDE

    def test_the_number_holds_inside_and_not_after(self) -> None:
        """However the block ends."""
        with torch_threads(1):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == OUTSIDE
        with pytest.raises(ValueError, match="on purpose"), torch_threads(2):
            raise ValueError("on purpose")
        assert torch.get_num_threads() == OUTSIDE

    def test_no_other_thread_notices(self) -> None:
        """Neither one that computed before, nor one that begins during the block or after it."""
        asked, answered, found = threading.Event(), threading.Event(), list[int]()

        def look_twice() -> None:
            found.append(torch.get_num_threads())
            answered.set()
            asked.wait(PATIENCE)
            found.append(torch.get_num_threads())

        older = threading.Thread(target=look_twice)
        older.start()
        answered.wait(PATIENCE)
        with torch_threads(1):
            asked.set()
            older.join(PATIENCE)
            found.append(_in_new_thread(torch.get_num_threads))
            with torch_threads(2):
                found.append(_in_new_thread(torch.get_num_threads))
            found.append(_in_new_thread(torch.get_num_threads))
        found.append(_in_new_thread(torch.get_num_threads))
        assert found == [OUTSIDE] * 6

    def test_blocks_are_nested(self) -> None:
        """A large model that is asked within a small one's search has all threads."""
        with torch_threads(1):
            with torch_threads(None):
                assert torch.get_num_threads() == OUTSIDE
                with torch_threads(2):
                    assert torch.get_num_threads() == 2
            assert torch.get_num_threads() == 1
        with torch_threads(None):
            assert torch.get_num_threads() == OUTSIDE

    def test_two_threads_in_blocks_of_their_own(self) -> None:
        """Each has its number, though both are inside at the same time."""
        barrier = threading.Barrier(2)

        def look(count: int) -> tuple[int, int]:
            with torch_threads(count):
                barrier.wait(PATIENCE)
                inside = torch.get_num_threads()
                barrier.wait(PATIENCE)
            return inside, torch.get_num_threads()

        found = list[tuple[int, int]]()
        other = threading.Thread(target=lambda: found.append(look(2)))
        other.start()
        assert look(1) == (1, OUTSIDE)
        other.join(PATIENCE)
        assert found == [(2, OUTSIDE)]


class TestAuto:
    """Small layers get one thread; others, and those on a GPU, are left as they are."""

    @pytest.mark.parametrize("family", GRIDDED)
    def test_tiny_networks_get_one(self, family: str) -> None:
        """Of every family, by sizes that its config really has."""
        assert largest_layer(opened(family).network.config) < SMALL_LAYER
        assert opened(family).cpu_threads == 1

    @pytest.mark.parametrize(
        "config",
        [
            *("LlavaConfig", "LlavaOnevisionConfig", "Qwen2VLConfig", "Qwen2_5_VLConfig"),
            *("Qwen3VLConfig", "Qwen3VLMoeConfig", "Gemma3Config", "Gemma4Config", "Llama4Config"),
            *("InternVLConfig", "PaliGemmaConfig", "Mistral3Config", "InstructBlipConfig"),
        ],
    )
    def test_published_networks_keep_all(self, config: str) -> None:
        """With transformers' default sizes, which are those of a first published checkpoint."""
        made: PretrainedConfig = getattr(transformers, config)()
        assert choose_threads("auto", made, "cpu") is None
        assert choose_threads(2, made, "cpu") == 2

    def test_a_layer_is_measured(self) -> None:
        """By its matrices in transformers' own network, where no heads share keys."""
        network = opened("llava").network
        layers = network.get_decoder().layers
        weights = sum(m.weight.numel() for m in layers[0].modules() if isinstance(m, nn.Linear))
        config = network.config
        text = config.get_text_config()
        saved = 2 * text.hidden_size * text.head_dim
        saved *= text.num_attention_heads - text.num_key_value_heads
        assert largest_layer(config) >= weights + saved

    def test_a_gpu_is_left_alone(self) -> None:
        """Whatever is asked for."""
        config = opened("llava").network.config
        assert choose_threads("auto", config, "cuda") is None
        assert choose_threads(1, config, "cuda") is None


class TestOption:
    """`threads=N` of every family."""

    def test_it_is_set(self) -> None:
        """To a number from 1."""
        assert opened("llava", threads=2).cpu_threads == 2
        assert blips.opened().cpu_threads == 1
        with pytest.raises(SpecError, match="threads must be at least 1"):
            opened("llava", threads=0)
        with pytest.raises(SpecError, match="threads"):
            opened("llava", threads="many")

    @pytest.mark.parametrize("threads", [1, 2])
    def test_passes_have_so_many(self, threads: int) -> None:
        """In each method of the model; afterwards the process has its own again."""
        model, seen = opened("llava", threads=threads), set[int]()
        hook = model.network.register_forward_pre_hook(
            lambda *_: seen.add(torch.get_num_threads()), prepend=True
        )
        inner = model.network.model.register_forward_pre_hook(
            lambda *_: seen.add(torch.get_num_threads())
        )
        with hook, inner:
            for ask in (
                lambda: model.forward([about("mug")], Capture(values=(0,))),
                lambda: model.choose([about("mug")], ("Yes", "No")),
                lambda: model.generate([about("mug")], max_new_tokens=2),
            ):
                model.forget()
                seen.clear()
                ask()
                assert seen == {threads}
        assert torch.get_num_threads() == OUTSIDE

    def test_a_search_has_so_many(self) -> None:
        """What a strategy computes itself, such as a map, is of the same size as a layer."""
        seen = list[int]()

        class Looking(Searcher):
            name = "looking"

            def search(self, question: Question, model: BudgetedModel) -> Answer:
                seen.append(torch.get_num_threads())
                return reply(question, (), model)

        Looking().run(Question("Is it red?", noise()), opened("llava", threads=2), Ledger())
        assert [*seen, torch.get_num_threads()] == [2, OUTSIDE]
