"""Right answers about small things, in a few lines of an application."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from .budget import Budget, BudgetedModel, Charge, Ledger
from .configure import configure
from .image import Image
from .interfaces import Searcher
from .model import Model, ModelFamily
from .registry import Registry
from .values import Answer, Question


@attrs.frozen
class Looker:
    """
    A model and a way to search with it, ready for questions.

    `Looker.open("toy", "focus(steps=4)").ask("shelf.jpg", "What colour is the mug?")`
    """

    model: Model
    searcher: Searcher

    @classmethod
    def open(cls, model: str = "toy", searcher: str = "focus") -> Looker:
        """Load a model by its spec; its settings fill what the searcher's spec leaves open."""
        registry = Registry.load()
        family = registry.build(ModelFamily, model)
        method = configure(registry, Searcher, searcher, settings=family.settings())
        return cls(family.open(), method)

    def ask(
        self,
        image: object,
        question: str,
        choices: Sequence[str] = (),
        *,
        budget: Budget = Budget(),
        on_charge: Callable[[Charge], None] | None = None,
    ) -> Answer:
        """Answer one question about a path, bytes, PIL image or array."""
        asked = Question(question, Image.open(image), tuple(choices))
        ledger = Ledger(budget, on_charge=on_charge)
        answer = self.searcher.search(asked, BudgetedModel(self.model, ledger))
        return attrs.evolve(answer, passes=ledger.by_stage())
