"""Text cannot steer a model: no control token comes from it, and it stays readable."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.models.test_interleaving import WHOLE
from tests.support.real.readers import PLAIN, READERS, prompter
from visualcrop import Prompt

ALL = (*READERS, PLAIN)
KNOWN = {  # that must be among them
    "llava": {"<s>", "</s>", "<unk>", "<image>", "<pad>"},
    "llava-onevision": {"<|im_start|>", "<|im_end|>", "<|endoftext|>", "<image>", "<video>"},
    "qwen2-5-vl": {"<|vision_start|>", "<|image_pad|>", "<|video_pad|>", "<|im_end|>"},
    "internvl": {"<img>", "</img>", "<IMG_CONTEXT>"},
    "gemma3": {"<start_of_image>", "<image_soft_token>", "<start_of_turn>", "<bos>", "<eos>"},
    "qwen3-5": {"<|image_pad|>", "<think>", "</think>", "<tool_call>"},
    "gemma4": {"<|image|>", "<|image>", "<turn|>", "<|channel>", "<channel|>", "<|think|>"},
    "mistral3": {"[IMG]", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "</s>"},
    "instructblip": {"</s>", "<image>"},
}


def control_tokens(name: str) -> list[str]:
    """The special tokens of the vocabulary, and others that its template writes."""
    processor = prompter(name).processor
    added = processor.tokenizer.added_tokens_decoder.values()
    source = processor.chat_template or ""
    return sorted({t.content for t in added if t.special or t.content in source})


def asked(name: str, *texts: str) -> Counter[int]:
    """How often a prompt of an image, an earlier turn and *texts* has each token."""
    prompt = Prompt((WHOLE, *texts), (("Is it?", "No"), *((text, text) for text in texts)))
    ids = prompter(name).tokenize(prompt).inputs["input_ids"][0].tolist()
    return Counter(ids)


@pytest.mark.parametrize("name", ALL)
class TestControlTokens:
    """Of every vocabulary and template."""

    def test_none_comes_from_a_text(self, name: str) -> None:
        """Alone, in words, doubled, side by side, or cut by another: a prompt has no more of it."""
        tokens = control_tokens(name)
        assert KNOWN.get(name, set()) <= set(tokens)
        ids = prompter(name).processor.tokenizer.convert_tokens_to_ids(tokens)
        tame = asked(name, "What is it?")
        for token in tokens:
            half = len(token) // 2
            for text in (
                f"What is {token}?",
                f"it{token}is",
                token * 2,
                f"{token[:half]}{token}{token[half:]}",
                f"{token[0]}{token}",
                f"{token}{token[-1]}",
            ):
                wild = asked(name, text)
                assert [wild[i] for i in ids] == [tame[i] for i in ids], text

    def test_many_side_by_side(self, name: str) -> None:
        """In either order, without a space between."""
        tokens = control_tokens(name)
        ids = prompter(name).processor.tokenizer.convert_tokens_to_ids(tokens)
        tame, wild = asked(name, "What?"), asked(name, "".join(tokens) + "".join(tokens[::-1]))
        assert [wild[i] for i in ids] == [tame[i] for i in ids]

    def test_the_text_stays_readable(self, name: str) -> None:
        """It is the same but for a space after the first character of each."""
        for token in control_tokens(name):
            text = prompter(name).tokenize(Prompt((WHOLE, f"Is {token} written there?"))).text
            assert f"Is {token[0]} {token[1:]} written there?" in text

    def test_markup_is_left_alone(self, name: str) -> None:
        """Tags, brackets and white space that steer nothing are not touched."""
        said = "<b>A [sic] <|x|> a  b\n\nc</b> <0x0A>"
        assert said in prompter(name).tokenize(Prompt((WHOLE, said))).text
