"""The vocabularies are read right: llama.cpp cuts text into the same tokens."""

from __future__ import annotations

from collections.abc import Callable
from unicodedata import is_normalized

import pytest
from transformers import PreTrainedTokenizerFast

from tests.support.real import vocabularies


def llama() -> PreTrainedTokenizerFast:
    return vocabularies.llama(image=False)


def qwen3_5() -> PreTrainedTokenizerFast:
    return vocabularies.qwen3_5(added=False)


@pytest.mark.parametrize(
    ("name", "words", "cases"),
    [
        ("llama-spm", llama, 47),
        ("qwen2", vocabularies.qwen2, 47),
        ("qwen35", qwen3_5, 48),  # the other 3 have accents of their own
        ("gemma-4", vocabularies.gemma4, 46),
    ],
)
def test_text_is_cut_as_by_llama_cpp(
    name: str, words: Callable[[], PreTrainedTokenizerFast], cases: int
) -> None:
    """Token by token, on the texts that it ships; Qwen's tokenizers join accents to letters."""
    known = [case for case in vocabularies.read_cases(name) if is_normalized("NFC", case[0])]
    assert len(known) == cases
    for text, ids in known:
        # Transformers' LLaMA adds no space to a text that begins with one, but llama.cpp does.
        given = f" {text}" if name == "llama-spm" and text.startswith(" ") else text
        assert words()(given, add_special_tokens=False)["input_ids"] == ids
