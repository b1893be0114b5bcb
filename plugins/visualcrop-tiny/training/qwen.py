"""Qwen2.5-VL's layout: its network, and a forward pass of the parts of an image that are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers as tf
from torch import Tensor

from .collate import PackedQuestions
from .config import Config, ModelSizes, find_base
from .losses import DecoderOutput
from .model import (
    encode_patches,
    gather_labels,
    jitter_brightness,
    load_base,
    normalize_patches,
    run_decoder,
    select_patches,
    use_training_attention,
)
from .modules import Encoded, Indices, LlavaModule, load_inputs
from .native_dataset import TOKEN_SIDE, WIDE
from .qwen_eye import PATCH, take_over_eye
from .tokenizer import BOS, EOS, IMAGE, PAD, VIDEO, VISION_END, VISION_START, VOCABULARY, token_id
from .vision_inputs import GRID, OUTSIDE

_WINDOW = 4 * TOKEN_SIDE  # pixels on a side of a window of attention
_START = (token_id(BOS), token_id("USER:"), token_id(VISION_START))


def build_qwen(sizes: ModelSizes) -> tf.Qwen2_5_VLForConditionalGeneration:
    """A Qwen2.5-VL with random weights."""
    hidden, head = sizes.hidden_size, sizes.hidden_size // sizes.heads
    config = tf.Qwen2_5_VLConfig(
        vision_config={
            "depth": sizes.vision_layers,
            "hidden_size": hidden,
            "intermediate_size": 4 * hidden,
            "num_heads": sizes.vision_heads,
            "patch_size": PATCH,
            "spatial_merge_size": 2,
            "window_size": _WINDOW,
            "out_hidden_size": hidden,
            "fullatt_block_indexes": [*range(2, sizes.vision_layers, 3)],
        },
        text_config={
            "vocab_size": len(VOCABULARY),
            "hidden_size": hidden,
            "intermediate_size": sizes.intermediate_size,
            "num_hidden_layers": sizes.layers,
            "num_attention_heads": sizes.heads,
            "num_key_value_heads": sizes.heads,
            "max_position_embeddings": 8192,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10_000.0,
                "mrope_section": [head // 6] * 3,
            },
            "pad_token_id": token_id(PAD),
            "bos_token_id": token_id(BOS),
            "eos_token_id": token_id(EOS),
            "tie_word_embeddings": True,
        },
        image_token_id=token_id(IMAGE),
        video_token_id=token_id(VIDEO),
        vision_start_token_id=token_id(VISION_START),
        vision_end_token_id=token_id(VISION_END),
        tie_word_embeddings=True,
    )
    return use_training_attention(tf.Qwen2_5_VLForConditionalGeneration(config))


def build_from_llava(sizes: ModelSizes, base: Path) -> tf.Qwen2_5_VLForConditionalGeneration:
    """The same, with words, decoder and eye of a trained LLaVA; its queries have biases of zero."""
    network, llava = build_qwen(sizes), load_base(base)
    own = network.state_dict()
    for name, weights in llava.state_dict().items():
        if "language_model" in name or name == "lm_head.weight":
            own[name].copy_(weights)
    for name, weights in own.items():
        if "language_model" in name and name.endswith("bias"):
            weights.zero_()
    take_over_eye(network.model.visual, llava)
    return network


def encode_tokens(
    network: Any,
    pixels: Tensor,
    rows: Tensor,
    columns: Tensor,
    run_block: Callable[..., Tensor] | None = None,
) -> Tensor:
    """
    Image features in the decoder's space, B x tokens x hidden, of some tokens of each image.

    Args:
        network: The Qwen2.5-VL.
        pixels: Of the tokens, B x tokens x pixels x 3, as `normalize_patches` has them.
        rows: Where the tokens are in the image, B x tokens.
        columns: The same.
        run_block: A compiled `_run_block`, if there is one.
    """
    tower, (batch, count) = network.model.visual, rows.shape
    kernel = tower.patch_embed.proj.weight.sum(2)  # a still lasts two frames
    hidden = _cut(pixels) @ kernel.flatten(1).T
    within = torch.arange(4, device=rows.device)
    places = torch.stack(
        [2 * rows[..., None] + within // 2, 2 * columns[..., None] + within % 2], -1
    ).flatten(1, 2)  # B x patches x 2
    windows = (places // (_WINDOW // PATCH)).float() @ torch.tensor([1000.0, 1.0])
    same = windows[:, :, None] == windows[:, None]
    mask = torch.zeros(same.shape, dtype=hidden.dtype).masked_fill(~same, -1e9)[:, None]
    cos, sin = (
        some.view(batch, 1, 4 * count, -1)
        for some in tower.rotary_pos_emb(hidden, places.flatten(0, 1))
    )
    run = run_block or _run_block
    for number, block in enumerate(tower.blocks):
        whole = number in tower.fullatt_block_indexes
        hidden = run(block, hidden, cos, sin, None if whole else mask)
    features: Tensor = tower.merger(hidden.flatten(0, 1)).view(batch, count, -1)
    return features


def _cut(pixels: Tensor) -> Tensor:
    """Four patches of each token, as the image processor orders them: B x patches x pixels."""
    cells = pixels.view(*pixels.shape[:2], 2, PATCH, 2, PATCH, 3)
    ordered = cells.permute(0, 1, 2, 4, 6, 3, 5)  # B, tokens, rows, columns, C, height, width
    return ordered.flatten(4).flatten(1, 3)


def _run_block(block: Any, hidden: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None) -> Tensor:
    """A layer of the tower: B x patches x hidden."""
    hidden = hidden + _attend(block.attn, block.norm1(hidden), cos, sin, mask)
    after: Tensor = hidden + block.mlp(block.norm2(hidden))
    return after


def _attend(attn: Any, hidden: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None) -> Tensor:
    """Attention of a block, with rotated queries and keys: B x patches x hidden."""
    batch, count, _ = hidden.shape
    query, key, value = (
        attn.qkv(hidden).view(batch, count, 3, attn.num_heads, -1).permute(2, 0, 3, 1, 4)
    )
    query, key = (_rotate(some, cos, sin) for some in (query, key))
    scores = (query * attn.scaling) @ key.mT
    if mask is not None:
        scores = scores + mask
    attended = scores.softmax(-1).to(value.dtype) @ value
    projected: Tensor = attn.proj(attended.transpose(1, 2).flatten(2))
    return projected


def _rotate(some: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    one, other = some.float().chunk(2, -1)
    return (some.float() * cos + torch.cat([-other, one], -1) * sin).to(some.dtype)


class QwenModule(LlavaModule):
    """Qwen2.5-VL, with the decoder of a trained LLaVA, and a vision tower of its own."""

    dataset: Any
    grid = WIDE.grid
    cell = TOKEN_SIDE
    _teachers: Sequence[Any] = ()  # in a list they are no part of the module
    _compiled: Callable[..., Tensor] | None = None

    def build(self, config: Config) -> Any:
        """The network before it is trained."""
        return build_from_llava(config.model, find_base(config.base))

    def prepare(self, stage: str) -> None:
        """The eye of the base teaches the first stage, if the config says so."""
        super().prepare(stage)
        self._teachers = []
        if stage == "pretrain" and self.config.losses.taught:
            teacher = use_training_attention(load_base(find_base(self.config.base)))
            teacher.eval().requires_grad_(False)
            self._teachers = [teacher.to(self.device)]

    def compile_layers(self) -> None:
        """Compile the vision tower's."""
        self._compiled = torch.compile(_run_block, dynamic=False)

    def choose_full(self, indices: Indices) -> Indices:
        """Those of one part of the dataset, whose images have about as many tokens."""
        parts = self.dataset.split(indices)
        most = max(len(own) for _, own in parts)
        first = parts[0][1]
        start = 0 if len(first) == most else len(first)
        return super().choose_full(indices[start : start + most])

    def encode(self, indices: Indices, patches: int) -> Encoded:
        """Features of so many tokens, or of all that every image of the batch has."""
        pixels, found, places, starts = [], [], [], []
        for part, own in self.dataset.split(indices):
            images, labels = load_inputs(part, own, self.device)
            count = patches or int((labels[:, 0] != OUTSIDE).sum(1).min())
            kept, grid = select_patches(labels, count), part.frame.grid
            pixels.append(normalize_patches(images, kept))
            found.append(gather_labels(labels, kept))
            places.append(torch.stack([kept // grid, kept % grid]))
            starts += [(GRID - grid) // 2] * len(own)
        seen, (rows, columns) = jitter_brightness(torch.cat(pixels)), torch.cat(places, 1)
        run = self._compiled if patches else None  # else each batch has another shape
        features = encode_tokens(self.network, seen, rows, columns, run)
        in_middle = torch.tensor(starts, device=self.device)[:, None]
        taught = [
            _ask(teacher, seen, rows + in_middle, columns + in_middle) for teacher in self._teachers
        ]
        return Encoded(features, torch.cat(found), rows * self.grid + columns, *taught)

    def decode(self, encoded: Encoded, questions: PackedQuestions) -> DecoderOutput:
        """Run the decoder over each image, at its rows and columns, with its questions behind."""
        first, batch = len(_START), len(encoded.features)
        embed, dtype = self.network.get_input_embeddings(), encoded.features.dtype
        start, end = (
            embed(torch.tensor(ids, device=self.device)).to(dtype).expand(batch, -1, -1)
            for ids in (_START, (token_id(VISION_END),))
        )
        prefix = torch.cat([start, encoded.features, end], 1)
        rows, columns = encoded.kept // self.grid, encoded.kept % self.grid
        after = first + 1 + torch.maximum(rows, columns).amax(1, keepdim=True)
        image = torch.stack([torch.zeros_like(rows), rows, columns]) + first
        before = torch.arange(first, device=self.device).expand(3, batch, -1)
        positions = torch.cat([before, image, after.expand(3, -1, -1)], 2)
        mask = torch.ones(prefix.shape[:2], dtype=torch.bool, device=self.device)
        text = questions.to_tensors(self.device)
        out = run_decoder(self.network, prefix, mask, positions, text, after + 1)
        length = prefix.shape[1]
        index = np.s_[:, first : length - 1], np.s_[:, length:]
        return DecoderOutput(out, *index, text, encoded.labels, encoded.places(self.grid))


@torch.no_grad()
def _ask(teacher: Any, pixels: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Features by a LLaVA of tokens at these places of its input, or nearest to them."""
    rows, columns = (at.clamp(0, GRID - 1) for at in (rows, columns))
    return encode_patches(teacher, pixels, rows * GRID + columns)
