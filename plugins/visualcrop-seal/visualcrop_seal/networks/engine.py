"""
Running LLaMA from embeddings: prefill, greedy decoding, the KV cache, and what a pass costs.

This is the part of SEAL's models that visualcrop's own engine does for models of transformers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import attrs
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

from visualcrop import Model, Prompt, errors
from visualcrop.models import Usage

from .checkpoint import load_pretrained

# The keys of config.json that describe LLaMA; the others are LLaVA's.
_LLAMA_KEYS = (
    "hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads "
    "rms_norm_eps max_position_embeddings hidden_act"
).split()
_FLASH = "_scaled_dot_product_flash_attention"
_SAME_FORMULA = {  # missing in torch's registry
    getattr(torch.ops.aten, f"{_FLASH}_for_cpu"): getattr(torch.ops.aten, _FLASH)
}


@attrs.frozen(eq=False)
class DecodingState:
    """The KV cache of a sequence, and the last layer's hidden state of its last token."""

    cache: DynamicCache
    hidden: Tensor  # width
    tokens: int
    image_tokens: int = 0


@attrs.frozen(eq=False)
class LanguageModel:
    """The LLaMA of a checkpoint; one sequence at a time, from input embeddings."""

    network: LlamaForCausalLM

    @classmethod
    def from_checkpoint(
        cls, config: Mapping[str, Any], tensors: Mapping[str, Tensor], dtype: torch.dtype
    ) -> LanguageModel:
        """Load the weights; the size of the vocabulary is read off them."""
        embeddings = tensors.get("model.embed_tokens.weight")
        if embeddings is None:
            raise errors.ModelError(
                "The checkpoint has no model.embed_tokens.weight; is it one of SEAL's models?"
            )
        sizes = {key: config[key] for key in _LLAMA_KEYS if key in config}
        llama = LlamaConfig(**sizes, vocab_size=len(embeddings), tie_word_embeddings=False)
        network = load_pretrained(LlamaForCausalLM, llama, tensors, dtype, "the language model")
        return cls(network)

    @property
    def num_layers(self) -> int:
        layers: int = self.network.config.num_hidden_layers
        return layers

    @property
    def device(self) -> torch.device:
        return self.network.device

    def to(self, device: torch.device) -> None:
        """Move the weights to *device*."""
        network: nn.Module = self.network
        network.to(device)

    def embed(self, ids: Sequence[int]) -> Tensor:
        """Input embeddings, tokens x width."""
        tokens = torch.tensor(list(ids), dtype=torch.long, device=self.device)
        embeddings: Tensor = self.network.model.embed_tokens(tokens)
        return embeddings

    def prefill(self, embeddings: Tensor, image_tokens: int = 0) -> DecodingState:
        """Run a prompt, tokens x width, of which *image_tokens* stand for images."""
        cache = DynamicCache()
        hidden = self._forward(embeddings, cache)
        return DecodingState(cache, hidden[-1], len(embeddings), image_tokens)

    def decode(
        self, state: DecodingState, eos: int, max_new_tokens: int
    ) -> Iterator[tuple[int, Tensor]]:
        """Greedily, until *eos*: each token, and the hidden state (width) that predicted it."""
        hidden = state.hidden
        for remaining in reversed(range(max_new_tokens)):
            token = int(self.logits(hidden).argmax())
            if token == eos:
                return
            yield token, hidden
            if remaining:
                hidden = self._forward(self.embed([token]), state.cache)[-1]

    def mean_log_probability(self, state: DecodingState, reply: Sequence[int]) -> float:
        """Of the tokens of *reply* after *state*, whose cache is left as it was."""
        hidden = state.hidden[None]
        if reply[1:]:
            inside = self._forward(self.embed(reply[:-1]), state.cache)
            state.cache.crop(-len(inside))
            hidden = torch.cat([hidden, inside])
        scores = self.logits(hidden).float().log_softmax(-1)
        tokens = torch.tensor(list(reply), device=self.device)
        return float(scores.gather(1, tokens[:, None]).mean())

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of the next token, ... x vocabulary, after hidden states, ... x width."""
        logits: Tensor = self.network.lm_head(hidden)
        return logits

    def _forward(self, embeddings: Tensor, cache: DynamicCache) -> Tensor:
        """The last layer's hidden states, tokens x width; *cache* grows by as many tokens."""
        out = self.network.model(
            inputs_embeds=embeddings[None], past_key_values=cache, use_cache=True
        )
        hidden: Tensor = out.last_hidden_state[0]
        return hidden


def reject_sampling(prompt: Prompt) -> None:
    """Refuse a prompt whose reply is to be sampled."""
    if prompt.sampling is not None:
        raise errors.ModelError("SEAL's models reply greedily; set no temperature.")


class FlopCounter(TorchDispatchMode):
    """
    Counts the floating-point operations of this thread by torch's own formulas.

    torch's `FlopCounterMode` also tracks modules, by hooks that all threads share: two models
    that run at once would disturb each other.
    """

    total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        packet = _SAME_FORMULA.get(func.overloadpacket, func.overloadpacket)
        if (formula := flop_registry.get(packet)) is not None:
            self.total += int(formula(*args, **(kwargs or {}), out_val=out))
        return out


@attrs.define
class UsageSpan:
    """The caller sets the token counts inside the span; `usage` is set when it has ended."""

    new_tokens: int = 0
    image_tokens: int = 0  # of the new ones
    decoded_tokens: int = 0
    usage: Usage = Usage()


@contextmanager
def measure_usage(device: torch.device) -> Iterator[UsageSpan]:
    """Run without gradients, and measure FLOPs, seconds and peak memory."""
    span, started = UsageSpan(), time.perf_counter()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with torch.no_grad(), FlopCounter() as flops:
        yield span
    peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0
    span.usage = Usage(
        new_tokens=span.new_tokens,
        decoded_tokens=span.decoded_tokens,
        image_tokens=span.image_tokens,
        flops=flops.total,
        seconds=time.perf_counter() - started,
        peak_bytes=peak,
    )


@attrs.define(eq=False)
class PassCountingModel(Model):
    """A model that counts its passes, in whichever threads they run."""

    passes: int = attrs.field(default=0, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def count_passes(self, passes: int) -> None:
        """Add *passes* to the count."""
        with self._lock:
            self.passes += passes
