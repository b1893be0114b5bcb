"""No search at all."""

from __future__ import annotations

import pytest

from visualcrop.plugin import ANSWER
from visualcrop.protocol import Inference
from visualcrop.searchers.direct import Direct
from visualcrop.testing import Bench, Scene


class TestDirect:
    """One look at the whole image."""

    @pytest.mark.parametrize(
        ("inference", "passes"), [("generate", 1), ("letter-logits", 1), ("option-logits", 4)]
    )
    def test_costs_the_answer_alone(self, inference: Inference, passes: int) -> None:
        """Nothing is charged but the answer stage, so that no budget can stop it."""
        bench = Bench.set_up(passes=0)
        answer = Direct(inference=inference).search(bench.asked.question, bench.model)
        assert bench.ledger.by_stage() == {ANSWER: passes}
        assert answer.shown == (bench.whole,)
        assert (answer.findings, answer.evidence, answer.exhausted) == ((), (), False)

    def test_sees_what_is_large(self) -> None:
        """Where things are large enough, the whole image is enough."""
        scene = Scene.draw(0, width=600, height=600, side=60)
        bench = Bench.set_up()
        asked = scene.questions[0]
        answer = Direct().search(asked.question, bench.model)
        assert answer.choice is not None
        assert asked.question.choices[answer.choice] == asked.answer
