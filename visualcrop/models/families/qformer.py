"""
Attention of InstructBLIP's Q-Former to the image.

Each query token attends to all patches. So the language model's attention to the query tokens,
times their attention to the patches, is attention to places in the image (ViCrop).
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
    import torch
    from torch import Tensor
    from transformers import PretrainedConfig, PreTrainedModel

_CROSS = 2  # index, among the Q-Former's blocks with cross-attention, of the one ViCrop takes


@attrs.define(eq=False)
class QFormerTap:
    """Taps the last token's attention to the query tokens, and theirs to the image's patches."""

    tap: Tap
    device: torch.device  # on which all is gathered
    weights: list[Tensor] = attrs.field(factory=list)  # B x H x queries x (class, patches)
    gradients: Tensor | None = None  # of the weights

    def backward(self, logits: Tensor) -> None:
        """Fill both gradients, of the language model and of the Q-Former."""
        import torch

        likelihood = logits.float().log_softmax(-1).max(-1).values.sum()
        (self.gradients,) = torch.autograd.grad(likelihood, self.weights, retain_graph=True)
        self.tap.backward(logits)

    @property
    def attention(self) -> QFormerAttention:
        """The Q-Former's attention to the patches, without the class token."""
        (weights,) = self.weights
        gradients = None if self.gradients is None else self.gradients[0, ..., 1:].to(self.device)
        seen = weights[0, ..., 1:].detach().to(self.device)
        return QFormerAttention(np.arange(weights.shape[2]), seen, gradients)


@contextmanager
def tap_qformer(
    network: Any, language_model: PreTrainedModel, capture: Capture
) -> Iterator[QFormerTap]:
    """Record attention in the block, with an autograd graph if *capture* has gradients."""
    own = Capture(attention=capture.attention, gradients=capture.gradients)
    found = QFormerTap(Tap(language_model, own), network.device)

    def attend(call: AttentionCall) -> tuple[Tensor, None]:
        scores = call.query.float() @ call.key.float().transpose(-1, -2)
        weights = (scores * call.options["scaling"]).softmax(-1)
        found.weights.append(weights.requires_grad_(bool(capture.gradients)))
        return (weights.to(call.value) @ call.value).transpose(1, 2), None

    blocks = [layer for layer in network.qformer.encoder.layer if layer.has_cross_attention]
    crossing = blocks[min(_CROSS, len(blocks) - 1)].crossattention.attention
    with intercept_attention(crossing, attend), found.tap:
        yield found


def encoder_layout(view: View, config: PretrainedConfig) -> Layout:
    """Cells of the vision encoder's patches over *view*, which is squashed to a square."""
    return squashed_layout(view.size, patch_grid(config))


def encoder_patches(view: View, layout: Layout, base: int) -> Patches:
    """The cells of the vision encoder's patches, in the order of `QFormerAttention`."""
    return Patches(layout.grid.moved(*view.origin), layout.cells, base)
