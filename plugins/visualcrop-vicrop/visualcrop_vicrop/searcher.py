"""ViCrop: crop where the model attends for the question, and show that beside the whole image."""

from __future__ import annotations

from typing import Literal

import attrs

from visualcrop import (
    Answer,
    Box,
    BudgetedModel,
    Evidence,
    Finding,
    Question,
    RelevanceMap,
    Target,
    View,
    errors,
)
from visualcrop.plugin import (
    ANSWER,
    Inference,
    RelevanceSource,
    Searcher,
    at_least,
    inference_option,
    max_new_tokens_option,
    option,
    reply,
)

from .boxes import pick_box
from .maps import QuestionMap, RelAtt
from .tiles import Place, TileGrid, crop_padded, merge_maps


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
        False,
        help="as the original: the corner where cells are larger than the crop, and centres cut "
        "to pixels after rounding",
    )
    original: bool = option(True, help="ask about the whole image first, as the authors do")
    inference: Inference = inference_option()
    max_new_tokens: int = max_new_tokens_option()

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        first: Answer | None = None
        try:
            if self.original:
                first = self._reply(question, [], model.at("original"))
            relevance, complete = self._map_image(question, model.at("relevance"))
        except errors.BudgetExceededError:
            answer = first or self._reply(question, [], model.at(ANSWER))
            return answer.with_search(exhausted=True)
        side = self._side(model)
        box = pick_box(relevance, question.image.box, side, authors=self.authors)
        finding = Finding(Target(question.text), box, float(relevance.scores.max()))
        evidence = Evidence(finding.target, (finding,), relevance)
        model.show(evidence)
        answer = self._reply(question, [View(question.image, box)], model.at(ANSWER))
        return answer.with_search([evidence], findings=[finding], exhausted=not complete)

    def _reply(self, question: Question, crops: list[View], model: BudgetedModel) -> Answer:
        shown = [View.whole(question.image), *crops]
        return reply(question, shown, model, self.inference, self.max_new_tokens)

    def _map_image(self, question: Question, model: BudgetedModel) -> tuple[RelevanceMap, bool]:
        """One map over the image, and whether the budget was enough for it."""
        tiling = wanted = self._tiling(question, model)
        passes = self.source.passes if isinstance(self.source, QuestionMap) else 1
        if model.affordable(passes * len(wanted.places)) < passes * len(wanted.places):
            tiling = attrs.evolve(wanted, rows=1, columns=1)
        model.expect(passes * len(tiling.places))
        maps: dict[Place, RelevanceMap] = {}
        try:
            for place in tiling.places:
                maps[place] = self._map_tile(question, tiling, place, model)
        except errors.BudgetExceededError:
            if not maps:
                raise
        complete = tiling == wanted and len(maps) == len(wanted.places)
        return merge_maps(maps, tiling, stretched=self.geometry == "centre-crop"), complete

    def _tiling(self, question: Question, model: BudgetedModel) -> TileGrid:
        size = question.image.width, question.image.height
        return (
            TileGrid.fit(size).with_least_width(self._side(model))
            if self.high
            else TileGrid(size, 1, 1)
        )

    def _side(self, model: BudgetedModel) -> int:
        return self.box or model.info.base

    def _map_tile(
        self, question: Question, tiling: TileGrid, place: Place, model: BudgetedModel
    ) -> RelevanceMap:
        """The map of one tile, in pixels of the tile."""
        view = View.whole(crop_padded(question.image, tiling.box(place)))
        if self.geometry == "centre-crop":
            view = crop_middle_square(view)
        if isinstance(self.source, QuestionMap):
            return self.source.map_question(view, question.text, model)
        return self.source.map(view, Target(question.text), model)


def crop_middle_square(view: View) -> View:
    """The square in the middle, which is all that CLIP's processor keeps of an image."""
    side = min(view.box.width, view.box.height)
    left, top = (round((length - side) / 2) for length in (view.box.width, view.box.height))
    return attrs.evolve(view, box=Box(left, top, left + side, top + side))
