"""Targets that the question itself puts in quotes."""

from __future__ import annotations

import pytest

from visualcrop import Question, Target
from visualcrop.targets.quoted import Quoted
from visualcrop.testing import Bench


class TestQuoted:
    """What stands in quotes."""

    @pytest.mark.parametrize(
        ("question", "targets"),
        [
            ("What colour is the 'red mug'?", ["red mug"]),
            ('Is the "cup" left of the “jug” or the ‘bowl’?', ["cup", "jug", "bowl"]),
            ("What is the boy's bag's colour?", []),
            ("Is the boy's 'bag' new?", ["bag"]),
            ("Is ' ' there?", []),
            ("Is the 'mug' or the 'MUG' red?", ["mug"]),
            ("What colour is the mug?", []),
        ],
    )
    def test_is_taken(self, question: str, targets: list[str]) -> None:
        """Each quoted phrase, in any quotes, once; an apostrophe is no quote."""
        bench = Bench.set_up()
        found = Quoted().extract(Question(question, bench.scene.image), bench.model)
        assert [target.text for target in found] == targets
        assert bench.toy.passes == 0

    def test_counting_wants_every_one(self) -> None:
        """In a question of how many, each quoted thing may be there several times."""
        bench = Bench.set_up()
        asked = Question("How many 'mugs' are on the 'shelf'?", bench.scene.image)
        assert Quoted(limit=1).extract(asked, bench.model) == (Target("mugs", every=True),)
