"""
Where InstructBLIP's Q-Former looks.

Each of its tokens attends to all of the image. So the language model's attention to them, times
theirs to the encoder's patches, is an attention to places after all (ViCrop).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from ...values import View
from ..base import Capture, Patches, QFormerAttention
from ..engine.attention import AttentionCall, intercept_attention
from ..engine.capture import Tap
from ..layouts.layout import Layout, patch_grid, squashed_layout

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PretrainedConfig, PreTrainedModel

_CROSS = 2  # of the Q-Former's blocks that see the image, counted from 0: the one ViCrop takes


@attrs.define(eq=False)
class Relayed:
    """Attention of the last token to the Q-Former's, and theirs to the image."""

    tap: Tap
    weights: list[Tensor] = attrs.field(factory=list)  # batch x heads x queries x class, patches
    gradients: Tensor | None = None  # of the weights

    def backward(self, logits: Tensor) -> None:
        """Fill both gradients, of the language model and of the Q-Former."""
        import torch

        likelihood = logits.float().log_softmax(-1).max(-1).values.sum()
        (self.gradients,) = torch.autograd.grad(likelihood, self.weights, retain_graph=True)
        self.tap.backward(logits)

    @property
    def relay(self) -> QFormerAttention:
        """What stands between the image and the words, without the token of no place."""
        (weights,) = self.weights
        gradients = None if self.gradients is None else self.gradients[0, ..., 1:]
        return QFormerAttention(
            np.arange(weights.shape[2]), weights[0, ..., 1:].detach(), gradients
        )


@contextmanager
def relaying(network: Any, speaker: PreTrainedModel, capture: Capture) -> Iterator[Relayed]:
    """Take attention, and its gradients if *capture* asks for them, from the pass that runs."""
    own = Capture(attention=capture.attention, gradients=capture.gradients)
    found = Relayed(Tap(speaker, own))

    def attend(call: AttentionCall) -> tuple[Tensor, None]:
        scores = call.query.float() @ call.key.float().transpose(-1, -2)
        weights = (scores * call.options["scaling"]).softmax(-1)
        found.weights.append(weights.requires_grad_(bool(capture.gradients)))
        return (weights.to(call.value) @ call.value).transpose(1, 2), None

    blocks = [layer for layer in network.qformer.encoder.layer if layer.has_cross_attention]
    crossing = blocks[min(_CROSS, len(blocks) - 1)].crossattention.attention
    with intercept_attention(crossing, attend), found.tap:
        yield found


def layout_of(view: View, config: PretrainedConfig) -> Layout:
    """The encoder's patches, over the view squashed to its square."""
    return squashed_layout(view.picture.size, patch_grid(config))


def patches_of(view: View, layout: Layout, base: int) -> Patches:
    """The cells that a relay counts."""
    return Patches(layout.grid.moved(*view.origin), layout.cells, base)
