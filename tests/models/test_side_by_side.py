"""Prompts about different images that are read in one pass are read as if each were alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import attrs
import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from tests.support.alike import EVERY, assert_alike, internals, plain, remembering
from tests.support.metering import CPU_FLOPS
from tests.support.opened import EXISTENCE, GRIDDED, about, interleaved, noise, opened
from tests.support.tiny.configs import having
from visualcrop import Box, Capture, Prompt, View
from visualcrop.models import Usage
from visualcrop.models.engine.byte_lru import ByteLRU
from visualcrop.models.engine.decoder import get_decoder, has_recurrent_state
from visualcrop.models.engine.planner import BatchPlanner
from visualcrop.models.huggingface import HuggingFaceModel

pytestmark = pytest.mark.torch
CHOICES = ("Yes", "No")
SENTENCES = ("It is red.", "The key is left of the mug.", "No")
CACHED = Capture(values=EVERY[1:], keys=EVERY, attention=EVERY[:2])
BARE = Capture(values=EVERY[:3], keys=EVERY[:2], rotary=False)
LAST = Capture(attention=EVERY[-1:], keys=EVERY[-1:])
BOXES = [(0, 0, 300, 200), (0, 0, 90, 90), (10, 20, 250, 60), (5, 5, 45, 190), (100, 0, 190, 170)]
memories = pytest.mark.parametrize("memory", [True, False], ids=["remembering", "forgetful"])
every_family = pytest.mark.parametrize("family", GRIDDED)


def model_of(family: str, memory: bool, **options: Any) -> HuggingFaceModel:
    """One that remembers nothing yet, or never does."""
    model = remembering(family) if memory else plain(family)
    return attrs.evolve(model, **options)


@cache
def crops(target: str = "mug") -> list[Prompt]:
    """The same question about parts of many shapes, and two prompts of other makes."""
    views = [View(noise(), Box(*box)) for box in BOXES]
    asked = [Prompt.fill(view, EXISTENCE, target=target) for view in views]
    return [asked[0], interleaved(), *asked[1:], Prompt(("What now?",))]


@cache
def chosen_alone(family: str, by: Any = "next-token") -> list[tuple[float, ...]]:
    """Logits of the choices after each prompt, read on its own and from its start."""
    choices = SENTENCES if by == "sentence" else CHOICES
    return [plain(family).choose([p], choices, by=by)[0].logits for p in crops()]


@cache
def internals_alone(family: str, capture: Capture) -> list[list[Tensor]]:
    """As above, what was captured."""
    capture = having(family, capture)
    return [internals(plain(family).forward([prompt], capture)[0]) for prompt in crops()]


@contextmanager
def counting(model: HuggingFaceModel) -> Iterator[list[int]]:
    """Passes through the decoder, and sequences read in them."""
    counts = [-model.meter.calls, -model.passes]
    yield counts
    counts[0] += model.meter.calls
    counts[1] += model.passes


@every_family
@memories
class TestSideBySide:
    """Of every family with a token grid, with a memory and without."""

    @pytest.mark.parametrize("by", ["next-token", "sentence"])
    def test_choices_are_those_of_each_alone(self, family: str, memory: bool, by: Any) -> None:
        """Of crops of other shapes, of two images at once, and of none; in any order, and again."""
        choices = SENTENCES if by == "sentence" else CHOICES
        wanted = chosen_alone(family, by)
        model = model_of(family, memory)
        for _ in range(2):
            assert_alike([c.logits for c in model.choose(crops(), choices, by=by)], wanted)
        backwards = [c.logits for c in model.choose(crops()[::-1], choices, by=by)]
        assert_alike(backwards, wanted[::-1])

    @pytest.mark.parametrize("capture", [CACHED, BARE, LAST], ids=["cached", "bare", "last"])
    def test_internals_are_those_of_each_alone(
        self, family: str, memory: bool, capture: Capture
    ) -> None:
        """The first time, when all is new, and the next."""
        model = model_of(family, memory)
        for _ in range(2):
            found = [internals(each) for each in model.forward(crops(), having(family, capture))]
            assert_alike(found, internals_alone(family, capture))

    def test_replies_are_those_to_each_alone(self, family: str, memory: bool) -> None:
        """Word by word, though some end before others."""
        model = model_of(family, memory)
        wanted = [plain(family).generate([p], max_new_tokens=5)[0].text for p in crops()]
        model = model_of(family, memory, prompt_processor=_ending(model, wanted))
        wanted = [model.generate([p], max_new_tokens=5)[0].text for p in crops()]
        model = model_of(family, memory, prompt_processor=model.prompt_processor)
        for _ in range(2):
            assert [r.text for r in model.generate(crops(), max_new_tokens=5)] == wanted

    def test_takes_one_pass_for_all(
        self, family: str, memory: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """If padding is for free; and with a memory, another for other words about the same."""
        monkeypatch.setattr("visualcrop.models.engine.planner._MAX_PADDING", 1000)
        monkeypatch.setattr(BatchPlanner, "_weight_bytes", 1 << 30)
        model = model_of(family, memory, max_tokens=8192)
        if has_recurrent_state(model.network):
            pytest.skip("nothing is padded where a recurrent state is kept")
        for target in ("mug", "key"):
            with counting(model) as counts:
                model.choose(crops(target), CHOICES)
            assert counts[1] == len(crops())
            assert counts[0] == (2 if memory and target == "key" else 1)

    def test_no_pass_is_longer_than_allowed(self, family: str, memory: bool) -> None:
        """With padding; a prompt that is longer by itself is read by itself."""
        lengths = [opened(family).prompt_processor.tokenize(prompt).length for prompt in crops()]
        most = max(lengths) * 2
        model = model_of(family, memory, max_tokens=most)
        seen: list[int] = []

        def look(module: Any, given: Any) -> None:
            seen.append(given[0].shape[:2].numel())

        with get_decoder(model.network).layers[0].register_forward_pre_hook(look):
            told = [c.logits for c in model.choose(crops(), CHOICES)]
        assert max(seen) <= most
        assert len(seen) >= sum(lengths) / most
        assert_alike(told, chosen_alone(family))

    def test_work_is_what_pytorch_counts(self, family: str, memory: bool) -> None:
        """Padding and all, to a hundredth, and shared to the last token."""
        model = model_of(family, memory)
        before = model.meter.usage()
        with FlopCounterMode(display=False, custom_mapping=CPU_FLOPS) as counter:
            told = [c.usage for c in model.choose(crops(), CHOICES)]
            told += [c.usage for c in model.choose(crops("key"), SENTENCES, by="sentence")]
            told += [r.usage for r in model.generate(crops("bike"), max_new_tokens=3)]
        usage, after = sum(told, Usage()), model.meter.usage()
        assert usage.flops == pytest.approx(counter.get_total_flops(), rel=0.01)
        assert usage.flops == after.flops - before.flops
        assert usage.new_tokens == after.new_tokens - before.new_tokens
        assert usage.reused_tokens == after.reused_tokens - before.reused_tokens
        assert usage.decoded_tokens == after.decoded_tokens - before.decoded_tokens

    def test_fewer_are_read_where_memory_runs_out(self, family: str, memory: bool) -> None:
        """Down to two at once, with the same answers and the same bill."""
        model, largest = model_of(family, memory), []
        wanted = chosen_alone(family)
        told = [c.logits for c in plain(family).choose(crops(), SENTENCES, by="sentence")]
        said = [r.text for r in plain(family).generate(crops(), max_new_tokens=3)]

        def little(module: Any, given: Any) -> None:
            if len(given[0]) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            largest.append(len(given[0]))

        layer = get_decoder(model.network).layers[1]
        with layer.register_forward_pre_hook(little), counting(model) as counts:
            assert_alike([c.logits for c in model.choose(crops(), CHOICES)], wanted)
            again = [c.logits for c in model.choose(crops(), SENTENCES, by="sentence")]
            assert_alike(again, told)
            assert [r.text for r in model.generate(crops(), max_new_tokens=3)] == said
        assert counts[1] == len(crops()) * (1 + len(SENTENCES) + 1)
        assert max(largest) == 2

    def test_decisions_are_the_same_in_half_precision(self, family: str, memory: bool) -> None:
        """Where they are no ties."""
        model = opened(family, dtype="bfloat16", memory=(1 << 30) if memory else 0)
        model = attrs.evolve(model, prefix_cache=ByteLRU(1 << 30) if memory else None)
        alone = [
            opened(family, dtype="bfloat16", memory=0).choose([p], CHOICES)[0] for p in crops()
        ]
        for _ in range(2):
            for one, other in zip(model.choose(crops(), CHOICES), alone, strict=True):
                clear = abs(other.logits[0] - other.logits[1]) > 0.05 * max(map(abs, other.logits))
                assert one.best == other.best or not clear


@every_family
def test_other_kernels_read_side_by_side_too(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that take no mask for each pair of tokens, as flash attention."""
    monkeypatch.setattr("visualcrop.models.engine.planner.takes_packed_masks", lambda model: False)
    wanted = [c.logits for c in plain(family).choose(crops(), SENTENCES, by="sentence")]
    model = remembering(family)
    for _ in range(2):
        assert_alike([c.logits for c in model.choose(crops(), SENTENCES, by="sentence")], wanted)


def test_crops_asked_once_push_out_no_image() -> None:
    """They are remembered where there is room, and forgotten first."""
    model = remembering("llava")
    assert model.prefix_cache is not None
    model.choose([about("mug")], CHOICES)
    model.prefix_cache.max_bytes = model.prefix_cache.bytes * 3
    beginning = model.prompt_processor.tokenize(about("mug")).prefix_key
    model.choose([prompt for prompt in crops() if prompt.views][1:], CHOICES)
    assert model.prefix_cache.get(beginning) is not None
    assert 1 < len(model.prefix_cache) <= 3


def _ending(model: HuggingFaceModel, said: list[str]) -> Any:
    """A prompter for whom the first replies end at their second token or their third."""
    prompter = model.prompt_processor
    tokens = [
        prompter.processor.tokenizer(text, add_special_tokens=False).input_ids for text in said
    ]
    return attrs.evolve(prompter, stop_tokens=prompter.stop_tokens | {tokens[0][-1], tokens[1][1]})
