"""Right answers about small things, in a few lines of an application."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import attrs

from .budget import Budget, Ledger
from .configure import configure, read_model, read_option
from .errors import SpecError
from .image import Image
from .inference.batching import Batching
from .interfaces import Searcher
from .model import Model, ModelFamily
from .registry import Registry
from .values import Answer, Question

MODEL = "VISUALCROP_MODEL"  # names the model that is asked where none is given
_EMBEDDED = ("tiny", "toy")  # those that need no weights from outside, the best first


def default_model() -> str:
    """Spec of the model that is asked where none is given."""
    named = {entry.strategy.name for entry in Registry.load() if entry.strategy.kind == "model"}
    return os.environ.get(MODEL) or next(name for name in _EMBEDDED if name in named)


def family_of(model: str | None) -> ModelFamily:
    """What opens the model of a spec; without a spec, the one that is asked then."""
    registry = Registry.load()
    return registry.build(ModelFamily, read_model(registry, model or default_model()))


@attrs.frozen
class Looker:
    """
    A model and a way to search with it, ready for questions.

    `Looker.open("toy", "focus(steps=4)").ask("shelf.jpg", "What colour is the mug?")`
    """

    model: Model
    searcher: Searcher

    @classmethod
    def open(
        cls, model: str | None = None, searcher: str = "focus", options: Sequence[str] = ()
    ) -> Looker:
        """
        Load a model by its spec, and build a searcher by its own.

        Without a model it is the one that $VISUALCROP_MODEL names, or one that comes along: `tiny`
        from the package visualcrop-tiny, or `toy`. Both know only a drawn world.

        Each option is `path=value`, as in `relevance.layers=[8, 14]`. The model's settings fill
        what the searcher's spec and the options leave open.
        """
        registry, family = Registry.load(), family_of(model)
        set_to = [read_option(text) for text in options]
        method = configure(registry, Searcher, searcher, options=set_to, settings=family.settings())
        return cls(family.open(), method)

    def ask(
        self,
        image: object,
        question: str,
        choices: Sequence[str] = (),
        *,
        budget: Budget | None = None,
        ledger: Ledger | None = None,
    ) -> Answer:
        """Answer a question about a path, bytes, PIL image or array; *ledger* keeps the bill."""
        if budget is not None and ledger is not None:
            raise SpecError("A ledger has a budget of its own; give Ledger(budget) alone.")
        asked = Question.of(question, Image.open(image), choices)
        ledger = ledger or Ledger(Budget() if budget is None else budget)
        with ledger.lend(self.model) as model:
            answer = self.searcher.search(asked, model)
        return attrs.evolve(answer, passes=ledger.by_stage())

    def ask_many(
        self, questions: Iterable[Question], *, concurrency: int = 8, budget: Budget = Budget()
    ) -> list[Answer]:
        """
        Answer each question, so many at once: what waits at the same time is read together.

        The answers are those of `ask`, and so are their bills; *budget* is each question's own.
        """
        beside = attrs.evolve(self, model=Batching(self.model))

        def ask(question: Question) -> Answer:
            return beside.ask(question.image, question.text, question.choices, budget=budget)

        with ThreadPoolExecutor(concurrency) as pool:
            return list(pool.map(ask, questions))
