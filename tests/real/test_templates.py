"""Published templates of models that think, that trim and that tell the date."""

from __future__ import annotations

import re

import pytest

from tests.models.test_interleaving import EXAMPLES, LEFT, RIGHT, WHOLE, three
from tests.support.real.readers import READERS, prompter
from tests.support.real.vocabularies import read_template
from visualcrop import Prompt
from visualcrop.errors import ModelError
from visualcrop.models.engine.chat_template import ChatTemplate

ENDS = {
    "qwen3-5": "<|im_start|>assistant\n<think>\n\n</think>\n\n",
    "gemma4": "<|turn>model\n<|channel>thought\n<channel|>",
    "gemma4, tools": "<|turn>model\n<|channel>thought\n<channel|>",
    "mistral3": "[/INST]",
}


@pytest.mark.parametrize("name", ENDS)
class TestTemplates:
    """With images between texts, and earlier turns."""

    def test_an_answer_begins_right_away(self, name: str) -> None:
        """A prompt ends with an empty thought, or without one where the model has none."""
        assert prompter(name).tokenize(three()).text.endswith(ENDS[name])

    def test_the_text_is_the_templates_own(self, name: str) -> None:
        """As transformers renders it with `enable_thinking=False`, but for Mistral's date."""
        processor = prompter(name).processor
        content = [
            {"type": "image"} if part in (WHOLE, LEFT, RIGHT) else {"type": "text", "text": part}
            for part in ("One:\n", WHOLE, "Two:\n", LEFT, "Three:\n", RIGHT, "Which is red?")
        ]
        ((asked, reply),) = EXAMPLES
        turns = [
            {"role": "user", "content": [{"type": "text", "text": asked}]},
            {"role": "assistant", "content": [{"type": "text", "text": reply}]},
            {"role": "user", "content": content},
        ]
        off = {} if name == "mistral3" else {"enable_thinking": False}
        own = processor.apply_chat_template(turns, add_generation_prompt=True, **off)
        own = re.sub(r"date is \d{4}-\d\d-\d\d", "date is 2024-07-26", own)
        text = ChatTemplate(processor).render(three()).text
        assert text == own.removeprefix("<bos>")


def test_text_alone_takes_no_image() -> None:
    """MiMo-VL's template of text is refused where an image is to be placed."""
    processor = prompter("qwen2-5-vl").processor
    kept, processor.chat_template = processor.chat_template, read_template("MiMo-VL")
    try:
        with pytest.raises(ModelError, match="cannot place an image"):
            ChatTemplate(processor).render(Prompt(("A:", WHOLE, "What?")))
    finally:
        processor.chat_template = kept


def test_all_are_read() -> None:
    """Each published template belongs to a reader."""
    assert {READERS[name].template for name in ENDS} == {
        "Qwen3.5-4B",
        "google-gemma-4-31B-it",
        "google-gemma-4-31B-it-interleaved",
        "Mistral-Small-3.2-24B-Instruct-2506",
    }
