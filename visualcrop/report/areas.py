"""How small the targets of datasets are, as a picture: Fig. 1 of the paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from .templating import template

_DECADES = (-6, 0)  # powers of ten of the area, as part of the image
_PER_DECADE = 4
_LEFT, _WIDE, _HIGH, _GAP = 24, 640, 92, 34  # pixels


@attrs.frozen
class _Bar:
    x: float
    width: float
    height: float
    said: str


@attrs.frozen
class _Row:
    name: str
    top: float
    bars: tuple[_Bar, ...]
    median: float | None  # where it stands
    said: str


def drawn_areas(shares: Mapping[str, Sequence[float]]) -> str:
    """An SVG with one histogram for each dataset, of targets by area, all on one scale."""
    rows = [
        _row(name, areas, _GAP + place * (_HIGH + _GAP))
        for place, (name, areas) in enumerate(shares.items())
    ]
    bottom = len(rows) * (_HIGH + _GAP)
    ticks = [(_x(10.0**power), f"{100 * 10.0**power:g} %") for power in range(_DECADES[0], 1)]
    width, height = _WIDE + 2 * _LEFT, bottom + 56
    return template("areas.svg").render(
        rows=rows, ticks=ticks, width=width, height=height, bottom=bottom, high=_HIGH
    )


def _row(name: str, areas: Sequence[float], top: float) -> _Row:
    steps = (_DECADES[1] - _DECADES[0]) * _PER_DECADE
    edges = np.logspace(*_DECADES, steps + 1)
    counts, _ = np.histogram(np.clip(areas, edges[0], edges[-1]), edges)
    parts = counts / max(counts.sum(), 1)
    bars = [
        _Bar(
            _x(low),
            _x(high) - _x(low),
            _HIGH * float(part) / max(float(parts.max()), 1e-9),
            f"{100 * part:.1f} % of targets: {100 * low:.2g} to {100 * high:.2g} % of the image",
        )
        for low, high, part in zip(edges[:-1], edges[1:], parts, strict=True)
        if part
    ]
    if not len(areas):
        return _Row(name, top, (), None, "no targets with boxes")
    median = float(np.median(areas))
    return _Row(name, top, tuple(bars), _x(median), f"median {100 * median:.2g} %")


def _x(area: float) -> float:
    """Where an area stands on the scale, smallest on the left."""
    low, high = _DECADES
    place = (float(np.log10(max(area, 10.0**low))) - low) / (high - low)
    return round(_LEFT + _WIDE * place, 2)
