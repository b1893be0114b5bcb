"""What Hypothesis draws: specs, boxes, grids and maps."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import strategies as st

from visualcrop import Box, Grid, RelevanceMap
from visualcrop.plugin import Spec

_RESERVED = {"true", "false", "none"}
_ODD = st.text(st.sampled_from('\x00\x01\t\n\r\x1b"\\\x7f\x80\x85\u2028\ufeff😀é,=()[]{}#~ '))

_NAME = re.compile(r"(?:\d{1,3}[A-DF-Za-df-z]|[A-Za-z~/])[\w./:~-]{0,12}", re.ASCII)
names = st.from_regex(_NAME, fullmatch=True).filter(lambda name: name not in _RESERVED)
keys = st.from_regex(re.compile(r"[A-Za-z]\w{0,10}", re.ASCII), fullmatch=True).filter(
    lambda key: key != "name"
)
_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(10**60), max_value=10**60),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    _ODD,
)


def _spec(values: st.SearchStrategy[object]) -> st.SearchStrategy[Spec]:
    options = st.dictionaries(keys, values, max_size=4).map(lambda d: tuple(d.items()))
    return st.builds(Spec, names, options)


values = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=4).map(tuple) | _spec(inner), max_leaves=12
)
specs = _spec(values)


@st.composite
def boxes(draw: st.DrawFn, *, within: float = 2000, whole: bool = False) -> Box:
    """A box with sides of at least one pixel."""
    number = st.integers(0, int(within)) if whole else st.floats(0, within)
    left, top, width, height = (draw(number) for _ in range(4))
    return Box(left, top, left + width + 1, top + height + 1)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Uneven cells, up to 9 x 9 of them."""
    sides = st.lists(st.floats(0.5, 300), min_size=1, max_size=9)
    start = st.floats(-500, 500)
    xs, ys = (np.cumsum([draw(start), *draw(sides)]).tolist() for _ in range(2))
    return Grid(xs, ys)


@st.composite
def maps(draw: st.DrawFn, *, most: int = 14) -> RelevanceMap:
    """Random scores over a grid of square cells; often with ties."""
    rows, columns = draw(st.integers(1, most)), draw(st.integers(1, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scores = rng.random((rows, columns))
    scores = draw(st.sampled_from([scores, scores.round(1), scores - 0.5, scores * 0]))
    return RelevanceMap(Grid.even(rows, columns, Box(0, 0, 10 * columns, 10 * rows)), scores)
