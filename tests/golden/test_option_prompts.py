"""Options are weighed in the prompts that ZoomEye's and SEAL's own code wrote for them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.cases import cases
from tests.support.opened import noise, opened
from tests.support.tiny.seal import tower, vqa
from tests.support.weighing import Weighing
from visualcrop import (
    Box,
    BudgetedModel,
    Finding,
    Image,
    Ledger,
    Prompt,
    Question,
    Target,
    View,
)
from visualcrop.answer.reply import reply
from visualcrop.evaluation.protocols import get_protocol
from visualcrop_seal.networks.vqa_model import VqaModel, format_conversation
from visualcrop_seal.vqa import SealVqa
from visualcrop_seal.working_memory import WorkingMemory
from visualcrop_zoomeye.prompts import MAIN, ZOOMED

# The conversations of the authors' code as chat templates: those of the published checkpoints have
# no system prompt, and OneVision's writes no line ends around turns.
_SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions. "
)
_PARTS = (
    "{%- for part in message.content -%}"
    "{{- '<image>\\n' if part.type == 'image' else part.text -}}"
    "{%- endfor -%}"
)
_TEMPLATES = {
    "v1": f'{{{{- "{_SYSTEM}" -}}}}'
    "{%- for message in messages -%}{{- message.role | upper + ': ' -}}"
    + _PARTS
    + "{{- ' ' if message.role == 'user' else '</s>' -}}{%- endfor -%}"
    "{{- 'ASSISTANT:' if add_generation_prompt -}}",
    "qwen_1_5": "{{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' -}}"
    "{%- for message in messages -%}{{- '<|im_start|>' + message.role + '\\n' -}}"
    + _PARTS
    + "{{- '<|im_end|>\\n' -}}{%- endfor -%}"
    "{{- '<|im_start|>assistant\\n' if add_generation_prompt -}}",
}
_FAMILIES = {"v1": "llava", "qwen_1_5": "llava-onevision"}


def question_of(case: dict[str, Any], image: Image) -> Question:
    """The question of a case, as V*Bench asks it under the authors' protocol."""
    protocol = get_protocol("zoomeye", "vstar")
    return Question(case["question"], image, case["choices"], protocol, sentences=case["options"])


def weighed(case: dict[str, Any]) -> tuple[Prompt, tuple[str, ...], bool]:
    """What a model is given to weigh, of ZoomEye's views of a case."""
    view, model = View.whole(noise()), Weighing()
    parts: tuple[str | View, ...] = (view,)
    if case["tag"] == "zoom":
        parts = (view, MAIN.format(colour="red"), view, ZOOMED)
    answer = reply(question_of(case, view.image), parts, BudgetedModel(model, Ledger()))
    assert (answer.text, answer.choice) == (case["options"][0], 0)
    ((_, options, ended),) = model.weighed
    return model.prompts[0], options, ended


def tokens_of(case: dict[str, Any], tokenizer: Any) -> list[list[int]]:
    """Tokens of each option as the authors cut them off: what is longer than without an option."""

    def encode(text: str) -> list[int]:
        return list(tokenizer(text)["input_ids"])

    return [encode(told)[len(encode(case["asked"])) :] for told in case["told"]]


def one_by_image(text: str) -> str:
    """The text with one placeholder for each image, however many tokens it takes."""
    return re.sub(r"(<image>)+", "<image>", text)


@pytest.mark.parametrize("case", cases("option_prompts", scheme="zoomeye"))
class TestZoomEye:
    """The prompt, each option after it, and what ends it."""

    def test_in_the_authors_conversation(self, case: dict[str, Any], tmp_path: Path) -> None:
        """The text is theirs letter by letter, and an option's tokens are theirs, its end too."""
        template = tmp_path / "template.jinja"
        template.write_text(_TEMPLATES[case["conversation"]])
        model = opened(_FAMILIES[case["conversation"]], template=f'"{template}"')
        processor = model.prompt_processor
        prompt, options, ended = weighed(case)
        assert ended
        written = processor.tokenize(prompt, processor.end_replies(options))
        assert one_by_image(written.text) == case["asked"]
        tokens = [option[0].tolist() for option in written.replies]
        assert tokens == tokens_of(case, processor.processor.tokenizer)

    def test_in_the_published_template(self, case: dict[str, Any]) -> None:
        """Options have the authors' tokens, but for the line end after OneVision's reply."""
        processor = opened(_FAMILIES[case["conversation"]]).prompt_processor
        prompt, options, _ = weighed(case)
        written = processor.tokenize(prompt, processor.end_replies(options))
        theirs = tokens_of(case, processor.processor.tokenizer)
        if case["conversation"] == "qwen_1_5":
            theirs = [tokens[:-1] for tokens in theirs]
        else:
            assert one_by_image(written.text) == case["asked"].removeprefix(_SYSTEM)
        assert [option[0].tolist() for option in written.replies] == theirs

    def test_the_option_itself_would_be_another_prompt(self, case: dict[str, Any]) -> None:
        """Neither the bare choice nor a sentence without its end has the authors' tokens."""
        processor = opened(_FAMILIES[case["conversation"]]).prompt_processor
        prompt, options, _ = weighed(case)
        theirs = tokens_of(case, processor.processor.tokenizer)
        for other in (processor.end_replies(case["choices"]), options):
            for option, tokens in zip(
                processor.tokenize(prompt, other).replies, theirs, strict=True
            ):
                assert len(option[0]) < len(tokens)


@pytest.mark.parametrize("case", cases("option_prompts", scheme="seal"))
def test_seal(case: dict[str, Any]) -> None:
    """Of the image, and of one to three objects in it: the text, and each option's tokens."""
    image = Image.open(noise().picture.resize(case["image_size"]))
    findings = [
        Finding(Target(name), Box(x, y, x + width, y + height))
        for name, (x, y, width, height) in case["objects"]
    ]
    model = Weighing()
    WorkingMemory().compose(question_of(case, image), findings, BudgetedModel(model, Ledger()))
    ((_, options, ended),), (prompt,) = model.weighed, model.prompts
    vqa_model = SealVqa(checkpoint=str(vqa()), vision_tower=str(tower()), dtype="float32").open()
    assert isinstance(vqa_model, VqaModel)
    tokenizer = vqa_model.tokenizer
    pieces = [*format_conversation(prompt, tokenizer.escape)]
    shown = iter(["<image>", *["<object>"] * len(findings)])
    text = "".join(piece if isinstance(piece, str) else next(shown) for piece in pieces)
    assert (text, ended) == (case["asked"], True)

    def encode(text: str) -> list[int]:
        return [n for piece in re.split("<image>|<object>", text) for n in tokenizer.encode(piece)]

    theirs = [encode(told)[len(encode(case["asked"])) :] for told in case["told"]]
    end = tokenizer.token_id("</s>")
    assert [[*vqa_model._encode_choice(prompt, each), end] for each in options] == theirs
