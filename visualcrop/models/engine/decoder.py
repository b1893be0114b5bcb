"""The parts of a network, for those classes of transformers that name them in their own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel


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
