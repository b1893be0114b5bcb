"""What a search saw, as plain values in a record, and back again."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import numpy as np

from ..errors import EvaluationError
from ..geometry import Box, Grid
from ..image import Image
from ..record import Record
from ..values import Answer, Evidence, Finding, RelevanceMap, Target, View


def written(answer: Answer) -> Iterator[dict[str, Any]]:
    """For each target its map, and the boxes that were checked or shown for the answer."""
    for evidence in answer.evidence:
        yield {
            "target": evidence.target.text,
            "every": evidence.target.every,
            "boxes": [*_boxes(evidence, answer)],
            "map": None if evidence.relevance is None else _packed(evidence.relevance),
        }


def _boxes(evidence: Evidence, answer: Answer) -> Iterator[dict[str, Any]]:
    for finding in evidence.findings:
        shown = finding in answer.findings
        if shown or finding.confidence is not None:
            confidence = finding.confidence
            yield {
                "box": [round(float(side), 1) for side in attrs.astuple(finding.box)],
                "relevance": round(float(finding.relevance), 6),
                "confidence": None if confidence is None else round(float(confidence), 4),
                "shown": shown,
            }


def _packed(relevance: RelevanceMap) -> dict[str, Any]:
    """A map of 24 x 24 cells takes 1.5 kB."""
    top = float(relevance.scores.max()) or 1.0  # only how scores compare can be seen
    scores = (relevance.scores / top).astype("<f2")
    return {
        "xs": [round(float(x), 1) for x in relevance.grid.xs],
        "ys": [round(float(y), 1) for y in relevance.grid.ys],
        "scores": base64.b64encode(scores.tobytes()).decode(),
    }


def answer_of(record: Record, image: Image) -> Answer:
    """The answer that *record* was made from, as far as a page needs it."""
    try:
        seen = tuple(_evidence(told) for told in record.evidence)
        shown = tuple(
            finding
            for evidence, told in zip(seen, record.evidence, strict=True)
            for finding, box in zip(evidence.findings, told["boxes"], strict=True)
            if box["shown"]
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise EvaluationError(f"The evidence of {record.id!r} cannot be read: {exc}.") from exc
    views = tuple(View(image, finding.box) for finding in shown) or (View.whole(image),)
    return Answer(
        record.text,
        record.choice,
        findings=shown,
        shown=views,
        evidence=seen,
        exhausted=record.exhausted,
        passes=record.passes,
        untargeted=record.untargeted,
    )


def _evidence(told: Mapping[str, Any]) -> Evidence:
    target = Target(told["target"], told["every"])
    findings = tuple(
        Finding(target, Box(*box["box"]), box["relevance"], box["confidence"])
        for box in told["boxes"]
    )
    return Evidence(target, findings, told["map"] and _unpacked(told["map"]))


def _unpacked(told: Mapping[str, Any]) -> RelevanceMap:
    grid = Grid(tuple(told["xs"]), tuple(told["ys"]))
    scores = np.frombuffer(base64.b64decode(told["scores"]), "<f2").reshape(grid.shape)
    return RelevanceMap(grid, scores.astype(np.float32))
