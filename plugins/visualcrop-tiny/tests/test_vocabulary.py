"""The vocabulary has every word of the library's prompts about drawn scenes."""

from __future__ import annotations

from random import Random

import pytest

from training.prompts import format_question, record_prompt
from training.tokenizer import INSTRUCTION, UNKNOWN, VOCABULARY, build_tokenizer
from visualcrop import Finding, Image, Question, Target
from visualcrop.plugin import AnswerComposer, Registry
from visualcrop_tiny.questions import ask_question
from visualcrop_tiny.scenes import KINDS, draw_scene, plan_scene


def _unknown(text):
    return [t for t in build_tokenizer().encode(text).tokens if t == UNKNOWN]


@pytest.mark.parametrize("kind", KINDS)
def test_no_question_has_an_unknown_word(kind):
    """Questions with their choices, as the library puts them, are all in the vocabulary."""
    for seed in range(30):
        pair = ask_question(plan_scene(seed, 2048, 2048, kind), Random(seed))
        if pair:
            assert not _unknown(format_question(pair.text, pair.choices))
            assert pair.answer in VOCABULARY


@pytest.mark.parametrize("name", ["crop", "canvas", "interleaved", "text-boxes"])
def test_no_composer_has_an_unknown_word(name):
    """What the composers write between images is known, too."""
    scene = draw_scene(1, 800, 800)
    composer = Registry.load().build(AnswerComposer, name)
    question = Question("What color is the star?", Image(scene.picture), ("red", "blue"))
    findings = [Finding(Target(thing.shape), thing.box) for thing in scene.things[:2]]
    assert not _unknown(record_prompt(composer, question, findings).text)


def test_the_instruction_is_one_word():
    """The library's line under the choices, whatever it is, costs one token."""
    tokens = build_tokenizer().encode(format_question("Is there a star?", ("Yes", "No"))).tokens
    assert tokens.count(INSTRUCTION) == 1
    assert tokens[-1] == INSTRUCTION


def test_other_words_are_unknown():
    """Of photographs the models know nothing, and have no words for what is in them."""
    assert _unknown("What is the dog on the sofa doing?")
