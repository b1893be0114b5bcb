"""What a search saw, as plain values in a record, and back again."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any, cast

import attrs
import numpy as np

from ..data.record import Record
from ..errors import EvaluationError, GeometryError
from ..geometry import Box, Grid
from ..image import Image, ImageRef
from ..values import Answer, Audit, Decision, Evidence, Finding, RelevanceMap, Target, View


def encode_evidence(answer: Answer) -> Iterator[dict[str, Any]]:
    """For each target its map and the boxes that were checked or shown, as JSON can hold them."""
    for evidence in answer.evidence:
        yield {
            "target": evidence.target.text,
            "every": evidence.target.every,
            "boxes": [*_encode_boxes(evidence, answer)],
            "map": None if evidence.relevance is None else _encode_map(evidence.relevance),
        }


def encode_audit(audit: Audit) -> dict[str, Any]:
    """Its gain, with the boxes that were shown in place of the findings."""
    return {
        "gain": None if audit.gain is None else max(-2.0, min(round(audit.gain, 6), 2.0)),
        "rests": audit.rests,
        "boxes": [_encode_box(box) for box in audit.boxes],
        "reason": audit.reason,
    }


def _encode_box(box: Box) -> list[float]:
    return [round(float(side), 1) for side in attrs.astuple(box)]


def _encode_boxes(evidence: Evidence, answer: Answer) -> Iterator[dict[str, Any]]:
    for finding in evidence.findings:
        shown = finding in answer.findings
        if shown or finding.confidence is not None:
            confidence = finding.confidence
            yield {
                "box": _encode_box(finding.box),
                "relevance": round(float(finding.relevance), 6),
                "confidence": None if confidence is None else round(float(confidence), 4),
                "shown": shown,
            }


def _encode_map(relevance: RelevanceMap) -> dict[str, Any]:
    """A map as float16 in base64: one of 24 x 24 cells takes 1.5 kB."""
    top = float(relevance.scores.max()) or 1.0  # float16 overflows at 65,504; only ratios matter
    scores = (relevance.scores / top).astype("<f2")
    return {
        "xs": [round(float(x), 1) for x in relevance.grid.xs],
        "ys": [round(float(y), 1) for y in relevance.grid.ys],
        "scores": base64.b64encode(scores.tobytes()).decode(),
    }


def restore_answer(record: Record, image: Image) -> Answer:
    """The answer of *record*, with its evidence: views and boxes of *image*."""
    seen, shown = decode_evidence(record)
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
        decision=cast("Decision", record.decision),
        probabilities=record.probabilities,
        abstained=record.abstained,
        audit=None if record.audit is None else _decode_audit(record.audit),
    ).with_image(ImageRef(lambda: image))


def decode_evidence(
    record: Record, *, maps: bool = True
) -> tuple[tuple[Evidence, ...], tuple[Finding, ...]]:
    """What was seen of each target, with its map unless *maps* is false, and what was shown."""
    try:
        seen = tuple(_decode_target(values, maps=maps) for values in record.evidence)
        shown = tuple(
            finding
            for evidence, values in zip(seen, record.evidence, strict=True)
            for finding, box in zip(evidence.findings, values["boxes"], strict=True)
            if box["shown"]
        )
    except (KeyError, TypeError, ValueError, GeometryError) as exc:
        raise EvaluationError(
            f"The evidence of {record.id!r} cannot be read; remove its record, and run the study "
            "again."
        ) from exc
    return seen, shown


def _decode_audit(values: Mapping[str, Any]) -> Audit:
    boxes = tuple(Box(*box) for box in values["boxes"])
    return Audit(values["gain"], values["rests"], boxes, values["reason"])


def _decode_target(values: Mapping[str, Any], *, maps: bool) -> Evidence:
    target = Target(values["target"], values["every"])
    findings = tuple(
        Finding(target, Box(*box["box"]), box["relevance"], box["confidence"])
        for box in values["boxes"]
    )
    found = values["map"] if maps else None
    return Evidence(target, findings, found and _decode_map(found))


def _decode_map(values: Mapping[str, Any]) -> RelevanceMap:
    grid = Grid(tuple(values["xs"]), tuple(values["ys"]))
    scores = np.frombuffer(base64.b64decode(values["scores"]), "<f2").reshape(grid.shape)
    return RelevanceMap(grid, scores.astype(np.float32))
