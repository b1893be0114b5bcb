"""Charts of results: accuracy and passes, steps, risk and coverage, and how small targets are."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np

from ..evaluation.statistics import wilson_interval
from .vector import SERIES, Circle, Drawing, Line, Polyline, Rectangle, Shape, Text, text_width

if TYPE_CHECKING:
    from ..evaluation.selective import Selective
    from ..evaluation.summary import ResultRow

# Pixels of a chart without its legend: letters stay legible in a column of a paper.
_WIDTH, _HEIGHT = 640, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 68, 26, 18, 58
_SIZE, _LINE = 14, 17  # of letters, and from line to line
_NAME = 48  # characters of a name that are drawn
_APART = 9  # pixels between a point and its label
_BROWSERS = 1.2  # how much wider letters of a browser may be than those that are measured
_FAINT = 0.45  # opacity of series that are only to be compared with
_CURVE = 160  # points of a curve of risk
_DIAGONAL = "as right as sure"
_STEPS = re.compile(r"\bsteps\s*=\s*(\d+)")

_BOUNDED = 3  # searchers at most whose bins have bounds
_DECADES = (-6, 0)  # powers of ten of a target's area, as part of the image
_PER_DECADE = 4
_MARGIN, _BARS_WIDTH, _BARS_HEIGHT, _BARS_GAP = 24, 640, 92, 34  # pixels of a histogram


@attrs.frozen
class Marker:
    """A value with its name, and its bounds where they are known."""

    x: float
    y: float
    name: str = attrs.field(validator=attrs.validators.min_len(1))
    low: float | None = None
    high: float | None = None


@attrs.frozen
class Series:
    """Points that belong together; *faint* ones are published by others."""

    name: str
    points: Sequence[Marker]
    faint: bool = False
    joined: bool = False  # with a line, in the order of x
    dotted: bool = True  # each point has a dot; otherwise only the line is drawn
    labelled: bool = True  # names stand beside the points; under the mouse they always do
    colour: str = ""  # a name of the theme; empty: that of its place among the series


def draw_chart(
    series: Sequence[Series], *, x_label: str, y_label: str, title: str, from_zero: bool = True
) -> Drawing:
    """All *series* in one frame, with a legend below it; x begins at 0, or at the least value."""
    points = [point for each in series for point in each.points]
    ys = [y for p in points for y in (p.y, p.low, p.high) if y is not None]
    xs = [p.x for p in points]
    frame = _Frame(_ticks(0 if from_zero else min(xs), max(xs)), _ticks(min(ys), max(ys)))
    legend, height = _draw_legend(series)
    shapes = [*_draw_axes(frame, x_label, y_label), *_draw_series(series, frame), *legend]
    return Drawing(_WIDTH, height, shapes, title)


def draw_steps(rows: Sequence[ResultRow]) -> Drawing | None:
    """Accuracy and recall of searches that were run with several steps: Fig. 4 of the paper."""
    alike: dict[str, list[tuple[int, ResultRow]]] = {}  # by all else that the label says
    for row in rows:
        if found := _STEPS.search(row["searcher"]):
            label = row["searcher"]
            rest = f"{label[: found.start()]} {label[found.end() :]}".strip(" ,")
            alike.setdefault(rest, []).append((int(found[1]), row))
    if sum(map(len, alike.values())) < 2:
        return None
    curves = [curve for rest, steps in alike.items() for curve in _step_curves(rest, steps)]
    names = "accuracy, recall" if any(row["recall"] for row in rows) else "accuracy"
    return draw_chart(curves, x_label="steps", y_label=f"{names} [%]", title="More steps")


def draw_risk(found: Sequence[Selective]) -> Drawing:
    """
    How many answers are wrong, of the surest so many: one line for each searcher.

    There are as many as have a colour of their own: the first `SERIES`.
    """
    curves = [
        Series(
            each.searcher or "(no name)",
            _thin_curve(each),
            joined=True,
            dotted=False,
            labelled=False,
        )
        for each in found[:SERIES]
    ]
    x_label, y_label = "coverage: answers given, the surest first [%]", "wrong among them [%]"
    return draw_chart(curves, x_label=x_label, y_label=y_label, title="Risk against coverage")


def draw_reliability(found: Sequence[Selective]) -> Drawing:
    """
    Accuracy of ten bins of confidences; on the diagonal, answers are as right as sure.

    As many searchers as have a colour of their own, and bounds where few are drawn.
    """
    ends = [Marker(0, 0, _DIAGONAL), Marker(100, 100, _DIAGONAL)]
    series = [
        *(
            Series(
                each.searcher or "(no name)",
                _bin_points(each, bounded=len(found) <= _BOUNDED),
                joined=True,
                labelled=False,
            )
            for each in found[:SERIES]
        ),
        Series(_DIAGONAL, ends, joined=True, dotted=False, labelled=False, colour="ink"),
    ]
    return draw_chart(series, x_label="confidence [%]", y_label="right [%]", title="Calibration")


def _thin_curve(found: Selective) -> list[Marker]:
    """As many points of the curve as can be seen apart, with its first and its last."""
    places = sorted({*np.linspace(0, len(found.risk) - 1, _CURVE).round().astype(int).tolist()})
    name = found.searcher or "(no name)"
    return [Marker(100 * found.coverage[n], 100 * found.risk[n], name) for n in places]


def _bin_points(found: Selective, *, bounded: bool) -> list[Marker]:
    points = []
    for each in found.bins:
        bounds = wilson_interval(each.right, each.n)
        name = f"{found.searcher or '(no name)'}, {each.n} answers"
        ends = (100 * bounds.low, 100 * bounds.high) if bounded else (None, None)
        points.append(Marker(100 * each.confidence, 100 * each.right, name, *ends))
    return points


def draw_area_histograms(shares: Mapping[str, Sequence[float]]) -> Drawing:
    """One histogram for each dataset of its targets' areas, on one scale: Fig. 1 of the paper."""
    bottom = len(shares) * (_BARS_HEIGHT + _BARS_GAP)
    width, height = _BARS_WIDTH + 2 * _MARGIN, bottom + 56
    shapes: list[Shape] = []
    for power in range(_DECADES[0], _DECADES[1] + 1):
        x, ends = _area_x(10.0**power), {_DECADES[0]: "start", _DECADES[1]: "end"}
        label, anchor = f"{100 * 10.0**power:g} %", ends.get(power, "middle")
        shapes += [
            Line(x, 30, x, bottom + 4, "line"),
            Text(x, bottom + 20, label, 13, "soft", anchor),
        ]
    for place, (name, areas) in enumerate(shares.items()):
        top = _BARS_GAP + place * (_BARS_HEIGHT + _BARS_GAP)
        shapes += _draw_histogram(name, areas, top)
    axis = "area of the target, as part of its image"
    shapes.append(Text(width / 2, height - 14, axis, 13, "soft", "middle"))
    return Drawing(width, height, shapes, "Area of targets, as part of their image")


@attrs.frozen
class _Frame:
    """Values to pixels."""

    xs: list[float]  # ticks
    ys: list[float]
    left: float = _LEFT
    right: float = _WIDTH - _RIGHT
    top: float = _TOP
    bottom: float = _HEIGHT - _BOTTOM

    def x(self, value: float) -> float:
        part = (value - self.xs[0]) / (self.xs[-1] - self.xs[0])
        return round(self.left + part * (self.right - self.left), 1)

    def y(self, value: float) -> float:
        part = (value - self.ys[0]) / (self.ys[-1] - self.ys[0])
        return round(self.bottom - part * (self.bottom - self.top), 1)


def _draw_axes(frame: _Frame, x_label: str, y_label: str) -> Iterator[Shape]:
    for tick in frame.ys:
        y = frame.y(tick)
        yield Line(frame.left, y, frame.right, y, "line")
        yield Text(frame.left - 8, y + 5, f"{tick:g}", _SIZE, "soft", "end")
    for tick in frame.xs:
        yield Text(frame.x(tick), frame.bottom + 22, f"{tick:g}", _SIZE, "soft", "middle")
    yield Line(frame.left, frame.bottom, frame.right, frame.bottom, "soft")
    middle = (frame.left + frame.right) / 2
    yield Text(middle, _HEIGHT - 10, x_label, _SIZE, "soft", "middle")
    yield Text(18, (frame.top + frame.bottom) / 2, y_label, _SIZE, "soft", "middle", upright=True)


def _draw_series(series: Sequence[Series], frame: _Frame) -> Iterator[Shape]:
    """Lines and bounds below, then all points, then all labels."""
    names: list[Text] = []
    dots: list[Shape] = []
    labels = _Labels(
        [(frame.x(p.x), frame.y(p.y)) for s in series if not s.faint for p in s.points]
    )
    for place, each in enumerate(series):
        colour, opacity = each.colour or _colour(place), _FAINT if each.faint else 1.0
        points = sorted(each.points, key=lambda p: p.x)
        places = [(frame.x(p.x), frame.y(p.y)) for p in points]
        if each.joined and len(points) > 1:
            yield Polyline(places, colour, opacity=0.6 * opacity)
        for point, (x, y) in zip(points, places, strict=True):
            if point.low is not None and point.high is not None:
                ends = frame.y(point.low), frame.y(point.high)
                yield Line(x, ends[0], x, ends[1], colour, 2, 0.45 * opacity)
            title = f"{point.name}: {point.y:.1f} at {point.x:.1f}"
            if each.dotted:
                dots.append(Circle(x, y, 4 if each.faint else 5.5, colour, opacity, title))
            if each.labelled and not each.faint:
                names.append(labels.place(x, y, _shorten(point.name)))
    yield from dots
    yield from names


@attrs.define
class _Labels:
    """Names beside points, where neither another name nor a point stands."""

    points: Sequence[tuple[float, float]]
    _taken: list[tuple[float, float, float]] = attrs.field(factory=list)  # left, right, baseline

    def place(self, x: float, y: float, label: str) -> Text:
        """To the right or to the left of the point, and as near to its height as is free."""
        wide = _BROWSERS * text_width(label, _SIZE)
        lines = sorted(range(-6, 9), key=lambda n: (abs(n), -n))
        sides = (x + _APART, x - _APART - wide)
        places = [(left, y + 5 + n * _LINE) for n in lines for left in sides]
        left, line = next((p for p in places if self._is_free(p[0], p[0] + wide, p[1])), places[0])
        self._taken.append((left, left + wide, line))
        if left < x:  # letters of a browser may be wider: away from the point, either way
            return Text(round(left + wide, 1), round(line, 1), label, _SIZE, anchor="end")
        return Text(round(left, 1), round(line, 1), label, _SIZE)

    def _is_free(self, left: float, right: float, line: float) -> bool:
        inside = _TOP - 4 < line < _HEIGHT - _BOTTOM and left > _LEFT - 40 and right < _WIDTH
        names = any(
            left < other[1] and other[0] < right and abs(line - other[2]) < _LINE
            for other in self._taken
        )
        points = any(
            left - 6 < x < right + 6 and line - _SIZE - 2 < y < line + 6 for x, y in self.points
        )
        return inside and not names and not points


def _draw_legend(series: Sequence[Series]) -> tuple[list[Shape], float]:
    """A line of names below the chart, or several; and where they end."""
    shapes, x, y = list[Shape](), float(_LEFT), _HEIGHT + 14.0
    for place, each in enumerate(series):
        name = _shorten(each.name)
        wide = _BROWSERS * text_width(name, _SIZE) + 30
        if x > _LEFT and x + wide > _WIDTH:
            x, y = float(_LEFT), y + 20
        opacity = _FAINT if each.faint else 1.0
        shapes.append(Circle(x + 5, y - 4, 5, each.colour or _colour(place), opacity))
        shapes.append(Text(x + 16, y, name, _SIZE, "soft"))
        x += wide
    return shapes, y + 12


def _shorten(name: str) -> str:
    """As much of a name as fits into a chart; under the mouse it is whole."""
    return name if len(name) <= _NAME else f"{name[: _NAME - 3]}..."


def _colour(place: int) -> str:
    return f"series-{place % SERIES}"


def _step_curves(rest: str, steps: Sequence[tuple[int, ResultRow]]) -> Iterator[Series]:
    after = f", {rest}" if rest else ""
    right = [
        Marker(n, 100 * r["accuracy"], r["searcher"], *(100 * bound for bound in r["interval"]))
        for n, r in steps
    ]
    yield Series(f"accuracy{after}", right, joined=True, labelled=False)
    recalls = [
        Marker(n, 100 * r["recall"]["recall"], r["searcher"]) for n, r in steps if r["recall"]
    ]
    if recalls:
        yield Series(f"recall{after}", recalls, joined=True, labelled=False)


def _ticks(low: float, high: float) -> list[float]:
    """Four to eight round numbers that reach round *low* and *high*."""
    span = max(high - low, 1.0)
    rough = span / 5
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return [round(step * n, 6) for n in range(first, last + 1)]


def _draw_histogram(name: str, areas: Sequence[float], top: float) -> Iterator[Shape]:
    """Bars of one dataset, and a dashed line at its median."""
    edges = np.logspace(*_DECADES, (_DECADES[1] - _DECADES[0]) * _PER_DECADE + 1)
    counts, _ = np.histogram(np.clip(areas, edges[0], edges[-1]), edges)
    parts, foot = counts / max(counts.sum(), 1), top + _BARS_HEIGHT
    for low, high, part in zip(edges[:-1], edges[1:], parts, strict=True):
        if part:
            x, tall = _area_x(low), round(_BARS_HEIGHT * float(part / parts.max()), 2)
            width = round(_area_x(high) - x - 2, 2)
            title = (
                f"{100 * part:.1f} % of targets: {100 * low:.2g} to {100 * high:.2g} % of the image"
            )
            yield Rectangle(x + 1, foot - tall, width, tall, "series-0", title=title)
    median = float(np.median(areas)) if len(areas) else None
    note = "no targets with boxes" if median is None else f"median {100 * median:.2g} %"
    yield Text(_MARGIN, top - 10, name, 13)
    yield Text(_MARGIN + _BARS_WIDTH, top - 10, note, 13, "soft", "end")
    if median is not None:
        x = _area_x(median)
        yield Line(x, top, x, foot, "ink", 1.5, dashed=True)


def _area_x(area: float) -> float:
    """Where an area stands on the scale of powers of ten, the smallest on the left."""
    low, high = _DECADES
    place = (float(np.log10(max(area, 10.0**low))) - low) / (high - low)
    return round(_MARGIN + _BARS_WIDTH * place, 2)
