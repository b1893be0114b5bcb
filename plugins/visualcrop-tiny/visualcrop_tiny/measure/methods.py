"""Ways to answer that are compared: directly, with FOCUS, and with a part of it taken out."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from visualcrop import (
    Answer,
    Box,
    BudgetedModel,
    Finding,
    Image,
    Ledger,
    Model,
    Question,
    Sample,
    Target,
    VisualSearch,
)

_BOUND = "overrun=false"  # so that the steps are what they say
SPECS = {
    "direct": "direct",
    **{f"focus, {steps} steps": f"focus(steps={steps}, {_BOUND})" for steps in (1, 2, 4, 8)},
    "focus, 8 steps and overrun": "focus",
    "random map, 8 steps": f"focus(relevance=random, {_BOUND})",
    "random map and overrun": "focus(relevance=random)",
}
SEARCH = "focus, 8 steps"
ORACLE = "oracle crop"  # of existence none, since there is no true place of what is not there
CELLS = 3 / 14  # side of an oracle's box, as part of the longer side of the image


@attrs.frozen
class Replies:
    """What one method says: by letter, in open words, and where it looked."""

    letter: Answer
    open: Answer


def lookers(spec: str) -> dict[str, VisualSearch]:
    """Every method, on one model."""
    opened = {name: VisualSearch.open(spec, method) for name, method in SPECS.items()}
    model = opened["direct"].model
    return {name: attrs.evolve(search, model=model) for name, search in opened.items()}


def replies(search: VisualSearch, sample: Sample, image: Image) -> Replies:
    """Search once, answer twice."""
    letter = search.ask(image, sample.text, sample.choices)
    if not hasattr(search.searcher, "answer"):
        return Replies(letter, search.ask(image, sample.text))
    return Replies(letter, composed(search, Question(sample.text, image), letter.findings))


def oracle(search: VisualSearch, sample: Sample, image: Image) -> Replies:
    """Answer from boxes about the true places."""
    findings = [
        Finding(Target(t.name, every=sample.category == ("count",)), box_about(t.box, image))
        for t in sample.targets
    ]
    asked = Question(sample.text, image, sample.choices), Question(sample.text, image)
    return Replies(*(composed(search, question, findings) for question in asked))


def composed(search: VisualSearch, question: Question, findings: Sequence[Finding]) -> Answer:
    """The composer's answer from these findings, and what it cost."""
    ledger = Ledger()
    answer: Answer = search.searcher.answer.compose(  # type: ignore[attr-defined]
        question, findings, BudgetedModel(search.model, ledger)
    )
    return attrs.evolve(answer, passes=ledger.by_stage())


def budgeted(model: Model) -> BudgetedModel:
    """The model, with nobody to pay."""
    return BudgetedModel(model, Ledger())


def box_about(box: Box, image: Image) -> Box:
    """As large as three cells of the map, in the image."""
    side = min(CELLS * max(image.width, image.height), image.width, image.height)
    left, top = (
        min(max(0.0, at - side / 2), length - side)
        for at, length in zip(box.centre, (image.width, image.height), strict=True)
    )
    return Box(left, top, left + side, top + side)
