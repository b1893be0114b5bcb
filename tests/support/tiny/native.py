"""Tiny checkpoints of families of native grids and single squares: what each is made of."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any
from unittest.mock import patch

import attrs
import transformers as tf
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast
from transformers.models.pixtral import image_processing_pil_pixtral

from tests.support.tiny.tokenizers import byte_level, sentence_piece

Numbers = dict[str, Any]  # keyword arguments of a config


@attrs.frozen
class NativeFamily:
    """The parts of a tiny checkpoint, which its processor and its network have to agree on."""

    network: type[PreTrainedModel]
    eye: tuple[int, int]  # side that the encoder has learned positions of, side of a patch
    config: Callable[[Numbers, Numbers, Any], PreTrainedConfig]  # of eye, text, token -> id
    processor: Any
    image_processor: Callable[[], Any]
    tokenizer: Callable[[], PreTrainedTokenizerFast]
    template: str = ""  # file of the chat template; empty: there is none
    video: str = ""  # what a published folder says of videos
    options: Mapping[str, Any] = attrs.field(factory=dict)  # of the processor


def _pixtral_processor() -> Any:
    """Pixtral's, whose module imports torchvision for a function that Pillow's has too."""
    name = "transformers.models.pixtral.image_processing_pixtral"
    stub: Any = ModuleType(name)
    stub.get_resize_output_image_size = image_processing_pil_pixtral.get_resize_output_image_size
    with patch.dict(sys.modules, {name: stub}):
        module = importlib.import_module("transformers.models.pixtral.processing_pixtral")
    return module.PixtralProcessor


def _qwen_tokenizer() -> PreTrainedTokenizerFast:
    chat = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"]
    named = {"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"}
    return byte_level([*chat, *named.values()], named)


def _glm_tokenizer() -> PreTrainedTokenizerFast:
    turns = ["<|endoftext|>", "<|im_end|>", "<|system|>", "<|user|>", "<|assistant|>"]
    ends = [f"<|{end}_of_{kind}|>" for kind in ("image", "video") for end in ("begin", "end")]
    named = {"image_token": "<|image|>", "video_token": "<|video|>"}
    return byte_level([*turns, "[gMASK]", "<sop>", *ends, *named.values()], named)


def _mistral_tokenizer() -> PreTrainedTokenizerFast:
    specials = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    turns = ["[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"]
    images = ["[IMG]", "[IMG_BREAK]", "[IMG_END]"]
    return sentence_piece(specials, others=[*turns, *images], named={}, prefix=False)


def _paligemma_tokenizer() -> PreTrainedTokenizerFast:
    names = ("pad", "eos", "bos", "unk")
    return sentence_piece(
        {f"{name}_token": f"<{name}>" for name in names},
        others=["<image>"],
        named={"image_token": "<image>"},
        prefix=False,
    )


def _grid_eye(eye: Numbers) -> Numbers:
    return {
        "depth": eye["num_hidden_layers"],
        "num_heads": eye["num_attention_heads"],
        "patch_size": eye["patch_size"],
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
    }


def _grid_tokens(token: Any) -> Numbers:
    return {
        "image_token_id": token("<|image_pad|>"),
        "video_token_id": token("<|video_pad|>"),
        "vision_start_token_id": token("<|vision_start|>"),
        "vision_end_token_id": token("<|vision_end|>"),
    }


def _qwen2_vl(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    own = {"embed_dim": eye["hidden_size"], "hidden_size": text["hidden_size"], "mlp_ratio": 2}
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e6}
    return tf.Qwen2VLConfig(
        vision_config=_grid_eye(eye) | own,
        text_config=text | {"rope_parameters": rope},
        tie_word_embeddings=False,
        **_grid_tokens(token),
    )


def _qwen3_vl_moe(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    own = {
        "hidden_size": eye["hidden_size"],
        "intermediate_size": eye["intermediate_size"],
        "out_hidden_size": text["hidden_size"],
        "num_position_embeddings": (eye["image_size"] // eye["patch_size"]) ** 2,
        "deepstack_visual_indexes": [0, 1],
    }
    rope = {
        "rope_type": "default",
        "mrope_section": [4, 2, 2],
        "mrope_interleaved": True,
        "rope_theta": 5e6,
    }
    experts = {
        "head_dim": 16,
        "moe_intermediate_size": 32,
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "decoder_sparse_step": 1,
        "rope_parameters": rope,
    }
    return tf.Qwen3VLMoeConfig(
        vision_config=_grid_eye(eye) | own,
        text_config=text | experts,
        tie_word_embeddings=False,
        **_grid_tokens(token),
    )


def _glm_eye(eye: Numbers, text: Numbers) -> Numbers:
    return _grid_eye(eye) | {
        "hidden_size": eye["hidden_size"],
        "image_size": eye["image_size"],
        "out_hidden_size": text["hidden_size"],
        "intermediate_size": eye["intermediate_size"],
    }


def _glm_tokens(token: Any) -> Numbers:
    return {
        "image_token_id": token("<|image|>"),
        "video_token_id": token("<|video|>"),
        "image_start_token_id": token("<|begin_of_image|>"),
        "image_end_token_id": token("<|end_of_image|>"),
        "video_start_token_id": token("<|begin_of_video|>"),
        "video_end_token_id": token("<|end_of_video|>"),
    }


_GLM_ROPE = {
    "rope_type": "default",
    "mrope_section": [2, 1, 1],
    "partial_rotary_factor": 0.5,
    "rope_theta": 1e4,
}


def _glm4v(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    return tf.Glm4vConfig(
        vision_config=_glm_eye(eye, text),
        text_config=text | {"rope_parameters": _GLM_ROPE},
        tie_word_embeddings=False,
        **_glm_tokens(token),
    )


def _glm46v(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    return tf.Glm46VConfig(
        vision_config=_glm_eye(eye, text) | {"model_type": "glm4v_vision"},
        text_config=text | {"model_type": "glm4v_text", "rope_parameters": _GLM_ROPE},
        tie_word_embeddings=False,
        **_glm_tokens(token),
    )


def _glm4v_moe(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    experts = {
        "rope_parameters": _GLM_ROPE,
        "moe_intermediate_size": 32,
        "n_routed_experts": 4,
        "num_experts_per_tok": 2,
        "first_k_dense_replace": 1,
        "use_qk_norm": True,
    }
    return tf.Glm4vMoeConfig(
        vision_config=_glm_eye(eye, text),
        text_config=text | experts,
        tie_word_embeddings=False,
        **_glm_tokens(token),
    )


def _pixtral_eye(eye: Numbers) -> PreTrainedConfig:
    return tf.PixtralVisionConfig(**eye)


def _mistral3(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    return tf.Mistral3Config(
        vision_config=_pixtral_eye(eye),
        text_config=tf.MistralConfig(**text, head_dim=16, sliding_window=None),
        image_token_index=token("[IMG]"),
        tie_word_embeddings=False,
    )


def _pixtral(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    return tf.LlavaConfig(
        vision_config=_pixtral_eye(eye),
        text_config=tf.MistralConfig(**text, head_dim=16, sliding_window=None),
        image_token_index=token("[IMG]"),
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        image_seq_length=1,
        tie_word_embeddings=False,
    )


def _paligemma(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    kinds = ["sliding_attention", "full_attention"] * (text["num_hidden_layers"] // 2)
    decoder = text | {"head_dim": 16, "sliding_window": 4096, "layer_types": kinds}
    width = text["hidden_size"]
    return tf.PaliGemmaConfig(
        vision_config=eye
        | {
            "model_type": "siglip_vision_model",
            "projection_dim": width,
            "vision_use_head": False,
        },
        text_config=decoder | {"model_type": "gemma2", "query_pre_attn_scalar": 16},
        image_token_index=token("<image>"),
        projection_dim=width,
        hidden_size=width,
    )


def _grids(kind: Any, patch_size: int, *, frames: int = 1) -> Any:
    side = patch_size * 2
    bounds = {"shortest_edge": side**2 * frames, "longest_edge": side**2 * 64 * frames}
    return kind(size=bounds, patch_size=patch_size)


def _glm(config: Any, network: Any, processor: Any, image_processor: Any) -> NativeFamily:
    return NativeFamily(
        network,
        (112, 14),
        config,
        processor,
        lambda: _grids(image_processor, 14, frames=2),
        _glm_tokenizer,
        "glm4v",
        "Glm4vVideoProcessor",
    )


NATIVE: dict[str, NativeFamily] = {
    "qwen2-vl": NativeFamily(
        tf.Qwen2VLForConditionalGeneration,
        (56, 14),
        _qwen2_vl,
        tf.Qwen2VLProcessor,
        lambda: _grids(tf.Qwen2VLImageProcessorPil, 14),
        _qwen_tokenizer,
        "qwen2-5-vl",
        "Qwen2VLVideoProcessor",
    ),
    "qwen3-vl-moe": NativeFamily(
        tf.Qwen3VLMoeForConditionalGeneration,
        (128, 16),
        _qwen3_vl_moe,
        tf.Qwen3VLProcessor,
        lambda: _grids(tf.Qwen2VLImageProcessorPil, 16),
        _qwen_tokenizer,
        "qwen3-vl",
        "Qwen3VLVideoProcessor",
    ),
    "glm4v": _glm(
        _glm4v, tf.Glm4vForConditionalGeneration, tf.Glm4vProcessor, tf.Glm4vImageProcessorPil
    ),
    "glm46v": _glm(
        _glm46v, tf.Glm46VForConditionalGeneration, tf.Glm46VProcessor, tf.Glm46VImageProcessorPil
    ),
    "glm4v-moe": _glm(
        _glm4v_moe,
        tf.Glm4vMoeForConditionalGeneration,
        tf.Glm4vProcessor,
        tf.Glm4vImageProcessorPil,
    ),
    "mistral3": NativeFamily(
        tf.Mistral3ForConditionalGeneration,
        (224, 14),
        _mistral3,
        _pixtral_processor(),
        lambda: tf.PixtralImageProcessorPil(size={"longest_edge": 224}, patch_size=14),
        _mistral_tokenizer,
        "mistral3",
        options={"patch_size": 14, "spatial_merge_size": 2},
    ),
    "pixtral": NativeFamily(
        tf.LlavaForConditionalGeneration,
        (128, 16),
        _pixtral,
        _pixtral_processor(),
        lambda: tf.PixtralImageProcessorPil(size={"longest_edge": 128}, patch_size=16),
        _mistral_tokenizer,
        "mistral3",
        options={"patch_size": 16},
    ),
    "paligemma": NativeFamily(
        tf.PaliGemmaForConditionalGeneration,
        (84, 14),
        _paligemma,
        tf.PaliGemmaProcessor,
        lambda: tf.SiglipImageProcessorPil(size={"height": 84, "width": 84}, image_seq_length=36),
        _paligemma_tokenizer,
    ),
}


def _grids_published(config: Any, image_processor: Any, **size: int) -> Callable[[], Any]:
    """A published checkpoint's config, image processor, and options of its processor."""
    return lambda: (config(), image_processor(**({"size": size} if size else {})), {})


PUBLISHED: dict[str, Callable[[], tuple[Any, Any, dict[str, Any]]]] = {
    "qwen2-vl": _grids_published(
        tf.Qwen2VLConfig,
        tf.Qwen2VLImageProcessorPil,
        shortest_edge=3136,
        longest_edge=12_845_056,
    ),
    "qwen3-vl-moe": lambda: (
        tf.Qwen3VLMoeConfig(),
        tf.Qwen2VLImageProcessorPil(
            size={"shortest_edge": 65_536, "longest_edge": 16_777_216}, patch_size=16
        ),
        {},
    ),
    "glm4v": _grids_published(
        tf.Glm4vConfig, tf.Glm4vImageProcessorPil, shortest_edge=12_544, longest_edge=9_633_792
    ),
    "glm46v": _grids_published(
        tf.Glm46VConfig, tf.Glm46VImageProcessorPil, shortest_edge=12_544, longest_edge=9_633_792
    ),
    "glm4v-moe": _grids_published(tf.Glm4vMoeConfig, tf.Glm4vImageProcessorPil),
    "mistral3": lambda: (
        tf.Mistral3Config(),
        tf.PixtralImageProcessorPil(size={"longest_edge": 1540}, patch_size=14),
        {"patch_size": 14, "spatial_merge_size": 2},
    ),
    "pixtral": lambda: (
        tf.LlavaConfig(vision_config=tf.PixtralVisionConfig(image_size=1024, patch_size=16)),
        tf.PixtralImageProcessorPil(size={"longest_edge": 1024}, patch_size=16),
        {"patch_size": 16},
    ),
    "paligemma": lambda: (
        tf.PaliGemmaConfig(),
        tf.SiglipImageProcessorPil(size={"height": 448, "width": 448}, image_seq_length=1024),
        {},
    ),
}
