"""Configurations as on the hub, with a few hundred thousand weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import transformers as tf
from transformers import PreTrainedConfig, PreTrainedTokenizerFast

from tests.support.tiny import sizes
from tests.support.tiny.native import NATIVE
from tests.support.tiny.tiled import TILED
from visualcrop.models.base import Capture

LAYERS = 4
# Layers with keys and values of their own, and layers that attend, where these are not all.
KV_LAYERS = {"qwen3-5": (1, 3), "gemma4": (0, 1), "lfm2-vl": (1, 3), "minicpm-v": (1, 3)}
ATTENTION_LAYERS = {"qwen3-5": (1, 3), "lfm2-vl": (1, 3), "minicpm-v": (1, 3)}
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


def having(family: str, capture: Capture) -> Capture:
    """*capture*, of those of its layers that have in this family what is captured."""

    def keep(layers: tuple[int, ...], known: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
        return tuple(n for n in layers if n in known.get(family, range(LAYERS)))

    return attrs.evolve(
        capture,
        values=keep(capture.values, KV_LAYERS),
        keys=keep(capture.keys, KV_LAYERS),
        attention=keep(capture.attention, ATTENTION_LAYERS),
        gradients=keep(capture.gradients, ATTENTION_LAYERS),
    )


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


def _qwen3_5_text(text: dict[str, Any], layers: list[str]) -> dict[str, Any]:
    rope = _MROPE["qwen3-vl"] | {"partial_rotary_factor": 0.5}
    return text | {
        "head_dim": 32,
        "rope_parameters": rope,
        "layer_types": layers,
        "linear_key_head_dim": 16,
        "linear_value_head_dim": 8,
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 4,
    }


def _qwen3_5(eye: dict[str, Any], text: dict[str, Any], token: Any) -> PreTrainedConfig:
    places = (eye["image_size"] // eye["patch_size"]) ** 2
    return tf.Qwen3_5Config(
        vision_config=_qwen_eye(eye, depth=2) | {"num_position_embeddings": places},
        text_config=_qwen3_5_text(text, ["linear_attention", "full_attention"] * 2),
        **_qwen_tokens(token),
    )


def _qwen3_5_moe(eye: dict[str, Any], text: dict[str, Any], token: Any) -> PreTrainedConfig:
    places = (eye["image_size"] // eye["patch_size"]) ** 2
    layers = ["linear_attention", "linear_attention", "full_attention", "linear_attention"]
    experts = {
        "moe_intermediate_size": 32,
        "shared_expert_intermediate_size": 32,
        "num_experts": 4,
        "num_experts_per_tok": 2,
    }
    return tf.Qwen3_5MoeConfig(
        vision_config=_qwen_eye(eye, depth=2) | {"num_position_embeddings": places},
        text_config=_qwen3_5_text(text, layers) | experts,
        **_qwen_tokens(token),
    )


def _gemma4_eye(eye: dict[str, Any]) -> dict[str, Any]:
    heads = eye["num_attention_heads"]
    return {name: eye[name] for name in eye if name != "image_size"} | {
        "num_key_value_heads": heads,
        "head_dim": eye["hidden_size"] // heads,
        "pooling_kernel_size": sizes.POOLED,
        "position_embedding_size": eye["image_size"] // eye["patch_size"],
    }


def _gemma4_tokens(token: Any) -> dict[str, Any]:
    return {
        "boi_token_id": token("<|image>"),
        "eoi_token_id": token("<image|>"),
        "image_token_id": token("<|image|>"),
        "video_token_id": token("<|video|>"),
        "boa_token_id": token("<|audio>"),
        "eoa_token_index": token("<audio|>"),
        "audio_token_id": token("<|audio|>"),
    }


def _gemma4(eye: dict[str, Any], text: dict[str, Any], token: Any) -> PreTrainedConfig:
    """As the small ones: the last layers attend to keys and values of the first."""
    own = {
        "head_dim": 16,
        "global_head_dim": 32,
        "sliding_window": 16,
        "layer_types": ["sliding_attention", "full_attention"] * 2,
        "num_kv_shared_layers": 2,
        "use_double_wide_mlp": True,
        "vocab_size_per_layer_input": text["vocab_size"],
        "hidden_size_per_layer_input": 8,
        "final_logit_softcapping": 30.0,
    }
    return tf.Gemma4Config(
        text_config=text | own, vision_config=_gemma4_eye(eye), **_gemma4_tokens(token)
    )


def _gemma4_moe(eye: dict[str, Any], text: dict[str, Any], token: Any) -> PreTrainedConfig:
    """As the large ones: values are keys, images are seen both ways, and some layers are sparse."""
    own = {
        "head_dim": 16,
        "global_head_dim": 32,
        "num_global_key_value_heads": 1,
        "attention_k_eq_v": True,
        "sliding_window": 16,
        "layer_types": ["sliding_attention", "full_attention"] * 2,
        "use_bidirectional_attention": "vision",
        "hidden_size_per_layer_input": 0,
        "enable_moe_block": True,
        "num_experts": 4,
        "top_k_experts": 2,
        "moe_intermediate_size": 32,
    }
    return tf.Gemma4Config(
        text_config=text | own,
        vision_config=_gemma4_eye(eye) | {"standardize": True},
        **_gemma4_tokens(token),
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
    "qwen3-5": _qwen3_5,
    "qwen3-5-moe": _qwen3_5_moe,
    "gemma3": _gemma3,
    "gemma4": _gemma4,
    "gemma4-moe": _gemma4_moe,
    "internvl": _internvl,
    "instructblip": _instructblip,
    **{name: family.config for name, family in TILED.items()},
    **{name: family.config for name, family in NATIVE.items()},
}
