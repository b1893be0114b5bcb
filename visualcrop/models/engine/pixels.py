"""How the next token hangs on the pixels of an image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import ModelError
from ...geometry import Box, Grid
from ...prompt import Prompt
from ...values import View
from ..base import PixelGradients
from ..layouts.layout import Layout
from .hold import frozen

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel


def sight(
    network: PreTrainedModel,
    inputs: Mapping[str, Tensor],
    read: Callable[[Mapping[str, Tensor]], Tensor],
    view: View,
    layout: Layout,
) -> PixelGradients:
    """What the next token, whose logits *read* works out from *inputs*, owes to each pixel."""
    import torch

    with frozen(network):
        pixels = inputs["pixel_values"].detach().clone().requires_grad_()
        likelihood = read({**inputs, "pixel_values": pixels}).float().log_softmax(-1).max()
        (gradient,) = torch.autograd.grad(likelihood, pixels)
    if "image_grid_thw" in inputs:
        picture = _unfolded(gradient, inputs["image_grid_thw"][0], network.config.vision_config)
    else:
        picture = gradient.flatten(0, -4)[layout.whole]
    return PixelGradients(seen_at_once(view, layout), picture.float().norm(dim=0))


def only_view(prompt: Prompt) -> View:
    """The view of a prompt that may have but one."""
    if len(prompt.views) != 1:
        raise ModelError(
            f"Such a map is made of one image at a time, not {len(prompt.views)}; show the views "
            "one by one."
        )
    return prompt.views[0]


def seen_at_once(view: View, layout: Layout) -> Box:
    """What the encoder's picture of the whole shows, in pixels of the original image."""
    left, top = _corner(view)
    box = layout.sight or Box(0, 0, *view.picture.size)
    return Box(box.left + left, box.top + top, box.right + left, box.bottom + top)


def placed_in(view: View, layout: Layout) -> Grid:
    """The layout's cells, in pixels of the original image."""
    return layout.grid.moved(*_corner(view))


def _corner(view: View) -> tuple[int, int]:
    left, top, _, _ = view.box.whole_pixels()
    return max(0, left), max(0, top)


def _unfolded(patches: Tensor, grid: Tensor, eye: Any) -> Tensor:
    """Channels x rows x columns, of patches that come merge by merge, each with the frame twice."""
    _, rows, columns = grid.tolist()
    merge, side = eye.spatial_merge_size, eye.patch_size
    shape = (rows // merge, columns // merge, merge, merge, -1, eye.temporal_patch_size, side, side)
    twice = patches.reshape(shape).permute(4, 5, 0, 2, 6, 1, 3, 7)  # channels, frames, down, across
    return twice.sum(1).reshape(twice.shape[0], rows * side, columns * side)
