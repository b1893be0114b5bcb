"""A toy scene, a toy model and a ledger, set up to watch one strategy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import attrs

from ..budget import Budget, BudgetedModel, Ledger
from ..errors import BudgetExceededError
from ..interfaces import Searcher
from ..models.toy.model import ToyModel
from ..models.toy.scene import Scene, SceneQuestion
from ..values import Answer, Evidence, Finding, Question, Target, View

_scene = cache(Scene.draw)


@attrs.frozen
class Bench:
    """Everything one test needs; nothing is shared between two benches."""

    scene: Scene
    ledger: Ledger
    toy: ToyModel
    model: BudgetedModel

    @classmethod
    def set_up(
        cls,
        seed: int = 0,
        *,
        passes: int | None = None,
        stage: str = "testing",
        on_evidence: Callable[[Evidence], object] | None = None,
    ) -> Bench:
        """The scene of *seed*, and a new toy model with a budget of *passes* at *stage*."""
        toy, ledger = ToyModel(), Ledger(Budget(passes), on_evidence=on_evidence)
        return cls(_scene(seed), ledger, toy, BudgetedModel(toy, ledger).at(stage))

    @property
    def asked(self) -> SceneQuestion:
        """The scene's question about one small thing."""
        return self.scene.questions[0]

    @property
    def whole(self) -> View:
        """A view of the whole image."""
        return View.whole(self.scene.image)

    @property
    def target(self) -> Target:
        """The kind of thing that the question is about, such as `mug`."""
        return Target(self.scene.things[0].kind)

    @property
    def finding(self) -> Finding:
        """The thing that the question is about, with enough around it to be seen clearly."""
        box = self.asked.boxes[0]
        return Finding(self.target, box.expanded(40).clipped(self.scene.image.box), 1.0, 1.0)

    def search(self, searcher: Searcher, question: Question | None = None) -> Answer:
        """Search for an answer, to the scene's question by default, and check the charges."""
        try:
            answer = searcher.run(question or self.asked.question, self.toy, self.ledger)
        except BudgetExceededError as exc:
            raise AssertionError(f"the search goes beyond its budget: {exc}") from exc
        self.check_all_charged()
        return answer

    def check_all_charged(self) -> None:
        """Check that the model ran no pass that is not on the ledger."""
        unbilled = self.ledger.unbilled + self.toy.passes - self.ledger.passes
        sentence = f"{unbilled} passes are not charged; ask the model that the method is given"
        assert not unbilled, sentence

    def check_charges(self) -> None:
        """Check that every pass is charged, and to the stage that was given."""
        self.check_all_charged()
        assert set(self.ledger.by_stage()) <= {self.model.stage}, "a charge has another stage"
