"""Tiny checkpoints of families that cut images into tiles: what each is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import attrs
import transformers as tf
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast, ProcessorMixin
from transformers.models.ovis2.image_processing_pil_ovis2 import Ovis2ImageProcessorPil
from transformers.models.smolvlm import processing_smolvlm
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

from tests.support.tiny.lacking import find_class
from tests.support.tiny.tokenizers import byte_level
from visualcrop.models.families import molmo2
from visualcrop.models.families.minicpm_v import images_only
from visualcrop.models.families.pil_processors import (
    Cohere2VisionImageProcessorPil,
    Lfm2VlImageProcessorPil,
    Llama4ImageProcessorPil,
    Molmo2ImageProcessorPil,
)

_MiniCpmConfig: Any = find_class("MiniCPMV4_7Config") or tf.MiniCPMV4_6Config  # of 5.17
_Molmo2: Any = find_class("Molmo2ForConditionalGeneration")
Numbers = dict[str, Any]  # keyword arguments of a config


@attrs.frozen
class TiledFamily:
    """The parts of a tiny checkpoint, which its processor and its network have to agree on."""

    network: type[PreTrainedModel]
    eye: tuple[int, int]  # side of a tile, side of a patch
    config: Callable[[Numbers, Numbers, Any], PreTrainedConfig]  # of eye, text, token -> id
    processor: type[ProcessorMixin]
    image_processor: Callable[[], Any]
    tokens: tuple[str, ...]  # special ones
    named: Mapping[str, str] = attrs.field(factory=dict)  # attributes of the tokenizer
    options: Mapping[str, Any] = attrs.field(factory=dict)  # of the processor
    pil: Any = None  # our image processor, where transformers has none without torchvision
    whole_last: bool = True  # whether the picture of the whole image comes after the tiles

    def tokenizer(self) -> PreTrainedTokenizerFast:
        """As Qwen's, with the family's special tokens."""
        chat = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
        return byte_level([*chat, *self.tokens], dict(self.named))

    def load_processor(self, checkpoint: Path, kind: Any) -> Any:
        """The saved processor, put together by hand where transformers needs torchvision."""
        if self.pil is None:
            return kind.from_pretrained(checkpoint)
        tokenizer = tf.AutoTokenizer.from_pretrained(checkpoint)
        template = {"chat_template": tokenizer.chat_template}
        return kind(self.pil.from_pretrained(checkpoint), tokenizer, **template, **self.options)


def _numbered(template: str, most: int) -> list[str]:
    """Tokens that say in which row and column a tile is."""
    every = range(1, most + 1)
    return [template.format(row, column) for row, column in product(every, every)]


class SmolVLMProcessor(tf.SmolVLMProcessor):
    """Without the video processor, whose numbers it would spell with num2words."""

    def __init__(
        self,
        image_processor: Any = None,
        tokenizer: Any = None,
        image_seq_len: int = 169,
        chat_template: str | None = None,
    ) -> None:
        with patch.object(processing_smolvlm, "num2words", str):
            super().__init__(
                image_processor, tokenizer, None, image_seq_len, chat_template=chat_template
            )

    def apply_chat_template(self, *args: Any, **options: Any) -> Any:
        return ProcessorMixin.apply_chat_template(self, *args, **options)


def _smolvlm(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    return tf.SmolVLMConfig(
        vision_config=tf.SmolVLMVisionConfig(**eye).to_dict(),
        text_config=tf.LlamaConfig(**text),
        image_token_id=token("<image>"),
        scale_factor=2,
    )


def _aya(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    return tf.AyaVisionConfig(
        vision_config=tf.SiglipVisionConfig(**eye, vision_use_head=False),
        text_config=_cohere2(text),
        image_token_index=token("<|IMG_PATCH|>"),
        downsample_factor=2,
    )


def _command_a(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    return tf.Cohere2VisionConfig(
        vision_config=tf.SiglipVisionConfig(**eye, vision_use_head=False),
        text_config=_cohere2(text),
        image_token_id=token("<|IMG_PATCH|>"),
        downsample_factor=2,
        alignment_intermediate_size=64,
    )


def _cohere2(text: Numbers) -> PreTrainedConfig:
    kinds = ["sliding_attention"] * (text["num_hidden_layers"] - 1) + ["full_attention"]
    return tf.Cohere2Config(**text, sliding_window=16, layer_types=kinds, logit_scale=0.25)


def _ovis2(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    spans = ("<IMG_START>", "<IMG_GRID>", "<IMG_COL>", "<IMG_ROW>", "<IMG_END>")
    return tf.Ovis2Config(
        vision_config=tf.Ovis2VisionConfig(**eye, vocab_size=96, hidden_stride=2),
        text_config=tf.Qwen2Config(**text),
        image_token_id=token("<IMG_ATOM>"),
        visual_indicator_token_ids=[token(mark) for mark in spans],
        vocab_size=text["vocab_size"],
        hidden_size=text["hidden_size"],
    )


def _llama4(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    projected = {"projector_input_dim": 48, "projector_output_dim": 48, "vision_output_dim": 48}
    width = eye["intermediate_size"]
    return tf.Llama4Config(
        vision_config=eye | projected | {"intermediate_size": eye["hidden_size"] * 4},
        text_config=text
        | {
            "head_dim": 16,
            "intermediate_size_mlp": 2 * width,
            "num_local_experts": 4,
            "interleave_moe_layer_step": 2,
            "attention_chunk_size": 64,
            "floor_scale": 16,  # tokens after which attention is another: 8192 as published
            "attn_scale": 0.5,
            "no_rope_layer_interval": 4,
        },
        boi_token_index=token("<|image_start|>"),
        eoi_token_index=token("<|image_end|>"),
        image_token_index=token("<|patch|>"),
    )


def _lfm2(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    positions = {k: v for k, v in eye.items() if k != "image_size"}
    return tf.Lfm2VlConfig(
        vision_config=tf.Siglip2VisionConfig(**positions, num_patches=16, vision_use_head=False),
        text_config=tf.Lfm2Config(**text, layer_types=["conv", "full_attention"] * 2),
        image_token_id=token("<image>"),
        projector_hidden_size=64,
        tie_word_embeddings=False,
    )


def _minicpm(eye: Numbers, text: Numbers, token: Any, *, kind: Any) -> PreTrainedConfig:
    marks = {
        "image_start_id": token("<image>"),
        "image_end_id": token("</image>"),
        "slice_start_id": token("<slice>"),
        "slice_end_id": token("</slice>"),
        "newline_id": token("\u010a"),
    }
    rope = {"rope_type": "default", "mrope_section": [4, 2, 2], "mrope_interleaved": True}
    made: PreTrainedConfig = kind(
        vision_config=eye,
        text_config=text
        | {
            "model_type": "qwen3_5_text",
            "head_dim": 32,
            "rope_parameters": rope | {"rope_theta": 5e6, "partial_rotary_factor": 0.5},
            "layer_types": ["linear_attention", "full_attention"] * 2,
            "linear_key_head_dim": 16,
            "linear_value_head_dim": 8,
            "linear_num_key_heads": 2,
            "linear_num_value_heads": 4,
        },
        image_size=112,
        insert_layer_id=0,
        image_token_id=token("<|image_pad|>"),
        video_token_id=token("<|video_pad|>"),
        **(marks if kind is not tf.MiniCPMV4_6Config else {}),
    )
    return made


def _molmo2(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    heads = {"num_key_value_heads": eye["num_attention_heads"], "head_dim": 16}
    side = eye["image_size"]
    return tf.Molmo2Config(
        vision_config=eye | heads | {"image_size": [side, side]},
        adapter_config={
            "vision_feature_layer": [-1, -2],
            "hidden_size": eye["hidden_size"],
            "num_attention_heads": eye["num_attention_heads"],
            "intermediate_size": 64,
            "text_hidden_size": text["hidden_size"],
            "initializer_range": 0.1,  # else an image hardly matters
            **heads,
        },
        text_config=text
        | {"head_dim": 16, "additional_vocab_size": 8}
        | {"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}},
        image_start_token_id=token("<im_start>"),
        low_res_image_start_token_id=token("<low_res_im_start>"),
        image_end_token_id=token("<im_end>"),
        image_patch_id=token("<im_patch>"),
        frame_start_token_id=token("<frame_start>"),
        frame_end_token_id=token("<frame_end>"),
    )


def _molmo2_processor() -> Any:
    if _Molmo2 is None:
        return None
    kind = molmo2.images_only()
    kind.__name__ = "Molmo2Processor"  # as it is saved
    return kind


def _minicpm_processor() -> Any:
    kind = images_only(_MiniCpmConfig())
    kind.__name__ = _MiniCpmConfig.__name__.replace("Config", "Processor")  # as it is saved
    return kind


_MINICPM = {
    "image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
    "image_start_token": "<image>",
    "image_end_token": "</image>",
    "slice_start_token": "<slice>",
    "slice_end_token": "</slice>",
    "image_id_start_token": "<image_id>",
    "image_id_end_token": "</image_id>",
}


TILED: dict[str, TiledFamily] = {
    "smolvlm": TiledFamily(
        tf.SmolVLMForConditionalGeneration,
        (56, 14),
        _smolvlm,
        SmolVLMProcessor,
        lambda: SmolVLMImageProcessorPil(
            size={"longest_edge": 168}, max_image_size={"longest_edge": 56}
        ),
        (
            *("<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>"),
            *_numbered("<row_{}_col_{}>", 6),
        ),
        options={"image_seq_len": 4},
    ),
    "llama4": TiledFamily(
        tf.Llama4ForConditionalGeneration,
        (56, 14),
        _llama4,
        tf.Llama4Processor,
        lambda: Llama4ImageProcessorPil(size={"height": 56, "width": 56}, max_patches=6),
        (
            *("<|image_start|>", "<|image|>", "<|patch|>", "<|image_end|>"),
            *("<|tile_x_separator|>", "<|tile_y_separator|>"),
        ),
        pil=Llama4ImageProcessorPil,
    ),
    "aya-vision": TiledFamily(
        tf.AyaVisionForConditionalGeneration,
        (56, 14),
        _aya,
        tf.AyaVisionProcessor,
        lambda: tf.GotOcr2ImageProcessorPil(size={"height": 56, "width": 56}, max_patches=6),
        ("<|IMG_PATCH|>", "<|START_OF_IMG|>", "<|END_OF_IMG|>"),
        options={"patch_size": 14, "img_size": 56, "downsample_factor": 2},
    ),
    "cohere2-vision": TiledFamily(
        tf.Cohere2VisionForConditionalGeneration,
        (56, 14),
        _command_a,
        tf.Cohere2VisionProcessor,
        lambda: Cohere2VisionImageProcessorPil(
            size={"height": 56, "width": 56}, max_patches=6, patch_size=2
        ),
        ("<|IMG_PATCH|>", "<|START_OF_IMG|>", "<|END_OF_IMG|>", "<|IMG_LINE_BREAK|>"),
        named={
            "image_token": "<|IMG_PATCH|>",
            "boi_token": "<|START_OF_IMG|>",
            "eoi_token": "<|END_OF_IMG|>",
            "img_line_break_token": "<|IMG_LINE_BREAK|>",
        },
        pil=Cohere2VisionImageProcessorPil,
    ),
    "lfm2-vl": TiledFamily(
        tf.Lfm2VlForConditionalGeneration,
        (56, 14),
        _lfm2,
        tf.Lfm2VlProcessor,
        lambda: Lfm2VlImageProcessorPil(
            encoder_patch_size=14, tile_size=56, max_tiles=6, min_image_tokens=4, max_image_tokens=9
        ),
        (
            *("<image>", "<|image_start|>", "<|image_end|>", "<|img_thumbnail|>"),
            *_numbered("<|img_row_{}_col_{}|>", 6),
        ),
        pil=Lfm2VlImageProcessorPil,
    ),
    "minicpm-v": TiledFamily(
        find_class("MiniCPMV4_7ForConditionalGeneration") or tf.MiniCPMV4_6ForConditionalGeneration,
        (112, 14),
        partial(_minicpm, kind=_MiniCpmConfig),
        _minicpm_processor(),
        lambda: tf.MiniCPMV4_6ImageProcessorPil(scale_resolution=112, max_slice_nums=6),
        tuple(_MINICPM.values()),
        named=_MINICPM,
        whole_last=False,
    ),
    "molmo2": TiledFamily(
        _Molmo2,
        (70, 14),
        _molmo2,
        _molmo2_processor(),
        lambda: Molmo2ImageProcessorPil(
            size={"height": 70, "width": 70}, max_crops=6, overlap_margins=[1, 1]
        ),
        (
            *("<|image|>", "<|video|>", "<im_patch>", "<im_col>", "<im_start>", "<im_end>"),
            *("<low_res_im_start>", "<frame_start>", "<frame_end>", "<im_low>"),
        ),
        options={"use_single_crop_col_tokens": False},
        pil=Molmo2ImageProcessorPil,
        whole_last=False,
    ),
    "ovis2": TiledFamily(
        tf.Ovis2ForConditionalGeneration,
        (56, 14),
        _ovis2,
        tf.Ovis2Processor,
        lambda: Ovis2ImageProcessorPil(
            size={"height": 56, "width": 56}, max_patches=6, crop_to_patches=True
        ),
        (
            *("<image>", "<IMG_ATOM>", "<IMG_START>", "<IMG_GRID>"),
            *("<IMG_COL>", "<IMG_ROW>", "<IMG_END>"),
        ),
        options={"image_seq_length": 4},
        whole_last=False,
    ),
}
