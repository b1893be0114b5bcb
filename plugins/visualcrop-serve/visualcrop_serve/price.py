"""How many passes a search will cost, before it is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from visualcrop.plugin import Strategy


@attrs.frozen
class Price:
    """
    Passes of a question about one thing: the least, what is likely, and the most.

    None: nobody knows.
    """

    least: int
    likely: int | None
    most: int | None

    def __add__(self, other: Price) -> Price:
        likely = _add(self.likely, other.likely)
        return Price(self.least + other.least, likely, _add(self.most, other.most))

    def times(self, least: int, likely: int, most: int | None) -> Price:
        """The price of so many."""
        return Price(
            self.least * least,
            None if self.likely is None else self.likely * likely,
            None if self.most is None or most is None else self.most * most,
        )

    def within(self, budget: int | None, answer: Price) -> Price:
        """The same where a *budget* limits all passes but those of the *answer*."""
        if budget is None:
            return self
        limit = _add(budget, answer.most)
        likely = self.likely if self.likely is None else _least(self.likely, limit)
        return Price(min(self.least, budget + answer.least), likely, _least(self.most, limit))


def _add(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _least(one: int | None, other: int | None) -> int | None:
    """The lesser of two limits, where none is no limit."""
    return min((each for each in (one, other) if each is not None), default=None)


def _exactly(passes: int) -> Price:
    return Price(passes, passes, passes)


NOTHING, ONE, TWO, UNKNOWN = _exactly(0), _exactly(1), _exactly(2), Price(0, None, None)
# Stages of this repository whose cost no option changes; the summary of each says the same.
_FIXED: Mapping[str, Mapping[Price, tuple[str, ...]]] = {
    "targets": {
        NOTHING: ("rules", "quoted", "given"),
        ONE: ("in-context", "missing"),
    },
    "relevance": {
        ONE: ("vv", "kk-norope", "random", "attention", "tad", "layer-att", "grad-att"),
        TWO: ("rel-att", "pure-grad"),
    },
    "verification": {NOTHING: ("unchecked",), ONE: ("existence",), Price(0, 1, 1): ("reading",)},
    "answer": {
        ONE: (
            *("crop", "canvas", "interleaved", "text-boxes", "whole-and-crop", "compact"),
            *("focus-region", "working-memory"),
        ),
    },
}


def price_search(searcher: Strategy, budget: int | None = None) -> Price:
    """What a question about one thing will cost; of unknown searchers at least one pass."""
    known = _SEARCHERS.get(searcher.name)
    price = Price(1, None, None) if known is None else known(searcher)
    return price.within(budget, _price_answer(searcher))


def _price_answer(searcher: Any) -> Price:
    """What no budget limits: the passes of the answer stage."""
    match searcher.name:
        case "audited" | "options-in-prompt":
            return _price_answer(searcher.searcher)
        case "guarded":
            return ONE + _price_answer(searcher.searcher)
        case "lookwise":
            return Price(1, 1, 2)
        case "focus" | "hide":
            return _price_stage(searcher.answer)
    return ONE if searcher.name == "direct" else Price(1, None, None)


def _price_stage(stage: Any) -> Price:
    """One use of a stage: a target for maps, a view for verification."""
    for price, names in _FIXED.get(stage.kind, {}).items():
        if stage.name in names:
            return price
    match stage.name:
        case "relate" | "read":
            inner = _price_stage(stage.otherwise)
            return Price(0, inner.likely, inner.most)
        case "funnel":
            return _price_stage(stage.otherwise)
        case "adaptive":
            return _price_stage(stage.verification)
        case "heads" | "sinks":
            return _price_stage(stage.source)
    return UNKNOWN


def _price_focus(searcher: Any) -> Price:
    """Targets, a map, checks, the answer; at least the first and the last, if it names nothing."""
    always = _price_stage(searcher.targets) + _price_stage(searcher.answer)
    whole = always + _price_stage(searcher.relevance) + _price_checks(searcher)
    return attrs.evolve(whole, least=always.least)


def _price_checks(searcher: Any) -> Price:
    """
    Checks of one target: `steps` of the boxes, all of them if none says yes or all are wanted.

    The map may have fewer boxes than `steps`, so that one check is the least that is sure.
    """
    likely = searcher.steps
    if searcher.verification.name == "adaptive":
        likely = min(likely, searcher.verification.batches[0])
    unchecked = searcher.steps == 1 and not searcher.overrun
    check = _price_stage(searcher.verification)
    return check.times(int(not unchecked), likely * (not unchecked), _most_boxes(searcher))


def _most_boxes(searcher: Any) -> int | None:
    proposals = searcher.proposals
    return proposals.k if proposals.name in {"anchors", "sliding"} else None


def _price_hide(searcher: Any) -> Price:
    stages = (searcher.targets, searcher.relevance, searcher.answer)
    return sum(map(_price_stage, stages), NOTHING)


def _price_lookwise(searcher: Any) -> Price:
    """The direct answer may do; otherwise as HiDe, with a map."""
    searched = ONE + _price_hide(searcher)
    return Price(1, searched.likely, searched.most)


def _price_guarded(searcher: Any) -> Price:
    """The whole image's answer may do; a question without choices has only the search's."""
    searched = ONE + price_search(searcher.searcher)
    return Price(1, searched.likely, searched.most)


def _price_audited(searcher: Any) -> Price:
    """The search's, and one where there is a place for the null crop and a pass left for it."""
    return price_search(searcher.searcher) + Price(0, 1, 1)


_SEARCHERS: dict[str, Callable[[Any], Price]] = {
    "direct": lambda _: ONE,
    "focus": _price_focus,
    "guarded": _price_guarded,
    "audited": _price_audited,
    "options-in-prompt": lambda searcher: price_search(searcher.searcher),
    "hide": _price_hide,
    "lookwise": _price_lookwise,
}
