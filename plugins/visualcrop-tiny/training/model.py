"""Builds the networks, and runs parts of their forward pass for training."""

from __future__ import annotations

import math
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
import transformers as tf
from torch import Tensor

from visualcrop import errors

from .config import ModelSizes
from .prompt_dataset import MAX_TILES, PINPOINTS
from .tokenizer import BOS, EOS, IMAGE, PAD, VIDEO, VOCABULARY, token_id
from .vision_inputs import GRID, LLAVA, OUTSIDE, PATCH_SIDE, PIXEL_MEAN, PIXEL_STD, SIDE, TILE

_Network = TypeVar("_Network", bound=tf.PreTrainedModel)
_ATTENTION = "visualcrop-tiny"
_KEPT_ANYWAY = 0.06  # of the patches, whatever they show


def build_llava(sizes: ModelSizes) -> tf.LlavaForConditionalGeneration:
    """A LLaVA with random weights."""
    vision = tf.CLIPVisionConfig(
        hidden_size=sizes.hidden_size,
        intermediate_size=4 * sizes.hidden_size,
        num_hidden_layers=sizes.vision_layers,
        num_attention_heads=sizes.vision_heads,
        image_size=SIDE,
        patch_size=PATCH_SIDE,
        projection_dim=sizes.hidden_size,
    )
    text = tf.LlamaConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=sizes.hidden_size,
        intermediate_size=sizes.intermediate_size,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        num_key_value_heads=sizes.heads,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        pad_token_id=token_id(PAD),
        bos_token_id=token_id(BOS),
        eos_token_id=token_id(EOS),
    )
    config = tf.LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=token_id(IMAGE),
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        image_seq_length=GRID**2,
        tie_word_embeddings=True,
    )
    return use_training_attention(tf.LlavaForConditionalGeneration(config))


def load_base(base: Path) -> Any:
    """A trained LLaVA, in the folder *base*."""
    if not (base / "config.json").is_file():
        raise errors.ModelError(f"{base} holds no model; name a trained tiny with --base.")
    loaded: Any = tf.LlavaForConditionalGeneration.from_pretrained(
        base,
        dtype=torch.float32,
        output_loading_info=True,
        trust_remote_code=False,
        use_safetensors=True,
    )
    llava, loading = loaded
    if missing := sorted(loading["missing_keys"]):
        raise errors.ModelError(f"{base} lacks {missing[0]}; name a trained tiny with --base.")
    return llava if llava.config.vision_config.patch_size == PATCH_SIDE else _sharpen_eye(llava)


def _sharpen_eye(llava: Any) -> tf.LlavaForConditionalGeneration:
    """
    The same LLaVA for images of more pixels and as many patches.

    Its features of an image that is enlarged are those that it had of the image, as in FlexiViT
    (Beyer et al., 2023); what only the larger one shows is still to be learnt.
    """
    config, state = deepcopy(llava.config), llava.state_dict()
    before = config.vision_config.patch_size
    config.vision_config.image_size, config.vision_config.patch_size = SIDE, PATCH_SIDE
    back = torch.linalg.pinv(enlarge_patches(before))  # of as many pixels as before
    kernel = next(name for name in state if name.endswith("patch_embedding.weight"))
    resized = state[kernel].flatten(2) @ back.T
    state[kernel] = resized.unflatten(2, (PATCH_SIDE, PATCH_SIDE))
    network = tf.LlavaForConditionalGeneration(config)
    network.load_state_dict(state)
    return network


def enlarge_patches(side: int) -> Tensor:
    """What enlarges patches of side x side pixels to those of LLaVA's eye, pixels x pixels."""
    pixels = torch.eye(side**2).view(-1, 1, side, side)
    large = torch.nn.functional.interpolate(pixels, (PATCH_SIDE, PATCH_SIDE), mode="bicubic")
    return large.flatten(1)


def build_onevision(base: Path) -> tf.LlavaOnevisionForConditionalGeneration:
    """A LLaVA-OneVision with the weights of a trained LLaVA, in the folder *base*."""
    llava = load_base(base)
    vision = deepcopy(llava.config.vision_config)
    vision.image_size = TILE.side
    config = tf.LlavaOnevisionConfig(
        vision_config=vision,
        text_config=llava.config.text_config,
        image_token_index=token_id(IMAGE),
        video_token_index=token_id(VIDEO),
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        vision_aspect_ratio=f"anyres_max_{MAX_TILES}",
        image_grid_pinpoints=PINPOINTS,
        tie_word_embeddings=True,
    )
    network = use_training_attention(tf.LlavaOnevisionForConditionalGeneration(config))
    torch.nn.init.zeros_(network.model.image_newline)
    newline = {"model.image_newline": network.model.image_newline}
    state = llava.state_dict() | newline
    place = next(name for name in state if name.endswith("position_embedding.weight"))
    state[place] = _resize_positions(state[place])
    network.load_state_dict(state)
    return network


def _resize_positions(embedding: Tensor) -> Tensor:
    """Position embeddings of LLaVA's grid on that of a tile; [CLS] keeps its own."""
    grid = embedding[1:].T.reshape(1, -1, LLAVA.grid, LLAVA.grid)
    resized = torch.nn.functional.interpolate(
        grid, (TILE.grid, TILE.grid), mode="bicubic", antialias=True
    )
    return torch.cat([embedding[:1], resized.flatten(2)[0].T])


def use_training_attention(network: _Network) -> _Network:
    """Have plain products for attention, which trains faster on a CPU."""
    tf.AttentionInterface.register(_ATTENTION, _attend)
    network.set_attn_implementation(_ATTENTION)
    return network


def _attend(  # noqa: PLR0913, PLR0917 - the signature of transformers' attention functions
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **kwargs: object,
) -> tuple[Tensor, None]:
    """
    Attention without dropout, for training: query, key and value are B x H x T x D.

    Plain products, forward and backward in a quarter to a half of the time that torch 2.x's
    `scaled_dot_product_attention` takes on a CPU core, in bfloat16 and at these sizes.
    """
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = (query * scale) @ key.mT
    if attention_mask is not None:
        scores = scores + attention_mask
    attended = scores.softmax(-1).to(value.dtype) @ value
    return attended.transpose(1, 2).contiguous(), None


def get_vision_tower(network: Any) -> Any:
    """The vision tower's own modules, wherever this release of transformers has them."""
    tower = network.model.vision_tower
    return getattr(tower, "vision_model", tower)


def get_decoder(network: Any) -> Any:
    """The language model without its head."""
    return network.model.language_model


@torch.no_grad()
def tie_values(network: Any) -> None:
    """
    Make each layer's output projection of attention that of its values, transposed.

    Both become their mean, so that steps taken along either are taken along both.
    """
    for layer in get_decoder(network).layers:
        values, output = layer.self_attn.v_proj.weight, layer.self_attn.o_proj.weight
        values.copy_((values + output.T) / 2)
        output.copy_(values.T)


def compile_layers(network: Any) -> None:
    """Compile each layer separately: a minute at the start, for a fifth less time per step."""
    for layer in (*get_vision_tower(network).encoder.layers, *get_decoder(network).layers):
        layer.compile(dynamic=False)


def normalize_pixels(images: npt.NDArray[np.uint8], device: str) -> Tensor:
    """Scale and normalize uint8 pixels as the image processor does: B x 3 x height x width."""
    return _scale(torch.from_numpy(images).to(device).permute(0, 3, 1, 2))


def normalize_patches(
    images: npt.NDArray[np.uint8], kept: Tensor, side: int = PATCH_SIDE
) -> Tensor:
    """The same of the *kept* patches alone, B x kept x pixels x 3: no others are computed."""
    batch, grid = len(images), images.shape[1] // side
    cells = images.reshape(batch, grid, side, grid, side, 3)
    rows, columns = np.divmod(kept.numpy(force=True), grid)
    chosen = cells[np.arange(batch)[:, None], rows, :, columns]
    return _scale(torch.from_numpy(chosen).to(kept.device).flatten(2, 3))


def _scale(pixels: Tensor) -> Tensor:
    return pixels.float().mul_(1 / (255 * PIXEL_STD)).sub_(PIXEL_MEAN / PIXEL_STD)


def jitter_brightness(images: Tensor) -> Tensor:
    """Give each of B images a random contrast and brightness, in place."""
    factor, shift = torch.randn(2, len(images), 1, 1, 1, device=images.device) * 0.1
    return images.mul_(1 + factor).add_(shift)


def select_patches(labels: Tensor, count: int) -> Tensor:
    """
    Sorted indices of *count* patches of each image to encode, B x count.

    Patches that show things are preferred, then their neighbours, then random others; some of any
    kind come first, so that a picture full of things keeps what lies between them. *labels* are
    B x kinds x patches, first those of names.
    """
    things = ((labels[:, 0] != 0) & (labels[:, 0] != OUTSIDE)).float()
    side = math.isqrt(things.shape[1])
    near = torch.nn.functional.max_pool2d(things.view(-1, 1, side, side), 3, 1, 1).flatten(1)
    anyway = torch.rand_like(near) < _KEPT_ANYWAY
    score = torch.rand_like(near) + near + 2 * things + 4 * anyway
    score -= 9 * (labels[:, 0] == OUTSIDE)
    return score.topk(count, 1).indices.sort(1).values


def index_all_patches(labels: Tensor) -> Tensor:
    """Indices of all patches of each image, B x patches; *labels* are B x kinds x patches."""
    return torch.arange(labels.shape[2], device=labels.device).expand(len(labels), -1)


def gather_labels(labels: Tensor, kept: Tensor) -> Tensor:
    """Labels, B x kinds x patches, of the *kept* patches alone."""
    return labels.gather(2, kept[:, None].expand(-1, labels.shape[1], -1))


def encode_images(network: Any, images: Tensor) -> Tensor:
    """Features of B x 3 x side x side in the decoder's space, B x patches x hidden."""
    return _encode(network, get_vision_tower(network).embeddings(images))


def encode_patches(network: Any, patches: Tensor, kept: Tensor) -> Tensor:
    """Features of these patches of images alone, as `normalize_patches` has them."""
    embeddings = get_vision_tower(network).embeddings
    kernel, positions = embeddings.patch_embedding.weight, embeddings.position_embedding.weight
    embedded = patches.flatten(2) @ kernel.permute(2, 3, 1, 0).flatten(0, 2) + positions[1 + kept]
    first = (embeddings.class_embedding + positions[0]).expand(len(patches), 1, -1)
    return _encode(network, torch.cat([first.to(embedded.dtype), embedded], 1))


def _encode(network: Any, tokens: Tensor) -> Tensor:
    tower = get_vision_tower(network)
    hidden = tower.encoder(inputs_embeds=tower.pre_layrnorm(tokens)).last_hidden_state
    features: Tensor = network.model.multi_modal_projector(hidden[:, 1:])
    return features


def apply_logit_lens(network: Any, hidden: Tensor) -> Tensor:
    """Logits of hidden states of any layer, ... x hidden to ... x vocabulary."""
    logits: Tensor = network.lm_head(get_decoder(network).norm(hidden))
    return logits


def build_attention_mask(prefix: Tensor, segments: Tensor, dtype: torch.dtype) -> Tensor:
    """
    The additive mask of prefixes with questions packed behind them, B x 1 x T x T.

    Causal; a token sees the prefix and its own question only.

    Args:
        prefix: True where there is a token, B x prefix.
        segments: The question that each token belongs to, 0 for padding, B x text.
        dtype: The data type of the mask.
    """
    size = prefix.shape[1] + segments.shape[1]
    rows = torch.arange(size, device=segments.device)
    own = torch.nn.functional.pad(segments, (prefix.shape[1], 0))
    same_question = (own[:, :, None] == own[:, None]) & (own[:, :, None] > 0)
    in_prefix = torch.nn.functional.pad(prefix, (0, segments.shape[1]))[:, None]
    itself = torch.eye(size, dtype=torch.bool, device=segments.device)  # no row is all masked
    visible = (rows[:, None] >= rows) & (in_prefix | same_question) | itself
    mask = torch.zeros(len(segments), 1, size, size, dtype=dtype, device=segments.device)
    return mask.masked_fill_(~visible[:, None], -1e9)


def run_decoder(  # noqa: PLR0913, PLR0917 - a prefix in three tensors, and the text behind it
    network: Any,
    prefix: Tensor,
    mask: Tensor,
    positions: Tensor,
    text: dict[str, Tensor],
    text_position: Tensor | int,
) -> Any:
    """
    Run the decoder over prefixes with questions packed behind them.

    Args:
        network: The LLaVA or LLaVA-OneVision.
        prefix: Input embeddings, B x prefix x hidden.
        mask: True where the prefix has a token, B x prefix.
        positions: Positions of the prefix's tokens, B x prefix, or 3 x B x prefix for M-RoPE.
        text: The fields of `PackedQuestions`, B x text each.
        text_position: Position of the first token of every question, B x 1, or one for all.
    """
    embedded = network.get_input_embeddings()(text["ids"]).to(prefix.dtype)
    return get_decoder(network)(
        inputs_embeds=torch.cat([prefix, embedded], 1),
        attention_mask=build_attention_mask(mask, text["segments"], prefix.dtype),
        position_ids=_append(positions, text_position + text["positions"]),
        use_cache=False,
        output_hidden_states=True,
    )


def _append(positions: Tensor, text: Tensor) -> Tensor:
    """Positions of the prefix and of the text, which has the same in all dimensions."""
    return torch.cat([positions, text.expand(*positions.shape[:-1], -1)], -1)
