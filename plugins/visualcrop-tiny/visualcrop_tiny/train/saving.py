"""Writes a trained network as the hub has them: weights, tokenizer, processor, chat template."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from ..speech import BOS, EOS, IMAGE, PAD, UNKNOWN, VIDEO, tokenizer
from ..views import PATCH, PIXEL_MEAN, PIXEL_STD, SIDE
from ..views.sheets import processor as tiles

TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- 'USER: ' if message.role == 'user' else ' ASSISTANT: ' -}}"
    "{%- if message.content is string -%}{{- message.content -}}"
    "{%- else -%}"
    "{%- for part in message.content -%}"
    "{{- '<image>\\n' if part.type == 'image' else part.text -}}"
    "{%- endfor -%}"
    "{%- endif -%}"
    "{{- '</s>' if message.role == 'assistant' -}}"
    "{%- endfor -%}"
    "{{- ' ASSISTANT:' if add_generation_prompt -}}"
)


def save(network: Any, folder: Path) -> None:
    """Write all that `transformers` needs to open the network, its weights in bfloat16."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    copy = deepcopy(network).to("cpu", torch.bfloat16)
    copy.set_attn_implementation("sdpa")  # not the one that it is trained with
    copy.config.dtype = torch.bfloat16
    copy.generation_config.max_new_tokens = 8
    copy.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # safetensors lets nobody else read it
    several = copy.config.model_type == "llava_onevision"
    for part in (words(), tiles()) if several else (processor(),):
        part.save_pretrained(folder)


def words() -> Any:
    """The tokenizer and the chat template that belongs to it."""
    import transformers as tf

    return tf.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer(),
        bos_token=BOS,
        eos_token=EOS,
        unk_token=UNKNOWN,
        pad_token=PAD,
        additional_special_tokens=[IMAGE, VIDEO],
        extra_special_tokens={"image_token": IMAGE, "video_token": VIDEO},
        padding_side="left",
        model_max_length=8192,
        chat_template=TEMPLATE,
    )


def processor() -> Any:
    """Of LLaVA's layout: pixels as the eye was trained with, and the tokenizer."""
    import transformers as tf

    eye = tf.LlavaImageProcessorPil(
        do_pad=True,
        do_resize=True,
        size={"height": SIDE, "width": SIDE},
        do_center_crop=False,
        image_mean=[PIXEL_MEAN] * 3,
        image_std=[PIXEL_STD] * 3,
    )
    return tf.LlavaProcessor(
        image_processor=eye,
        tokenizer=words(),
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        chat_template=TEMPLATE,
        num_additional_image_tokens=1,
    )
