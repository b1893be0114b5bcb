"""The models know every word that the library says to them about their world."""

from __future__ import annotations

from random import Random

import pytest

from visualcrop import Finding, Image, Question, Target
from visualcrop.plugin import AnswerComposer, Registry
from visualcrop_tiny.questions import ask
from visualcrop_tiny.scenes import KINDS, draw, plan
from visualcrop_tiny.speech import UNKNOWN, prompt_of, rehearsed, tokenizer
from visualcrop_tiny.speech.vocabulary import INSTRUCTION, WORDS


def _unknown(text):
    return [t for t in tokenizer().encode(text).tokens if t == UNKNOWN]


@pytest.mark.parametrize("kind", KINDS)
def test_no_question_has_an_unknown_word(kind):
    """Questions with their choices, as the library puts them, are all in the vocabulary."""
    for seed in range(30):
        asked = ask(plan(seed, 2048, 2048, kind), Random(seed))
        if asked:
            assert not _unknown(prompt_of(asked.text, asked.choices))
            assert asked.answer in WORDS


@pytest.mark.parametrize("name", ["crop", "canvas", "interleaved", "text-boxes"])
def test_no_composer_has_an_unknown_word(name):
    """What the composers say between pictures is known, too."""
    scene = draw(1, 800, 800)
    composer = Registry.load().build(AnswerComposer, name)
    question = Question("What color is the star?", Image(scene.picture), ("red", "blue"))
    findings = [Finding(Target(thing.shape), thing.box) for thing in scene.things[:2]]
    assert not _unknown(rehearsed(composer, question, findings).text)


def test_the_instruction_is_one_word():
    """The library's line under the choices, whatever it says, costs one token."""
    tokens = tokenizer().encode(prompt_of("Is there a star?", ("Yes", "No"))).tokens
    assert tokens.count(INSTRUCTION) == 1
    assert tokens[-1] == INSTRUCTION


def test_other_words_are_unknown():
    """Of photographs the models know nothing, and have no words for what is in them."""
    assert _unknown("What is the dog on the sofa doing?")
