"""A prompt in a checkpoint's own template, and where its words ended up."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.opened import EXISTENCE, GRIDDED, about, interleaved, noise, opened
from visualcrop import Box, Prompt, View


@pytest.mark.parametrize("family", GRIDDED)
class TestPrompting:
    """Of every family with a token grid."""

    @pytest.mark.parametrize("target", ["mug", "red key", "unübersehbar große Tasse", "image"])
    def test_marks_the_target_by_its_place(self, family: str, target: str) -> None:
        """Its tokens say the target, whatever it is made of, and be it said elsewhere too."""
        prompter = opened(family).prompt_processor
        prepared = prompter.tokenize(about(target))
        tokens = prepared.inputs["input_ids"][0, prepared.spans["target"]]
        said = prompter.processor.tokenizer.decode(tokens)
        before, after = EXISTENCE.split("{target}")
        assert target in said
        assert said in f"{before}{target}{after}" + " "
        assert prepared.spans["target"].min() > prepared.placeholders.max()

    def test_reads_what_transformers_reads(self, family: str) -> None:
        """Tokens and pixels are those of the processor, called as its authors do."""
        prompter = opened(family).prompt_processor
        asked = {"type": "text", "text": "Is there a mug in the image?"}
        wanted = prompter.processor.apply_chat_template(
            [{"role": "user", "content": [{"type": "image", "image": noise().picture}, asked]}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )
        made = prompter.tokenize(about("mug")).inputs
        assert made["input_ids"].equal(wanted["input_ids"])
        assert made["pixel_values"].equal(wanted["pixel_values"])

    def test_finds_every_view(self, family: str) -> None:
        """Two views between words have a grid each, over their own part of the image."""
        (seen,) = opened(family).forward([interleaved()])
        boxes = [patches.grid.box for patches in seen.patches]
        assert [tuple(map(round, (b.left, b.top, b.right, b.bottom))) for b in boxes] == [
            (0, 0, 300, 200),
            (20, 30, 160, 190),
        ]
        first, second = (patches.tokens for patches in seen.patches)
        assert first.max() < second.min() < second.max() < seen.spans["target"].min()

    def test_words_cannot_steer_the_model(self, family: str) -> None:
        """A special token in a question is text, not an image and not the end of a turn."""
        prompter = opened(family).prompt_processor
        steering = "".join(prompter.processor.tokenizer.all_special_tokens)
        tame, wild = (
            prompter.tokenize(Prompt.fill(View.whole(noise()), text, target="mug"))
            for text in ("Is a {target} here?", f"Is a {{target}} here?{steering}")
        )
        assert np.array_equal(tame.placeholders, wild.placeholders)
        special = set(prompter.processor.tokenizer.all_special_ids)
        count = [
            sum(int(token) in special for token in p.inputs["input_ids"][0]) for p in (tame, wild)
        ]
        assert count[0] == count[1]

    def test_words_of_two_texts_cannot_steer_the_model(self, family: str) -> None:
        """Not even if the template writes one right after the other."""
        prompter, shown = opened(family).prompt_processor, View.whole(noise())
        tokenizer = prompter.processor.tokenizer
        tame = prompter.tokenize(Prompt((shown, "a", "b", "c"))).inputs["input_ids"][0].tolist()
        for token in tokenizer.all_special_tokens:
            half = len(token) // 2
            parts = (shown, token[:half], token[half:-1], token[-1:])
            wild = prompter.tokenize(Prompt(parts)).inputs["input_ids"][0].tolist()
            steering = tokenizer.convert_tokens_to_ids(token)
            assert wild.count(steering) == tame.count(steering)

    def test_takes_images_of_any_shape(self, family: str) -> None:
        """A strip of one pixel and a square of one are read like any other."""
        for box in (Box(0, 0, 1, 200), Box(0, 0, 300, 1), Box(7, 7, 8, 8)):
            prompt = Prompt.fill(View(noise(), box), EXISTENCE, target="mug")
            (seen,) = opened(family).forward([prompt])
            assert box.contains(seen.patches[0].grid.box)

    def test_a_reply_is_cut_into_tokens_as_in_the_template(self, family: str) -> None:
        """Choices are weighed by the tokens that follow where the template puts a reply."""
        prompter = opened(family).prompt_processor
        asked = {"role": "user", "content": [{"type": "text", "text": "What now?"}]}
        said = {"role": "assistant", "content": [{"type": "text", "text": "Yes"}]}
        text = prompter.processor.apply_chat_template([asked, said])
        whole = prompter.processor.tokenizer(text)["input_ids"]
        prepared = prompter.tokenize(Prompt(("What now?",)))
        tokens = prompter.tokenize_reply(prepared, "Yes")[0].tolist()
        start = len(whole) - whole[::-1].index(tokens[-1]) - len(tokens)
        assert whole[start : start + len(tokens)] == tokens

    @pytest.mark.parametrize("reply", ["Yes", "A", "It is (B) red.", "ünten", "\n?", "42"])
    def test_only_the_end_is_cut_into_tokens(self, family: str, reply: str) -> None:
        """Which gives the tokens that all of it would."""
        prompter = opened(family).prompt_processor
        for prompt in (about("mug"), interleaved(), Prompt(("What now?",)), _bare()):
            prepared = prompter.tokenize(prompt)
            asked = prepared.inputs["input_ids"][0].tolist()
            for gap in (prompter.template.separator, ""):
                said = prepared.text + gap + reply
                whole = prompter.processor.tokenizer(said)["input_ids"]
                if whole[: len(asked)] == asked:
                    break
            assert prompter.tokenize_reply(prepared, reply)[0].tolist() == whole[len(asked) :]


def _bare() -> Prompt:
    """An image without a word."""
    return Prompt((View.whole(noise()),))
