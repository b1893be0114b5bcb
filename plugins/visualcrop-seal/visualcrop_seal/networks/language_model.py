"""LLaMA on input embeddings, with visualcrop's own decoding and meter."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import attrs
import torch
from torch import Tensor, nn
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

from visualcrop import Model, Prompt, RepetitionStop, errors
from visualcrop.models import (
    DecodingState,
    Meter,
    Usage,
    cache_argument,
    choose_greedily,
    decode,
    score_reply,
)
from visualcrop.plugin import after_fork_in_child

from .checkpoint import load_pretrained

# The keys of config.json that describe LLaMA; the others are LLaVA's.
_LLAMA_KEYS = (
    "hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads "
    "rms_norm_eps max_position_embeddings hidden_act"
).split()


@attrs.frozen(eq=False)
class LanguageModel:
    """The LLaMA of a checkpoint, run on the input embeddings of one sequence at a time."""

    network: LlamaForCausalLM

    @classmethod
    def from_checkpoint(
        cls, config: Mapping[str, Any], tensors: Mapping[str, Tensor], dtype: torch.dtype
    ) -> LanguageModel:
        """Load the weights, whose shapes have the size of the vocabulary."""
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
        """Input embeddings, T x hidden."""
        tokens = torch.tensor(list(ids), dtype=torch.long, device=self.device)
        embeddings: Tensor = self.network.model.embed_tokens(tokens)
        return embeddings

    def prefill(self, embeddings: Tensor) -> DecodingState:
        """Run a prompt, T x hidden; the state after it has the logits of the next token."""
        cache = DynamicCache()
        out = self.network(
            inputs_embeds=embeddings[None],
            use_cache=True,
            logits_to_keep=1,
            **{cache_argument(self.network): cache},
        )
        return DecodingState(cache, (len(embeddings),), logits=out.logits)

    def decode(
        self,
        state: DecodingState,
        eos: int,
        max_new_tokens: int,
        stop: RepetitionStop | None = None,
    ) -> list[int]:
        """The tokens of a greedy reply, without *eos*."""
        ends = frozenset({eos})
        (tokens,) = decode(self.network, state, ends, max_new_tokens, choose_greedily, [stop])
        return tokens

    def mean_log_probability(self, state: DecodingState, reply: Sequence[int]) -> float:
        """The mean log-probability of *reply*'s tokens after *state*, which is not changed."""
        tokens = torch.tensor([list(reply)], device=self.device)
        return score_reply(self.network, state, tokens)

    @contextmanager
    def record_hidden_states(self) -> Iterator[list[Tensor]]:
        """
        The hidden states from which the head predicts the next token, hidden each.

        Each pass in the block adds one; the one of `prefill` predicts a reply's first token.
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
    """A language model and the networks of its inputs, as one network for a `Meter`."""

    def __init__(self, language_model: LanguageModel, *others: nn.Module) -> None:
        super().__init__()
        self.config = language_model.network.config
        self.language_model = language_model.network
        self.others = nn.ModuleList(others)

    def get_decoder(self) -> nn.Module:
        """The module whose tokens and passes the meter counts."""
        decoder: nn.Module = self.language_model.get_decoder()
        return decoder


@attrs.define(eq=False)
class MeteredModel(Model):
    """A model whose passes, tokens and FLOPs a `Meter` counts; it runs one prompt at a time."""

    meter: Meter
    _turn: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        after_fork_in_child(self._renew_lock)

    def _renew_lock(self) -> None:
        """Make a new lock in a forked child, which lacks the thread that holds this one."""
        self._turn = threading.Lock()

    @property
    def passes(self) -> int:
        return self.meter.sequences

    @contextmanager
    def measure(self) -> Iterator[Measured]:
        """Run one thread at a time, without gradients; `usage` is set at the end of the block."""
        measured = Measured()
        with self._turn, torch.no_grad(), self.meter.measure() as span:
            yield measured
        measured.usage = attrs.evolve(span.usage, image_tokens=measured.image_tokens)


@attrs.define
class Measured:
    """The usage of a block of `MeteredModel.measure`."""

    image_tokens: int = 0  # set by the caller: the meter cannot tell them from other tokens
    usage: Usage = Usage()
