"""ViCrop: find where the question looks, and show that beside the whole."""

from __future__ import annotations

from typing import Literal

import attrs

from visualcrop import (
    Answer,
    BudgetedModel,
    Evidence,
    Finding,
    Question,
    RelevanceMap,
    Target,
    View,
    errors,
)
from visualcrop.plugin import ANSWER, RelevanceSource, Searcher, at_least, between, option, reply

from .attention import RelAtt
from .boxes import best_box
from .importance import Importance
from .tiles import Place, Tiling, joined, part


@attrs.frozen
class ViCrop(Searcher):
    """Crop where attention or gradients point, and show it beside the whole. 2 + 2n passes."""

    name = "vicrop"

    source: RelevanceSource = option(RelAtt(), help="the map of what matters to the question")
    high: bool = option(True, help="look at a large image in n parts of about 1,000 pixels")
    geometry: Literal["aligned", "centre-crop"] = option(
        "aligned",
        help="where the map lies: on what was seen, or, of the middle square, on everything",
    )
    box: int | None = option(
        None,
        help="least side of the crop in pixels; none is what the model's encoder sees at once",
        validator=at_least(1),
    )
    authors: bool = option(
        False, help="crop the corner, as the original does, where cells are larger than the crop"
    )
    original: bool = option(True, help="ask about the whole image first, as the authors do")
    inference: Literal["generate", "letter-logits", "option-logits"] = option(
        "generate", help="how the answer is read off the model"
    )
    max_new_tokens: int = option(32, help="longest answer", validator=between(1, 65_536))

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        first: Answer | None = None
        try:
            if self.original:
                first = self._reply(question, [], model.at("original"))
            relevance, all_seen = self._look(question, model.at("relevance"))
        except errors.BudgetExceededError:
            answer = first or self._reply(question, [], model.at(ANSWER))
            return attrs.evolve(answer, exhausted=True)
        side = self._side(model)
        box = best_box(relevance, question.image.box, side, authors=self.authors)
        finding = Finding(Target(question.text), box, float(relevance.scores.max()))
        answer = self._reply(question, [View(question.image, box)], model.at(ANSWER))
        evidence = Evidence(finding.target, (finding,), relevance)
        return attrs.evolve(
            answer, findings=(finding,), evidence=(evidence,), exhausted=not all_seen
        )

    def _reply(self, question: Question, crops: list[View], model: BudgetedModel) -> Answer:
        shown = [View.whole(question.image), *crops]
        return reply(question, shown, model, self.inference, self.max_new_tokens)

    def _look(self, question: Question, model: BudgetedModel) -> tuple[RelevanceMap, bool]:
        """One map over the image, and whether the budget was enough for it."""
        tiling = wanted = self._tiling(question, model)
        price = self.source.price if isinstance(self.source, Importance) else 1
        if model.affordable(price * len(wanted.places)) < price * len(wanted.places):
            tiling = attrs.evolve(wanted, rows=1, columns=1)
        maps: dict[Place, RelevanceMap] = {}
        try:
            for place in tiling.places:
                maps[place] = self._map(question, tiling, place, model)
        except errors.BudgetExceededError:
            if not maps:
                raise
        complete = tiling == wanted and len(maps) == len(wanted.places)
        return joined(maps, tiling, stretched=self.geometry == "centre-crop"), complete

    def _tiling(self, question: Question, model: BudgetedModel) -> Tiling:
        size = question.image.width, question.image.height
        return Tiling.of(size).at_least(self._side(model)) if self.high else Tiling(size, 1, 1)

    def _side(self, model: BudgetedModel) -> int:
        return self.box or model.info.base

    def _map(
        self, question: Question, tiling: Tiling, place: Place, model: BudgetedModel
    ) -> RelevanceMap:
        """The map of one part, in its own pixels."""
        view = View.whole(part(question.image, tiling.box(place)))
        if self.geometry == "centre-crop":
            view = middle(view)
        if isinstance(self.source, Importance):
            return self.source.of(view, question.text, model)
        return self.source.map(view, Target(question.text), model)


def middle(view: View) -> View:
    """The square in the middle, which is all that LLaVA-1.5's processor shows of an image."""
    side = min(view.box.width, view.box.height)
    left, top = (round((length - side) / 2) for length in (view.box.width, view.box.height))
    box = attrs.evolve(view.box, left=left, top=top, right=left + side, bottom=top + side)
    return attrs.evolve(view, box=box)
