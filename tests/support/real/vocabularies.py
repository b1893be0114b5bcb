"""Tokenizers with real vocabularies, built by the classes of transformers that load them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tokenizers import AddedToken
from transformers import GemmaTokenizer, LlamaTokenizer, PreTrainedTokenizerFast, Qwen2Tokenizer
from transformers.convert_slow_tokenizer import generate_merges
from transformers.models.qwen3_5.tokenization_qwen3_5 import Qwen3_5Tokenizer

from tests.support.real.gguf import read_fields

FOLDER = Path(__file__).parents[3] / ".vocabularies_cache"  # of scripts/fetch_vocabularies.py
_SEPARATOR = "\n__ggml_vocab_test__\n"
_CONTROL, _USER_DEFINED = 3, 4  # types of tokens
_CHAT = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_VISION = (  # of Qwen2-VL and later, after <|im_end|>
    *("<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>"),
    *("<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>"),
    *("<|image_pad|>", "<|video_pad|>"),
)
_TOOLS = (  # text to the tokenizer, control to the model
    *("<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"),
    *("<|fim_pad|>", "<|repo_name|>", "<|file_sep|>"),
)
_THOUGHTS = ("<tool_response>", "</tool_response>", "<think>", "</think>")
_INTERNVL = (
    *("<img>", "</img>", "<IMG_CONTEXT>", "<quad>", "</quad>", "<ref>", "</ref>"),
    *("<box>", "</box>", "<video>"),
)
_MISTRAL = (
    *("<s>", "</s>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),
    *("[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[IMG]", "[IMG_BREAK]", "[IMG_END]"),
)


@cache
def fields(name: str) -> dict[str, Any]:
    """The fields of a vocabulary's file."""
    return read_fields(FOLDER / f"ggml-vocab-{name}.gguf")


def read_template(name: str) -> str:
    """A published chat template."""
    return (FOLDER / "templates" / f"{name}.jinja").read_text("utf-8")


def read_cases(name: str) -> list[tuple[str, list[int]]]:
    """Texts and their token ids, as llama.cpp has them beside the vocabulary."""
    said = (FOLDER / f"ggml-vocab-{name}.gguf.inp").read_text("utf-8").split(_SEPARATOR)
    ids = (FOLDER / f"ggml-vocab-{name}.gguf.out").read_text("utf-8").split("\n")
    return [(text, [int(i) for i in line.split()]) for text, line in zip(said, ids, strict=False)]


@cache
def llama(*, legacy: bool = False, image: bool = True) -> PreTrainedTokenizerFast:
    """LLaMA-2's, with LLaVA-1.5's image token; *legacy* puts a space after each special token."""
    found = fields("llama-spm")
    words = found["tokenizer.ggml.tokens"]
    vocabulary = {word: index for index, word in enumerate(words)}
    scores = dict(zip(words, found["tokenizer.ggml.scores"], strict=True))
    merges = generate_merges(vocabulary, scores, skip_tokens={"<unk>", "<s>", "</s>"})
    tokenizer = LlamaTokenizer(vocabulary, merges, legacy=legacy, add_bos_token=True)
    if not image:
        return tokenizer
    _add(tokenizer, ["<image>", "<pad>"])
    return _named(tokenizer, pad_token="<pad>", image_token="<image>")


@cache
def qwen2(kind: str = "") -> PreTrainedTokenizerFast:
    """Qwen2's, with the added tokens of a *kind* of model: onevision, vl or internvl."""
    tokenizer = Qwen2Tokenizer(*_byte_level("qwen2"))
    _add(tokenizer, _CHAT)
    match kind:
        case "onevision":
            _add(tokenizer, ["<image>", "<video>"])
            return _named(tokenizer, image_token="<image>", video_token="<video>")
        case "vl" | "internvl":
            _add(tokenizer, _VISION)
            _add(tokenizer, _TOOLS, special=False)
    if kind == "internvl":
        _add(tokenizer, _INTERNVL)
        return _named(
            tokenizer,
            start_image_token="<img>",
            end_image_token="</img>",
            context_image_token="<IMG_CONTEXT>",
            video_token="<video>",
        )
    return _named(tokenizer)


@cache
def mistral() -> PreTrainedTokenizerFast:
    """Qwen2's words with Mistral's control tokens: its own words are in no file."""
    tokenizer = Qwen2Tokenizer(*_byte_level("qwen2"))
    _add(tokenizer, _MISTRAL)
    return _named(tokenizer, bos_token="<s>", eos_token="</s>", image_token="[IMG]")


@cache
def qwen3_5(*, added: bool = True) -> PreTrainedTokenizerFast:
    """Qwen2's words, cut as Qwen3.5 cuts text, which is all that its file adds, and its tokens."""
    tokenizer = Qwen3_5Tokenizer(*_byte_level("qwen35"))
    _add(tokenizer, _CHAT)
    if added:
        _add(tokenizer, _VISION)
        _add(tokenizer, (*_TOOLS, *_THOUGHTS), special=False)
    return _named(tokenizer)


@cache
def gemma4() -> PreTrainedTokenizerFast:
    """Gemma 4's."""
    return _named(
        _gemma({}),
        image_token="<|image|>",
        boi_token="<|image>",
        eoi_token="<image|>",
        audio_token="<|audio|>",
        boa_token="<|audio>",
        eoa_token="<audio|>",
    )


@cache
def gemma3() -> PreTrainedTokenizerFast:
    """Gemma 4's words under Gemma 3's control tokens, some by other ids."""
    renamed = {
        "<|turn>": "<start_of_turn>",
        "<turn|>": "<end_of_turn>",
        "<|image>": "<start_of_image>",
        "<image|>": "<end_of_image>",
        "<|image|>": "<image_soft_token>",
    }
    return _named(
        _gemma(renamed),
        image_token="<image_soft_token>",
        boi_token="<start_of_image>",
        eoi_token="<end_of_image>",
    )


def _gemma(renamed: dict[str, str]) -> Any:
    found = fields("gemma-4")
    words = [renamed.get(word, word) for word in found["tokenizer.ggml.tokens"]]
    kinds = found["tokenizer.ggml.token_type"]
    merges: Any = [tuple(merge.split(" ")) for merge in found["tokenizer.ggml.merges"]]
    vocabulary = {word: index for index, word in enumerate(words)}
    tokenizer = GemmaTokenizer(vocabulary, merges, add_bos_token=True)
    for type_ in (_CONTROL, _USER_DEFINED):
        of_type = [word for word, kind in zip(words, kinds, strict=True) if kind == type_]
        _add(tokenizer, of_type, special=type_ == _CONTROL)
    return tokenizer


def _byte_level(name: str) -> tuple[dict[str, int], Any]:
    """Words and merges; the file fills up with special tokens, of a text model, and padding."""
    found = fields(name)
    types = found["tokenizer.ggml.token_type"]
    words = [w for w, kind in zip(found["tokenizer.ggml.tokens"], types, strict=True) if kind == 1]
    merges = [tuple(merge.split(" ")) for merge in found["tokenizer.ggml.merges"]]
    return {word: index for index, word in enumerate(words)}, merges


def _add(tokenizer: Any, tokens: Sequence[str], *, special: bool = True) -> None:
    tokenizer.add_tokens([AddedToken(t, special=special, normalized=False) for t in tokens])


def _named(tokenizer: Any, **names: str) -> PreTrainedTokenizerFast:
    """The same, which knows what some of its tokens are for."""
    usual = {
        name: getattr(tokenizer, name)
        for name in ("bos_token", "eos_token", "pad_token", "unk_token")
    }
    mine = {name: names.pop(name) for name in usual if name in names}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer._tokenizer,
        padding_side="left",
        extra_special_tokens=names,
        **usual | mine,
    )
