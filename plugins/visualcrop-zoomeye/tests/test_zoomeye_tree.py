"""An image is cut as published, and a node is shown as published."""

from __future__ import annotations

from itertools import product

import pytest

from visualcrop import Box
from visualcrop_zoomeye.tree import Node
from visualcrop_zoomeye.views import context_box, merge_near_boxes

SIZE = (2246, 1582)


class TestTree:
    def test_the_last_takes_what_is_left(self) -> None:
        """Odd sizes leave the lower and right children a pixel larger."""
        assert [child.xywh for child in Node(0, 0, 2247, 1583, 336).children] == [
            (0, 0, 1123, 791),
            (1123, 0, 1124, 791),
            (0, 791, 1123, 792),
            (1123, 791, 1124, 792),
        ]

    @pytest.mark.parametrize(
        ("size", "splits", "grid"),
        [
            ((1000, 500), 4, (1, 4)),
            ((1000, 501), 4, (2, 2)),
            ((500, 1000), 4, (4, 1)),
            ((1000, 900), 2, (1, 2)),
            ((900, 900), 2, (1, 2)),
            ((900, 1000), 2, (2, 1)),
            ((1000, 400), 9, (2, 4)),
            ((1000, 900), 9, (3, 3)),
            ((400, 1000), 16, (8, 2)),
        ],
    )
    def test_the_shape_decides_how(self, size, splits, grid) -> None:
        """Rows and columns of the children; two halve the longer side."""
        children = Node.root(size, 336, splits).children
        rows, columns = ({getattr(c, side) for c in children} for side in ("top", "left"))
        assert (len(rows), len(columns)) == grid

    def test_a_node_as_large_as_the_view_is_cut(self) -> None:
        """One that is smaller by a pixel is not."""
        assert Node(0, 0, 336, 336, 336).children
        assert not Node(0, 0, 335, 335, 336).children

    @pytest.mark.parametrize(("size", "splits"), [*product([(1, 9000), (9000, 1), (1, 1)], (2, 9))])
    def test_strips_have_no_empty_children(self, size, splits) -> None:
        """However thin the image is."""
        nodes = [Node.root(size, 56, splits)]
        for node in nodes:
            nodes += node.children
        assert all(min(node.width, node.height) > 0 for node in nodes)
        assert max(node.depth for node in nodes) == nodes[0].levels

    @pytest.mark.parametrize(
        ("size", "stop", "levels"),
        [
            (SIZE, 448, 3),
            ((4024, 3503), 336, 4),
            ((7680, 5760), 384, 5),
            ((2836, 1566), 336, 4),
            ((2836, 1566), 384, 3),
            ((4000, 1000), 336, 3),
        ],
    )
    def test_depths(self, size, stop, levels) -> None:
        """Of images of usual sizes."""
        assert Node.root(size, stop).levels == levels


class TestSurroundings:
    @pytest.mark.parametrize(
        ("xywh", "side", "scale", "box"),
        [
            ((0, 0, 280, 197), 336, 1.0, (0, 0, 336, 336)),
            ((1965, 1385, 281, 197), 336, 1.0, (1937, 1315, 2246, 1582)),
            ((0, 0, 280, 197), 384, 1.2, (0, 0, 460, 460)),
            ((1965, 1385, 281, 197), 384, 1.2, (1875, 1253, 2246, 1582)),
            ((1123, 791, 1123, 791), 384, 1.2, (1011, 712, 2246, 1582)),
        ],
    )
    def test_as_published(self, xywh, side, scale, box) -> None:
        """Shifted at the left and upper edge, cut at the others."""
        assert context_box(xywh, SIZE, side, scale) == Box(*box)

    def test_of_one_pixel(self) -> None:
        """There is always something to show."""
        assert context_box((0, 0, 1, 1), (1, 1), 336, 1.2) == Box(0, 0, 1, 1)


class TestJoined:
    @pytest.mark.parametrize(("gap", "count"), [(99, 1), (100, 2)])
    def test_less_than_a_hundred_pixels_apart(self, gap, count) -> None:
        """Two boxes become one; at a hundred they stay two."""
        assert len(merge_near_boxes([Box(0, 0, 10, 10), Box(10 + gap, 0, 20 + gap, 10)])) == count
