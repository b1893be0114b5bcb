"""LLaMA from input embeddings, with visualcrop's own decoding and meter."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import attrs
import torch
from torch import Tensor, nn
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

from visualcrop import Model, Prompt, errors
from visualcrop.models import (
    DecodingState,
    Meter,
    Usage,
    choose_greedily,
    decode,
    extend,
    mean_log_likelihood,
)

from .checkpoint import load_pretrained

# The keys of config.json that describe LLaMA; the others are LLaVA's.
_LLAMA_KEYS = (
    "hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads "
    "rms_norm_eps max_position_embeddings hidden_act"
).split()


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

    def prefill(self, embeddings: Tensor) -> DecodingState:
        """Run a prompt, tokens x width; the state after it has the logits of the next token."""
        cache = DynamicCache()
        out = self.network(
            inputs_embeds=embeddings[None], past_key_values=cache, use_cache=True, logits_to_keep=1
        )
        return DecodingState(cache, (len(embeddings),), logits=out.logits)

    def decode(self, state: DecodingState, eos: int, max_new_tokens: int) -> list[int]:
        """The tokens of a greedy reply, without *eos*."""
        stop = frozenset({eos})
        (tokens,) = decode(self.network, state, stop, max_new_tokens, choose_greedily)
        return tokens

    def mean_log_probability(self, state: DecodingState, reply: Sequence[int]) -> float:
        """Of the tokens of *reply* after *state*, which is left as it was."""
        tokens = torch.tensor([list(reply)], device=self.device)
        first = state.next_logits
        inside = first[:0]
        if reply[1:]:
            inside = extend(self.network, state, tokens[:, :-1], keep=0).kept_logits[0]
        return mean_log_likelihood(first, inside, tokens)

    @contextmanager
    def record_hidden_states(self) -> Iterator[list[Tensor]]:
        """
        The hidden states, width each, that the head predicts the next token from.

        Each pass in the block adds one: that of `prefill` predicts the first token of a reply.
        """
        hidden: list[Tensor] = []
        head: nn.Module = self.network.lm_head
        hook = head.register_forward_pre_hook(lambda _, inputs: hidden.append(inputs[0][0, -1]))
        try:
            yield hidden
        finally:
            hook.remove()


def reject_sampling(prompt: Prompt) -> None:
    """Refuse a prompt whose reply is to be sampled."""
    if prompt.sampling is not None:
        raise errors.ModelError("SEAL's models reply greedily; set no temperature.")


class MeteredNetwork(nn.Module):
    """A language model and the networks that feed it, as the one network that a `Meter` takes."""

    def __init__(self, language_model: LanguageModel, *others: nn.Module) -> None:
        super().__init__()
        self.config = language_model.network.config
        self.language_model = language_model.network
        self.others = nn.ModuleList(others)

    def get_decoder(self) -> nn.Module:
        """Where tokens and passes are counted."""
        decoder: nn.Module = self.language_model.get_decoder()
        return decoder


@attrs.define(eq=False)
class MeteredModel(Model):
    """A model whose passes, tokens and FLOPs a `Meter` counts; it runs one prompt at a time."""

    meter: Meter
    _turn: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        if hasattr(os, "register_at_fork"):
            reference = weakref.ref(self)
            os.register_at_fork(after_in_child=lambda: _replace_lock(reference()))

    @property
    def passes(self) -> int:
        return self.meter.sequences

    @contextmanager
    def measure(self) -> Iterator[Measured]:
        """Run without gradients when it is this thread's turn; `usage` is set at the end."""
        measured = Measured()
        with self._turn, torch.no_grad(), self.meter.measure() as span:
            yield measured
        measured.usage = attrs.evolve(span.usage, image_tokens=measured.image_tokens)


@attrs.define
class Measured:
    """The usage of a block; the meter does not know which tokens stand for images."""

    image_tokens: int = 0  # set by the caller
    usage: Usage = Usage()


def _replace_lock(model: MeteredModel | None) -> None:
    """In a forked child: the thread of the parent that holds the lock is not there."""
    if model is not None:
        model._turn = threading.Lock()  # noqa: SLF001 - a method could be called by anybody
