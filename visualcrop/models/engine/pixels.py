"""Gradients with respect to the pixels of an image."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import ModelError
from ...geometry import Box
from ...prompt import Prompt
from ...values import View
from ..base import PixelGradients
from ..layouts.layout import Layout
from .capture import frozen

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel


def pixel_gradients(
    network: PreTrainedModel,
    inputs: Mapping[str, Tensor],
    next_logits: Callable[[Mapping[str, Tensor]], Tensor],
    view: View,
    layout: Layout,
) -> PixelGradients:
    """
    Gradient of the most likely next token's log-probability, as its norm over the channels.

    Args:
        network: The model; its weights get no gradients.
        inputs: Arguments of the model's forward for a prompt with one view.
        next_logits: Runs the model on such arguments: logits of the next token, 1 x V.
        view: The view in the prompt.
        layout: The layout of *view*.
    """
    import torch

    with frozen(network):
        pixels = inputs["pixel_values"].detach().clone().requires_grad_()
        logits = next_logits({**inputs, "pixel_values": pixels})
        likelihood = logits.float().log_softmax(-1).max()
        (gradient,) = torch.autograd.grad(likelihood, pixels)
    if "image_grid_thw" in inputs:
        image = _unpatchify(gradient, inputs["image_grid_thw"][0], network.config.vision_config)
    elif "image_position_ids" in inputs:
        image = _unpatchify_placed(gradient[0], inputs["image_position_ids"][0])
    elif "target_sizes" in inputs:
        image = _join_rows(gradient, inputs["target_sizes"][layout.whole])
    elif "spatial_shapes" in inputs:
        image = _unpatchify_rows(gradient[layout.whole], inputs["spatial_shapes"][layout.whole])
    elif "image_token_pooling" in inputs:
        side = math.isqrt(gradient.shape[1])
        image = _unpatchify_rows(gradient[layout.whole], torch.tensor([side, side]))
    else:
        image = gradient.flatten(0, -4)[layout.whole]
    return PixelGradients(encoded_box(view, layout), image.float().norm(dim=0))


def single_view(prompt: Prompt) -> View:
    """The only view of *prompt*, or an error."""
    if len(prompt.views) != 1:
        raise ModelError(
            f"Such a map is made of one image at a time, not {len(prompt.views)}; show the views "
            "one by one."
        )
    return prompt.views[0]


def encoded_box(view: View, layout: Layout) -> Box:
    """The box of the encoder's picture of the whole *view*, in pixels of the original image."""
    left, top = view.origin
    box = layout.encoded_box or Box(0, 0, *view.size)
    return Box(box.left + left, box.top + top, box.right + left, box.bottom + top)


def _unpatchify(patches: Tensor, grid: Tensor, vision: Any) -> Tensor:
    """
    Qwen's flattened patches -> channels x rows x columns.

    They are in blocks of merged patches, and hold a still image in each of two frames.
    """
    _, rows, columns = grid.tolist()
    merge, side = vision.spatial_merge_size, vision.patch_size
    blocks = (rows // merge, columns // merge, merge, merge)
    shape = (*blocks, -1, vision.temporal_patch_size, side, side)
    framed = patches.reshape(shape).permute(4, 5, 0, 2, 6, 1, 3, 7)  # channels, frames, y, x
    return framed.sum(1).reshape(framed.shape[0], rows * side, columns * side)


def _unpatchify_placed(patches: Tensor, positions: Tensor) -> Tensor:
    """
    Gemma 4's flattened patches -> channels x rows x columns.

    *positions*, patches x 2, are the column and row of each, -1 where there is none.
    """
    return _unpatchify_rows(patches[positions[:, 0] >= 0], positions.amax(0).flip(0) + 1)


def _join_rows(patches: Tensor, shape: Tensor) -> Tensor:
    """The first rows x columns *patches*, with an axis of channels -> an image (MiniCPM-V)."""
    rows, columns = shape.tolist()
    grid: Tensor = patches[: rows * columns].unflatten(0, (rows, columns))
    blocks = grid.permute(2, 0, 3, 1, 4)
    return blocks.flatten(3).flatten(1, 2)


def _unpatchify_rows(patches: Tensor, shape: Tensor) -> Tensor:
    """
    Flattened patches, row by row -> channels x rows x columns (LFM2-VL).

    *shape* is the number of rows and columns; more patches than so many are padding.
    """
    rows, columns = shape.tolist()
    side = math.isqrt(patches.shape[1] // 3)
    blocks = patches[: rows * columns].reshape(rows, columns, side, side, 3)
    return blocks.permute(4, 0, 2, 1, 3).reshape(3, rows * side, columns * side)
