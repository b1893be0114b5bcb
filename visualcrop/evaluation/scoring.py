"""How right an answer is, and whether the search looked at the right place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ..data.base import Sample
from ..geometry import Box
from ..values import Answer

COVERED = 0.5  # of the true box (section 4.3 of the paper says "by at least 50%")
_ANNOTATORS = 3  # that have to agree for a full score, as in VQA


def score_answer(sample: Sample, answer: Answer) -> float | None:
    """Score from 0 to 1, 0 if the answer abstains; none if the reply names no option."""
    if answer.abstained:
        return 0.0
    if isinstance(sample.answer, int):
        return None if answer.choice is None else float(answer.choice == sample.answer)
    reply = plain_words(answer.text)
    if reply in map(plain_words, sample.sentences):
        return 1.0
    agreeing = sum(plain_words(accepted) == reply for accepted in sample.answer)
    if len(sample.answer) > _ANNOTATORS:  # several people's answers, as in A-OKVQA
        return min(1.0, agreeing / _ANNOTATORS)
    return float(agreeing > 0)


def plain_words(text: str) -> str:
    """Lower case, without punctuation, articles and extra spaces."""
    words = re.sub(r"[^\w\s]", " ", text.casefold()).split()
    kept = [word for word in words if word not in {"a", "an", "the"}]
    return " ".join(kept or words)


def measure_recall(sample: Sample, answer: Answer) -> Mapping[str, float]:
    """
    How well the boxes that were looked at cover the annotated ones; empty if there are none.

    *recall* is the covered share of this question's boxes: *covered* of *boxes*. The sums of these
    over all questions give the recall over all boxes, in which a question with two counts twice.
    """
    if not sample.targets:
        return {}
    looked = list(_looked_at(answer))
    covers = [
        max((share_covered(box, t.box) for box in looked), default=0.0) for t in sample.targets
    ]
    overlaps = [max((box.overlap(t.box) for box in looked), default=0.0) for t in sample.targets]
    covered = sum(cover >= COVERED for cover in covers)
    return {
        "recall": covered / len(covers),
        "covered": covered,
        "boxes": len(covers),
        "cover": _mean(covers),
        "iou": _mean(overlaps),
    }


def _looked_at(answer: Answer) -> Iterable[Box]:
    """
    Boxes that were checked, and those that the answer rests on: one rule for all verifiers.

    A box that was proposed and about which nobody asked the model was not looked at.
    """
    for evidence in answer.evidence:
        yield from (f.box for f in evidence.findings if f.confidence is not None)
    yield from (finding.box for finding in answer.findings)


def share_covered(box: Box, truth: Box) -> float:
    """The share of *truth* that lies in *box*."""
    shared = box.common(truth)
    return shared.area / truth.area if shared else 0.0


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
