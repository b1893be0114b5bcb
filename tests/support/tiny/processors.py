"""Processors as on the hub, for images of a few dozen pixels, without torchvision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import transformers as tf
from transformers import PreTrainedTokenizerFast, ProcessorMixin

from tests.support.tiny import sizes
from tests.support.tiny.lacking import find_class
from tests.support.tiny.native import NATIVE
from tests.support.tiny.tiled import TILED
from tests.support.tiny.tokenizers import byte_level, sentence_piece

_PARTS: dict[str, Any] = {**NATIVE, **TILED}
TEMPLATES = Path(__file__).parent / "templates"
_GEMMA4 = find_class("Gemma4Processor")
CLASSES = {
    "llava": tf.LlavaProcessor,
    "llava-next": tf.LlavaNextProcessor,
    "llava-onevision": tf.LlavaOnevisionProcessor,
    "qwen2-5-vl": tf.Qwen2_5_VLProcessor,
    "qwen3-vl": tf.Qwen3VLProcessor,
    "qwen3-5": tf.Qwen3VLProcessor,
    "qwen3-5-moe": tf.Qwen3VLProcessor,
    "gemma3": tf.Gemma3Processor,
    "gemma4": _GEMMA4,
    "gemma4-moe": _GEMMA4,
    "internvl": tf.InternVLProcessor,
    "instructblip": tf.InstructBlipProcessor,
    **{name: family.processor for name, family in TILED.items()},
    **{name: family.processor for name, family in NATIVE.items()},
}
_EYES: dict[str, Any] = {
    "llava": tf.CLIPImageProcessorPil,
    "llava-next": tf.LlavaNextImageProcessorPil,
    "llava-onevision": tf.LlavaOnevisionImageProcessorPil,
    "qwen2-5-vl": tf.Qwen2VLImageProcessorPil,
    "qwen3-vl": tf.Qwen2VLImageProcessorPil,
    "qwen3-5": tf.Qwen2VLImageProcessorPil,
    "qwen3-5-moe": tf.Qwen2VLImageProcessorPil,
    "gemma3": tf.Gemma3ImageProcessorPil,
    "gemma4": tf.Gemma4ImageProcessorPil,
    "gemma4-moe": tf.Gemma4ImageProcessorPil,
    "internvl": tf.GotOcr2ImageProcessorPil,
    "instructblip": tf.BlipImageProcessorPil,
}
_VIDEO = {  # what a hub's directory says of videos, and nobody without torchvision can load
    "llava-onevision": "LlavaOnevisionVideoProcessor",
    "qwen2-5-vl": "Qwen2VLVideoProcessor",
    "qwen3-vl": "Qwen3VLVideoProcessor",
    "qwen3-5": "Qwen3VLVideoProcessor",
    "qwen3-5-moe": "Qwen3VLVideoProcessor",
    "gemma4": "Gemma4VideoProcessor",
    "gemma4-moe": "Gemma4VideoProcessor",
    "internvl": "InternVLVideoProcessor",
    **{name: family.video for name, family in NATIVE.items() if family.video},
}
_UNUSED = {"video_processor", "feature_extractor"}  # of videos and of sounds


def processor_class(family: str) -> type[ProcessorMixin]:
    """The family's processor, which here knows of no videos."""
    base: Any = CLASSES[family]

    def get_attributes(cls: Any) -> list[str]:
        return [name for name in base.get_attributes() if name not in _UNUSED]

    body = {"get_attributes": classmethod(get_attributes), "__module__": base.__module__}
    if base is not _GEMMA4:
        return type(base.__name__, (base,), body)
    body["__init__"] = _make_gemma4
    return type(base.__name__, (base, _OfGivenParts), body)


class _OfGivenParts(ProcessorMixin):
    """Below Gemma 4's processor: parts that are none are not there."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**{name: part for name, part in parts.items() if part is not None})


def _make_gemma4(
    self: Any,
    image_processor: Any = None,
    tokenizer: Any = None,
    chat_template: str | None = None,
    image_seq_length: int = 280,
) -> None:
    """The parts for videos and sounds are none, though the class knows no defaults for them."""
    _GEMMA4.__init__(self, None, image_processor, tokenizer, None, chat_template, image_seq_length)


def load_processor(family: str, checkpoint: Path) -> Any:
    """The processor of a saved checkpoint."""
    kind = processor_class(family)
    if family in TILED:
        return TILED[family].load_processor(checkpoint, kind)
    return kind.from_pretrained(checkpoint)


def save_processor(family: str, to: Path) -> PreTrainedTokenizerFast:
    """Write the processor and its tokenizer, which is handed back."""
    tokenizer = _tokenizer(family)
    options = dict(TILED[family].options) if family in TILED else _options(family)
    if (template := TEMPLATES / f"{_template_name(family)}.jinja").exists():
        options["chat_template"] = template.read_text("utf-8")
    if family == "instructblip":
        options["qformer_tokenizer"] = _question_tokenizer()
    processor: Any = processor_class(family)(
        image_processor=_image_processor(family), tokenizer=tokenizer, **options
    )
    processor.save_pretrained(to)
    if family in _VIDEO:
        _mention_videos(to / "processor_config.json", _VIDEO[family])
    return tokenizer


def _template_name(family: str) -> str:
    return NATIVE[family].template if family in NATIVE else family.removesuffix("-moe")


def _mention_videos(path: Path, name: str) -> None:
    said = json.loads(path.read_text("utf-8"))
    path.write_text(
        json.dumps(said | {"video_processor": {"video_processor_type": name}}, indent=2)
    )


def _tokenizer(family: str) -> PreTrainedTokenizerFast:
    if family in _PARTS:
        own: PreTrainedTokenizerFast = _PARTS[family].tokenizer()
        return own
    chat = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    llama = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    image = {"image_token": "<image>"}
    match family:
        case "llava" | "llava-next":
            return sentence_piece(llama, others=["<image>"], named=image, prefix=True)
        case "instructblip":
            return sentence_piece(llama, named={}, prefix=True)
        case "llava-onevision":
            named = image | {"video_token": "<video>"}
        case "qwen2-5-vl" | "qwen3-vl" | "qwen3-5" | "qwen3-5-moe":
            chat += ["<|vision_start|>", "<|vision_end|>"]
            named = {"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"}
        case "gemma3":
            return _gemma_tokenizer()
        case "gemma4" | "gemma4-moe":
            return _gemma4_tokenizer()
        case _:
            named = {
                "start_image_token": "<img>",
                "end_image_token": "</img>",
                "context_image_token": "<IMG_CONTEXT>",
                "video_token": "<video>",
            }
    return byte_level([*chat, *named.values()], named)


def _gemma_tokenizer() -> PreTrainedTokenizerFast:
    specials = {
        "pad_token": "<pad>",
        "eos_token": "<eos>",
        "bos_token": "<bos>",
        "unk_token": "<unk>",
    }
    named = {
        "image_token": "<image_soft_token>",
        "boi_token": "<start_of_image>",
        "eoi_token": "<end_of_image>",
    }
    turns = ["<start_of_turn>", "<end_of_turn>"]
    return sentence_piece(specials, others=[*turns, *named.values()], named=named, prefix=False)


def _gemma4_tokenizer() -> PreTrainedTokenizerFast:
    specials = {"pad_token": "<pad>", "eos_token": "<eos>", "bos_token": "<bos>"}
    named = {
        "image_token": "<|image|>",
        "boi_token": "<|image>",
        "eoi_token": "<image|>",
        "audio_token": "<|audio|>",
        "boa_token": "<|audio>",
        "eoa_token": "<audio|>",
        "video_token": "<|video|>",
    }
    return sentence_piece(
        specials | {"unk_token": "<unk>"},
        others=["<|turn>", "<turn|>", *named.values()],
        named=named,
        prefix=False,
    )


def _question_tokenizer() -> PreTrainedTokenizerFast:
    return byte_level(["<|endoftext|>", "<|im_start|>", "<|im_end|>"], {})


def _image_processor(family: str) -> Any:
    if family in _PARTS:
        return _PARTS[family].image_processor()
    side, patch = sizes.EYES[family]
    square = {"height": side, "width": side}
    half = {"patch_size": patch, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    soft = {
        "patch_size": patch,
        "pooling_kernel_size": sizes.POOLED,
        "max_soft_tokens": sizes.SOFT_TOKENS,
    }
    options: dict[str, dict[str, Any]] = {
        "llava": {"size": {"shortest_edge": side}, "crop_size": square},
        "llava-next": {"size": {"shortest_edge": side}, "crop_size": square},
        "llava-onevision": {"size": square},
        "qwen2-5-vl": {"patch_size": patch},
        "qwen3-vl": half,
        "qwen3-5": half,
        "qwen3-5-moe": half,
        "gemma4": soft,
        "gemma4-moe": soft,
        "internvl": {"size": square, "max_patches": sizes.MAX_TILES},
    }
    given = options.get(family, {"size": square})
    if family in sizes.PINPOINTS:
        given["image_grid_pinpoints"] = sizes.PINPOINTS[family]
    if family in sizes.PIXELS:
        given["size"] = sizes.PIXELS[family]
    return _EYES[family](**given)


def _options(family: str) -> dict[str, Any]:
    side, patch = sizes.EYES[family]
    match family:
        case "llava" | "llava-next":
            return {
                "patch_size": patch,
                "vision_feature_select_strategy": "default",
                "num_additional_image_tokens": 1,
            }
        case "llava-onevision":
            return {
                "num_image_tokens": (side // patch) ** 2,
                "vision_feature_select_strategy": "full",
                "vision_aspect_ratio": "anyres_max_9",
            }
        case "gemma3" | "internvl":
            return {"image_seq_length": sizes.SEEN[family]}
        case "gemma4" | "gemma4-moe":
            return {"image_seq_length": sizes.SOFT_TOKENS}
        case "instructblip":
            return {"num_query_tokens": sizes.SEEN[family]}
        case _:
            return dict(NATIVE[family].options) if family in NATIVE else {}
