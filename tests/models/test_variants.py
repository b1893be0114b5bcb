"""Other architectures of the tiled families answer as plain transformers does."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as tf

from tests.support.alike import assert_alike
from tests.support.opened import about
from tests.support.tiny.checkpoints import checkpoint, save_network
from visualcrop import Auto
from visualcrop.models.huggingface import HuggingFaceModel

pytestmark = pytest.mark.torch


def _idefics3(config: Any) -> tf.PreTrainedConfig:
    """The numbers of the tiny SmolVLM."""
    return tf.Idefics3Config(scale_factor=config.scale_factor, **_shared(config))


def _minicpm4_6(config: Any) -> tf.PreTrainedConfig:
    """The numbers of the tiny MiniCPM-V 4.7, whose image tokens have positions of two axes."""
    return tf.MiniCPMV4_6Config(
        image_size=config.image_size,
        insert_layer_id=config.insert_layer_id,
        video_token_id=config.video_token_id,
        **_shared(config),
    )


def _shared(config: Any) -> dict[str, Any]:
    seen = {n: v for n, v in config.vision_config.to_dict().items() if n != "model_type"}
    token = config.image_token_id
    return {"vision_config": seen, "text_config": config.text_config, "image_token_id": token}


_VARIANTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "idefics3": ("smolvlm", _idefics3),
    "minicpmv4_6": ("minicpm-v", _minicpm4_6),
}


@pytest.mark.parametrize("variant", _VARIANTS)
def test_answers_as_plain_transformers(variant: str, tmp_path: Path) -> None:
    """The logits of prompts alone, and of several over one image, to 1e-4."""
    family, change = _VARIANTS[variant]
    shutil.copytree(checkpoint(family), tmp_path, dirs_exist_ok=True)
    config = change(tf.AutoConfig.from_pretrained(tmp_path))
    assert config.model_type == variant
    save_network(lambda: tf.AutoModelForImageTextToText.from_config(config), tmp_path)
    model = Auto(checkpoint=str(tmp_path)).open()
    assert isinstance(model, HuggingFaceModel)
    prompts = [about("mug"), about("small red key")]
    found = [choice.logits for choice in model.choose(prompts, ("Yes", "No"))]
    for prompt, logits in zip(prompts, found, strict=True):
        tokenized = model.prompt_processor.tokenize(prompt)
        replies = [model.prompt_processor.tokenize_reply(tokenized, r) for r in ("Yes", "No")]
        with torch.no_grad():
            last = model.network(**tokenized.inputs).logits[0, -1]
        assert_alike(logits, tuple(float(last[reply[0, 0]]) for reply in replies))
