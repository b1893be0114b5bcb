"""ZoomEye: a search through a tree of parts of the image, led by the model's own confidence."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import attrs

from visualcrop import Answer, BudgetedModel, Question, errors
from visualcrop.models import ModelInfo
from visualcrop.plugin import (
    ANSWER,
    Inference,
    Searcher,
    TargetExtractor,
    at_least,
    between,
    inference_option,
    max_new_tokens_option,
    option,
    reply,
    targets_option,
)

from .constants import FAMILIES, FamilyConstants, FamilyName, ViewMode
from .question_search import QuestionSearch, SearchOptions
from .scorer import ModelScorer
from .tree import Node
from .views import NodeRenderer

PASSES_PER_POP = 3  # by the convention of the published tables


@attrs.frozen
class ZoomEye(Searcher):
    """Zoom into what promises most, until one part shows the answer. Up to 3 passes a part."""

    name = "zoomeye"

    targets: TargetExtractor = targets_option()
    family: FamilyName = option("llava", help="whose constants hold where an option is none")
    depth: int = option(5, help="levels of the tree to go down", validator=at_least(1))
    splits: Literal[2, 4, 9, 16] = option(4, help="parts that a node is cut into")
    side: int | None = option(
        None, help="pixels on a side of the smallest view", validator=at_least(8)
    )
    views: ViewMode | None = option(
        None, help="show a crop, or the image and a crop of it: square, or in its native shape"
    )
    scale: float | None = option(
        None, help="how much more than a node to show, times its sides", validator=at_least(1)
    )
    bias: float | None = option(
        None, help="weight of existence at the root, against a latent hope", validator=between(0, 1)
    )
    upper: float | None = option(
        None, help="confidence that ends the search, at first", validator=between(-1, 1)
    )
    lower: float | None = option(
        None, help="confidence below which nothing is accepted", validator=between(-1, 1)
    )
    drops: tuple[float, ...] | None = option(
        None, help="by how much the first falls, time by time", validator=at_least(0.01)
    )
    depth_type2: int = option(
        2, help="levels to go down for all things of a kind", validator=at_least(0)
    )
    t_type2: float = option(
        0.6, help="confidence above which an instance counts", validator=between(-1, 1)
    )
    authors: bool = option(False, help="with the quirks of the authors' code")
    inference: Inference = inference_option()
    max_new_tokens: int = max_new_tokens_option()

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        renderer = self._renderer(question, model.info)
        root = Node.root(renderer.size, renderer.side, self.splits)
        options = SearchOptions(
            self.constants, self.depth, self.depth_type2, self.t_type2, self.authors
        )
        scorer_for = partial(ModelScorer, model, renderer)
        search = QuestionSearch(options, root, question.text, scorer_for, model.show)
        exhausted = False
        try:
            search.run(self.targets.extract(question, model.at("targets")))
        except errors.BudgetExceededError:
            exhausted = True
        parts = renderer.render(*search.shown).parts
        answer = reply(question, parts, model.at(ANSWER), self.inference, self.max_new_tokens)
        return answer.with_search(
            search.evidence,
            findings=search.findings,
            exhausted=exhausted or search.out_of_budget,
            counts={"pops": search.pops, "zoomeye-paper": PASSES_PER_POP * search.pops},
        )

    def _renderer(self, question: Question, info: ModelInfo) -> NodeRenderer:
        constants = self.constants
        avoids_red = not self.authors and "red rectangle" in question.text.lower()
        return NodeRenderer(
            question.image,
            constants.views,
            constants.side or max(8, info.base),
            constants.scale,
            constants.background,
            "blue" if avoids_red else "red",
        )

    @property
    def constants(self) -> FamilyConstants:
        """Those of the family, overridden by each option that is set."""
        family = FAMILIES[self.family]
        schedule = attrs.evolve(
            family.schedule, **_drop_none(upper=self.upper, lower=self.lower, drops=self.drops)
        )
        own = _drop_none(views=self.views, scale=self.scale, bias=self.bias, side=self.side)
        return attrs.evolve(family, schedule=schedule, **own)


def _drop_none(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
