"""Whole passes of tiny networks, to hold captures against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache

from tests.support.tiny.checkpoints import (
    UNTEMPLATED,
    available_kernel,
    checkpoint,
    load_network,
)
from tests.support.tiny.configs import ATTENTION_LAYERS, LAYERS, having
from tests.support.tiny.processors import load_processor
from visualcrop.models.base import Capture
from visualcrop.models.engine.capture import Tap
from visualcrop.models.engine.decoder import get_decoder
from visualcrop.models.engine.kv_cache import cache_argument, new_cache

EVERY = tuple(range(LAYERS))
QUESTION = "Is there a red mug in the image?"


def network(family: str, kernel: str = "sdpa") -> Any:
    """The family's network, loaded once for each attention kernel."""
    return _loaded(family, kernel)


@cache
def _loaded(family: str, kernel: str) -> Any:
    kernel = available_kernel(family, kernel)
    loaded = load_network(checkpoint(family), attn_implementation=kernel)
    with torch.no_grad():
        loaded(**inputs(family))  # on its first pass transformers adds hooks of its own
    return loaded


@cache
def inputs(family: str) -> dict[str, Tensor]:
    """A question about an image."""
    image = np.random.default_rng(0).integers(0, 256, (100, 150, 3), dtype=np.uint8)
    processor = load_processor(family, checkpoint(family))
    text = QUESTION
    if family not in UNTEMPLATED:
        content = [{"type": "image"}, {"type": "text", "text": QUESTION}]
        turns = [{"role": "user", "content": content}]
        text = processor.apply_chat_template(turns, add_generation_prompt=True)
    made = dict(processor(images=image, text=text, return_tensors="pt"))
    made.pop("labels", None)  # PaliGemma's, for training
    return made


@cache
def whole(family: str) -> Any:
    """A pass as ever, with all keys and values in its cache."""
    with torch.no_grad():
        cache = new_cache(network(family))  # whose sliding layers keep everything
        out = network(family)(**inputs(family), **caching(family, cache), use_cache=True)
    return _spoken(out)


def caching(family: str, cache: DynamicCache) -> dict[str, Any]:
    """The argument of a pass over text alone, or of one with images, that goes on from *cache*."""
    given = network(family)
    return {cache_argument(getattr(given, "language_model", given)): cache}


def tapped(family: str, capture: Capture, kernel: str = "sdpa", **more: Any) -> Tap:
    """A tap of the layers that there are, on a pass over the question, or what is given instead."""
    given, rows = network(family, kernel), more.pop("rows", None)
    with Tap(given, having(family, capture), rows) as tap:
        out = _read(given, more or inputs(family) | {"use_cache": False})
        tap.backward(out.logits[:, -1 if rows is None else rows[0]])
    return tap


def eager(family: str, **more: Any) -> tuple[dict[int, Tensor], dict[int, Tensor]]:
    """The last row's attention in each layer that has any, and its gradients, eagerly."""
    given = more or inputs(family) | {"use_cache": False}
    out = _read(network(family, "eager"), given | {"output_attentions": True})
    likelihoods = out.logits[:, -1].log_softmax(-1).max(-1).values
    gradients = torch.autograd.grad(likelihoods.sum(), out.attentions)
    layers = ATTENTION_LAYERS.get(family, EVERY)
    last = [a[:, :, -1].detach() for a in out.attentions], [g[:, :, -1] for g in gradients]
    attention, gradient = (dict(zip(layers, rows, strict=True)) for rows in last)
    return attention, gradient


def cached(given: Any) -> dict[int, tuple[Tensor, Tensor]]:
    """Keys and values of each layer of a cache that has any of its own."""
    layers = enumerate(given.layers)
    return {n: (layer.keys, layer.values) for n, layer in layers if hasattr(layer, "keys")}


def assert_close(found: Mapping[int, Tensor], wanted: Mapping[int, Tensor]) -> None:
    """Every layer is there, and as wanted."""
    assert sorted(found) == sorted(wanted)
    for layer, tensor in found.items():
        largest = max(1.0, float(wanted[layer].abs().max()))
        torch.testing.assert_close(tensor, wanted[layer], atol=2e-5 * largest, rtol=1e-5)
        assert not tensor.requires_grad


def _read(given: Any, what: Mapping[str, Any]) -> Any:
    """One pass. Text alone cannot be shown to InstructBLIP, but to the language model in it."""
    whole = "pixel_values" in what or not hasattr(given, "language_model")
    return _spoken((given if whole else given.language_model)(**what))


def _spoken(out: Any) -> Any:
    """What the language model gives, which InstructBLIP wraps up."""
    return getattr(out, "language_model_outputs", out)


@contextmanager
def finished(given: Any) -> Iterator[list[str]]:
    """The parts of the decoder that are run to their end."""
    done: list[str] = []
    decoder = get_decoder(given)
    norm = getattr(decoder, "norm", None) or decoder.embedding_norm  # of LFM2
    parts = {"norm": norm, "head": given.get_output_embeddings()}
    for index, layer in enumerate(decoder.layers):
        parts |= {f"layer {index}": layer}
        attention = getattr(layer, "self_attn", None)  # linear attention has no such parts
        projections = {f"{x} {index}": getattr(attention, f"{x}_proj", None) for x in "qkvo"}
        parts |= {name: part for name, part in projections.items() if part is not None}
    hooks = [
        part.register_forward_hook(lambda *_, name=name: done.append(name))
        for name, part in parts.items()
    ]
    try:
        yield done
    finally:
        for hook in hooks:
            hook.remove()
