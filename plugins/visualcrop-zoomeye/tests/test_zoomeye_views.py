"""What the model is shown of nodes, to the pixel."""

from __future__ import annotations

import numpy as np
import pytest

from visualcrop import Box, Image, View
from visualcrop_zoomeye.constants import FAMILIES, FamilyName
from visualcrop_zoomeye.prompts import MAIN, ZOOMED
from visualcrop_zoomeye.tree import Node
from visualcrop_zoomeye.views import NodeRenderer, Rendered

WIDTH, HEIGHT = 2246, 1582
RED = (255, 0, 0)


def plain(width: int = WIDTH, height: int = HEIGHT) -> Image:
    """An image with no red in it."""
    return Image.open(np.full((height, width, 3), 90, np.uint8))


def showing(
    family: FamilyName, side: int, image: Image | None = None, colour: str = "red"
) -> NodeRenderer:
    usual = FAMILIES[family]
    return NodeRenderer(image or plain(), usual.views, side, usual.scale, usual.background, colour)


def node(x: int, y: int, w: int, h: int, depth: int = 2) -> Node:
    return Node(x, y, w, h, 336, 4, depth)


def views(look: Rendered) -> list[View]:
    return [part for part in look.parts if isinstance(part, View)]


def pixels(view: View) -> np.ndarray:
    return np.asarray(view.picture)


class TestCrop:
    """For models with one view of the image."""

    def test_is_a_view_of_the_image(self) -> None:
        """So that what was read of it can be used again."""
        shown = showing("llava", 336)
        (view,) = views(shown.render(node(1965, 1385, 281, 197)))
        assert view == View(shown.image, Box(1937, 1315, 2246, 1582))

    @pytest.mark.parametrize("nodes", [(), (node(0, 0, WIDTH, HEIGHT, 0),)])
    def test_of_nothing_or_the_root_is_the_image(self, nodes) -> None:
        """The whole of it."""
        assert showing("llava", 336).render(*nodes).parts == (View.whole(plain()),)

    def test_covers_the_root_and_others(self) -> None:
        """Which is the image again."""
        look = showing("llava", 336).render(node(0, 0, WIDTH, HEIGHT, 0), node(0, 0, 99, 99))
        assert look.parts == (View.whole(plain()),)

    @pytest.mark.parametrize(
        ("down", "left_rows", "right_rows"),
        [(300, (18, 353), (318, 653)), (-900, (336, 671), (0, 335))],
    )
    def test_two_places_far_apart_are_pasted(self, down, left_rows, right_rows) -> None:
        """In a square of four, with as much of their height as there is room for."""
        image = plain(4000, 3000)
        image.picture.paste(RED, (0, 1000, 400, 1400))
        image.picture.paste((0, 0, 255), (3000, 1000 + down, 3400, 1400 + down))
        nodes = node(3000, 1000 + down, 400, 400), node(0, 1000, 400, 400)
        (view,) = views(showing("llava", 336, image).render(*nodes))
        assert view.size == (672, 672)
        for half, colour, rows in ((0, RED, left_rows), (1, (0, 0, 255), right_rows)):
            block = pixels(view)[:, half * 336 : half * 336 + 336]
            found = np.flatnonzero((block == colour).all(axis=2).all(axis=1))
            assert (found[0], found[-1]) == rows

    def test_three_places_are_one_crop(self) -> None:
        """However large that is."""
        nodes = [node(x, y, 100, 100) for x, y in ((0, 0), (1200, 0), (2100, 1400))]
        (view,) = views(showing("llava", 336).render(*nodes))
        assert view.box == Box(0, 0, WIDTH, HEIGHT)


class TestPair:
    """For models with several images: the whole with a frame, and what the frame is round."""

    def test_sizes(self) -> None:
        """A square as large as the encoder's, and a crop in its own size, frame and all."""
        look = showing("llava-onevision", 384).render(node(1123, 791, 561, 395))
        small, zoomed = views(look)
        assert small.picture.size == (384, 384)
        assert zoomed.picture.size == (709, 510)
        assert look.parts == (small, MAIN.format(colour="red"), zoomed, ZOOMED)

    def test_the_frame_is_in_the_crop(self) -> None:
        """18 pixels of it at the left and top, one less at the right and bottom."""
        _, zoomed = views(showing("llava-onevision", 384).render(node(1123, 791, 561, 395)))
        red = (pixels(zoomed) == RED).all(axis=2)
        row, column = red[255], red[:, 354]
        for line in (row, column):
            inner = np.flatnonzero(~line)
            assert (inner[0], len(line) - 1 - inner[-1]) == (18, 17)

    def test_the_frame_is_in_the_thumbnail(self) -> None:
        """Where the node is."""
        small, _ = views(showing("llava-onevision", 384).render(node(0, 0, 561, 395)))
        red = pixels(small)[..., 0] > 150
        assert red[:200, :200].any()
        assert not red[200:].any()

    def test_no_frame_is_left_on_the_canvas(self) -> None:
        """What is shown of a node does not depend on what was shown before, edges included."""
        nodes = [node(1685, 1187, 561, 395), node(0, 0, 561, 395), node(1123, 791, 1123, 791)]
        shown = showing("llava-onevision", 384)
        for one in (*nodes, *nodes[::-1]):
            alone = showing("llava-onevision", 384).render(one)
            assert shown.render(one).parts == alone.parts

    def test_far_corners_are_one_crop(self) -> None:
        """From frame to frame, with the paper above and below."""
        look = showing("llava-onevision", 384).render(
            node(0, 0, 280, 197), node(1965, 1385, 281, 197)
        )
        assert views(look)[1].picture.size == (2246, 1618)

    def test_of_the_root_is_the_image(self) -> None:
        """Alone or among others: no frame, one view."""
        root = node(0, 0, WIDTH, HEIGHT, 0)
        for nodes in ((root,), (root, node(0, 0, 280, 197)), ()):
            assert showing("internvl", 448).render(*nodes) == Rendered(
                "global", (View.whole(plain()),)
            )

    def test_a_glance_is_small(self) -> None:
        """A square, or in the image's own shape for a model that sees that."""
        (square,) = views(showing("llava-onevision", 448).thumbnail)
        (native,) = views(showing("qwen2-5-vl", 448).thumbnail)
        assert square.picture.size == (448, 448)
        assert native.picture.size == (448, 315)

    def test_in_its_own_shape(self) -> None:
        """The first image has no paper round it; the crop has a frame outside of the image."""
        small, zoomed = views(showing("qwen2-5-vl", 448).render(node(0, 0, 1123, 791)))
        assert small.picture.size == (448, 315)
        assert zoomed.picture.size == (1347 + 18, 949 + 2 * 18)

    def test_other_frames(self) -> None:
        """Are named in the prompt as they are drawn."""
        look = showing("internvl", 448, colour="blue").render(node(0, 0, 561, 395))
        assert "the blue rectangle" in str(look.parts[1])
        assert (pixels(views(look)[1]) == (0, 0, 255)).all(axis=2).any()
