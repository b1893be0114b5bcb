"""Coverage is exact, up to single precision, wherever a polygon lies."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visualcrop_tiny.world.coverage import Edges, cover, cover_levels
from visualcrop_tiny.world.paths import bar, disc, flatten, grown, signed_area, stroked, turned


def areas(path, width, height, holes=""):
    """Coverage of one layer."""
    polygons = [turned(points) for points, _ in flatten(path)]
    polygons += [turned(points, clockwise=False) for points, _ in flatten(holes)]
    return cover(Edges.of([polygons]), 1, width, height)[0]


def test_a_rectangle_covers_parts_of_the_pixels_at_its_edges():
    """Each pixel has the area that lies in it."""
    found = areas("M 1.25 0.5 H 3.5 V 2 H 1.25 Z", 5, 3)
    expected = np.array([[0, 0.375, 0.5, 0.25, 0], [0, 0.75, 1, 0.5, 0], [0, 0, 0, 0, 0]])
    assert np.abs(found - expected).max() < 1e-6


corner = st.tuples(st.floats(-9, 29), st.floats(-9, 29))


@settings(deadline=None, max_examples=60)
@given(corner, corner, corner)
def test_a_triangle_that_leaves_the_picture_is_cut_at_its_border(a, b, c):
    """A window on a larger picture has the same coverage as the picture has there."""
    triangle = turned(np.array([a, b, c]))
    window = cover(Edges.of([[triangle]]), 1, 20, 17)[0]
    whole = cover(Edges.of([[triangle + 10]]), 1, 40, 40)[0]
    np.testing.assert_allclose(window, whole[10:27, 10:30], atol=1e-4)
    assert math.isclose(whole.sum(), abs(signed_area(triangle)), abs_tol=1e-3)


def test_layers_are_apart_and_holes_are_empty():
    """What one layer covers is no concern of the next; a hole is not covered."""
    ring = [turned(flatten(disc(10, 10, 9))[0][0])]
    ring.append(turned(flatten(disc(10, 10, 4))[0][0], clockwise=False))
    square = [turned(flatten(bar(0, 0, 5, 5))[0][0])]
    both = cover(Edges.of([ring, square]), 2, 20, 20)
    assert both[0, 10, 10] == 0
    assert math.isclose(both[0].sum(), math.pi * (81 - 16), rel_tol=0.01)
    assert both[1].sum() == 25
    assert not both[1, 5:].any()


def test_two_areas_of_a_layer_cover_no_pixel_twice():
    """Where they overlap the coverage is 1, not 2."""
    assert areas("M 0 0 H 6 V 6 H 0 Z M 3 3 H 9 V 9 H 3 Z", 9, 9).sum() == 36 + 36 - 9


def test_a_disc_and_a_rounded_bar_have_their_areas():
    """Arcs are flattened finely enough."""
    assert math.isclose(areas(disc(20, 20, 15), 40, 40).sum(), math.pi * 225, rel_tol=0.01)
    rounded = 30 * 20 - (4 - math.pi) * 25
    assert math.isclose(areas(bar(5, 5, 30, 20, 5), 40, 30).sum(), rounded, rel_tol=0.01)


@pytest.mark.parametrize("path", ["M 5 5 L 35 30", "M 5 5 L 35 5 L 35 35", "M 5 20 Q 20 0 35 20"])
def test_a_line_has_its_width(path):
    """Area is length by width, and round ends."""
    points, closed = flatten(path)[0]
    length = np.hypot(*np.diff(points, axis=0).T).sum()
    covered = cover(Edges.of([stroked(points, 3, closed=closed)]), 1, 40, 40)[0]
    assert math.isclose(covered.sum(), 3 * length + math.pi * 2.25, rel_tol=0.05)


def test_a_closed_line_is_a_ring():
    """Its inside stays empty."""
    points, closed = flatten(disc(20, 20, 12))[0]
    covered = cover(Edges.of([stroked(points, 4, closed=closed)]), 1, 40, 40)[0]
    assert covered[20, 20] == 0
    assert math.isclose(covered.sum(), 2 * math.pi * 12 * 4, rel_tol=0.01)


def test_an_outline_grows_on_all_sides():
    """A square of 10 that grows by 2 has 14 on a side."""
    square = turned(flatten(bar(5, 5, 10, 10))[0][0])
    assert math.isclose(signed_area(grown(square, 2)), 196)


def test_what_is_no_path_is_refused():
    """A command that is not known is named."""
    with pytest.raises(ValueError, match="'S'"):
        flatten("M 0 0 S 1 2 3 4")


@settings(deadline=None, max_examples=60)
@given(corner, corner, corner, st.sampled_from((255.0, 100.0)))
def test_one_layer_alone_is_covered_as_among_others(a, b, c, full):
    """Levels from 0 to full, also where the polygon leaves the picture."""
    edges = Edges.of([[turned(np.array([a, b, c]))]])
    levels = cover_levels(edges, 1, 20, 17, full)[0]
    assert levels.shape == (17, 20)
    np.testing.assert_allclose(levels, cover(edges, 1, 20, 17)[0] * full, atol=0.51)
