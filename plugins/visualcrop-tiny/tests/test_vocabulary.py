"""The vocabulary has every word of the library's prompts about drawn places."""

from __future__ import annotations

import PIL.Image
import pytest

from training.prompts import format_question, record_prompt
from training.tokenizer import INSTRUCTION, UNKNOWN, build_fast_tokenizer, build_tokenizer
from visualcrop import Finding, Image, Question, Sample, Target
from visualcrop.plugin import AnswerComposer, Registry
from visualcrop_tiny.needles import Needles
from visualcrop_tiny.world.places import PlaceSpec


def _unknown(text):
    return [t for t in build_tokenizer().encode(text).tokens if t == UNKNOWN]


@pytest.mark.parametrize("about", ["small", "large"])
def test_no_question_has_an_unknown_word(about):
    """Questions with their choices, as the library puts them, are all in the vocabulary."""
    for sample in Needles(count=42, about=about, size="1k", seed=5).read():
        if isinstance(sample, Sample):
            assert not _unknown(format_question(sample.text, sample.choices))


@pytest.mark.parametrize("name", ["crop", "canvas", "interleaved", "text-boxes"])
def test_no_composer_has_an_unknown_word(name):
    """What the composers write between images is known, too."""
    scene = PlaceSpec("shelf-wall", 1, (512, 384)).draw()
    composer = Registry.load().build(AnswerComposer, name)
    image = Image(PIL.Image.fromarray(scene.image))
    question = Question("What color is the cup?", image, ("red", "blue"))
    findings = [Finding(Target(item.name), item.box) for item in scene.items[:2]]
    assert not _unknown(record_prompt(composer, question, findings).text)


def test_the_instruction_is_one_word():
    """The library's line under the choices, whatever it is, costs one token."""
    tokens = build_tokenizer().encode(format_question("Is there a cup?", ("Yes", "No"))).tokens
    assert tokens.count(INSTRUCTION) == 1
    assert tokens[-1] == INSTRUCTION


@pytest.mark.parametrize("text", ["BREAD", "42", "Z", "A7Q", "red umbrella and key."])
def test_what_is_spelled_is_written_as_one_word(text):
    """Capitals and numbers of any letters come back without spaces."""
    tokenizer = build_fast_tokenizer()
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False).input_ids) == text


def test_other_words_are_unknown():
    """Of photographs the models know nothing, and have no words for what is in them."""
    assert _unknown("What is the woman on the sofa doing?")
