"""A layer is watched under whatever kernel it has, and however that is told what to mask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import flash_attention_mask

from tests.support.passes import EVERY, assert_close, eager, network, tapped
from visualcrop.models.base import Capture
from visualcrop.models.engine.attention import AttentionCall, intercept_attention

pytestmark = pytest.mark.torch

FUSED = "visualcrop-test-fused"
SHOWN = torch.ones(5, 7, dtype=torch.bool).tril(2)  # 5 new tokens after 2 cached ones
ROWS = torch.tensor([[4, 1], [0, 3]])


def call(
    mask: Tensor | None = None, *, dtype: torch.dtype = torch.float32, **options: Any
) -> AttentionCall:
    """2 prompts, 4 query heads on 2 of keys and values, 5 new tokens of 7."""
    draw = torch.Generator().manual_seed(0)
    query, key, value = (
        torch.randn(2, heads, tokens, 8, generator=draw).to(dtype)
        for heads, tokens in [(4, 5), (2, 7), (2, 7)]
    )
    return AttentionCall(None, query, key, value, mask, options)


class TestAttentionCall:
    """Weights are worked out from what the kernel is given."""

    @pytest.mark.parametrize(
        "mask", [SHOWN[None, None], torch.where(SHOWN, 0.0, -1e9)[None, None].expand(2, 1, -1, -1)]
    )
    def test_no_mask_is_a_causal_one(self, mask: Tensor) -> None:
        """Be it told by truth or by what to add to scores."""
        torch.testing.assert_close(call(mask).weights(ROWS), call().weights(ROWS))

    def test_window_is_part_of_the_mask(self) -> None:
        """Flash attention is told its width alone."""
        mask = SHOWN.triu()[None, None]  # each token, and the two before it
        torch.testing.assert_close(call(mask).weights(ROWS), call(sliding_window=3).weights(ROWS))

    def test_padding_is_not_seen(self) -> None:
        """Flash attention is told which tokens are none."""
        real = torch.tensor([[0, 1, 1, 1, 1, 1, 1], [1] * 7])
        mask = SHOWN & real.bool()[:, None, None]
        torch.testing.assert_close(call(real).weights(ROWS), call(mask).weights(ROWS))

    def test_rows_mix_values_as_the_kernel_does(self) -> None:
        """Where their output is put in the place of the kernel's, it is the same."""
        given = call(scaling=0.3)
        out = torch.nn.functional.scaled_dot_product_attention(
            given.query, given.key, given.value, attn_mask=SHOWN, scale=0.3, enable_gqa=True
        ).transpose(1, 2)
        rows = given.replace_rows(torch.zeros_like(out), ROWS, given.weights(ROWS))
        for prompt, (first, second) in enumerate(ROWS.tolist()):
            wanted = torch.zeros_like(out[0])
            wanted[[first, second]] = out[prompt, [first, second]]
            torch.testing.assert_close(rows[prompt], wanted)

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
    def test_weights_are_float32_or_finer(self, dtype: torch.dtype) -> None:
        """In 8 bits of precision, one of thousands of tokens could not be told from the next."""
        weights = call(dtype=dtype).weights(ROWS)
        assert weights.dtype == torch.promote_types(dtype, torch.float32)
        torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]))
        torch.testing.assert_close(weights.float(), call().weights(ROWS), atol=2e-2, rtol=0)


class TestWatched:
    """A watcher stands between a layer and its kernel."""

    @pytest.fixture
    def fused(self) -> Iterator[list[str]]:
        """A kernel that is told of padding alone, as flash attention is, and finds its name."""
        named: list[str] = []

        def attend(module: Any, query: Tensor, *given: Any, **options: Any) -> Any:
            named.append(module.config._attn_implementation)
            return sdpa_attention_forward(module, query, *given, **options)

        AttentionInterface.register(FUSED, attend)
        AttentionMaskInterface.register(FUSED, flash_attention_mask)
        yield named
        AttentionInterface._global_mapping.pop(FUSED)
        AttentionMaskInterface._global_mapping.pop(FUSED)

    def test_kernel_runs_as_if_alone(self, fused: list[str]) -> None:
        """It finds the config it knows, and is masked in its own way."""
        tap = tapped("llava", Capture(attention=EVERY, gradients=EVERY), FUSED)
        assert set(fused) == {FUSED}
        assert_close(tap.attention, eager("llava")[0])
        assert_close(tap.gradients, eager("llava")[1])

    def test_other_layers_are_left_alone(self) -> None:
        """Only the watched one has another config, and only while it is watched."""
        first, second, *_ = network("llava").get_decoder().layers
        own = first.self_attn.config
        with intercept_attention(first.self_attn, AttentionCall.run):
            assert first.self_attn.config is not own
            assert second.self_attn.config is own
            assert own._attn_implementation == "sdpa"
        assert first.self_attn.config is own
