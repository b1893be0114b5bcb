"""Nouns of the question, by rule."""

from __future__ import annotations

import pytest

from visualcrop import Question, Target
from visualcrop.targets.rules import Rules
from visualcrop.testing import Bench

_QUESTIONS = {
    "What colour is the mug?": ["mug"],
    "Is the red cup to the left or to the right of the blue bottle?": ["red cup", "blue bottle"],
    "How many bikes are in the image?": ["all bikes"],
    "What is the total number of chairs around the table?": ["all chairs"],
    "Count all the red apples.": ["all red apples"],
    "What kind of animal is on the red sign?": ["red sign"],
    "What is the type of this shop?": ["shop"],
    "Tell me the number on the black board above the dog.": ["black board", "dog"],
    "What is the color of the boy's bag?": ["boy's bag"],
    "From the information on that advertising board, what is it?": ["advertising board"],
    "What time does the clock show?": ["clock"],
    "Is there a man wearing a hat?": ["man", "hat"],
    "What is written on the white van parked next to the shop?": ["white van", "shop"],
    "What is the man in the blue shirt doing?": ["man", "blue shirt"],
    "What is the telephone number on the bus?": ["telephone number", "bus"],
    "What does the label say?\n(A) red mug\n(B) blue mug": ["label"],
    "Is the T-shirt blue? The T-SHIRT!": ["T-shirt blue", "T-SHIRT"],
    "Describe the picture.": [],
    "What is the colour?": [],
    "Why?": [],
}


class TestRules:
    """What a question names, without asking anybody."""

    @pytest.mark.parametrize("question", _QUESTIONS)
    def test_names_things(self, question: str) -> None:
        """Things are named, properties and positions are not; counting wants every one."""
        bench = Bench.set_up()
        found = Rules().extract(Question(question, bench.scene.image), bench.model)
        shown = [f"all {target.text}" if target.every else target.text for target in found]
        assert shown == _QUESTIONS[question]
        assert bench.toy.passes == 0

    def test_limit(self) -> None:
        """At most so many, the first ones."""
        bench = Bench.set_up()
        asked = Question("Is the mug between key, coin, drum and lock?", bench.scene.image)
        assert len(Rules().extract(asked, bench.model)) == 4
        assert Rules(limit=1).extract(asked, bench.model) == (Target("mug"),)
