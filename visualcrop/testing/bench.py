"""A toy scene, a toy model and a ledger, set up to watch one strategy."""

from __future__ import annotations

from functools import cache

import attrs

from ..budget import Budget, BudgetedModel, Ledger
from ..models.toy.model import ToyModel
from ..models.toy.scene import Asked, Scene
from ..values import Finding, Target, View

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
    def asked(self) -> Asked:
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
        margin = attrs.evolve(
            box, left=box.left - 40, top=box.top - 40, right=box.right + 40, bottom=box.bottom + 40
        )
        return Finding(self.target, margin.common(self.scene.image.box) or box, 1.0, 1.0)

    def check_books(self) -> None:
        """The model's own count agrees with the ledger, and every charge has the stage given."""
        assert self.ledger.passes == self.toy.passes, "a pass is off the books"
        assert set(self.ledger.by_stage()) <= {self.model.stage}, "a charge has another stage"
