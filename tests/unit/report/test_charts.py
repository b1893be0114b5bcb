"""Charts as shapes, and shapes as SVG and PDF."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualcrop.evaluation.selective import measure_selective
from visualcrop.report.charts import (
    Marker,
    Series,
    _ticks,
    draw_chart,
    draw_reliability,
    draw_risk,
    draw_steps,
)
from visualcrop.report.pdf import to_pdf
from visualcrop.report.vector import (
    SERIES,
    Circle,
    Drawing,
    Line,
    Picture,
    Polyline,
    Rectangle,
    Text,
)

_FINITE = st.floats(-1e6, 1e6)
_SVG = "{http://www.w3.org/2000/svg}"


def _draw(*series: Series) -> Drawing:
    return draw_chart(series, x_label="passes", y_label="right [%]", title="a chart")


def _svg(*series: Series) -> ET.Element:
    return ET.fromstring(_draw(*series).to_svg())


def _content(pdf: bytes) -> str:
    """The operators of the page."""
    streams = re.findall(rb"/Length (\d+) >>\nstream\n", pdf)
    assert streams
    packed = [m.end() for m in re.finditer(rb"stream\n(?=x)", pdf)]
    texts = [zlib.decompressobj().decompress(pdf[start:]) for start in packed]
    return next(text.decode("ascii") for text in texts if b" cm\n" in text)


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


class TestChart:
    """Points, bounds and lines in one frame."""

    def test_every_point_lies_in_the_frame(self) -> None:
        """Its bounds too, in whatever order they come."""
        points = [Marker(9, 90, "b", 80, 99), Marker(1, 30, "a", 20, 41)]
        svg = _svg(Series("ours", points, joined=True))
        dots = [dot for dot in svg.iter(f"{_SVG}circle") if dot.find(f"{_SVG}title") is not None]
        assert len(dots) == 2
        assert all(68 <= float(dot.attrib["cx"]) <= 614 for dot in dots)
        assert all(18 <= float(dot.attrib["cy"]) <= 322 for dot in dots)
        (line,) = svg.iter(f"{_SVG}polyline")
        xs = [float(pair.partition(",")[0]) for pair in line.attrib["points"].split()]
        assert xs == sorted(xs)
        bounds = [each for each in svg.iter(f"{_SVG}line") if each.get("opacity") == "0.45"]
        assert len(bounds) == 2

    def test_labels_are_escaped(self) -> None:
        """A searcher's label may hold anything."""
        label = "<script>&\"focus'"
        svg = _svg(Series(label, [Marker(1, 1, label)]))
        assert not svg.findall(f".//{_SVG}script")
        assert sum(text.text == label for text in svg.iter(f"{_SVG}text")) == 2  # and the legend

    def test_one_point_is_enough(self) -> None:
        """Also at nought."""
        points = [
            s for s in _draw(Series("ours", [Marker(0, 0, "a")])).shapes if hasattr(s, "title")
        ]
        assert [point.title for point in points if point.title] == ["a: 0.0 at 0.0"]

    def test_no_point_is_without_a_name(self) -> None:
        """An empty one is refused, and each point of a curve is called as its row is."""
        with pytest.raises(ValueError, match="name"):
            Marker(1, 1, "")
        row = {"accuracy": 0.5, "interval": [0.2, 0.8], "recall": {"recall": 0.5}}
        rows = [{**row, "searcher": f"steps={n}"} for n in (1, 2)]
        drawing = draw_steps(rows)
        assert drawing is not None
        names = [s.title.partition(":")[0] for s in drawing.shapes if isinstance(s, Circle)]
        assert [name for name in names if name] == ["steps=1", "steps=2"] * 2

    def test_names_keep_clear_of_points_and_one_another(self) -> None:
        """Where points stand close together, on one height."""
        points = [Marker(x, 80, f"steps={x}", 50, 95) for x in (13, 14, 15, 16)]
        shapes = _draw(Series("ours", [Marker(0, 70, "direct"), *points])).shapes
        texts = [s for s in shapes if isinstance(s, Text) and s.text.startswith("steps=")]
        lines = sorted((text.y, text.x) for text in texts)
        assert len({*lines}) == 4
        dots = [s for s in shapes if isinstance(s, Circle) and s.title]
        for text in texts:
            left = text.x if text.anchor == "start" else text.x - 58
            assert not any(
                left < dot.x < left + 58 and text.y - 14 < dot.y < text.y for dot in dots
            )


_DRAWING = Drawing(
    200,
    100,
    [
        Rectangle(0, 0, 200, 100, fill="#ffffff", stroke="ink"),
        Line(0, 0, 200, 100, "soft", dashed=True),
        Circle(50, 50, 10, "series-0", 0.5),
        Text(100, 50, "50 % (a)", anchor="middle"),
        Text(10, 50, "caf\xe9 日", upright=True),
        Picture(0, 0, 20, 20, PIL.Image.new("RGB", (4, 4), "green")),
        Picture(0, 0, 20, 20, PIL.Image.new("RGBA", (4, 4), (255, 0, 0, 90))),
    ],
    "caf\xe9",
)


class TestPdf:
    """The same shapes as a page."""

    def test_its_table_of_objects_is_right(self) -> None:
        """Each entry is where an object of that number begins, and the end says where it is."""
        pdf = to_pdf(_DRAWING)
        assert pdf.startswith(b"%PDF-1.")
        start = int(pdf.rsplit(b"startxref\n", 1)[1].split()[0])
        assert pdf[start:].startswith(b"xref")
        places = [int(line[:10]) for line in re.findall(rb"\d{10} 00000 n", pdf)]
        for number, place in enumerate(places, 1):
            assert pdf[place:].startswith(b"%d 0 obj" % number)
        assert f"/Size {len(places) + 1}".encode() in pdf

    def test_streams_are_as_long_as_they_say(self) -> None:
        """Pictures and fonts, too."""
        pdf = to_pdf(_DRAWING)
        found = [*re.finditer(rb"/Length (\d+) >>\nstream\n", pdf)]
        assert len(found) == 5  # the font, the picture, the other and its mask, the page
        for each in found:
            assert pdf[each.end() + int(each[1]) :].startswith(b"\nendstream")

    def test_text_is_text(self) -> None:
        """In an embedded font where it is ASCII; letters that there are none of are marked."""
        pdf = to_pdf(_DRAWING)
        assert b"/FontFile2" in pdf
        content = _content(pdf)
        for text in (b"50 % (a)", b"caf\xe9 ?"):
            assert f"<{text.hex()}> Tj" in content

    def test_a_size_in_points(self) -> None:
        """Of which a pixel has three quarters."""
        assert b"/MediaBox [0 0 150 75]" in to_pdf(_DRAWING)


class TestPixels:
    """The same shapes, painted."""

    def test_are_as_large_as_the_drawing(self) -> None:
        """And what is painted later lies above, as far as it is opaque."""
        shapes = [s for s in _DRAWING.shapes if isinstance(s, Rectangle | Picture)]
        picture = Drawing(200, 100, shapes, "").to_picture()
        assert picture.size == (200, 100)
        assert np.asarray(picture)[10, 10].tolist() == [90, 83, 0]
        assert picture.getpixel((100, 60)) == (255, 255, 255)


class TestSvg:
    """The same shapes as a document."""

    def test_is_light_or_dark(self) -> None:
        """As the reader prefers; every colour that is named is in the style."""
        svg = _DRAWING.to_svg()
        assert "prefers-color-scheme: dark" in svg
        classes = {name for found in re.findall(r'class="([^"]+)"', svg) for name in found.split()}
        assert classes >= {"fill-ink", "stroke-ink", "fill-series-0", "stroke-soft"}
        assert all(svg.count(f".{name} {{") == 2 for name in classes)

    def test_pictures_are_within(self) -> None:
        """Nothing is fetched."""
        root = ET.fromstring(_DRAWING.to_svg())
        links = [image.attrib["href"] for image in root.iter(f"{_SVG}image")]
        assert [link.partition(";")[0] for link in links] == ["data:image/jpeg", "data:image/png"]


class TestConfidences:
    """Risk against coverage, and calibration."""

    def test_risk_is_a_line_for_each_searcher(self) -> None:
        """Without dots; it ends at full coverage, where all wrong answers are."""
        sure, right = np.linspace(0, 1, 50), np.tile([1.0, 0.0], 25)
        found = [measure_selective(name, sure, right, range(50)) for name in ("one", "two")]
        drawing = draw_risk(found)
        lines = [shape for shape in drawing.shapes if isinstance(shape, Polyline)]
        assert len(lines) == 2
        assert [line.points[-1] for line in lines] == [lines[0].points[-1]] * 2
        legend = [shape for shape in drawing.shapes if isinstance(shape, Circle)]
        assert len(legend) == 2

    def test_calibration_has_a_point_for_each_bin(self) -> None:
        """With its bounds and count, beside the diagonal."""
        sure, right = [0.15] * 4 + [0.95] * 6, [0.0] * 4 + [1.0] * 6
        drawing = draw_reliability([measure_selective("mine", sure, right, range(10))])
        titles = [s.title for s in drawing.shapes if isinstance(s, Circle) and s.title]
        assert titles == ["mine, 4 answers: 0.0 at 15.0", "mine, 6 answers: 100.0 at 95.0"]
        assert "as right as sure" in drawing.to_svg()

    def test_no_two_searchers_share_a_colour(self) -> None:
        """Only as many are drawn as there are colours; of many, bins have no bounds."""
        sure, right = np.linspace(0, 1, 50), np.tile([1.0, 0.0], 25)
        found = [measure_selective(f"row {n}", sure, right, range(50)) for n in range(11)]
        for drawing in (draw_risk(found), draw_reliability(found)):
            lines = [shape.stroke for shape in drawing.shapes if isinstance(shape, Polyline)]
            assert len({*lines}) == len(lines) >= SERIES
            assert not any(
                shape.title.startswith("row 9")
                for shape in drawing.shapes
                if isinstance(shape, Circle)
            )
        bounds = [
            s
            for s in draw_reliability(found).shapes
            if isinstance(s, Line) and s.stroke.startswith("series")
        ]
        assert not bounds
