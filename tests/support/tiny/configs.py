"""Configurations as on the hub, with a few hundred thousand weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import transformers as tf
from transformers import PreTrainedConfig, PreTrainedTokenizerFast

from tests.support.tiny import sizes
from tests.support.tiny.tiled import TILED

LAYERS = 4
_EYE: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
_MROPE = {
    "qwen2-5-vl": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e6},
    "qwen3-vl": {
        "rope_type": "default",
        "mrope_section": [4, 2, 2],
        "mrope_interleaved": True,
        "rope_theta": 5e6,
    },
}


def make_config(family: str, tokenizer: PreTrainedTokenizerFast) -> PreTrainedConfig:
    """The whole network's configuration."""
    side, patch = sizes.EYES[family]
    eye = _EYE | {"image_size": side, "patch_size": patch}
    config = _MAKE[family](eye, _text(tokenizer), tokenizer.convert_tokens_to_ids)
    config.dtype = "float32"
    return config


def _text(tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }


def _clip(eye: dict[str, Any]) -> PreTrainedConfig:
    return tf.CLIPVisionConfig(**eye | {"num_hidden_layers": 3, "projection_dim": 32})


def _llava(eye: dict[str, Any], text: dict[str, Any], token: Any) -> PreTrainedConfig:
    return tf.LlavaConfig(
        vision_config=_clip(eye),
        text_config=tf.LlamaConfig(**text | {"num_key_value_heads": 4}),
        image_token_index=token("<image>"),
        image_seq_length=(eye["image_size"] // eye["patch_size"]) ** 2,
        tie_word_embeddings=False,
    )


def _llava_next(eye: dict[str, Any], text: dict[str, Any], token: Any) -> PreTrainedConfig:
    return tf.LlavaNextConfig(
        vision_config=_clip(eye),
        text_config=tf.MistralConfig(**text, sliding_window=None),
        image_token_index=token("<image>"),
        image_grid_pinpoints=sizes.PINPOINTS["llava-next"],
        tie_word_embeddings=False,
    )


def _llava_onevision(eye: dict[str, Any], text: dict[str, Any], token: Any) -> PreTrainedConfig:
    return tf.LlavaOnevisionConfig(
        vision_config=tf.SiglipVisionConfig(**eye, vision_use_head=False),
        text_config=tf.Qwen2Config(**text),
        image_token_index=token("<image>"),
        video_token_index=token("<video>"),
        image_grid_pinpoints=sizes.PINPOINTS["llava-onevision"],
        vision_aspect_ratio="anyres_max_9",
        tie_word_embeddings=False,
    )


def _qwen_tokens(token: Any) -> dict[str, Any]:
    return {
        "image_token_id": token("<|image_pad|>"),
        "video_token_id": token("<|video_pad|>"),
        "vision_start_token_id": token("<|vision_start|>"),
        "vision_end_token_id": token("<|vision_end|>"),
    }


def _qwen_eye(eye: dict[str, Any], *, depth: int) -> dict[str, Any]:
    return {
        "depth": depth,
        "hidden_size": eye["hidden_size"],
        "intermediate_size": eye["intermediate_size"],
        "num_heads": eye["num_attention_heads"],
        "patch_size": eye["patch_size"],
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "out_hidden_size": 64,
    }


def _qwen2_5_vl(eye: dict[str, Any], text: dict[str, Any], token: Any) -> PreTrainedConfig:
    windows = {"window_size": eye["image_size"], "fullatt_block_indexes": [1]}
    return tf.Qwen2_5_VLConfig(
        vision_config=_qwen_eye(eye, depth=2) | windows,
        text_config=text | {"rope_parameters": _MROPE["qwen2-5-vl"]},
        tie_word_embeddings=False,
        **_qwen_tokens(token),
    )


def _qwen3_vl(eye: dict[str, Any], text: dict[str, Any], token: Any) -> PreTrainedConfig:
    places = (eye["image_size"] // eye["patch_size"]) ** 2
    stacked = {"num_position_embeddings": places, "deepstack_visual_indexes": [0, 1]}
    return tf.Qwen3VLConfig(
        vision_config=_qwen_eye(eye, depth=3) | stacked,
        text_config=text | {"head_dim": 16, "rope_parameters": _MROPE["qwen3-vl"]},
        tie_word_embeddings=False,
        **_qwen_tokens(token),
    )


def _gemma3(eye: dict[str, Any], text: dict[str, Any], token: Any) -> PreTrainedConfig:
    layers = ["sliding_attention"] * (LAYERS - 1) + ["full_attention"]
    return tf.Gemma3Config(
        text_config=tf.Gemma3TextConfig(
            **text, head_dim=16, sliding_window=16, query_pre_attn_scalar=16, layer_types=layers
        ),
        vision_config=tf.SiglipVisionConfig(**eye, vision_use_head=False),
        mm_tokens_per_image=sizes.SEEN["gemma3"],
        boi_token_index=token("<start_of_image>"),
        eoi_token_index=token("<end_of_image>"),
        image_token_index=token("<image_soft_token>"),
    )


def _internvl(eye: dict[str, Any], text: dict[str, Any], token: Any) -> PreTrainedConfig:
    return tf.InternVLConfig(
        vision_config=tf.InternVLVisionConfig(**eye, attention_bias=True),
        text_config=tf.Qwen2Config(**text),
        image_token_id=token("<IMG_CONTEXT>"),
        image_seq_length=sizes.SEEN["internvl"],
        downsample_ratio=0.5,
    )


def _instructblip(eye: dict[str, Any], text: dict[str, Any], token: Any) -> PreTrainedConfig:
    return tf.InstructBlipConfig(
        vision_config=tf.InstructBlipVisionConfig(**eye, initializer_range=0.02),
        qformer_config=tf.InstructBlipQFormerConfig(
            **_EYE, vocab_size=1000, encoder_hidden_size=eye["hidden_size"]
        ),
        text_config=tf.LlamaConfig(**text | {"num_key_value_heads": 4}),
        num_query_tokens=sizes.SEEN["instructblip"],
        image_token_index=token("<image>"),
    )


_MAKE: dict[str, Callable[[dict[str, Any], dict[str, Any], Any], PreTrainedConfig]] = {
    "llava": _llava,
    "llava-next": _llava_next,
    "llava-onevision": _llava_onevision,
    "qwen2-5-vl": _qwen2_5_vl,
    "qwen3-vl": _qwen3_vl,
    "gemma3": _gemma3,
    "internvl": _internvl,
    "instructblip": _instructblip,
    **{name: family.config for name, family in TILED.items()},
}
