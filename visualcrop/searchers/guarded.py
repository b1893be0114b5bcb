"""Ask the whole image first: search only where it pays, and believe the search only then."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import attrs

from ..answer.reply import inference_option, max_new_tokens_option, reply
from ..budget import ANSWER, BudgetedModel
from ..calibration import AFTER, BEFORE, Calibrated, Gate, read_calibration
from ..interfaces import Searcher
from ..protocol import Inference
from ..strategy.base import between, option
from ..values import Answer, Question, View
from .focus import Focus

_LEAST = 1e-3  # probabilities that are nearer to one another, or to 0 and 1, count as equal


@attrs.frozen
class Guarded(Searcher, Calibrated):
    """
    Ask the whole image first, and search only where that promises more. One pass, and the search's.

    After a search one of the two answers is believed. A gate from `visualcrop calibrate` decides
    both, and bounds how often a right answer is lost. Without one, the declared rules do. A
    question without choices has no probabilities: it is searched, and the search is believed.
    """

    name = "guarded"

    searcher: Searcher = option(Focus(), help="what searches, where the whole image is not enough")
    gate: str = option("", help="file of visualcrop calibrate; without, the two rules below hold")
    enough: float = option(
        0.9,
        help="probability of the whole image's answer from which on nothing is searched",
        validator=between(0, 1),
    )
    rule: Literal["surer", "found"] = option(
        "surer",
        help="after a search, believe the surer of the two answers, or the search's if it found "
        "its targets",
    )
    inference: Inference = inference_option()
    max_new_tokens: int = max_new_tokens_option()

    def calibration_file(self) -> str:
        return self.gate

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        gate = self._read_gate(question, model)
        if not question.choices:
            return self.searcher.search(question, model)
        whole = [View.whole(question.image)]
        direct = reply(question, whole, model.at(ANSWER), self.inference, self.max_new_tokens)
        if not self._promises_more(direct, gate):
            return attrs.evolve(direct, decision="not searched")
        if not model.at("search").affordable(1):
            return attrs.evolve(direct, decision="not searched", exhausted=True)
        searched = self.searcher.search(question, model)
        if self._is_believed(direct, searched, gate, question.image.box.area):
            return attrs.evolve(searched, decision="search")
        kept = direct.with_search(
            searched.evidence, exhausted=searched.exhausted, counts=searched.counts
        )
        return attrs.evolve(kept, decision="whole image")

    def _read_gate(self, question: Question, model: BudgetedModel) -> Gate | None:
        if not self.gate:
            return None
        found = read_calibration(self.gate)
        found.check_model(self.gate, model.fingerprint or model.id, question.protocol.digest)
        return found.require_gate(self.gate)

    def _promises_more(self, direct: Answer, gate: Gate | None) -> bool:
        if not direct.probabilities:
            return True
        if gate is None:
            return max(direct.probabilities) < self.enough
        return gate.before.passes(describe_direct(direct))

    def _is_believed(
        self, direct: Answer, searched: Answer, gate: Gate | None, pixels: float
    ) -> bool:
        """Whether the search's answer is given, and not the whole image's."""
        known = direct.probabilities and searched.probabilities
        if not known or direct.choice is None:
            return True
        if gate is not None:
            return gate.after.passes(describe_both(direct, searched, pixels))
        if self.rule == "found":
            return searched.found
        return max(searched.probabilities) >= max(direct.probabilities) - _LEAST


def describe_direct(direct: Answer) -> Mapping[str, float]:
    """What the gate knows of the whole image's answer, by the names in `BEFORE`."""
    odds, margin = _describe_probabilities(direct.probabilities)
    entropy = -sum(p * math.log(p) for p in direct.probabilities if p)
    values = (odds, margin, entropy, float(len(direct.probabilities) == 2))
    return dict(zip(BEFORE, values, strict=True))


def describe_both(direct: Answer, searched: Answer, pixels: float) -> Mapping[str, float]:
    """What the gate knows after the search in an image of so many *pixels*: see `AFTER`."""
    odds, margin = _describe_probabilities(searched.probabilities)
    confidences = [
        finding.confidence
        for evidence in searched.evidence
        for finding in evidence.findings
        if finding.confidence is not None
    ]
    existence = _log_odds((max(confidences) + 1) / 2) if confidences else 0.0
    largest = max((finding.box.area for finding in searched.findings), default=pixels)
    area = math.log(max(largest / pixels, _LEAST**2))
    across = (_odds_of(direct, searched.choice), _odds_of(searched, direct.choice))
    values = (odds, margin, existence, area, *across)
    return {**describe_direct(direct), **dict(zip(AFTER[len(BEFORE) :], values, strict=True))}


def _odds_of(answer: Answer, choice: int | None) -> float:
    """Log-odds that the pass of *answer* gives a choice; even odds for none."""
    known = choice is not None and choice < len(answer.probabilities)
    return _log_odds(answer.probabilities[choice]) if known and choice is not None else 0.0


def _describe_probabilities(probabilities: Sequence[float]) -> tuple[float, float]:
    """Log-odds of the likeliest choice, and by how much it is likelier than the next."""
    first, second = sorted(probabilities, reverse=True)[:2]
    return _log_odds(first), first - second


def _log_odds(probability: float) -> float:
    clipped = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(clipped / (1 - clipped))
