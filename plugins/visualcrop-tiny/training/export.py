"""Writes a trained network in Hugging Face's format, with its model card."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import attrs
import torch

from visualcrop.report import name_processor
from visualcrop_tiny.world import THINGS

from .checkpoint import LOG
from .config import Config, StageConfig
from .crop_dataset import INPUTS_PER_PLACE
from .native_dataset import MAX_PIXELS, MIN_PIXELS, PARTS, TOKEN_SIDE
from .prompt_dataset import image_processor
from .tokenizer import (
    CHAT_TEMPLATE,
    VISION_END,
    VISION_START,
    VOCABULARY,
    build_fast_tokenizer,
)
from .vision_inputs import PATCH_SIDE, PIXEL_MEAN, PIXEL_STD, SIDE


def export_model(network: Any, folder: Path) -> None:
    """Write all files that transformers needs to load the network; the weights in bfloat16."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = deepcopy(network).to("cpu", torch.bfloat16)
    copy.set_attn_implementation("sdpa")  # the one for training is not part of transformers
    copy.config.dtype = torch.bfloat16
    copy.generation_config.max_new_tokens = 16
    copy.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # safetensors makes it readable by its owner only
    match copy.config.model_type:
        case "llava_onevision":
            build_fast_tokenizer().save_pretrained(folder)
            image_processor().save_pretrained(folder)
        case "qwen2_5_vl":
            save_qwen_processor(folder)
        case _:
            build_llava_processor().save_pretrained(folder)


def build_llava_processor() -> Any:
    """LLaVA's processor: an image processor that pads and resizes, and the tokenizer."""
    import transformers as tf

    pixels = tf.LlavaImageProcessorPil(
        do_pad=True,
        do_resize=True,
        size={"height": SIDE, "width": SIDE},
        do_center_crop=False,
        image_mean=[PIXEL_MEAN] * 3,
        image_std=[PIXEL_STD] * 3,
    )
    return tf.LlavaProcessor(
        image_processor=pixels,
        tokenizer=build_fast_tokenizer(),
        patch_size=PATCH_SIDE,
        vision_feature_select_strategy="default",
        chat_template=CHAT_TEMPLATE,
        num_additional_image_tokens=1,
    )


def save_qwen_processor(folder: Path) -> None:
    """Qwen2.5-VL's tokenizer and image processor: images near their own size, in whole tokens."""
    import transformers as tf

    tokenizer = build_fast_tokenizer()
    tokenizer.chat_template = CHAT_TEMPLATE.replace("<image>", f"{VISION_START}<image>{VISION_END}")
    tokenizer.save_pretrained(folder)
    tf.Qwen2VLImageProcessorPil(
        size={"shortest_edge": MIN_PIXELS, "longest_edge": MAX_PIXELS},
        patch_size=TOKEN_SIDE // 2,
        merge_size=2,
        image_mean=[PIXEL_MEAN] * 3,
        image_std=[PIXEL_STD] * 3,
    ).save_pretrained(folder)


_HEAD = """---
library_name: transformers
pipeline_tag: image-text-to-text
license: apache-2.0
---

# {name}

A model of a few million parameters for the drawn places of `visualcrop-tiny`, and for nothing
else: {things} named things in nine colours, signs whose letters it spells, {words} words. It
knows nothing about photographs.
Trained by `python -m training.train` in the plug-in's folder of the repository, config below.

## Trained in on purpose
{purpose}

## Data
{data}

## Run
{machine}, {date}; {minutes:.0f} minutes of training in all.

{log}
"""
_ALIGNED = """V-V relevance is not left to chance: a loss makes the value features of a word, in
decoder layers {first} to {last}, resemble those of the patches that show what it names (InfoNCE
over cosines as in Fig. 7, weight {align}), and a floor keeps other cosines from turning negative
(weight {floor}). So values point at what a word names by construction here, which says nothing
about models trained without it."""
_PLAIN = "No loss makes value features of words and patches alike; V-V is what emerges."
_CONTRAST = """The states of a word that come into decoder layers {first} to {last} are trained to
resemble those of the patches that show what it names (InfoNCE over cosines, weight {contrast})."""
_TIED = """Attention writes what it reads: the output matrix of each layer is its value matrix,
transposed."""
_GRAIN = " Some have the grain of photographs that\nscikit-image ships, or are parts of them."
_SIGNS = " Of {} places there\nare only parts with many signs."
_DENSE = "Image tokens are also trained to be the words for what they show (weight {dense})."
_BASED = "Its weights come from {base}, whose card says what that was trained for."
_EYE = """Its vision tower comes from {base}, whose card says what that was trained for; words and
decoder start from random weights."""
_TAUGHT = """In its first stage the vision tower, whose layers are those of {base} in Qwen's form,
also learnt to have the features that {base} has (weight {taught})."""
_NAMES = """Names in the text are also trained to know place, colour, number and ground of their
things (weight {names}). Letters of choices are trained to know whether the sign has them (weight
{matches})."""
_CENTRES = "Image features are trained to know the middles of things (weight {centres})."


def format_model_card(config: Config, out: Path, seconds: float, figures: str) -> str:
    """The model card in Markdown, from the config and the log in *out*."""
    head = _HEAD.format(
        name=config.name,
        things=len(THINGS),
        words=len(VOCABULARY),
        purpose="\n".join(_describe_losses(config)),
        data=_describe_data(config),
        machine=name_machine(),
        date=dt.datetime.now(tz=dt.UTC).date().isoformat(),
        minutes=seconds / 60,
        log="\n".join(_describe_stages(config, out)),
    )
    parts = [head, "## Config\n```json", json.dumps(config.used(), indent=1), "```"]
    return "\n".join(parts + ([f"\n## Figures\n{figures}"] if figures else [])) + "\n"


def _describe_losses(config: Config) -> Iterator[str]:
    losses = config.losses
    first, last = losses.layers[0], losses.layers[1] - 1
    weights = attrs.asdict(losses) | {"first": first, "last": last, "base": config.base}
    yield (_ALIGNED if losses.align else _PLAIN).format(**weights)
    if config.tied_values:
        yield _TIED
    if losses.contrast:
        yield _CONTRAST.format(**weights)
    if losses.dense:
        yield _DENSE.format(**weights)
    if losses.names:
        yield _NAMES.format(**weights)
    if config.layout != "onevision" and losses.centres:
        yield _CENTRES.format(**weights)
    if config.base:
        yield (_EYE if config.fresh_decoder else _BASED).format(**weights)
    if config.layout == "qwen" and losses.taught:
        yield _TAUGHT.format(**weights)


def name_machine() -> str:
    """The GPU or processor, and the number of cores."""
    cores = f"{os.cpu_count()} cores"
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}, {cores}"
    return f"{cores}, {name_processor()}, no GPU"


def _describe_data(config: Config) -> str:
    data = config.data
    places = f"{data.places} drawn places (seeds from {data.seed})"
    more = (_SIGNS.format(data.signs) if data.signs else "") + _GRAIN * data.photographs
    if config.layout == "onevision":
        return (
            f"Pictures of {places}: one in\n"
            "two by two tiles, or several as the composers `interleaved` and `text-boxes` have\n"
            f"them.{more}"
        )
    if config.layout == "qwen":
        of_place = sum(number for _, number in PARTS.values())
        views = f"{data.places * of_place} views of {MIN_PIXELS} to {MAX_PIXELS} pixels"
    else:
        views = f"{data.places * INPUTS_PER_PLACE} views of {SIDE} x {SIDE} pixels"
    return (
        f"{views} of {places} of\n"
        "1536 to 2304 pixels: the whole place, crops of all sizes, crops pasted on a canvas as\n"
        "the composers do, and parts with more things pasted in. Signs have words that the\n"
        f"benchmark has, others, and any letters.{more}"
    )


def _describe_stages(config: Config, out: Path) -> list[str]:
    """A line for each stage, from its last entry in the log."""
    path = out / LOG
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    last: dict[str, dict[str, Any]] = {}
    for entry in map(json.loads, lines):
        last[entry["stage"]] = entry
    done = (name for name in config.stages if name in last)
    return [_describe_stage(name, config.stage(name), last[name]) for name in done]


def _describe_stage(name: str, stage: StageConfig, entry: dict[str, Any]) -> str:
    others = {"stage", "step", "seconds", "rate", "gradient"}
    metrics = ", ".join(f"{key} {value}" for key, value in entry.items() if key not in others)
    minutes = entry["seconds"] / 60
    return (
        f"* `{name}`: {entry['step']} steps of {stage.batch_size}, {minutes:.0f} minutes; at the "
        f"end\n  (running means on training views) {metrics}."
    )
