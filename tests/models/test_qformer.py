"""Where InstructBLIP's Q-Former looks is what eager attention says."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.support.blips import laid_out, opened
from tests.support.opened import about, noise
from visualcrop import Capture, Internals, Prompt, View

pytestmark = pytest.mark.torch

LAYER = 1
BOTH = Capture(attention=(LAYER,), gradients=(LAYER,), qformer=True)


@pytest.mark.parametrize("kernel", ["sdpa", "eager"])
class TestRelay:
    def test_attention_is_the_eager_one(self, kernel: str) -> None:
        """Of the language model's last token, and of the Q-Former's tokens to each patch."""
        seen = _read(kernel, Capture(attention=(LAYER,), qformer=True))
        attention, crossing, _ = _plain()

        assert seen.qformer is not None
        torch.testing.assert_close(seen.attention[LAYER], attention, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(seen.qformer.attention, crossing, atol=1e-5, rtol=1e-4)
        assert seen.qformer.gradients is None

    def test_gradients_are_the_eager_ones(self, kernel: str) -> None:
        """Of both, by two passes backwards."""
        seen = _read(kernel, BOTH)
        _, _, (own, crossed) = _plain()

        assert seen.qformer is not None
        assert seen.qformer.gradients is not None
        torch.testing.assert_close(seen.gradients[LAYER], own, atol=1e-5, rtol=1e-3)
        torch.testing.assert_close(seen.qformer.gradients, crossed, atol=1e-5, rtol=1e-3)
        assert float(crossed.abs().max()) > 1e-6
        assert seen.usage.backward == 2

    def test_cells_lie_over_the_view(self, kernel: str) -> None:
        """The encoder's patches, over the picture squashed to its square."""
        seen = _read(kernel, BOTH)
        (patches,) = seen.patches

        assert patches.grid.box == noise().box
        assert seen.qformer is not None
        assert patches.tokens.size == seen.qformer.attention.shape[-1]


def test_pixels_have_slopes() -> None:
    """Those of the one picture that the encoder sees, by a plain pass backwards."""
    (seen,) = opened().forward([about("mug")], Capture(pixels=True))
    inputs = laid_out(about("mug"))
    inputs["pixel_values"] = inputs["pixel_values"].clone().requires_grad_()
    with torch.enable_grad():
        logits = opened().network(**inputs).logits[0, -1]
        (wanted,) = torch.autograd.grad(logits.log_softmax(-1).max(), inputs["pixel_values"])

    assert seen.pixel_gradients is not None
    torch.testing.assert_close(
        seen.pixel_gradients.norms, wanted[0].norm(dim=0), atol=1e-6, rtol=1e-3
    )
    assert seen.usage.backward == 1


def test_two_images_are_told_one_after_the_other() -> None:
    """Each as it is told alone, all before the words."""
    text, views = "Is it red?", [View.whole(noise()), View.whole(noise(90, 200))]
    model = opened()
    both = model.network.get_image_features(**_told(Prompt((*views, text)))).pooler_output
    alone = [
        model.network.get_image_features(**_told(Prompt((view, text)))).pooler_output
        for view in views
    ]

    torch.testing.assert_close(both, torch.cat(alone), atol=1e-5, rtol=1e-4)
    (said,) = model.generate([Prompt((*views, text))], max_new_tokens=1)
    assert said.usage.new_tokens == _told_tokens(both) + _words(text)


def _told_tokens(told: Tensor) -> int:
    return told.shape[0] * told.shape[1]


def _words(text: str) -> int:
    tokenized = opened().prompt_processor.tokenize(Prompt((View.whole(noise()), text)))
    length: int = tokenized.inputs["input_ids"].shape[1]
    return length


def _told(prompt: Prompt) -> dict[str, Tensor]:
    inputs = dict(opened().prompt_processor.tokenize(prompt).inputs)
    del inputs["input_ids"]
    return inputs


def _read(kernel: str, capture: Capture) -> Internals:
    (seen,) = opened(attention=kernel).forward([about("mug")], capture)
    return seen


def _plain() -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
    """Attention of both, and both gradients, by eager kernels and hooks."""
    network: Any = opened(attention="eager").network
    crossing: list[Tensor] = []
    blocks = [layer for layer in network.qformer.encoder.layer if layer.has_cross_attention]
    module = blocks[min(2, len(blocks) - 1)].crossattention.attention
    hook = module.register_forward_hook(lambda module, given, out: crossing.append(out[1]))
    inputs = laid_out(about("mug"))
    inputs["pixel_values"] = inputs["pixel_values"].clone().requires_grad_()
    with torch.enable_grad():
        out = network(**inputs, output_attentions=True)
        attention = out.language_model_outputs.attentions[LAYER]
        likelihood = out.logits[0, -1].log_softmax(-1).max()
        own, crossed = torch.autograd.grad(likelihood, [attention, crossing[0]])
    hook.remove()
    gradients = own[0, :, -1], crossed[0, ..., 1:]
    return attention[0, :, -1].detach(), crossing[0][0, ..., 1:].detach(), gradients
