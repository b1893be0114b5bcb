"""The method on one page: five stages in the order a question meets them, and the whole."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence

import attrs

from .budget import BudgetedModel, Ledger
from .errors import SpecError
from .image import Image
from .models.base import Capture, Internals, Model, ModelInfo
from .prompt import Prompt
from .strategy.return_checks import (
    Stage,
    check_answer,
    check_confidences,
    check_count,
    check_detected,
    check_map,
    check_maps,
    check_proposals,
    check_searched,
    check_targets,
    defers,
)
from .values import Answer, Evidence, Finding, Proposal, Question, RelevanceMap, Target, View


class TargetExtractor(Stage, extract=check_targets):
    """Question -> the things to look for."""

    kind = "targets"

    @abstractmethod
    def extract(self, question: Question, model: BudgetedModel) -> tuple[Target, ...]:
        """The targets that *question* is about, each once; none means that none is searched."""


class RelevanceSource(Stage, map=check_map, maps=check_maps):
    """View and target -> a relevance map over the view, from the model's own internals."""

    kind = "relevance"

    @abstractmethod
    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        """Scores over *view*, in pixels of its image: higher where *target* is likelier."""

    def maps(
        self, view: View, targets: Sequence[Target], model: BudgetedModel
    ) -> Iterable[RelevanceMap]:
        """The map of each target, in order; override it to run all prompts as one batch."""
        return (self.map(view, target, model) for target in targets)

    def map_affordable(
        self, view: View, targets: Sequence[Target], model: BudgetedModel
    ) -> Iterator[tuple[Target, RelevanceMap]]:
        """Each target with its map: as many targets in one call as the budget allows."""
        model.expect(model.affordable(len(targets)))
        while targets:
            # One at least, which the ledger then refuses.
            some = targets[: max(1, model.affordable(len(targets)))]
            with model.expecting(len(some)):
                yield from zip(some, self.maps(view, some, model), strict=True)
            targets = targets[len(some) :]


class OnePassSource(RelevanceSource):
    """
    A source that reads its map off one pass: a prompt, what to keep of the pass, and a map of that.

    A source around this one may keep more of the same pass, or read a part of it: the map of one
    layer is `read` of the internals of that layer alone.
    """

    @abstractmethod
    def fill_prompt(self, view: View, target: Target) -> Prompt:
        """What the model is shown: *view*, and a text about *target*."""

    @abstractmethod
    def capture(self, info: ModelInfo) -> Capture:
        """What to keep of a pass of the model that *info* describes."""

    @abstractmethod
    def read(self, internals: Internals) -> RelevanceMap:
        """The map of a pass, or of those of its layers that *internals* holds."""

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        (found,) = self.maps(view, [target], model)
        return found

    def maps(
        self, view: View, targets: Sequence[Target], model: BudgetedModel
    ) -> Iterable[RelevanceMap]:
        """All in one call: with a prefix cache the model reads the view once."""
        prompts = [self.fill_prompt(view, target) for target in targets]
        return [self.read(seen) for seen in model.forward(prompts, self.capture(model.info))]


class ProposalGenerator(Stage, propose=check_proposals):
    """Relevance map -> boxes worth a look, best first. Sees no model."""

    kind = "proposals"

    @abstractmethod
    def propose(self, relevance: RelevanceMap) -> tuple[Proposal, ...]:
        """Boxes within the map, in pixels of the image, with the highest score first."""


class Verifier(Stage, verify=check_confidences):
    """Views and target -> the model's confidence, from -1 to 1, that each shows the target."""

    kind = "verification"

    @abstractmethod
    def verify(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[float | None, ...]:
        """A confidence for each view; none for a view that the model was not asked about."""


class SequentialVerifier(Verifier, count_next=check_count, ask=check_confidences):
    """
    A verifier that asks about views in their order until it has seen enough.

    `verify` asks so. A searcher that pays view by view asks `count_next` and `ask` itself.
    """

    @abstractmethod
    def count_next(self, confidences: Sequence[float | None], target: Target, views: int) -> int:
        """How many of the *views* to ask about after those with *confidences*; 0 ends it."""

    @abstractmethod
    def ask(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[float | None, ...]:
        """A confidence for each view: all of them are asked about."""

    def verify(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[float | None, ...]:
        """A confidence for each view until the end, or that of the budget; then none."""
        found: tuple[float | None, ...] = ()
        while size := self.count_next(found, target, len(views)):
            # The first view is the ledger's to refuse; later, what was found is worth more.
            size = model.affordable(size) if found else max(1, model.affordable(size))
            if not size:
                break
            found += self.ask(views[len(found) : len(found) + size], target, model)
        return (*found, *(None,) * (len(views) - len(found)))


class AnswerComposer(Stage, compose=check_answer, compose_with_evidence=check_answer):
    """Question and findings -> answer. With no findings, from the whole image."""

    kind = "answer"

    @abstractmethod
    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer:
        """The answer to *question*, with *findings* as its own: see `reply`."""

    @defers
    def compose_with_evidence(
        self,
        question: Question,
        findings: Sequence[Finding],
        model: BudgetedModel,
        evidence: Sequence[Evidence],
    ) -> Answer:
        """
        As `compose`, for searchers that also have maps, and boxes that were not chosen.

        Override it to use them: by default *evidence* is ignored. It may be empty.
        """
        del evidence
        return self.compose(question, findings, model)


class Searcher(Stage, search=check_searched, detect=check_detected):
    """Question -> answer, by any means within the budget."""

    kind = "searcher"

    @abstractmethod
    def search(self, question: Question, model: BudgetedModel) -> Answer:
        """
        The answer to *question*, from `reply` or a composer, and then `Answer.with_search`.

        Where *model* raises `BudgetExceededError`, answer from what was found until then: passes
        at the stage `ANSWER` are always allowed. Whoever watches sees what you `model.show` on the
        way.
        """

    @defers
    def detect(self, image: Image, target: Target, model: BudgetedModel) -> Evidence:
        """
        What is found of *target* in *image*, the surest box first, with its map if there is one.

        At the end of the budget it is what was found until then, marked as exhausted. Override it
        in a searcher that looks for targets. By default the first searcher among the options does
        it, and without one it is a `SpecError`.
        """
        parts = (getattr(self, field.name) for field in attrs.fields(type(self)))
        for part in parts:
            if isinstance(part, Searcher):
                return part.detect(image, target, model)
        raise SpecError(
            f"The searcher {self.name!r} answers questions, but does not point at things; take one "
            "that does, such as focus."
        )

    def run_detect(self, image: Image, target: Target, model: Model, ledger: Ledger) -> Evidence:
        """`detect` with *model* on *ledger*'s budget; whoever watches is shown what it finds."""
        with model.computing(), ledger.lend(model, image) as lent:
            found = self.detect(image, target, lent)
            lent.show(found)
        return found

    def run(self, question: Question, model: Model, ledger: Ledger) -> Answer:
        """
        Search with *model* on *ledger*'s budget; the answer has the passes of each stage.

        All evidence of the answer was shown to whoever watches, at the latest now.
        """
        before = ledger.by_stage()
        with model.computing(), ledger.lend(model, question.image) as lent:
            answer = self.search(question, lent)
            for evidence in answer.evidence:
                lent.show(evidence)
        spent = {stage: n - before.get(stage, 0) for stage, n in ledger.by_stage().items()}
        return attrs.evolve(answer, passes={stage: n for stage, n in spent.items() if n})
