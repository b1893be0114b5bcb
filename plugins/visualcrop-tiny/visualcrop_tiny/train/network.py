"""The network, fresh, and the parts of it that training takes hold of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from visualcrop import errors

from ..speech import BOS, EOS, IMAGE, PAD, VIDEO, WORDS
from ..views import GRID, PATCH, PIXEL_MEAN, PIXEL_STD, SIDE
from ..views.sheets import PINPOINTS, TILES
from .attending import NAME, register

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor
    from transformers import (
        LlavaForConditionalGeneration,
        LlavaOnevisionForConditionalGeneration,
        PreTrainedModel,
    )

    from .config import Sizes

_N = TypeVar("_N", bound="PreTrainedModel")


def fresh(sizes: Sizes) -> LlavaForConditionalGeneration:
    """A network of LLaVA's layout with random weights."""
    import transformers as tf

    eye = tf.CLIPVisionConfig(
        hidden_size=sizes.width,
        intermediate_size=4 * sizes.width,
        num_hidden_layers=sizes.eye_layers,
        num_attention_heads=sizes.eye_heads,
        image_size=SIDE,
        patch_size=PATCH,
        projection_dim=sizes.width,
    )
    text = tf.LlamaConfig(
        vocab_size=len(WORDS),
        hidden_size=sizes.width,
        intermediate_size=sizes.inner,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        num_key_value_heads=sizes.heads,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        pad_token_id=WORDS.index(PAD),
        bos_token_id=WORDS.index(BOS),
        eos_token_id=WORDS.index(EOS),
    )
    config = tf.LlavaConfig(
        vision_config=eye,
        text_config=text,
        image_token_index=WORDS.index(IMAGE),
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        image_seq_length=GRID**2,
        tie_word_embeddings=True,
    )
    return _attending(tf.LlavaForConditionalGeneration(config))


def onevision(base: Path) -> LlavaOnevisionForConditionalGeneration:
    """A network of OneVision's layout that starts from a trained one of LLaVA's."""
    import torch
    import transformers as tf

    if not (base / "config.json").is_file():
        raise errors.ModelError(f"{base} holds no model; name a trained tiny with --base.")
    loaded: Any = tf.LlavaForConditionalGeneration.from_pretrained(
        base,
        dtype=torch.float32,
        output_loading_info=True,
        trust_remote_code=False,
        use_safetensors=True,
    )
    old, told = loaded
    if missing := sorted(told["missing_keys"]):
        raise errors.ModelError(f"{base} lacks {missing[0]}; name a trained tiny with --base.")
    config = tf.LlavaOnevisionConfig(
        vision_config=old.config.vision_config,
        text_config=old.config.text_config,
        image_token_index=WORDS.index(IMAGE),
        video_token_index=WORDS.index(VIDEO),
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        vision_aspect_ratio=f"anyres_max_{TILES}",
        image_grid_pinpoints=PINPOINTS,
        tie_word_embeddings=True,
    )
    made = _attending(tf.LlavaOnevisionForConditionalGeneration(config))
    torch.nn.init.zeros_(made.model.image_newline)
    newline = {"model.image_newline": made.model.image_newline}
    made.load_state_dict(old.state_dict() | newline)
    return made


def _attending(network: _N) -> _N:
    """The same network, its attention that for training."""
    register()
    network.set_attn_implementation(NAME)
    return network


def pixels(images: Any, device: str) -> Tensor:
    """Images as the processor gives them, from whole numbers."""
    import torch

    raw = torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float()
    return (raw / 255 - PIXEL_MEAN) / PIXEL_STD


def tower(network: Any) -> Any:
    """The vision tower's own modules, wherever this release of transformers has them."""
    tower = network.model.vision_tower
    return getattr(tower, "vision_model", tower)


def compiled(network: Any) -> None:
    """Have torch compile the layers: a minute of work that saves a fifth of each step."""
    for layer in (*tower(network).encoder.layers, *network.model.language_model.layers):
        layer.compile(dynamic=False)


def seen(network: Any, images: Tensor, kept: Tensor | None = None) -> Tensor:
    """Image tokens of *images*; of the patches *kept* alone, if they are named."""
    import torch

    eye = tower(network)
    tokens = eye.embeddings(images)
    if kept is not None:
        index = kept[..., None].expand(-1, -1, tokens.shape[-1])
        tokens = torch.cat([tokens[:, :1], tokens[:, 1:].gather(1, index)], 1)
    hidden = eye.encoder(inputs_embeds=eye.pre_layrnorm(tokens)).last_hidden_state
    projected: Tensor = network.model.multi_modal_projector(hidden[:, 1:])
    return projected


def spotted(network: Any, features: Tensor) -> Tensor:
    """What word each image token would be, were it read out at once."""
    words: Tensor = network.lm_head(network.model.language_model.norm(features))
    return words
