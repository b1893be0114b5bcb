"""Pieces of tiny random checkpoints, on which a model family is tested without a download."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

_N = TypeVar("_N", bound="PreTrainedModel")
END, PAD = "<|im_end|>", "<|endoftext|>"


def byte_tokenizer(
    special_tokens: Sequence[str] = ("<image>",), *, chat_template: str, **named: str
) -> PreTrainedTokenizerFast:
    """
    A tokenizer whose tokens are bytes, and *special_tokens* such as placeholders of images.

    Args:
        special_tokens: Tokens that no text is split into.
        chat_template: Jinja template that a prompt is written with.
        named: Special tokens that a processor looks up, such as `image_token="<image>"`.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    known = [PAD, END, *special_tokens]
    vocabulary = {token: place for place, token in enumerate([*known, *letters])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(known)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        padding_side="left",
        chat_template=chat_template,
        extra_special_tokens=named,
    )


def random_network(make: Callable[[], _N], seed: int = 0) -> _N:
    """
    A network with random weights, the same each time, in evaluation mode.

    The weights are spread: fresh ones give nearly constant answers, with which no mistake shows.
    """
    import torch

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        network = make()
        network.train(mode=False)
        for weights in network.parameters():
            if weights.dim() == 1:  # biases are born zero, and norms one
                weights.add_(torch.randn_like(weights), alpha=0.1)
            elif not weights.any():
                weights.normal_(std=0.1)
            else:
                weights.mul_(4)
    return network
