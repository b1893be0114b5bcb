"""A toy scene, a toy model and a ledger, set up to watch one strategy."""

from __future__ import annotations

from functools import cache

import attrs

from ..budget import Budget, BudgetedModel, Ledger
from ..errors import BudgetExceededError
from ..interfaces import Searcher
from ..models.toy.model import ToyModel
from ..models.toy.scene import Scene, SceneQuestion
from ..values import Answer, Finding, Question, Target, View

_scene = cache(Scene.draw)


@attrs.frozen
class Bench:
    """Everything one test needs; nothing is shared between two benches."""

    scene: Scene
    ledger: Ledger
    toy: ToyModel
    model: BudgetedModel

    @classmethod
    def set_up(cls, seed: int = 0, *, passes: int | None = None, stage: str = "testing") -> Bench:
        toy, ledger = ToyModel(), Ledger(Budget(passes))
        return cls(_scene(seed), ledger, toy, BudgetedModel(toy, ledger).at(stage))

    @property
    def asked(self) -> SceneQuestion:
        """The scene's question about one small thing."""
        return self.scene.questions[0]

    @property
    def whole(self) -> View:
        return View.whole(self.scene.image)

    @property
    def target(self) -> Target:
        return Target(self.scene.things[0].kind)

    @property
    def finding(self) -> Finding:
        """The thing asked for, found: a view in which it is clear."""
        box = self.asked.boxes[0]
        return Finding(self.target, box.expanded(40).clipped(self.scene.image.box), 1.0, 1.0)

    def search(self, searcher: Searcher, question: Question | None = None) -> Answer:
        """An answer, to the scene's own question if no other is given, and all of it billed."""
        try:
            answer = searcher.run(question or self.asked.question, self.toy, self.ledger)
        except BudgetExceededError as exc:
            raise AssertionError(f"the search goes beyond its budget: {exc}") from exc
        self.check_all_charged()
        return answer

    def check_all_charged(self) -> None:
        """The model's own count agrees with the ledger, and no pass went by it."""
        unbilled = self.ledger.unbilled + self.toy.passes - self.ledger.passes
        sentence = f"{unbilled} passes are not charged; ask the model that the method is given"
        assert not unbilled, sentence

    def check_charges(self) -> None:
        """All is billed, and every charge has the stage given."""
        self.check_all_charged()
        assert set(self.ledger.by_stage()) <= {self.model.stage}, "a charge has another stage"
