"""What is remembered of an image changes no answer, and is never changed itself."""

from __future__ import annotations

from itertools import permutations

import attrs
import pytest

from tests.support.alike import (
    assert_alike,
    internals,
    part,
    plain,
    remembering,
)
from tests.support.opened import GRIDDED, about, interleaved
from visualcrop import Capture, Prompt
from visualcrop.models.engine.byte_lru import ByteLRU
from visualcrop.models.engine.kv_cache import DecodingState, cached_layers
from visualcrop.models.huggingface import HuggingFaceModel

CHOICES = ("Yes", "No", "The mug is red.")


@attrs.frozen
class Thing:
    """Something that takes room."""

    bytes: int


class TestMemory:
    """Of anything."""

    def test_makes_once(self) -> None:
        """What is known is handed out, not made."""
        memory, made = ByteLRU[Thing](10), Thing(3)
        assert memory.get_or_create(("a",), lambda: made) is made
        assert memory.get_or_create(("a",), lambda: pytest.fail("made again")) is made

    def test_forgets_what_was_not_used_for_longest(self) -> None:
        """Until there is room for the new."""
        memory = ByteLRU[Thing](10)
        for key in "abca":
            memory.get_or_create((key,), lambda: Thing(3))
        memory.get_or_create(("d",), lambda: Thing(4))
        assert (len(memory), memory.bytes) == (3, 10)
        assert memory.get_or_create(("a",), lambda: Thing(0)).bytes == 3
        assert memory.get_or_create(("b",), lambda: Thing(0)).bytes == 0

    def test_hands_out_what_is_too_large_to_keep(self) -> None:
        """And keeps nothing."""
        memory = ByteLRU[Thing](10)
        assert memory.get_or_create(("a",), lambda: Thing(11)).bytes == 11
        assert len(memory) == 0

    def test_lets_the_first_to_go_take_nobodys_room(self) -> None:
        """It is forgotten before what was used less lately, and itself if there is no room."""
        memory = ByteLRU[Thing](10)
        for key, first_to_go in (("a", False), ("b", True), ("c", False)):
            memory.put((key,), Thing(4), evict_first=first_to_go)
        assert [memory.get((key,)) is None for key in "abc"] == [False, True, False]
        memory.put(("d",), Thing(4), evict_first=True)
        assert [memory.get((key,)) is None for key in "acd"] == [False, False, True]


def remembered(model: HuggingFaceModel) -> ByteLRU[DecodingState]:
    """What the model keeps of images."""
    assert model.prefix_cache is not None
    return model.prefix_cache


def answers(model: HuggingFaceModel, prompt: Prompt) -> list[object]:
    """All that can be asked of a prompt, in each way."""
    (weighed,) = model.choose([prompt], CHOICES)
    (told,) = model.choose([prompt], CHOICES, by="sentence")
    kv, attention = model.info.kv_layers, model.info.attention_layers
    (seen,) = model.forward([prompt], Capture(values=kv, keys=kv, attention=attention))
    return [weighed.logits, told.logits, *internals(seen)]


@pytest.mark.torch
@pytest.mark.parametrize("family", GRIDDED)
class TestRemembering:
    """Of every family with a token grid."""

    @pytest.mark.parametrize(
        ("room", "orders"),
        [(1 << 30, [*permutations(range(3))]), (1, [(0, 1, 2), (2, 1, 0)])],
        ids=["all", "none"],
    )
    def test_order_does_not_matter(
        self, family: str, room: int, orders: list[tuple[int, ...]]
    ) -> None:
        """Whatever was asked before, and however little of it was kept."""
        prompts = [about("mug"), part("mug"), about("key")]
        wanted = [answers(plain(family), prompt) for prompt in prompts]
        for order in orders:
            model = remembering(family, room)
            for index in order:
                assert_alike(answers(model, prompts[index]), wanted[index])

    def test_forgets_and_reads_again(self, family: str) -> None:
        """With room for one image, each answer after another's is as if it had been the first."""
        model = remembering(family)
        model.choose([about("mug")], CHOICES)
        model = remembering(family, remembered(model).bytes)
        prompts = [about("mug"), part("mug"), about("key"), interleaved(), about("mug")]
        for prompt in prompts:
            assert_alike(answers(model, prompt), answers(plain(family), prompt))
            assert len(remembered(model)) <= 1

    def test_replies_are_the_same(self, family: str) -> None:
        """Word by word."""
        model = remembering(family)
        for prompt in (about("mug"), about("key"), interleaved(), about("mug")):
            (said,) = model.generate([prompt], max_new_tokens=6)
            assert said.text == plain(family).generate([prompt], max_new_tokens=6)[0].text

    def test_is_never_changed(self, family: str) -> None:
        """Neither the tensors nor what is in them, by anything that can be asked."""
        model = remembering(family)
        beginning = model.prompt_processor.tokenize(about("mug")).prefix_key
        model.choose([about("mug")], CHOICES)
        state = remembered(model).get(beginning)
        assert state is not None
        before = [tensor for pair in cached_layers(state.cache) for tensor in pair]
        copies = [tensor.clone() for tensor in before]
        for prompt in (about("mug"), about("key"), about("mug")):
            answers(model, prompt)
            model.generate([prompt], max_new_tokens=4)
        model.choose([about("mug"), about("key")], CHOICES, by="sentence")
        again = remembered(model).get(beginning)
        assert again is state
        after = [tensor for pair in cached_layers(again.cache) for tensor in pair]
        assert all(one is other for one, other in zip(before, after, strict=True))
        assert all(one.equal(other) for one, other in zip(copies, after, strict=True))

    def test_reads_an_image_once(self, family: str) -> None:
        """Of later prompts only the end is new."""
        model = remembering(family)
        cold, warm = (model.choose([about(word)], CHOICES)[0].usage for word in ("mug", "key"))
        prepared = model.prompt_processor.tokenize(about("key"))
        assert cold.new_tokens > prepared.prefix_length
        assert (warm.new_tokens, warm.reused_tokens) == (
            prepared.length - prepared.prefix_length,
            prepared.prefix_length,
        )
