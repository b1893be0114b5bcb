"""Prompts with several images, up to the question: their tokens and their positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from .collate import PROMPT_START
from .prompt_dataset import ImagePrompt, PromptImage
from .tokenizer import PAD, encode_lines, token_id

Array = npt.NDArray[Any]
WORD, PATCH_TOKEN, NEWLINE = range(3)


@attrs.frozen(eq=False)
class PromptPrefixes:
    """Prompts with several images each, up to the question: B x prefix, padded on the right."""

    kinds: Tensor  # WORD, PATCH_TOKEN or NEWLINE
    values: Tensor  # a word's id, or a patch's row in the batch's image features
    positions: Tensor  # with gaps where patches were dropped
    mask: Tensor  # True where there is a token
    lengths: Tensor  # B: tokens before any patch was dropped, so the question's first position


def collate_prefixes(prompts: Sequence[ImagePrompt], kept: Tensor, device: str) -> PromptPrefixes:
    """
    Lay out the prompts' tokens, with image tokens for the *kept* patches only.

    Args:
        prompts: The images are inputs of the vision tower, in the order of the prompts.
        kept: Indices of the patches that are encoded, inputs x kept.
        device: The device of the result.
    """
    rows, start = [], 0
    for prompt in prompts:
        inputs = sum(len(image.jpegs) for image in prompt.images)
        own = kept.numpy(force=True)[start : start + inputs]
        rows.append(_lay_out(prompt, own, start * kept.shape[1]))
        start += inputs
    kinds, values, positions, lengths = zip(*rows, strict=True)

    def pad(field: Sequence[Array], value: int) -> Tensor:
        tensors = [torch.from_numpy(array) for array in field]
        return pad_sequence(tensors, batch_first=True, padding_value=value).to(device)

    mask = [np.ones(len(row), bool) for row in kinds]
    return PromptPrefixes(
        pad(kinds, WORD),
        pad(values, token_id(PAD)),
        pad(positions, 0),
        pad(mask, 0),
        torch.tensor(lengths, device=device),
    )


def _lay_out(prompt: ImagePrompt, kept: Array, first_row: int) -> tuple[Array, Array, Array, int]:
    """Kinds, values and positions of a prompt's tokens, and its length before any was dropped."""
    tokens = [(np.full(2, WORD), np.array(PROMPT_START), np.arange(2))]
    position, start = len(PROMPT_START), 0
    for part in prompt.parts:
        if isinstance(part, str):
            ids = np.array(encode_lines(part))
            tokens.append((np.full(len(ids), WORD), ids, position + np.arange(len(ids))))
            position += len(ids)
        else:
            image = prompt.images[part]
            stop = start + len(image.jpegs)
            row = first_row + start * kept.shape[1]
            tokens += _lay_out_image(image, kept[start:stop], row, position)
            position, start = position + image.length, stop
    kinds, values, positions = (np.concatenate(field) for field in zip(*tokens, strict=True))
    order = positions.argsort(kind="stable")
    return kinds[order], values[order], positions[order], position


def _lay_out_image(
    image: PromptImage, kept: Array, first_row: int, position: int
) -> list[tuple[Array, Array, Array]]:
    """Kinds, values and positions of an image's patches, and of its newlines."""
    offsets = np.take_along_axis(image.positions, kept, 1)
    rows = first_row + np.arange(kept.size).reshape(kept.shape)
    present = offsets >= 0
    newlines = len(image.newlines)
    return [
        (np.full(present.sum(), PATCH_TOKEN), rows[present], position + offsets[present]),
        (np.full(newlines, NEWLINE), np.zeros(newlines, int), position + image.newlines),
    ]
