"""Strategies that break the promises of their kinds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import count

import attrs
import numpy as np
import PIL.Image

from visualcrop import (
    Answer,
    Box,
    BudgetedModel,
    Finding,
    Grid,
    Model,
    ModelFamily,
    Prompt,
    Proposal,
    Question,
    Record,
    RelevanceMap,
    Reply,
    Sample,
    Target,
    View,
)
from visualcrop.plugin import (
    AnswerComposer,
    Dataset,
    Executor,
    ImageSource,
    Judge,
    JudgeFn,
    Problem,
    ProposalGenerator,
    RelevanceSource,
    Searcher,
    Strategy,
    TargetBox,
    TargetExtractor,
    Task,
    Verifier,
    WorkerFactory,
    option,
)
from visualcrop.proposals.sliding import Sliding
from visualcrop.testing import ToyModel


@attrs.frozen
class Repeating(TargetExtractor):
    """Names one thing twice, and costs a pass that nobody writes down."""

    name = "repeating"

    def extract(self, question: Question, model: BudgetedModel) -> tuple[Target, ...]:
        model._model.forward([Prompt(("a",))])
        return (Target("mug"), Target("mug"))


@attrs.frozen
class Lost(RelevanceSource):
    """Points at the corner of the whole image, whatever it is shown; changes with each look."""

    name = "lost"

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        model.at("elsewhere").forward([Prompt(("a",))])
        scores = np.zeros((30, 45))
        scores[0, 0] = 1 + model.ledger.passes
        return RelevanceMap(Grid.even(30, 45, view.image.box), scores)


@attrs.frozen
class Backwards(ProposalGenerator):
    """Proposes the worst first, and the same twice."""

    name = "backwards"

    def propose(self, relevance: RelevanceMap) -> tuple[Proposal, ...]:
        found = Sliding(size=1, k=3).propose(relevance)
        return (*found[::-1], *found)


@attrs.frozen
class Outlying(ProposalGenerator):
    """Proposes what lies outside."""

    name = "outlying"

    def propose(self, relevance: RelevanceMap) -> tuple[Proposal, ...]:
        return (Proposal(Box(-9, -9, 1, 1), 0.0),)


@attrs.frozen
class Excited(Verifier):
    """Is as sure as one can be, of the first view only."""

    name = "excited"

    def verify(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[float, ...]:
        model._model.choose([Prompt(("a",))], ("Yes", "No"))
        return (1.0, *[0.0] * (len(views) - 1))


@attrs.frozen
class Excessive(Verifier):
    """Is twice as sure as one can be."""

    name = "excessive"

    def verify(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[float, ...]:
        return (2.0,) * len(views)


@attrs.frozen
class Silent(AnswerComposer):
    """Says nothing and forgets what was found."""

    name = "silent"

    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer:
        model._model.forward([Prompt(("a",))])
        return Answer("")


@attrs.frozen
class Spendthrift(Searcher):
    """Pays no heed to the budget, and answers by the weather."""

    name = "spendthrift"

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        model._model.generate([Prompt(("a",))] * 9)
        return Answer(str(id(model)) if question.image.width > 1 else "")


@attrs.frozen
class Astray(Searcher):
    """Finds things outside."""

    name = "astray"

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        return Answer("a", findings=(Finding(Target("a"), Box(-9, -9, 1, 1)),))


class Forgetful(ToyModel):
    """Does not count its replies, and takes the view for a word."""

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        return [Reply("")] * len(prompts)


@attrs.frozen
class Careless(ModelFamily):
    """Opens a forgetful model."""

    name = "careless"

    def open(self) -> Model:
        return Forgetful()


_reads = count()


@attrs.frozen
class Noise(ImageSource):
    """Another picture each time, and a burden at that."""

    burden: bytes = bytes(100_000)

    def read(self) -> bytes:
        picture, encoded = PIL.Image.new("L", (8, 8), next(_reads) % 256), BytesIO()
        picture.save(encoded, "PNG")
        return encoded.getvalue()


@attrs.frozen
class Fickle(Dataset):
    """Has one id for all samples, tells each time something else, and finds things outside."""

    name = "fickle"

    def read(self) -> Iterator[Sample | Problem]:
        outside = (TargetBox("cup", Box(5, 5, 9, 9)),)
        for _ in range(2):
            yield Sample("1", Noise(), f"{next(_reads)}?", answer=("yes",), targets=outside)


@attrs.frozen
class Empty(Dataset):
    """Has nothing but a problem of which it says nothing."""

    name = "empty"

    def read(self) -> Iterator[Sample | Problem]:
        yield Problem("1", "")


@attrs.frozen
class Hasty(Executor):
    """Takes all tasks before it begins, answers each twice, and one more."""

    name = "hasty"

    def run(self, open_worker: WorkerFactory, tasks: Iterator[Task]) -> Iterator[Record]:
        worker = open_worker()
        yield Record("0", "none", "ok")
        yield from (worker.answer(task) for task in [*tasks] * 2)


@attrs.frozen
class Moody(Judge):
    """Rules by the hour, in words of its own."""

    name = "moody"

    def open(self) -> JudgeFn:
        return lambda sample, reply: f"{next(_reads)}"  # type: ignore[return-value]


class Untidy(Strategy):
    """no sentence"""  # noqa: D400, D415

    kind, name = "untidy", "Un tidy"
    size: int = option(1, help="")
