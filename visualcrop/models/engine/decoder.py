"""
A network's decoder, which classes of transformers name in their own ways, and its layers.

An attention layer keeps keys and values of each token, or attends to those of an earlier layer
(Gemma 4's last layers). A recurrent layer keeps no tokens: it sums up all of them in a state of
fixed size (linear attention in Qwen3.5, short convolutions in LFM2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import PreTrainedConfig, PreTrainedModel

_RECURRENT = frozenset({"linear_attention", "conv"})  # names in transformers' `layer_types`


def get_decoder(network: PreTrainedModel) -> Any:
    """The decoder: embeddings, layers and norm, without the language model's head."""
    decoder: Any = network.get_decoder()
    return decoder if hasattr(decoder, "layers") else decoder.model  # Llama 4's is with its head


def run_without_head(network: Any, **inputs: Any) -> None:
    """Run all but the language model's head, which here is run for the last token at most."""
    if hasattr(network, "model"):
        network.model(**inputs)
    else:  # Llama 4
        network(**inputs, logits_to_keep=1)


def layer_types(config: PreTrainedConfig) -> tuple[str, ...]:
    """The type of each layer of the decoder, in transformers' words: `sliding_attention`, ..."""
    text = config.get_text_config()
    found: Sequence[str] | None = getattr(text, "layer_types", None)
    return tuple(found or ["full_attention"] * text.num_hidden_layers)


def attention_layers(config: PreTrainedConfig) -> tuple[int, ...]:
    """The layers that attend to tokens."""
    return tuple(n for n, kind in enumerate(layer_types(config)) if kind not in _RECURRENT)


def kv_layers(config: PreTrainedConfig) -> tuple[int, ...]:
    """The attention layers that compute and cache keys and values of their own."""
    shared = getattr(config.get_text_config(), "num_kv_shared_layers", None) or 0  # the last ones
    own = len(layer_types(config)) - shared
    return tuple(layer for layer in attention_layers(config) if layer < own)


def recurrent_layers(config: PreTrainedConfig) -> tuple[int, ...]:
    """The layers that keep a state of fixed size."""
    return tuple(n for n, kind in enumerate(layer_types(config)) if kind in _RECURRENT)


def has_recurrent_state(network: PreTrainedModel) -> bool:
    """
    Whether some layer keeps a state of fixed size.

    Such a state exists only where a pass ended. It cannot be cut back to an earlier token, padding
    after a sequence changes it, and no mask keeps sequences in one row apart.
    """
    return bool(recurrent_layers(network.config))
