"""What the toy model tells when it is not asked for an answer."""

from __future__ import annotations

import pytest

from visualcrop import Prompt, View
from visualcrop.models.toy.replies import describe, parse_facts, reply
from visualcrop.testing import Scene

SCENE = Scene.draw(43)
MUG = SCENE.things[0]
NEAR = View(SCENE.image, MUG.box)
WHOLE = View.whole(SCENE.image)


class TestTold:
    @pytest.mark.parametrize("words", ["Please describe this image.", "Refine these captions."])
    def test_a_caption_names_what_is_clear(self, words: str):
        """What is large in the view is in its caption, and what is small is not."""
        assert describe(Prompt((NEAR, words)), 144) == f"There is a {MUG.colour} {MUG.kind}."
        assert describe(Prompt((WHOLE, words)), 144) == "There is nothing that can be named."

    def test_objects_as_json(self):
        """Kinds of things in the last sentence, each once."""
        asked = 'Reply as {"object_list": ["key"]}. Sentence: "a red mug, two mugs, a drum"'
        assert describe(Prompt((asked,)), 144) == '{"object_list": ["mug", "drum"]}'

    def test_information_or_none(self):
        """What it sees of the things that are asked for; without any, NONE."""
        words = "What colour is the mug? If you know nothing, answer NONE."
        assert describe(Prompt((NEAR, words)), 144) == f"The mug is {MUG.colour}."
        assert describe(Prompt((WHOLE, words)), 144) == "NONE"

    def test_questions_are_left_to_reasoning(self):
        """An answer is wanted, so nothing is told."""
        assert describe(Prompt((NEAR, "What colour is the mug?")), 144) is None
        assert describe(Prompt(("What colour is the mug?",)), 144) is None


class TestFacts:
    def test_words_stand_in_for_sight(self):
        """What was said before the question is believed where nothing is seen."""
        parts = (WHOLE, "The mug is green. The key is red.\n", "Query: What colour is the key?")
        assert parse_facts([str(part) for part in parts[1:]]) == {"mug": "green", "key": "red"}
        assert reply(Prompt(parts), 144) == "red"
