"""The crops that a run verified, and which show their target: what densities are fitted on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import attrs

from ..data.base import Sample, TargetBox
from ..data.record import Record
from ..errors import EvaluationError, GeometryError
from ..geometry import Box
from ..values import Target
from ..verification.densities import Densities
from .scoring import COVERED, share_covered


@attrs.frozen
class VerifiedCrops:
    """The crops that were verified for one target, in the map's order."""

    item: str  # digest of the question with its picture
    every: bool  # whether all instances were wanted
    confidences: tuple[float, ...]
    # whether each crop shows the target; none if it shows a smaller part than `COVERED` of it
    shows: tuple[bool | None, ...]
    first: tuple[bool, ...]  # whether it shows an instance that no crop before it shows


def fit_densities(labelled: Iterable[VerifiedCrops]) -> Densities:
    """Fit the densities of confidences, and the ranks at which the map has targets."""
    on_target: list[float] = []
    off_target: list[float] = []
    first: list[int] = []
    following: list[int] = []
    ranks = 1
    for crops in labelled:
        ranks = max(ranks, len(crops.confidences))
        for confidence, shows in zip(crops.confidences, crops.shows, strict=True):
            if shows is not None:
                (on_target if shows else off_target).append(confidence)
        found = [rank for rank, is_first in enumerate(crops.first) if is_first]
        if crops.every:
            following += [rank - before - 1 for before, rank in pairwise([-1, *found])]
        else:
            first += found[:1]
    return Densities.fit(on_target, off_target, first, following, ranks=ranks)


def label_crops(
    records: Iterable[Record], samples: Mapping[str, Sample]
) -> Iterator[VerifiedCrops]:
    """
    The verified crops of each target whose boxes are known.

    A target's boxes are those of its name, or all if the question has one target and boxes of one
    name. A question without boxes counts if it has one target and its right answer is *No*: no crop
    shows that target.

    Args:
        records: Records of one searcher.
        samples: The dataset's samples by their ids; one that was changed since does not count.
    """
    for record in records:
        sample = samples.get(record.id)
        if sample is None or sample.digest != record.question:
            continue
        for values in record.evidence:
            target, crops = _decode(record, values)
            truth = _find_truth(sample, target, alone=len(record.evidence) == 1)
            if crops and truth is not None:
                yield _label(record, target, crops, [box.box for box in truth])


def _decode(record: Record, values: Mapping[str, Any]) -> tuple[Target, list[tuple[Box, float]]]:
    """A target, and the boxes that the model was asked about with their confidences."""
    try:
        target = Target(values["target"], values["every"])
        crops = [
            (Box(*box["box"]), float(box["confidence"]))
            for box in values["boxes"]
            if box["confidence"] is not None
        ]
    except (KeyError, TypeError, ValueError, GeometryError) as exc:
        raise EvaluationError(
            f"The evidence of {record.id!r} cannot be read; remove its record, and run the study "
            "again."
        ) from exc
    return target, crops


def _find_truth(sample: Sample, target: Target, *, alone: bool) -> Sequence[TargetBox] | None:
    """The annotated boxes of *target*; none if they are not known."""
    if not sample.targets:
        is_absent = [answer.strip().casefold() for answer in sample.answers] == ["no"]
        return () if alone and is_absent else None
    wanted = target.singular.casefold()
    named = [box for box in sample.targets if box.name.casefold() == wanted]
    of_one_name = len({box.name for box in sample.targets}) == 1
    return named or (sample.targets if alone and of_one_name else None)


def _label(
    record: Record, target: Target, crops: Sequence[tuple[Box, float]], truth: Sequence[Box]
) -> VerifiedCrops:
    shows: list[bool | None] = []
    first: list[bool] = []
    seen: set[int] = set()
    for crop, _ in crops:
        shares = [share_covered(crop, box) for box in truth]
        covered = {index for index, share in enumerate(shares) if share >= COVERED}
        shows.append(True if covered else None if any(shares) else False)
        first.append(bool(covered - seen))
        seen |= covered
    confidences = tuple(confidence for _, confidence in crops)
    item = item_digest(record.question, record.picture)
    return VerifiedCrops(item, target.every, confidences, tuple(shows), tuple(first))


def item_digest(question: str, picture: str) -> str:
    """Digest of a question with its picture, from those of a record."""
    return f"{question}{picture}"
