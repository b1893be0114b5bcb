"""Images stand where the prompt has them, in templates that were published and in odd ones."""

from __future__ import annotations

import re
from copy import copy

import pytest

from tests.support.opened import noise, opened
from tests.support.tiny.checkpoints import FAMILIES
from visualcrop import Box, BudgetedModel, Finding, Ledger, Prompt, Question, Target, View
from visualcrop.answer.interleaved import Interleaved
from visualcrop.errors import ModelError
from visualcrop.models.engine.chat_template import ChatTemplate

WHOLE = View.whole(noise())
LEFT, RIGHT = View(noise(), Box(0, 0, 90, 200)), View(noise(), Box(100, 30, 260, 190))
EXAMPLES = (("Is it red?", "No"),)


def chat_ml(image: str, system: str = "") -> str:
    """What models write that have Qwen's turns."""
    return (
        f"{system}<|im_start|>user\nIs it red?<|im_end|>\n<|im_start|>assistant\nNo<|im_end|>\n"
        f"<|im_start|>user\nOne:\n{image}Two:\n{image}Three:\n{image}Which is red?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
QWEN = "<|vision_start|><|image_pad|><|vision_end|>"
GLM = (
    "[gMASK]<sop><|user|>\nIs it red?<|assistant|>\nNo\n"
    "<|user|>\nOne:\n@Two:\n@Three:\n@Which is red?<|assistant|>\n"
).replace("@", "<|begin_of_image|><|image|><|end_of_image|>")
MISTRAL = (
    "[INST]Is it red?[/INST]No</s>[INST]One:\n[IMG]Two:\n[IMG]Three:\n[IMG]Which is red?[/INST]"
)
# Three pictures with text between, and an earlier turn. Written by hand, in the published formats.
EXPECTED = {
    "llava": "USER: Is it red? ASSISTANT: No "
    "USER: One:\n<image>\nTwo:\n<image>\nThree:\n<image>\nWhich is red? ASSISTANT:",
    "llava-next": "[INST] Is it red? [/INST] No</s> "
    "[INST] One:\n<image>\nTwo:\n<image>\nThree:\n<image>\nWhich is red? [/INST]",
    "llava-onevision": "<|im_start|>user \nIs it red?<|im_end|><|im_start|>assistant \nNo<|im_end|>"
    "<|im_start|>user \nOne:\n<image>\nTwo:\n<image>\nThree:\n<image>\nWhich is red?<|im_end|>"
    "<|im_start|>assistant\n",
    "qwen2-vl": chat_ml(QWEN, SYSTEM),
    "qwen2-5-vl": chat_ml(QWEN, SYSTEM),
    "qwen3-vl": chat_ml(QWEN),
    "qwen3-vl-moe": chat_ml(QWEN),
    "qwen3-5": chat_ml(QWEN),
    "gemma3": "<start_of_turn>user\nIs it red?<end_of_turn>\n"
    "<start_of_turn>model\nNo<end_of_turn>\n"
    "<start_of_turn>user\nOne:<start_of_image>Two:<start_of_image>Three:<start_of_image>"
    "Which is red?<end_of_turn>\n<start_of_turn>model\n",
    "gemma4": "<|turn>user\nIs it red?<turn|>\n<|turn>model\nNo<turn|>\n"
    "<|turn>user\nOne:<|image|>Two:<|image|>Three:<|image|>Which is red?<turn|>\n<|turn>model\n",
    "internvl": chat_ml("<IMG_CONTEXT>\n"),
    "ovis2": chat_ml("<image>\n"),
    "aya-vision": chat_ml("<image>"),
    "lfm2-vl": chat_ml("<image>"),
    "cohere2-vision": chat_ml("<|IMG_PATCH|>"),
    "llama4": chat_ml("<|image|>"),
    "molmo2": "<|im_end|>" + chat_ml("<|image|>"),
    "minicpm-v": chat_ml("<|image_pad|>"),
    "smolvlm": "<|im_start|>User: Is it red?<end_of_utterance>\nAssistant: No<end_of_utterance>\n"
    "User: One:\n<image>Two:\n<image>Three:\n<image>Which is red?<end_of_utterance>\nAssistant:",
    "glm4v": GLM,
    "glm46v": GLM,
    "glm4v-moe": GLM,
    "mistral3": MISTRAL,
    "pixtral": MISTRAL,
    "paligemma": "<bos>answer en Is it red?\nNo\n"
    "answer en One:\n<image>\nTwo:\n<image>\nThree:\n<image>\nWhich is red?\n",
}


def three() -> Prompt:
    """Three pictures, each after its label, then a question."""
    parts = ("One:", WHOLE, "Two:", LEFT, "Three:", RIGHT, "Which is red?")
    return Prompt(parts, EXAMPLES)


def rendered(template: str, *parts: str | View) -> str:
    """A prompt of *parts* in *template*."""
    processor = copy(opened("llava").prompt_processor.processor)
    processor.chat_template = template
    return ChatTemplate(processor).render(Prompt(parts)).text


def test_all_families_are_read() -> None:
    """But InstructBLIP, whose image tokens come before all text."""
    assert {*EXPECTED} == {*FAMILIES} - {"instructblip"}


@pytest.mark.parametrize("family", EXPECTED)
class TestPublished:
    """Templates of the families, as published."""

    def test_each_picture_follows_its_label(self, family: str) -> None:
        """Tokens and pixels are those that the processor makes of the text written by hand."""
        prompter = opened(family).prompt_processor
        pictures = [prompter.to_picture(view) for view in (WHOLE, LEFT, RIGHT)]
        wanted = prompter.processor(text=[EXPECTED[family]], images=[pictures], return_tensors="pt")
        made = prompter.tokenize(three()).inputs
        assert made["input_ids"].equal(wanted["input_ids"])
        assert made["pixel_values"].equal(wanted["pixel_values"])

    @pytest.mark.parametrize(
        "parts",
        [
            (WHOLE, "What?"),
            (WHOLE, LEFT, "What?"),
            (WHOLE, LEFT, " One. ", "Two\n", "What?"),
            (WHOLE,),
            ("What?",),
            ("One.", "What?"),
        ],
        ids=len,
    )
    def test_images_before_all_text_are_left_to_the_template(
        self, family: str, parts: tuple[str | View, ...]
    ) -> None:
        """Where no order can be lost, the text is the template's own, byte for byte."""
        processor = opened(family).prompt_processor.processor
        content: list[dict[str, str]] = []
        for index, part in enumerate(parts):
            line = f"{part}" if index == len(parts) - 1 else f"{part}\n"
            is_view = isinstance(part, View)
            content.append({"type": "image"} if is_view else {"type": "text", "text": line})
        own = processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True
        )
        tokenizer = processor.tokenizer
        adds_bos = tokenizer("")["input_ids"] == [tokenizer.bos_token_id]
        text = ChatTemplate(processor).render(Prompt(parts)).text
        assert text == own.removeprefix(tokenizer.bos_token if adds_bos else "")

    def test_a_composer_keeps_labels_with_pictures(self, family: str) -> None:
        """The network reads each finding of `interleaved` right after its label."""
        model = opened(family, memory=0)
        read: list[int] = []
        hook = model.network.register_forward_pre_hook(
            lambda _, __, given: read.extend(given["input_ids"][0].tolist()), with_kwargs=True
        )
        findings = [Finding(Target("mug"), LEFT.box), Finding(Target("key"), RIGHT.box)]
        model_on_ledger = BudgetedModel(model, Ledger())
        try:
            composer = Interleaved(max_new_tokens=1)
            composer.compose(Question("Which one?", noise()), findings, model_on_ledger)
        finally:
            hook.remove()
        prompter = model.prompt_processor
        tokenizer = prompter.processor.tokenizer
        counts = [model.layout(view, 3).tokens for view in (WHOLE, LEFT, RIGHT)]
        assert read.count(prompter.image_token) == sum(counts)
        image = re.escape(tokenizer.convert_ids_to_tokens(prompter.image_token))
        labels = ("with red outlines", "part with the mug", "part with the key")
        shown = (f"{label}:[^:]*{image}[^:]*" for label in labels)
        assert re.search("".join(shown) + r"Which one\?", tokenizer.decode(read))


EACH = "{% for m in messages %}{% for c in m.content %}"
END = "{% endfor %}{% endfor %}"
TEXT = "{{ c.text if c.type == 'text' }}"


def images_first(image: str, text: str = "{{ c.text }}") -> str:
    """A template of *image* for each image, then *text* for each text."""
    of_kind = "{{% for c in m.content if c.type == '{}' %}}{}{{% endfor %}}".format
    contents = of_kind("image", image) + of_kind("text", text)
    return f"{{% for m in messages %}}{{{{ m.role }}}}: {contents}#{{% endfor %}}"


class TestOdd:
    """Templates with a habit, made up."""

    @pytest.mark.parametrize(
        ("template", "text"),
        [
            pytest.param(
                images_first("[Picture {{ loop.index }}]"),
                "user: A:\n[Picture 1]\nB:\n[Picture 2][Picture 3]\nWhich?#",
                id="counts",
            ),
            pytest.param(
                images_first("<i>", "{{ c.text | trim }}"),
                "user: A:\n<i>\nB:\n<i><i>\nWhich?#",
                id="trims",
            ),
            pytest.param(
                images_first("<i>\n\n", "{{ c.text | upper }}"),
                "user: A:\n<i>\n\nB:\n<i>\n\n<i>\n\nWHICH?#",
                id="ends lines itself",
            ),
            pytest.param(
                EACH + TEXT + END + EACH + "{{ '\n<i>' if c.type == 'image' }}" + END,
                "A:\n\n<i>\nB:\n\n<i>\n<i>\nWhich?",
                id="images last",
            ),
            pytest.param(
                images_first("<image>", "<b>{{ c.text }}"),
                "user: <b>A:\n<image>\nB:\n<image><image>\nWhich?#",
                id="begins texts as images",
            ),
            pytest.param(
                EACH + "{{ '(%d)' % loop.index if c.type == 'image' else c.text | trim }}" + END,
                "A:(2)B:(4)(5)Which?",
                id="in order",
            ),
        ],
    )
    def test_pictures_follow_their_labels(self, template: str, text: str) -> None:
        """Whatever it counts, trims or puts around an image."""
        assert rendered(template, "A:", WHOLE, "B:", LEFT, RIGHT, "Which?") == text

    @pytest.mark.parametrize("start", ["", "<s>", "<image>", "<pad><s>"])
    def test_an_image_is_whole_tokens(self, start: str) -> None:
        """Not `image><`, though what is left without it is the same text."""
        images = EACH + "{{ '<image>' if c.type == 'image' }}" + END
        text = rendered(images + start + EACH + TEXT + END, "A:", WHOLE, "B:", LEFT)
        assert text == f"{start}A:\n<image>\nB:\n<image>".removeprefix("<s>")

    def test_images_before_text_stay_there(self) -> None:
        """Only later ones are put into the text, and are counted on."""
        template = images_first("[{{ loop.index }}] ")
        parts = (WHOLE, LEFT, "Now:", RIGHT, "Which?")
        assert rendered(template, *parts) == "user: [1] [2] Now:\n[3] Which?#"

    def test_white_space_and_private_characters_are_text(self) -> None:
        """Marks in a text are found by a character which the prompt lacks."""
        text = " \ue000 \ue001\n"
        assert rendered(images_first("<i>"), text, WHOLE, text) == f"user: {text}\n<i>\n{text}#"

    @pytest.mark.parametrize(
        "template",
        ["{% for m in messages %}{{ m.role + m.content }}{% endfor %}", EACH + TEXT + END],
        ids=["of strings", "of text"],
    )
    def test_templates_without_images_are_refused(self, template: str) -> None:
        """In one sentence that says what to give."""
        with pytest.raises(ModelError, match=r"cannot place an image; give .* template=FILE\.$"):
            rendered(template, "A:", WHOLE, "B:", LEFT, "Which?")

    @pytest.mark.parametrize(
        "template",
        [
            EACH.replace("m.content", "m.content | reverse")
            + "{{ '<i>' if c.type == 'image' else c.text }}"
            + END,
            images_first("<i>").replace("in m.content if c.type == 'text'", "in m.content[:1]"),
            images_first("<i>", "{{ c.text if messages | length > 1 }}"),
        ],
        ids=["reversed", "of one part", "without texts"],
    )
    @pytest.mark.parametrize("parts", [(WHOLE, "A:", "B?"), ("A:", WHOLE, "B:", LEFT, "Which?")])
    def test_templates_that_reorder_texts_are_refused(
        self, template: str, parts: tuple[str | View, ...]
    ) -> None:
        """A label would go to another picture, and a word would be marked in another text."""
        with pytest.raises(ModelError, match=r"each text of a prompt once and in order; give "):
            rendered(template, *parts)

    def test_templates_that_say_how_many_images_there_are_are_refused(self) -> None:
        """What they write for the second image is no text of its own."""
        template = "{% set n = messages[0].content | selectattr('type', 'equalto', 'image') %}"
        counted = f"{template}{{{{ n | list | length }}}} pictures: {images_first('<i>')}"
        assert rendered(counted, WHOLE, LEFT, "Which?") == "2 pictures: user: <i><i>Which?#"
        with pytest.raises(ModelError, match=r"cannot place an image; give .* template=FILE\.$"):
            rendered(counted, "A:", WHOLE, "B:", LEFT, "Which?")

    def test_a_private_character_of_the_template_is_no_mark(self) -> None:
        """It is written as it is."""
        text = rendered("\ue000" + images_first("<i>\ue000"), "A:", WHOLE, "B:", LEFT)
        assert text == "\ue000user: A:\n<i>\ue000\nB:\n<i>\ue000#"

    def test_thoughts_are_closed(self) -> None:
        """An answer begins right away, whether a template can leave thoughts out or not."""
        opening = "{{ messages[0].content[0].text }}<think>\n"
        assert rendered(opening, "Which?") == "Which?<think>\n\n</think>\n\n"
        asking = "{% if enable_thinking is defined and not enable_thinking %}!{% endif %}"
        assert rendered(asking + opening[:-1], "Which?").startswith("!Which?")

    def test_the_date_is_the_same_on_any_day(self) -> None:
        """A prompt, and what is kept of it, does not depend on the clock."""
        clock = "{% set today = strftime_now('%Y-%m-%d') %}{{ 'On ' + today + ', ' }}"
        other = "{{ strftime_now('%d %B %y') if strftime_now is defined }}: "
        assert rendered(clock + other + EACH + TEXT + END, "?") == "On 2024-07-26, 26 July 24: ?"
