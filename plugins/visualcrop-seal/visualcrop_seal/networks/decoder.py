"""LLaMA, read to from embeddings: what comes next, and the state of mind before each token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import torch
from torch import Tensor, nn
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

from visualcrop import Prompt, errors

from .fitting import pretrained

# What config.json may say of a LLaMA; the rest of it is LLaVA's.
_SAID = (
    "hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads "
    "rms_norm_eps max_position_embeddings hidden_act"
).split()


@attrs.frozen(eq=False)
class State:
    """What was read so far, and the hidden state after the last token."""

    cache: DynamicCache
    hidden: Tensor  # width
    length: int
    shown: int = 0  # tokens that stand for images


@attrs.frozen(eq=False)
class Decoder:
    """The language model of both checkpoints."""

    network: LlamaForCausalLM

    @classmethod
    def of(
        cls, config: Mapping[str, Any], tensors: Mapping[str, Tensor], dtype: torch.dtype
    ) -> Decoder:
        """From a checkpoint's config and tensors; the vocabulary is as long as the weights say."""
        table = tensors.get("model.embed_tokens.weight")
        if table is None:
            raise errors.ModelError(
                "The checkpoint has no model.embed_tokens.weight; is it one of SEAL's models?"
            )
        said = {key: config[key] for key in _SAID if key in config}
        llama = LlamaConfig(**said, vocab_size=len(table), tie_word_embeddings=False)
        network = pretrained(LlamaForCausalLM, llama, tensors, dtype, "the language model")
        return cls(network)

    @staticmethod
    def only_greedy(prompt: Prompt) -> None:
        """Refuse a prompt whose reply is to be drawn."""
        if prompt.sampling is not None:
            raise errors.ModelError("SEAL's models reply greedily; set no temperature.")

    @property
    def layers(self) -> int:
        layers: int = self.network.config.num_hidden_layers
        return layers

    def to(self, device: torch.device) -> None:
        """Run there."""
        network: nn.Module = self.network
        network.to(device)

    @property
    def device(self) -> torch.device:
        return self.network.device

    def embedded(self, tokens: Sequence[int]) -> Tensor:
        """Tokens x width."""
        numbers = torch.tensor(list(tokens), dtype=torch.long, device=self.device)
        embedded: Tensor = self.network.model.embed_tokens(numbers)
        return embedded

    def read(self, embeddings: Tensor, shown: int = 0) -> State:
        """Read a prompt from its start."""
        cache = DynamicCache()
        hidden = self._run(embeddings, cache)
        return State(cache, hidden[-1], len(embeddings), shown)

    def greedy(self, state: State, end: int, most: int) -> Iterator[tuple[int, Tensor]]:
        """Each token of the reply, and the hidden state that it was told from."""
        for left in reversed(range(most)):
            token = int(self.logits(state.hidden).argmax())
            if token == end:
                return
            yield token, state.hidden
            if left:
                hidden = self._run(self.embedded([token]), state.cache)
                state = State(state.cache, hidden[-1], state.length + 1)

    def likelihood(self, state: State, reply: Sequence[int]) -> float:
        """Mean log-probability of the tokens of *reply* after *state*, which is left as it was."""
        before = state.hidden[None]
        if reply[1:]:
            inside = self._run(self.embedded(reply[:-1]), _fork(state.cache))
            before = torch.cat([before, inside])
        scores = self.logits(before).float().log_softmax(-1)
        numbers = torch.tensor(list(reply), device=self.device)
        return float(scores.gather(1, numbers[:, None]).mean())

    def logits(self, hidden: Tensor) -> Tensor:
        """Over the vocabulary."""
        logits: Tensor = self.network.lm_head(hidden)
        return logits

    def _run(self, embeddings: Tensor, cache: DynamicCache) -> Tensor:
        """Last hidden states, tokens x width; *cache* grows."""
        out = self.network.model(
            inputs_embeds=embeddings[None], past_key_values=cache, use_cache=True
        )
        hidden: Tensor = out.last_hidden_state[0]
        return hidden


def _fork(cache: DynamicCache) -> DynamicCache:
    """A cache that grows on its own."""
    copy = DynamicCache()
    layers: Any = cache.layers
    for number, layer in enumerate(layers):
        copy.update(layer.keys, layer.values, number)
    return copy
