"""Attention in blocks is that of transformers' `sdpa`, and leaves to it what it cannot do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from tests.support.mangled import picture
from tests.support.metering import SEARCHABLE
from tests.support.opened import about, opened
from visualcrop import Image, Prompt, View, VisualSearch
from visualcrop.models.engine import block_attention
from visualcrop.models.engine.block_attention import BLOCKS, attend_in_blocks
from visualcrop.models.engine.decoder import get_decoder

pytestmark = pytest.mark.torch

# Rows, heads, heads of keys, new tokens, tokens
SHAPES = [(1, 3, 3, 150, 150), (2, 4, 2, 300, 300), (2, 4, 1, 129, 400)]


def draw(shape: tuple[int, ...], dtype: torch.dtype) -> tuple[Any, Tensor, Tensor, Tensor]:
    """A layer, and its queries, keys and values, which lie in memory as those of a model."""
    rows, heads, groups, new, length = shape
    random = torch.Generator().manual_seed(len(shape) * new)

    def drawn(*size: int) -> Tensor:
        return torch.randn(size, generator=random).to(dtype).transpose(1, 2)

    layer = SimpleNamespace(is_causal=True, num_key_value_groups=heads // groups)
    keys, values = (drawn(rows, length, groups, 24) for _ in range(2))
    return layer, drawn(rows, new, heads, 24), keys, values


def make_mask(kind: str, shape: tuple[int, ...]) -> Tensor | None:
    """A mask in which each token sees itself and a third of the others."""
    rows, _, _, new, length = shape
    if kind not in {"boolean", "one for all", "additive"}:
        return None
    random = torch.Generator().manual_seed(5)
    seen = torch.rand(1 if kind == "one for all" else rows, 1, new, length, generator=random) > 0.7
    seen[..., :1] = True
    if kind != "additive":
        return seen
    return torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.bfloat16).min)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", ["all", "causal", "boolean", "one for all", "additive"])
@pytest.mark.parametrize("block", [1 << 10, 1 << 19], ids=["small", "large"])
class TestBlocks:
    """Masks of all kinds, groups of heads, and more tokens than are new."""

    def test_it_is_that_of_sdpa(
        self, shape: tuple[int, ...], kind: str, block: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In float32, to rounding."""
        if kind == "causal" and shape[3] != shape[4]:
            pytest.skip("a start from a cache has a mask")
        monkeypatch.setattr(block_attention, "_is_quicker", lambda *_: True)
        monkeypatch.setattr(block_attention, "_SCORES", block)
        monkeypatch.setattr(block_attention, "_FEWEST", 7)
        layer, query, key, value = draw(shape, torch.float32)
        options: Any = {"is_causal": kind == "causal", "scaling": 0.3}
        mask = make_mask(kind, shape)
        found, weights = attend_in_blocks(layer, query, key, value, mask, **options)
        wanted, _ = sdpa_attention_forward(layer, query, key, value, mask, **options)
        assert weights is None
        assert found.is_contiguous()
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)

    def test_in_bfloat16_it_rounds_as_eager_attention(
        self, shape: tuple[int, ...], kind: str, block: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Against the exact result, of the same rounded inputs."""
        monkeypatch.setattr(block_attention, "_has_bfloat16", lambda: True)
        monkeypatch.setattr(block_attention, "_SCORES", block)
        layer, query, key, value = draw(shape, torch.bfloat16)
        options: Any = {"is_causal": kind == "causal"}
        mask = make_mask(kind, shape)
        found, _ = attend_in_blocks(layer, query, key, value, mask, **options)
        query, key, value = query.float(), key.float(), value.float()
        exact, _ = sdpa_attention_forward(layer, query, key, value, mask, **options)
        assert found.dtype == torch.bfloat16
        assert (found.float() - exact).abs().max() < 0.03
        assert (found.float() - exact).abs().mean() < 0.003


class TestLeft:
    """What torch's kernel does."""

    @pytest.mark.parametrize(
        "case", ["float32", "few", "start of a cache", "gradients", "other mask", "no bfloat16"]
    )
    def test_it_is_sdpa(self, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """To the last bit."""
        monkeypatch.setattr(block_attention, "_has_bfloat16", lambda: case != "no bfloat16")
        new = 100 if case == "few" else 200
        shape = (1, 2, 2, new, 300 if case == "start of a cache" else new)
        dtype = torch.float32 if case == "float32" else torch.bfloat16
        layer, query, key, value = draw(shape, dtype)
        mask = torch.ones(1, 2, new, new).bool().tril() if case == "other mask" else None
        if case == "gradients":
            key.requires_grad_()
        found, _ = attend_in_blocks(layer, query, key, value, mask)
        assert torch.equal(found, sdpa_attention_forward(layer, query, key, value, mask)[0])
        assert found.requires_grad == (case == "gradients")

    def test_an_option_of_other_kernels(self) -> None:
        """It is refused in the words of `sdpa`, and not left out."""
        layer, query, key, value = draw(SHAPES[0], torch.bfloat16)
        with pytest.raises(ValueError, match="softcap"):
            attend_in_blocks(layer, query, key, value, None, softcap=30.0)


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """The queries of each block from now on."""
    mix, found = block_attention._mix, []

    def note(query: Tensor, *others: Any) -> Tensor:
        found.append(query)
        return mix(query, *others)

    monkeypatch.setattr(block_attention, "_mix", note)
    return found


@pytest.mark.parametrize("family", SEARCHABLE)
def test_every_family_answers_alike(
    family: str, blocks: list[Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In float32, where blocks would win nothing, to rounding: in the eye and in the decoder."""
    plain = opened(family).choose([about("mug")], ["Yes", "No"])[0].probabilities
    monkeypatch.setattr(block_attention, "_is_quicker", lambda *_: True)
    monkeypatch.setattr(block_attention, "_SCORES", 1 << 10)
    monkeypatch.setattr(block_attention, "_FEWEST", 3)
    found = opened(family, attention="blocks").choose([about("mug")], ["Yes", "No"])[0]
    assert found.probabilities == pytest.approx(plain, abs=1e-5)
    kernel = get_decoder(opened(family, attention="blocks").network).config._attn_implementation
    assert bool(blocks) == (kernel == BLOCKS)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["tiny", "tiny-onevision", "tiny-qwen"])
def test_shipped_models_answer_alike(
    model: str, blocks: list[Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every layer attends in blocks by default, and probabilities are those of torch's kernel."""
    monkeypatch.setattr(block_attention, "_has_bfloat16", lambda: True)
    prompt = Prompt((View.whole(Image(picture(640, 480))), "Is there a red kite in the image?"))
    (found,) = VisualSearch.open(model).model.choose([prompt], ["Yes", "No"])
    assert len(blocks) >= 12
    (sdpa,) = VisualSearch.open(f"{model}(attention=sdpa)").model.choose([prompt], ["Yes", "No"])
    assert found.probabilities == pytest.approx(sdpa.probabilities, abs=0.02)
