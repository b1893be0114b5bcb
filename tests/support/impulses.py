"""Which token answers when the pixels of one cell change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image
import torch
import transformers as tf
from torch import Tensor
from transformers import PreTrainedModel

from tests.support.opened import opened
from tests.support.reference import picture
from tests.support.tiny.checkpoints import NETWORKS, checkpoint
from tests.support.tiny.processors import load_processor
from visualcrop import Box
from visualcrop.models.layouts.layout import Layout, Size


@attrs.frozen
class Case:
    """A tiny checkpoint, how it is shown images, and the layout that should describe it."""

    family: str
    layout: Callable[[Size], Layout]
    seen: dict[str, Any] = attrs.field(factory=dict)  # options of the image processor
    padded: bool = False  # LLaVA 1.5's images are, as in training
    reduced_to: int | None = None  # tiles, of OneVision
    among: tuple[Size, ...] = ()  # other images of the prompt, before and after this one
    tiled: bool = False  # all of OneVision's

    def opened(self) -> Seer:
        """Ready to look."""
        return Seer(self, self._eye(), self._network())

    def _eye(self) -> Any:
        """The image processor."""
        if self.tiled:
            return opened(self.family, tile_all="true").prompt_processor.processor.image_processor
        eye = load_processor(self.family, checkpoint(self.family)).image_processor
        return tf.LlavaImageProcessorPil(**eye.to_dict() | {"do_pad": True}) if self.padded else eye

    def _network(self) -> PreTrainedModel:
        """The checkpoint, whose image tokens know nothing of one another."""
        network = NETWORKS[self.family].from_pretrained(checkpoint(self.family))
        if self.reduced_to:
            network.config.vision_aspect_ratio = f"anyres_max_{self.reduced_to}"
        _blind(network)
        return network


@attrs.frozen
class Seer:
    """What looks, and how."""

    case: Case
    eye: Any
    network: Any


def _blind(network: Any) -> None:
    """Take away what the blocks of the vision encoder say to one another."""
    outputs = ("out_proj", "o_proj", "projection_layer", "attn.proj", "o_proj.linear")
    named = dict(network.get_encoder(modality="image").named_modules())
    blocks = [module for name, module in named.items() if name.endswith(outputs)]
    assert blocks
    for block in blocks:
        for weights in block.parameters():
            torch.nn.init.zeros_(weights)


def impulses(seer: Seer, size: Size, cells: int = 6) -> Iterator[tuple[tuple[int, int], Box, bool]]:
    """Change one place at a time: its cell, its box, and whether that cell changed most."""
    layout, base = seer.case.layout(size), picture(size)
    tried = list(_places(layout, cells))
    shown = [base, *(_inverted(base, box) for _, box in tried)]
    batches = (shown[first : first + 8] for first in range(0, len(shown), 8))
    rows = torch.cat([_features(seer, batch) for batch in batches])  # pictures x tokens x width
    assert rows.shape[1] == layout.tokens
    by_cell = (rows[1:] - rows[0]).norm(dim=-1)[:, layout.cells.ravel()]
    for (cell, box), loudest in zip(tried, by_cell.argmax(-1).tolist(), strict=True):
        yield cell, box, divmod(loudest, layout.grid.shape[1]) == cell


@torch.no_grad()
def _features(seer: Seer, shown: Sequence[PIL.Image.Image]) -> Tensor:
    """Pictures x tokens x width, of each picture in its place among the others."""
    case = seer.case
    before, after = ([picture(size) for size in case.among[i::2]] for i in range(2))
    prompts = [[*before, one, *after] for one in shown]
    images: Any = prompts if case.among else list(shown)
    pixels = seer.eye(images, return_tensors="pt", **case.seen)
    for unused in ("num_crops", "image_num_crops", "num_patches", "num_soft_tokens_per_image"):
        pixels.pop(unused, None)
    found = seer.network.model.get_image_features(**pixels, return_dict=True).pooler_output
    one = torch.cat([part.reshape(-1, part.shape[-1]) for part in found])
    every = one.view(len(shown), -1, one.shape[-1])
    skipped = sum(case.layout(size).tokens for size in case.among[0::2])
    return every[:, skipped : skipped + case.layout(shown[0].size).tokens]


def _places(layout: Layout, cells: int) -> Iterator[tuple[tuple[int, int], Box]]:
    """The middle of some cells, and its quarters; resizing smears what is nearer to the edge."""
    rows, columns = layout.grid.shape
    dice = np.random.default_rng(0)
    corners = {(row, column) for row in (0, rows - 1) for column in (0, columns - 1)}
    others = [divmod(int(n), columns) for n in dice.permutation(rows * columns)[:cells]]
    for row, column in sorted({*corners, *others}):
        box = layout.grid.cell(row, column)
        x = np.round(box.left + np.array([0.2, 0.5, 0.8]) * box.width).tolist()
        y = np.round(box.top + np.array([0.2, 0.5, 0.8]) * box.height).tolist()
        for i, j, k, n in ((0, 0, 2, 2), (0, 0, 1, 1), (1, 0, 2, 1), (0, 1, 1, 2), (1, 1, 2, 2)):
            if x[k] - x[i] >= 2 and y[n] - y[j] >= 2:
                yield (row, column), Box(x[i], y[j], x[k], y[n])


def _inverted(base: PIL.Image.Image, box: Box) -> PIL.Image.Image:
    pixels: npt.NDArray[np.uint8] = np.array(base)
    left, top, right, bottom = box.whole_pixels()
    inside = pixels[top:bottom, left:right]
    inside[:] = np.where(inside > 127, 0, 255)
    return PIL.Image.fromarray(pixels)
