"""Decoders in which not every layer has keys and values of its own: Qwen3.5, LFM2, Gemma 4."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
import transformers as tf
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from transformers import DynamicCache
from transformers.masking_utils import create_chunked_causal_mask

from tests.support.alike import assert_alike
from tests.support.metering import CPU_FLOPS
from tests.support.opened import about, opened
from tests.support.passes import finished, inputs, network
from tests.support.refusals import refused
from tests.support.tiny.checkpoints import checkpoint
from visualcrop import Capture
from visualcrop.errors import SpecError
from visualcrop.models import DecodingState, Family, Gemma4, Meter, ModelInfo, Qwen35, extend
from visualcrop.models.base import NOTHING
from visualcrop.models.engine.batch import _additive_masks
from visualcrop.models.engine.capture import Tap
from visualcrop.models.engine.kv_cache import (
    cache_argument,
    cached_layers,
    copy_cache,
    fork_cache,
    merge_caches,
    new_cache,
    slice_cache,
)
from visualcrop.models.engine.metering.meter import macs, macs_language
from visualcrop.testing import HuggingFaceFamilySuite

pytestmark = pytest.mark.torch
STATEFUL = pytest.mark.parametrize("kind", ["qwen3-5", "lfm2"])


class Qwen35Moe(HuggingFaceFamilySuite):
    """The last layer is linear attention, and all are mixtures of experts."""

    strategy = Qwen35

    def family(self) -> Family:
        return Qwen35(checkpoint=str(checkpoint("qwen3-5-moe")))


class Gemma4Moe(HuggingFaceFamilySuite):
    """Values are keys, image tokens see one another, and all layers are mixtures of experts."""

    strategy = Gemma4

    def family(self) -> Family:
        return Gemma4(checkpoint=str(checkpoint("gemma4-moe")))


@pytest.mark.parametrize("suite", [Qwen35Moe, Gemma4Moe])
@pytest.mark.parametrize(
    "claim",
    [
        "test_auto_finds_it",
        "test_captures_are_the_cache",
        "test_a_cached_prefix_changes_nothing",
        "test_packed_prompts_are_answered_as_alone",
        "test_replies_are_the_same_with_a_cached_prefix",
        "test_meter_counts_what_pytorch_counts",
        "test_counts_its_passes",
    ],
)
def test_holds_for_mixtures(suite: type[HuggingFaceFamilySuite], claim: str) -> None:
    """What the suite claims of every family, where the decoder's architecture matters."""
    getattr(suite(), claim)()


@cache
def stateful(kind: str) -> Any:
    """A language model with recurrent layers and no vision."""
    sizes: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 64, "vocab_size": 500}
    heads: dict[str, Any] = {"num_attention_heads": 2, "num_key_value_heads": 1}
    if kind == "qwen3-5":
        return network("qwen3-5")
    torch.manual_seed(0)
    kinds: dict[str, Any] = {
        "num_hidden_layers": 3,
        "layer_types": ["conv", "full_attention", "conv"],
    }
    config = tf.Lfm2Config(**sizes, **heads, **kinds)
    return tf.Lfm2ForCausalLM(config).eval()


def words(tokens: int, seed: int = 0) -> Tensor:
    """Token ids of no meaning, 1 x T."""
    return torch.randint(300, 400, (1, tokens), generator=torch.Generator().manual_seed(seed))


def going_on(model: Any, cache: DynamicCache) -> dict[str, Any]:
    """The argument of the model's forward that goes on from *cache*."""
    return {cache_argument(model): cache}


@torch.no_grad()
def state_of(kind: str, tokens: Tensor) -> DecodingState:
    """The state after *tokens*, from one plain pass."""
    model, cache = stateful(kind), new_cache(stateful(kind))
    logits = model(input_ids=tokens, **going_on(model, cache), logits_to_keep=1).logits
    return DecodingState(cache, (tokens.shape[1],), logits=logits)


def tensors(cache: DynamicCache) -> list[Tensor]:
    """All that is kept, layer by layer."""
    return [tensor for kept in cached_layers(cache) for tensor in kept]


@STATEFUL
class TestStates:
    """A recurrent state beside keys and values."""

    @pytest.mark.parametrize("cut", [1, 2, 63, 64, 65, 100])
    def test_a_suffix_of_many_tokens_goes_on_from_it(self, kind: str, cut: int) -> None:
        """Logits are those of a plain pass over all, wherever the chunks of 64 tokens end."""
        whole = words(130)
        with torch.no_grad():
            wanted = stateful(kind)(input_ids=whole, use_cache=False).logits[:, cut:]
            past = state_of(kind, whole[:, :cut])
            found = extend(stateful(kind), past, whole[:, cut:], keep=0)
        torch.testing.assert_close(found.kept_logits, wanted, atol=1e-4, rtol=1e-4)

    def test_decoding_goes_on_from_a_batch_of_them(self, kind: str) -> None:
        """Token by token, rows of other lengths are as each alone, and their states stay as is."""
        firsts = [state_of(kind, words(length, seed=length)) for length in (70, 5, 33)]
        kept = [[tensor.clone() for tensor in tensors(past.cache)] for past in firsts]
        tokens, alone = torch.cat([words(1, seed) for seed in range(3)]), firsts
        with torch.no_grad():
            batch = DecodingState.merge(firsts)
            for _ in range(3):
                batch = extend(stateful(kind), batch, tokens)
                rows = zip(alone, tokens.split(1), strict=True)
                alone = [extend(stateful(kind), past, token) for past, token in rows]
        assert_alike(batch.next_logits, torch.cat([past.next_logits for past in alone]))
        for past, before in zip(firsts, kept, strict=True):
            assert all(map(torch.equal, tensors(past.cache), before))

    def test_it_cannot_be_cut_back(self, kind: str) -> None:
        """Keys and values of the first tokens can be had alone, a sum of all tokens cannot."""
        state = state_of(kind, words(8))
        assert state.truncate(8).width == 8
        with pytest.raises(RuntimeError, match="cannot leave out the last"):
            state.truncate(7)

    def test_what_is_kept_is_counted(self, kind: str) -> None:
        """Bytes of states as of keys and values; a copy holds no more than its own."""
        state = state_of(kind, words(8))
        assert state.kv_bytes == sum(tensor.nbytes for tensor in tensors(state.cache))
        both = merge_caches([state.cache, state_of(kind, words(6)).cache])
        row = DecodingState(slice_cache(both, 0, slice(8)), (8,))
        assert row.bytes > row.copy().bytes >= state.kv_bytes

    def test_forks_do_not_change_it(self, kind: str) -> None:
        """Neither a fork nor a copy, and not a fork of what transformers made itself."""
        model = stateful(kind)
        theirs = DynamicCache(config=model.config.get_text_config())
        with torch.no_grad():
            model(input_ids=words(9), **going_on(model, theirs), use_cache=True)
        before = [tensor.clone() for tensor in tensors(theirs)]
        for branch in (fork_cache(theirs), copy_cache(theirs), fork_cache(fork_cache(theirs))):
            for tokens in (words(1), words(5)):
                with torch.no_grad():
                    model(input_ids=tokens, **going_on(model, branch), use_cache=True)
            assert branch.get_seq_length() == 9 + 6
        assert all(map(torch.equal, before, tensors(theirs)))

    def test_meter_counts_what_pytorch_counts(self, kind: str) -> None:
        """A whole prompt, a suffix, and a step of decoding; each after the other."""
        meter = Meter(stateful(kind))
        cache = new_cache(stateful(kind))
        try:
            for tokens in (3, 70, 1, 9):
                counter = FlopCounterMode(display=False, custom_mapping=CPU_FLOPS)
                with torch.no_grad(), meter.measure() as span, counter:
                    stateful(kind)(input_ids=words(tokens), **going_on(stateful(kind), cache))
                assert span.usage.flops == counter.get_total_flops() > 0
        finally:
            meter.remove()


class TestTheirReplies:
    """What transformers' own `generate` says, with the cache that it chooses."""

    @pytest.mark.parametrize("family", ["qwen3-5", "gemma4"])
    def test_are_ours(self, family: str) -> None:
        """From a remembered image, the second time as the first."""
        model = opened(family)
        given = dict(model.prompt_processor.tokenize(about("mug")).inputs)
        options = {"do_sample": False, "repetition_penalty": 1.0, "max_new_tokens": 12}
        told = network(family).generate(**given, **options)[0, given["input_ids"].shape[1] :]
        wanted = model.prompt_processor.detokenize(told.tolist())
        for _ in range(2):
            (reply,) = model.generate([about("mug")], max_new_tokens=12)
            assert reply.text == wanted


class TestEarlyExit:
    """Layers that nothing is wanted of are not run."""

    @pytest.mark.parametrize(
        ("family", "capture", "layers"),
        [
            ("qwen3-5", Capture(values=(1,)), [0]),
            ("qwen3-5", Capture(keys=(3,), values=(1,)), [0, 1, 2]),
            ("gemma4", Capture(values=(0, 1)), [0]),
            ("gemma4", Capture(values=(0,), attention=(2,)), [0, 1]),
        ],
    )
    def test_stops_in_the_last_layer_asked_for(
        self, family: str, capture: Capture, layers: list[int]
    ) -> None:
        """That layer is not finished, and none is begun after it."""
        with finished(network(family)) as done, torch.no_grad(), Tap(network(family), capture):
            network(family)(**inputs(family), use_cache=False)
        assert [part for part in done if "layer" in part] == [f"layer {n}" for n in layers]

    @pytest.mark.parametrize(("family", "layers"), [("qwen3-5", [0, 1, 2]), ("gemma4", [0])])
    def test_a_cache_is_full_before_the_end(self, family: str, layers: list[int]) -> None:
        """Of layers that attend to another's keys and values, nothing has to be kept."""
        given, cache = network(family), new_cache(network(family))
        plain = new_cache(given)
        with torch.no_grad():
            with finished(given) as done, Tap(given, NOTHING, fill_cache=True):
                given(**inputs(family), **going_on(given, cache), use_cache=True)
            given(**inputs(family), **going_on(given, plain), use_cache=True)
        assert [part for part in done if "layer" in part] == [f"layer {n}" for n in layers]
        assert_alike(cached_layers(cache), cached_layers(plain))


class TestLayers:
    """Which layers there are to choose from."""

    def test_are_told(self) -> None:
        """Of linear attention there are neither; of shared keys and values only attention."""
        qwen, gemma = (opened(family).info for family in ("qwen3-5", "gemma4"))
        assert (qwen.kv_layers, qwen.attention_layers) == ((1, 3), (1, 3))
        assert (gemma.kv_layers, gemma.attention_layers) == ((0, 1), (0, 1, 2, 3))

    def test_a_span_takes_those_that_have_values(self) -> None:
        """The last half of them, or those in the range."""
        info = ModelInfo(8, 336, kv_layers=(3, 7), attention_layers=(3, 7))
        assert info.span(None) == info.attention_span(None) == (7,)
        assert info.span((0, 8)) == (3, 7)
        assert info.span((2, 5)) == (3,)
        assert [info.nearest_attention_layer(layer) for layer in (0, 4, 5, 7)] == [3, 3, 7, 7]

    def test_a_span_without_any_is_refused(self) -> None:
        """In one sentence, with what there is."""
        info = ModelInfo(8, 336, kv_layers=(3, 7))
        assert refused(SpecError, info.span, (4, 7)) == (
            "No layer in [4, 7] has keys and values of its own; give a range with some of 3, 7."
        )
        assert info.attention_span((4, 7)) == (4, 5, 6)

    @pytest.mark.parametrize(
        ("family", "capture", "said"),
        [
            ("qwen3-5", Capture(values=(2,)), "Layer 2 has no keys and values of its own"),
            ("qwen3-5", Capture(attention=(0,)), "Layer 0 has no attention of its own"),
            ("gemma4", Capture(keys=(3,)), "Layer 3 has no keys and values of its own"),
        ],
    )
    def test_captures_of_others_are_refused(self, family: str, capture: Capture, said: str) -> None:
        """In one sentence."""
        assert refused(SpecError, Tap, network(family), capture).startswith(f"{said}; take some")

    @pytest.mark.parametrize(("family", "own"), [("qwen3-5", "1, 3"), ("gemma4", "0, 1")])
    def test_a_family_notes_them(self, family: str, own: str) -> None:
        """`explain` prints it below the options; other families have nothing to note."""
        named: type[Family] = {"qwen3-5": Qwen35, "gemma4": Gemma4}[family]
        (note,) = named(checkpoint=str(checkpoint(family))).notes()
        assert note.startswith(f"Of the 4 layers of this model, only {own} have values")

    def test_papers_would_count(self) -> None:
        """Products of pairs of tokens in attention layers alone, and the experts that are run."""
        text = {"num_hidden_layers": 8, "hidden_size": 64, "intermediate_size": 128}
        dense = tf.Qwen3_5Config(text_config=text)
        pairs = 2 * 100**2 * 64
        assert macs_language(dense, 100) == macs(100, layers=8, width=64, inner=128) - 6 * pairs
        experts = {"moe_intermediate_size": 16, "num_experts_per_tok": 4}
        shared = {"shared_expert_intermediate_size": 8}
        sparse = tf.Qwen3_5MoeConfig(text_config=text | experts | shared)
        assert macs_language(sparse, 100) == macs(100, layers=8, width=64, inner=72) - 6 * pairs


class _Chunked:
    """As much of a network as masks are made from."""

    dtype, layers = torch.float32, ()
    config = tf.Llama4TextConfig(attention_chunk_size=4, num_hidden_layers=4)

    def get_decoder(self) -> _Chunked:
        return self


def test_chunks_are_measured_in_positions() -> None:
    """As transformers masks Llama 4's, for one sequence, and for each of two packed in a row."""
    positions = torch.tensor([[6, 7, 8, 9, 6, 7]])  # after 6 tokens, one suffix of 4 and one of 2
    suffix = torch.tensor([0, 0, 0, 0, 1, 1])
    seen = (suffix[:, None] == suffix) & (positions[0][:, None] >= positions[0])
    seen = torch.cat([torch.ones(6, 6, dtype=torch.bool), seen], dim=1)[None]
    masks = _additive_masks(_Chunked(), seen, positions)  # type: ignore[arg-type]
    assert sorted(masks) == ["chunked_attention", "full_attention"]
    config: Any = _Chunked.config
    config._attn_implementation = "eager"
    theirs: Any = create_chunked_causal_mask(
        config, torch.zeros(1, 10, 8), None, None, torch.arange(10)[None]
    )
    chunked = masks["chunked_attention"][0, 0] == 0
    assert torch.equal(chunked[:4, :10], theirs[0, 0, 6:] == 0)
    assert torch.equal(chunked[4:, [*range(6), 10, 11]], theirs[0, 0, 6:8, :8] == 0)
