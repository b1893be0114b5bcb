"""Tiny random checkpoints of every family, saved as the hub has them."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers as tf
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerFast

from tests.support.tiny.configs import make_config
from tests.support.tiny.lacking import LACKING
from tests.support.tiny.native import NATIVE
from tests.support.tiny.processors import save_processor
from tests.support.tiny.publishing import LAYOUTS, publish
from tests.support.tiny.tiled import TILED
from visualcrop.models.families.llama4 import add_image_outputs

NETWORKS: dict[str, type[PreTrainedModel]] = {
    "llava": tf.LlavaForConditionalGeneration,
    "llava-next": tf.LlavaNextForConditionalGeneration,
    "llava-onevision": tf.LlavaOnevisionForConditionalGeneration,
    "qwen2-5-vl": tf.Qwen2_5_VLForConditionalGeneration,
    "qwen3-vl": tf.Qwen3VLForConditionalGeneration,
    "qwen3-5": tf.Qwen3_5ForConditionalGeneration,
    "gemma3": tf.Gemma3ForConditionalGeneration,
    "gemma4": tf.Gemma4ForConditionalGeneration,
    "internvl": tf.InternVLForConditionalGeneration,
    "instructblip": tf.InstructBlipForConditionalGeneration,
    **{name: family.network for name, family in TILED.items()},
    **{name: family.network for name, family in NATIVE.items()},
}
FAMILIES = tuple(family for family in NETWORKS if not family.startswith(LACKING))
VARIANTS = {  # other architectures of these families
    "qwen3-5-moe": tf.Qwen3_5MoeForConditionalGeneration,
    "gemma4-moe": tf.Gemma4ForConditionalGeneration,
}
# Families that see as another one or have its network: `make test` proves the other, which has
# the same code, and `make proofs` these too.
ALIKE = {
    "llava-next": "llava-onevision",
    "qwen2-vl": "qwen2-5-vl",
    "qwen3-vl-moe": "qwen3-vl",
    "glm4v-moe": "glm4v",
    "aya-vision": "internvl",
    "ovis2": "internvl",
    "glm46v": "glm4v",
    "pixtral": "mistral3",
    "smolvlm": "internvl",
    "cohere2-vision": "internvl",
    "minicpm-v": "qwen3-5",
}
# Families whose processors write prompts without a template, and what precedes a question.
UNTEMPLATED = {"instructblip": "", "paligemma": "answer en "}
_CAPPED = {"paligemma"}  # whose decoder caps its attention's scores, which sdpa cannot
_SAMPLED = {"do_sample": True, "repetition_penalty": 1.05}  # Qwen's would not answer greedily
_GENERATION: dict[str, dict[str, Any]] = {
    "qwen2-5-vl": _SAMPLED | {"temperature": 1e-6},
    "qwen3-vl": _SAMPLED | {"temperature": 0.7, "top_k": 20, "top_p": 0.8},
    "qwen2-vl": _SAMPLED | {"temperature": 0.01, "top_k": 1, "top_p": 0.001},
    "qwen3-vl-moe": _SAMPLED | {"temperature": 0.7, "top_k": 20, "top_p": 0.8},
    "qwen3-5": _SAMPLED | {"temperature": 0.7, "top_k": 20, "top_p": 0.8},
    "gemma3": {"do_sample": True, "top_k": 64, "top_p": 0.95},
    "gemma4": {"do_sample": True, "top_k": 64, "top_p": 0.95},
}


@cache
def checkpoint(family: str, layers: int | None = None) -> Path:
    """
    The directory of the family's checkpoint: built once in a process, the same in each.

    Args:
        family: The family's name here.
        layers: Of the decoder, where options name layers of a larger one; by default a few.
    """
    to = _root() / (f"{family}-{layers}" if layers else family)
    tokenizer = save_processor(family, to)
    config = make_config(family, tokenizer)
    if layers:
        text = config.get_text_config()
        text.num_hidden_layers = layers
        if getattr(text, "layer_types", None):
            text.layer_types = [text.layer_types[0]] * layers
    save_network(
        lambda: {**NETWORKS, **VARIANTS}[family](config), to, _generation(family, tokenizer)
    )
    return to


def save_network(
    make: Callable[[], PreTrainedModel], to: Path, generation: GenerationConfig | None = None
) -> None:
    """Write a new network with random weights, the same in each process."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = make().eval()
        _widen(network)
    network.generation_config = generation or network.generation_config
    network.save_pretrained(to)


def load_network(folder: Path, **options: Any) -> Any:
    """The network as transformers loads it, mended where transformers 5.24.0 cannot run it."""
    network: Any = tf.AutoModelForImageTextToText.from_pretrained(folder, **options)
    if network.config.model_type == "llama4":
        add_image_outputs(network)
    return network


def available_kernel(family: str, kernel: str) -> str:
    """The attention *kernel*, or the one that the family has in its place."""
    return "eager" if kernel == "sdpa" and family in _CAPPED else kernel


@cache
def published(family: str, layout: str) -> Path:
    """The same checkpoint in one of `LAYOUTS`: written once in a process, not to be changed."""
    return publish(checkpoint(family), _root() / "published" / layout / family, LAYOUTS[layout])


@cache
def _root() -> Path:
    """Of this process alone, so that those of pytest-xdist need not wait for one another."""
    root = Path(tempfile.mkdtemp(prefix="visualcrop-tiny-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


@torch.no_grad()
def _widen(network: torch.nn.Module) -> None:
    """Fresh weights give nearly constant answers; with these, a mistake in the numbers shows."""
    for weights in network.parameters():
        if weights.dim() == 1:  # biases are born zero, and norms one
            weights.add_(torch.randn_like(weights), alpha=0.1)
        elif weights.max() == weights.min():  # born zero or one, as some of Gemma's
            weights.normal_(std=0.1)
        else:
            weights.mul_(4)


def _generation(family: str, tokenizer: PreTrainedTokenizerFast) -> GenerationConfig:
    return GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **_GENERATION.get(family, {}),
    )
