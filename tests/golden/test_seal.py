"""The guided search of V*, question by question, as the published code ran it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import pytest

from tests.support.cases import cases
from visualcrop import Box, Grid, Proposal, RelevanceMap
from visualcrop_seal.search import (
    Detections,
    SearchThresholds,
    Visit,
    search_parts,
    select_boxes,
)


@attrs.define
class Table:
    """Answers each question from the recorded replies, and only in their order."""

    replies: Iterator[dict[str, Any]]

    def detect(self, box: Box) -> Detections:
        """The recorded box and heatmap of this part."""
        reply = self._next("detect", box)
        across, down, width, height = reply["box"]
        left = box.left + (across - width / 2) * box.width
        top = box.top + (down - height / 2) * box.height
        found = Box(left, top, left + width * box.width, top + height * box.height)
        return Detections((Proposal(found, reply["score"]),), _heatmap(reply["heat"], box))

    def describe(self, box: Box) -> str:
        """Anything: the recorded search had no use for the words."""
        self._next("describe", box)
        return "there"

    def map_place(self, box: Box, place: str) -> RelevanceMap:
        """The recorded heatmap of the place that was described."""
        assert place == "there"
        return _heatmap(self._next("context", box)["heat"], box)

    def _next(self, ask: str, box: Box) -> dict[str, Any]:
        reply = next(self.replies)
        assert (reply["ask"], reply["xywh"]) == (ask, _xywh(box))
        return reply


@pytest.mark.parametrize("case", cases("seal_search"))
def test_searches_alike(case):
    """The same questions in the same order, and the same box in the end."""
    wanted, table = case["thresholds"], Table(iter(case["calls"]))
    thresholds = SearchThresholds(
        wanted["high"],
        wanted["cue"],
        wanted["decay"],
        wanted["cue_minimum"],
        case["smallest_size"],
    )
    visits = list(search_parts(Box(0, 0, *case["image_size"]), table, thresholds))

    assert next(table.replies, None) is None, "fewer questions were asked"
    (best,) = select_boxes(visits, thresholds)
    path = [visit.best for visit in visits].index(best) + 1
    found = visits[path - 1]
    assert path == case["path_length"]
    assert _xywh(found.part.box) == case["found_in"]
    assert _within(found) == pytest.approx(case["box"], abs=0.01)
    assert (best.score >= wanted["low"]) == case["success"]


def _heatmap(grid: list[list[float]], box: Box) -> RelevanceMap:
    """Pixel (x, y) of a part of w x h pixels has `grid[y * 8 // h][x * 8 // w]`."""
    scores = np.array(grid)
    rows, columns = scores.shape
    xs = [box.left + math.ceil(i * box.width / columns) for i in range(columns + 1)]
    ys = [box.top + math.ceil(i * box.height / rows) for i in range(rows + 1)]
    return RelevanceMap(Grid(tuple(xs), tuple(ys)), scores)


def _xywh(box: Box) -> list[float]:
    return [box.left, box.top, box.width, box.height]


def _within(visit: Visit) -> list[float]:
    left, top, width, height = _xywh(visit.best.box)
    return [left - visit.part.box.left, top - visit.part.box.top, width, height]
