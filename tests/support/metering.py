"""A metered model, and what PyTorch itself counts of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import attrs
import numpy as np
import PIL.Image
import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from transformers import (
    Cache,
    DynamicCache,
    PreTrainedModel,
)

from tests.support.tiny.checkpoints import (
    FAMILIES,
    UNTEMPLATED,
    available_kernel,
    checkpoint,
    load_network,
)
from tests.support.tiny.processors import load_processor
from visualcrop.models.engine.decoder import get_decoder
from visualcrop.models.engine.kv_cache import cache_argument, new_cache
from visualcrop.models.engine.metering.meter import Measurement, Meter

SEARCHABLE = [family for family in FAMILIES if family != "instructblip"]
NEW = 4  # tokens to generate


class StopError(Exception):
    """Breaks a pass off."""


def _attention(q: Any, k: Any, v: Any, *_: Any, **__: Any) -> int:
    batch, heads, queries, width = q  # shapes come in place of tensors
    return int(2 * batch * heads * queries * k[-2] * (width + v[-1]))


def _attention_backward(grad: Any, *args: Any, **kwargs: Any) -> int:
    return _attention(*args, **kwargs) * 5 // 2  # five products where forwards had two


def _experts(tokens: Any, weights: Any, *_: Any, **__: Any) -> int:
    return int(2 * tokens[0] * weights[-2] * weights[-1])


_ATEN = torch.ops.aten
CPU_FLOPS = {  # PyTorch counts these on CUDA alone, and experts nowhere
    _ATEN._grouped_mm: _experts,
    _ATEN._scaled_dot_product_flash_attention_for_cpu: _attention,
    _ATEN._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
}


@cache
def network(family: str, attention: str = "sdpa") -> PreTrainedModel:
    """The family's tiny model, frozen. It is shared: leave it as it was."""
    model: Any = load_network(
        checkpoint(family),
        dtype=torch.float32,
        attn_implementation=available_kernel(family, attention),
    )
    frozen: PreTrainedModel = model.requires_grad_(False).eval()
    return frozen


@cache
def inputs(family: str) -> Mapping[str, Tensor]:
    """A question about a noisy image."""
    processor = load_processor(family, checkpoint(family))
    noise = np.random.default_rng(0).integers(0, 256, (100, 150, 3), np.uint8)
    text = "Is there a red mug?"
    if family not in UNTEMPLATED:
        content = [{"type": "image"}, {"type": "text", "text": text}]
        turns = [{"role": "user", "content": content}]
        text = processor.apply_chat_template(turns, add_generation_prompt=True)
    made = processor(images=PIL.Image.fromarray(noise), text=text, return_tensors="pt")
    made.pop("labels", None)  # PaliGemma's, for training
    return {name: value for name, value in made.items() if isinstance(value, Tensor)}


@attrs.frozen(eq=False)
class Bench:
    """A metered model and a prompt for it."""

    model: PreTrainedModel
    meter: Meter
    inputs: Mapping[str, Tensor]

    @property
    def ids(self) -> Tensor:
        return self.inputs["input_ids"]

    @property
    def length(self) -> int:
        return self.ids.shape[1]

    @property
    def layers(self) -> Any:
        return get_decoder(self.model).layers

    @torch.no_grad()
    def read(self) -> Any:
        return self.model(**self.inputs)

    @torch.no_grad()
    def generate(self, **options: Any) -> Any:
        exactly = {"max_new_tokens": NEW, "min_new_tokens": NEW, "do_sample": False}
        model: Any = self.model
        return model.generate(**self.inputs, **exactly | options)

    @torch.no_grad()
    def continued(self, past: DynamicCache, tokens: int = 6, **options: Any) -> Any:
        """Read text after what is cached."""
        start = past.get_seq_length()
        return self.model(
            input_ids=self.ids[:, -1:].expand(1, tokens),
            position_ids=torch.arange(start, start + tokens)[None],
            **self.caching(past),
            **options,
        )

    def caching(self, past: Cache) -> dict[str, Any]:
        """The argument of the model's forward that goes on from *past*."""
        return {cache_argument(self.model): past}

    def cached(self, tokens: int) -> DynamicCache:
        """What the model keeps of a text."""
        cache = new_cache(self.model)
        self.continued(cache, tokens)
        return cache

    def hidden(self, rows: int = 1, tokens: int = 5) -> dict[str, Any]:
        """What a layer takes, if called by hand."""
        states = torch.ones(rows, tokens, self.model.config.get_text_config().hidden_size)
        decoder: Any = get_decoder(self.model)
        places = torch.arange(tokens)[None]
        return {"hidden_states": states, "position_embeddings": decoder.rotary_emb(states, places)}

    def agrees(self, call: Callable[[], object]) -> Measurement:
        """Claim that the meter counts what PyTorch does."""
        counter = FlopCounterMode(display=False, custom_mapping=CPU_FLOPS)
        with self.meter.measure() as span, counter:
            call()
        assert span.usage.flops == pytest.approx(counter.get_total_flops(), rel=1e-3)
        assert span.usage.flops > 0
        return span


@contextmanager
def metered(family: str, attention: str = "sdpa") -> Iterator[Bench]:
    """The family's model with a meter on it."""
    model = network(family, attention)
    meter = Meter(model)
    try:
        yield Bench(model, meter, inputs(family))
    finally:
        meter.remove()
