"""Small tokenizers that cut text up as the real ones do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

CORPUS = [
    "Is there a red mug in the image? Yes No yes no",
    "What is the color of the key? What colour is the mug? red blue green black white gray yellow",
    "(A) gray (B) white (C) black (D) blue A B C D A. B. C. D. A: B: C: D:",
    "Is the mug on the left or the right side of the key? left right above below",
    "How many bikes are in the image? one two three four",
    "Answer the question using a single word or phrase. Answer with Yes or No.",
    "Answer with the option's letter from the given choices directly. Question: Target object",
    "USER ASSISTANT system user assistant model You are a helpful assistant.",
    "the small cat sat on the mat and a dog ran over there near the tree by the lamp",
]


def byte_level(specials: Sequence[str], named: dict[str, str]) -> PreTrainedTokenizerFast:
    """As Qwen 2's: a token of a word holds the space before it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=list(specials),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS * 4, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        padding_side="left",
        extra_special_tokens=named,
    )


def sentence_piece(
    specials: dict[str, str], *, others: Sequence[str] = (), named: dict[str, str], prefix: bool
) -> PreTrainedTokenizerFast:
    """As Llama's and Gemma's: spaces are `▁`, unknown letters are bytes, a text has a beginning."""
    space = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(prepend_scheme="first" if prefix else "never"),
            pre_tokenizers.Punctuation(),
        ]
    )
    known = [*specials.values(), *others]
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    words, merges = _learned(space)
    vocabulary = {word: index for index, word in enumerate(chain(known, bytes_, words))}
    tokenizer = Tokenizer(
        models.BPE(vocabulary, merges, unk_token=specials["unk_token"], byte_fallback=True)
    )
    tokenizer.pre_tokenizer = space
    first = [decoders.Strip(" ", 1, 0)] if prefix else []
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *first]
    )
    start = specials["bos_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start} $A", special_tokens=[(start, vocabulary[start])]
    )
    tokenizer.add_special_tokens(known)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, padding_side="left", extra_special_tokens=named, **specials
    )


def _learned(space: Any) -> tuple[list[str], list[tuple[str, str]]]:
    """Words of the corpus, and the pairs that they are put together from."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = space
    tokenizer.train_from_iterator(
        CORPUS * 4, trainers.BpeTrainer(vocab_size=400, show_progress=False)
    )
    model = json.loads(tokenizer.to_str())["model"]
    merges = [tuple(pair) for pair in model["merges"]]
    return sorted(model["vocab"], key=model["vocab"].__getitem__), merges


def train_sentence_piece(path: Path) -> None:
    """Write a tokenizer.model of 400 tokens, as Llama's was trained."""
    from sentencepiece import SentencePieceTrainer

    with path.open("wb") as file:
        SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS * 4),
            model_writer=file,
            model_type="bpe",
            vocab_size=400,
            byte_fallback=True,
            minloglevel=2,
        )
