"""ZoomEye: a search through a tree of parts of the image, led by the model's own confidence."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import attrs

from visualcrop import Answer, BudgetedModel, InContext, Question, errors
from visualcrop.models import ModelInfo
from visualcrop.plugin import ANSWER, Searcher, TargetExtractor, at_least, between, option, reply

from .asking import Asker
from .family import FAMILIES, Constants, Family, Views
from .party import Party, Rules
from .showing import Showing
from .tree import Node

PASSES_PER_POP = 3  # by the convention of the published tables


@attrs.frozen
class ZoomEye(Searcher):
    """Zoom into what promises most, until one part shows the answer. Up to 3 passes a part."""

    name = "zoomeye"

    targets: TargetExtractor = option(InContext(), help="what to look for")
    family: Family = option("llava", help="whose constants hold where an option is none")
    depth: int = option(5, help="levels of the tree to go down", validator=at_least(1))
    splits: Literal[2, 4, 9, 16] = option(4, help="parts that a node is cut into")
    side: int | None = option(
        None, help="pixels on a side of the smallest view", validator=at_least(8)
    )
    views: Views | None = option(
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
    inference: Literal["generate", "letter-logits", "option-logits"] = option(
        "generate", help="how the answer is read off the model"
    )
    max_new_tokens: int = option(32, help="longest answer", validator=between(1, 65_536))

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        showing = self._showing(question, model.info)
        party = self._party(question, showing, model)
        exhausted = False
        try:
            party.run(self.targets.extract(question, model.at("targets")))
        except errors.BudgetExceededError:
            exhausted = True
        parts = showing.of(*party.shown).parts
        answer = reply(question, parts, model.at(ANSWER), self.inference, self.max_new_tokens)
        return attrs.evolve(
            answer,
            findings=party.findings,
            evidence=party.evidence,
            exhausted=exhausted or party.refused,
            counts={"pops": party.pops, "zoomeye-paper": PASSES_PER_POP * party.pops},
        )

    def _showing(self, question: Question, info: ModelInfo) -> Showing:
        usual = self.constants
        avoided = not self.authors and "red rectangle" in question.text.lower()
        return Showing(
            question.image,
            usual.views,
            usual.side or max(8, info.base),
            usual.scale,
            usual.paper,
            "blue" if avoided else "red",
        )

    def _party(self, question: Question, showing: Showing, model: BudgetedModel) -> Party:
        rules = Rules(self.constants, self.depth, self.depth_type2, self.t_type2, self.authors)
        root = Node.root(showing.size, showing.side, self.splits)
        return Party(rules, root, question.text, partial(Asker, model, showing))

    @property
    def constants(self) -> Constants:
        """Those of the family, but for what an option gives."""
        usual = FAMILIES[self.family]
        schedule = attrs.evolve(
            usual.schedule, **_given(upper=self.upper, lower=self.lower, drops=self.drops)
        )
        own = _given(views=self.views, scale=self.scale, bias=self.bias, side=self.side)
        return attrs.evolve(usual, schedule=schedule, **own)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
