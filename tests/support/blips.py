"""A tiny InstructBLIP, and what transformers makes of what it is asked."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

from tests.support.tiny.checkpoints import checkpoint
from tests.support.tiny.processors import load_processor
from visualcrop import Prompt
from visualcrop.models.families.blip import BlipModel
from visualcrop.models.families.instructblip import InstructBlip

NAME = "instructblip"
EXAMPLES = (("What is red?", "So the mug."), ("What is blue?", "So the key."))
TOLD = Prompt(("What is black?",), EXAMPLES)
TURNS = (
    "USER: What is red? ASSISTANT: So the mug.</s>USER: What is blue? ASSISTANT: So the key.</s>"
    "USER: What is black? ASSISTANT:"
)


@cache
def opened(**options: Any) -> BlipModel:
    """The tiny model."""
    model = InstructBlip(checkpoint=str(checkpoint(NAME)), **options).open()
    assert isinstance(model, BlipModel)
    return model


@cache
def published() -> Any:
    """The processor as transformers puts it together."""
    return load_processor(NAME, checkpoint(NAME))


def laid_out(prompt: Prompt, reply: str = "") -> dict[str, torch.Tensor]:
    """What transformers makes of a prompt about one image, and of the words after it."""
    made = published()(images=prompt.views[0].picture, text=prompt.text, return_tensors="pt")
    if reply:
        words = published().tokenizer(f"{prompt.text} {reply}", return_tensors="pt")["input_ids"]
        images = made["input_ids"] == opened().network.config.image_token_id
        made["input_ids"] = torch.cat([made["input_ids"][images][None], words], dim=1)
        made["attention_mask"] = torch.ones_like(made["input_ids"])
    return dict(made)


def logits(**inputs: torch.Tensor) -> torch.Tensor:
    """Of every token, by a plain pass: tokens x vocabulary."""
    with torch.no_grad():
        plain: torch.Tensor = opened().network(**inputs).logits[0]
        return plain


def greedy(network: Any, **inputs: torch.Tensor) -> str:
    """What transformers generates."""
    made = network.generate(**inputs, do_sample=False, max_new_tokens=7)
    said = made[0, inputs["input_ids"].shape[1] :]
    told: str = published().tokenizer.decode(said, skip_special_tokens=True)
    return told.strip()
