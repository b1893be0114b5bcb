"""Figures drawn as SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualcrop.report.figures import Mark, Series, _ticks, plot

_FINITE = st.floats(-1e6, 1e6)


def _svg(*series: Series) -> ET.Element:
    drawn = plot(series, across="passes", up="right [%]")
    return ET.fromstring(f"<div>{drawn}</div>")


class TestTicks:
    """Round numbers along an axis."""

    @given(_FINITE, _FINITE)
    def test_reach_round_the_numbers(self, one: float, other: float) -> None:
        """They rise in even steps, are not too many, and leave nothing outside."""
        low, high = sorted((one, other))
        ticks = _ticks(low, high)
        slack = max(high - low, 1.0) * 1e-3
        assert ticks[0] <= low + slack
        assert ticks[-1] >= high - slack
        assert 2 <= len(ticks) <= 9
        assert ticks == sorted(ticks)

    @pytest.mark.parametrize(
        ("low", "high", "ticks"),
        [
            (0, 100, [0, 20, 40, 60, 80, 100]),
            (0, 48.63, [0, 10, 20, 30, 40, 50]),
            (36.25, 77.5, [30, 40, 50, 60, 70, 80]),
        ],
    )
    def test_are_round(self, low: float, high: float, ticks: list[float]) -> None:
        """As a person would choose them."""
        assert _ticks(low, high) == ticks


class TestPlot:
    """Points, bounds and lines in one frame."""

    def test_every_point_lies_in_the_frame(self) -> None:
        """Its bounds too, in whatever order they come."""
        marks = [Mark(9, 90, "b", 80, 99), Mark(1, 30, "a", 20, 41)]
        svg = _svg(Series("ours", marks, joined=True))
        points = svg.findall(".//circle")
        assert len(points) == 2
        assert all(64 <= float(point.attrib["cx"]) <= 736 for point in points)
        assert all(18 <= float(point.attrib["cy"]) <= 348 for point in points)
        (line,) = svg.findall(".//polyline")
        xs = [float(pair.partition(",")[0]) for pair in line.attrib["points"].split()]
        assert xs == sorted(xs)
        assert len(svg.findall(".//line[@class='bounds']")) == 2

    def test_labels_are_escaped(self) -> None:
        """A searcher's label may hold anything."""
        label = "<script>&\"focus'"
        svg = _svg(Series(label, [Mark(1, 1, label)]))
        assert not svg.findall(".//script")
        assert label in {text.text for text in svg.iter()}
        assert any(label in (element.tail or "") for element in svg.iter())

    def test_one_point_is_enough(self) -> None:
        """Also at nought."""
        assert len(_svg(Series("ours", [Mark(0, 0, "a")])).findall(".//circle")) == 1
