"""The methods that are compared, and how well their maps and verifiers find a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

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
    View,
    VisualSearch,
    errors,
)
from visualcrop.plugin import (
    ProposalGenerator,
    Registry,
    RelevanceSource,
    TargetBox,
    TargetExtractor,
)
from visualcrop_tiny.needles import PlaceSource

from .vision_inputs import GRID

_BOUND = "overrun=false"  # a search ends after its steps, even if the target is not found
METHODS = {
    "direct": "direct",
    **{f"focus, {steps} steps": f"focus(steps={steps}, {_BOUND})" for steps in (1, 2, 4, 8)},
    "focus, 8 steps and overrun": "focus",
    "random map, 8 steps": f"focus(relevance=random, {_BOUND})",
    "random map and overrun": "focus(relevance=random)",
}
FOCUS = "focus, 8 steps"
ORACLE = "oracle crop"  # not for questions of existence, whose target may be absent
MAPS = ("vv", "kk-norope", "random")
_ORACLE_SIDE = 3 / GRID  # three cells of the map, as a fraction of the image's longer side
_FIRST_BOXES = 8


@attrs.frozen
class AnswerPair:
    """One method's two answers to a question."""

    letter: Answer  # with lettered choices
    open: Answer  # in open words


def open_methods(model: str) -> dict[str, VisualSearch]:
    """Open every method with the same model, which is loaded once."""
    opened = {name: VisualSearch.open(model, method) for name, method in METHODS.items()}
    loaded = opened["direct"].model
    return {name: attrs.evolve(search, model=loaded) for name, search in opened.items()}


def build_maps() -> Mapping[str, RelevanceSource]:
    """The relevance sources that are compared."""
    registry = Registry.load()
    try:
        return {name: registry.build(RelevanceSource, name) for name in MAPS}
    except errors.UnknownStrategyError as exc:
        raise errors.UnknownStrategyError(
            f"{exc} The relevance sources compared come with: pip install visualcrop-ablations"
        ) from None


def answer_both_ways(search: VisualSearch, sample: Sample, image: Image) -> AnswerPair:
    """Search once, and answer by letter and in open words."""
    letter = search.ask(image, sample.text, sample.choices)
    if not hasattr(search.searcher, "answer"):  # direct
        return AnswerPair(letter, search.ask(image, sample.text))
    return AnswerPair(letter, _compose(search, Question(sample.text, image), letter.findings))


def names_as_rules_do(search: VisualSearch, sample: Sample, image: Image) -> bool:
    """Whether the model, asked by example, names the targets that the rules find."""
    question, registry = Question(sample.text, image), Registry.load()
    named, found = (
        registry.build(TargetExtractor, extractor).extract(question, without_budget(search.model))
        for extractor in ("in-context", "rules")
    )
    return named == found


def answer_from_oracle(search: VisualSearch, sample: Sample, image: Image) -> AnswerPair:
    """Answer from crops around the true boxes, without a search."""
    findings = [
        Finding(Target(t.name, every=sample.category[0] == "count"), crop_about(t.box, image))
        for t in sample.targets
    ]
    asked = Question(sample.text, image, sample.choices), Question(sample.text, image)
    return AnswerPair(*(_compose(search, question, findings) for question in asked))


def _compose(search: VisualSearch, question: Question, findings: Sequence[Finding]) -> Answer:
    """The answer of the searcher's composer from these findings, with its passes."""
    ledger = Ledger()
    answer: Answer = search.searcher.answer.compose(  # type: ignore[attr-defined]
        question, findings, BudgetedModel(search.model, ledger)
    )
    return attrs.evolve(answer, passes=ledger.by_stage())


def without_budget(model: Model) -> BudgetedModel:
    """The model for strategies to call, with no limit on its passes."""
    return BudgetedModel(model, Ledger())


def crop_about(box: Box, image: Image, share: float = _ORACLE_SIDE) -> Box:
    """A square with this *share* of the longer side, around a box's centre, in the image."""
    side = min(share * max(image.width, image.height), image.width, image.height)
    left, top = (
        min(max(0.0, at - side / 2), length - side)
        for at, length in zip(box.centre, (image.width, image.height), strict=True)
    )
    return Box(left, top, left + side, top + side)


def measure_hits(
    search: VisualSearch,
    source: RelevanceSource,
    generator: ProposalGenerator,
    target: TargetBox,
    image: Image,
) -> tuple[bool, bool]:
    """Whether the first proposal, and any of the first eight, covers half of the target."""
    map = source.map(View.whole(image), Target(target.name), without_budget(search.model))
    proposals = generator.propose(map)[:_FIRST_BOXES]
    hits = [_has_half(proposal.box, target.box) for proposal in proposals]
    return hits[0], any(hits)


def _has_half(box: Box, target: Box) -> bool:
    common = box.common(target)
    return common is not None and common.area >= target.area / 2


def verify_crops(
    search: VisualSearch, sample: Sample, image: Image, others: list[Box]
) -> tuple[float, list[float]]:
    """The confidence that the target is in a crop around it, and in crops around *others*."""
    target, searcher = sample.targets[0], search.searcher
    views = [View(image, crop_about(box, image)) for box in (target.box, *others)]
    verifier = searcher.verification  # type: ignore[attr-defined]
    confidences = verifier.verify(views, Target(target.name), without_budget(search.model))
    return confidences[0], list(confidences[1:])


def sample_empty_places(image: Image, target: Box, rng: Random, count: int = 2) -> list[Box]:
    """Boxes of one pixel, at random, whose crops do not show the target."""
    found: list[Box] = []
    for _ in range(100):
        x, y = rng.uniform(0, image.width - 1), rng.uniform(0, image.height - 1)
        box = Box(x, y, x + 1, y + 1)
        if len(found) < count and not crop_about(box, image).common(target):
            found.append(box)
    return found


def find_other_things(sample: Sample, image: Image, target: TargetBox, count: int = 2) -> list[Box]:
    """Boxes of other things of the scene whose crops do not show the target."""
    source = sample.source
    if not isinstance(source, PlaceSource):
        return []
    boxes = [item.box for item in source.spec.plan() if item.name != target.name.split()[-1]]
    return [box for box in boxes if not crop_about(box, image).common(target.box)][:count]
