"""What a search found, as JSON: boxes in three kinds of coordinates, maps, passes, confidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from visualcrop import (
    Answer,
    Box,
    Evidence,
    Finding,
    Image,
    Ledger,
    Point,
    Question,
    RelevanceMap,
    VisualSearch,
)
from visualcrop.models import Usage
from visualcrop.plugin import ANSWER, Spec

Json = dict[str, Any]


@attrs.frozen
class Outcome:
    """A question and its answer, with what it took."""

    question: Question
    answer: Answer
    search: VisualSearch
    ledger: Ledger
    seconds: float

    @property
    def max_new_tokens(self) -> int | None:
        """The longest reply, if it is known: the question's, else that of its searcher."""
        if self.question.max_new_tokens is not None:
            return self.question.max_new_tokens
        strategy: object = self.search.searcher
        while strategy is not None:
            if isinstance(most := getattr(strategy, "max_new_tokens", None), int):
                return most
            inside = getattr(strategy, "answer", None)
            strategy = getattr(strategy, "searcher", None) if inside is None else inside
        return None


def describe_answer(outcome: Outcome, *, model: str, with_map: bool = False) -> Json:
    """The `visualcrop` object of a reply: where the search looked, and what it took."""
    answer, question, image = outcome.answer, outcome.question, outcome.question.image
    return {
        "model": model,
        "searcher": str(Spec.of(outcome.search.searcher)),
        "choice": None if answer.choice is None else question.choices[answer.choice],
        "choices": {
            text: round(each, 6)
            for text, each in zip(question.choices, answer.probabilities, strict=False)
        },
        "confidence": _round(answer.confidence),
        "boxes": [describe_box(finding, image, chosen=True) for finding in answer.findings],
        "evidence": [
            describe_evidence(each, image, chosen=answer.findings, with_map=with_map)
            for each in answer.evidence
        ],
        "passes": dict(answer.passes),
        "seconds": round(outcome.seconds, 4),
        "exhausted": answer.exhausted,
        "untargeted": answer.untargeted,
        "decision": answer.decision,
        "abstained": answer.abstained,
        "evidence_gain": _round(answer.evidence_gain),
        "rests_on_evidence": None if answer.audit is None else answer.audit.rests,
        "image": {"width": image.width, "height": image.height},
    }


def describe_search(
    found: Evidence, image: Image, search: VisualSearch, ledger: Ledger, seconds: float
) -> Json:
    """The `visualcrop` object of a detection, which has no answer."""
    return {
        "searcher": str(Spec.of(search.searcher)),
        "passes": dict(ledger.by_stage()),
        "seconds": round(seconds, 4),
        "exhausted": found.exhausted,
        "image": {"width": image.width, "height": image.height},
    }


def describe_point(point: Point, image: Image) -> Json:
    """A point in pixels, and in parts of the picture (0 to 1)."""
    return {
        "x": round(point.x, 2),
        "y": round(point.y, 2),
        "confidence": _round(point.confidence),
        "relative": [round(point.x / image.width, 5), round(point.y / image.height, 5)],
    }


def describe_evidence(
    evidence: Evidence, image: Image, *, chosen: Iterable[Finding] = (), with_map: bool = False
) -> Json:
    """What is known of one target: its map, and the boxes in the order of their checks."""
    taken = {(finding.target, finding.box) for finding in chosen}
    relevance = evidence.relevance if with_map else None
    return {
        "target": evidence.target.text,
        "every": evidence.target.every,
        "map": None if relevance is None else describe_map(relevance),
        "boxes": [
            describe_box(each, image, chosen=(each.target, each.box) in taken)
            for each in evidence.findings
        ],
    }


def describe_box(finding: Finding, image: Image, *, chosen: bool = False) -> Json:
    """A box in pixels, in parts of the picture (0 to 1), and in thousandths of it."""
    pixels, relative = _corners(finding.box), _relative(finding.box, image)
    return {
        "pixels": [round(each, 2) for each in pixels],
        "relative": [round(each, 5) for each in relative],
        "thousandths": [round(1000 * each) for each in relative],
        "target": finding.target.text,
        "confidence": _round(finding.confidence),
        "score": float(f"{finding.relevance:.6g}"),
        "chosen": chosen,
    }


def describe_map(relevance: RelevanceMap) -> Json:
    """The scores row by row, with four digits, and the pixels over which they lie."""
    rows, columns = relevance.grid.shape
    return {
        "box": [round(each, 2) for each in _corners(relevance.grid.box)],
        "rows": rows,
        "columns": columns,
        "scores": [float(f"{score:.4g}") for score in relevance.scores.ravel().tolist()],
    }


def describe_usage(outcome: Outcome) -> Mapping[str, Any]:
    """Tokens of all passes of a search, as the OpenAI API counts them."""
    used = outcome.ledger.usage
    read, written = used.new_tokens + used.reused_tokens, used.decoded_tokens
    # The last token of a reply is written, but not run: no pass has decoded it.
    answer = outcome.ledger.usage_by_stage().get(ANSWER, Usage()).decoded_tokens
    written += max(0, len(outcome.answer.token_probabilities) - answer)
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": used.reused_tokens},
    }


def _corners(box: Box) -> tuple[float, float, float, float]:
    return float(box.left), float(box.top), float(box.right), float(box.bottom)


def _relative(box: Box, image: Image) -> list[float]:
    sides = (image.width, image.height) * 2
    return [min(1.0, max(0.0, at / side)) for at, side in zip(_corners(box), sides, strict=True)]


def _round(number: float | None) -> float | None:
    return None if number is None else round(number, 6)
