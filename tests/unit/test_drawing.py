"""Results as pictures: overlays, crops, plots, and what a notebook shows."""

from __future__ import annotations

import base64
import copy
import gc
import pickle
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from tests.support.refusals import refused
from visualcrop import Answer, Box, Finding, Grid, Image, RelevanceMap, Target, VisualSearch
from visualcrop.drawing import render_heatmap
from visualcrop.errors import ImageError, ResultError, VisualcropError
from visualcrop.report import overlay
from visualcrop.report.overlay import draw_relevance
from visualcrop.report.vector import Text, text_width
from visualcrop.testing import Scene

_MUG = "What colour is the mug?"


@pytest.fixture(scope="module")
def image() -> Image:
    """A scene with a mug, 1536 x 1024."""
    return Scene.draw(43).image


@pytest.fixture(scope="module")
def answer(image: Image) -> Answer:
    """To a question about it, with a map and checked boxes."""
    return VisualSearch.open("toy", "focus(steps=4)", ["targets=rules"]).ask(image, _MUG)


class Axes:
    """Stands for axes of matplotlib: notes what is drawn on them."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: self.calls.append((name, args, kwargs))


def _one_hot(image: Image) -> RelevanceMap:
    """Of 4 x 4 cells, one of which is looked at."""
    scores = np.zeros((4, 4), np.float32)
    scores[1, 2] = 1
    return RelevanceMap(Grid.even(4, 4, image.box), scores)


def _drawn(html: str) -> PIL.Image.Image:
    data = html.partition("base64,")[2].partition('"')[0]
    return PIL.Image.open(BytesIO(base64.b64decode(data)))


class TestOverlay:
    """The image with what is known on it."""

    def test_is_as_large_as_asked(self, answer: Answer) -> None:
        """The longer side, whatever is drawn; and never larger than the image."""
        parts = [answer, answer.findings[0], answer.evidence[0], answer.evidence[0].relevance]
        for part in parts:
            assert part is not None
            assert part.overlay(side=300).size == (300, 200)
        assert answer.overlay(side=9000).size == (1536, 1024)

    def test_outlines_the_box(self, answer: Answer, image: Image) -> None:
        """Where the finding is, in white; elsewhere the image is as it was."""
        finding = answer.findings[0]
        drawn = np.asarray(finding.overlay(side=image.width)).astype(int)
        changed = np.argwhere((drawn != image.pixels).any(axis=2))
        left, top, right, bottom = finding.box.whole_pixels()
        assert changed.min(axis=0).tolist() == pytest.approx([top, left], abs=2)
        assert changed.max(axis=0).tolist() == pytest.approx([bottom, right], abs=2)
        assert (drawn[changed[0][0], changed[0][1]] == 255).all()

    def test_colours_the_map(self, image: Image) -> None:
        """Cell by cell, high scores cover the image, and the lower half of them does not."""
        relevance = _one_hot(image)
        drawn = np.asarray(relevance.overlay(image, side=image.width, cells=True)).astype(int)
        hot = relevance.grid.cell(1, 2).whole_pixels()
        changed = (drawn != image.pixels).any(axis=2)
        assert changed[hot[1] : hot[3], hot[0] : hot[2]].mean() > 0.9
        assert changed.sum() <= (hot[2] - hot[0]) * (hot[3] - hot[1])

    def test_is_smooth(self, image: Image) -> None:
        """The colour rises to the middle of the hot cell without an edge, and ends beside it."""
        relevance = _one_hot(image)
        layer = render_heatmap(relevance, (image.width, image.height), image.box)
        alpha = np.asarray(layer)[..., 3].astype(int)
        hot = relevance.grid.cell(1, 2)
        row, column = np.argwhere(alpha == alpha.max()).mean(axis=0)
        assert (column, row) == pytest.approx(hot.centre, abs=hot.height / 10)
        assert max(np.abs(np.diff(alpha, axis=axis)).max() for axis in (0, 1)) <= 3
        changed = np.asarray(relevance.overlay(image, side=image.width)) != image.pixels
        rows, columns = np.nonzero(changed.any(axis=2))
        assert hot.top - hot.height < rows.min() < rows.max() < hot.bottom + hot.height
        assert hot.left - hot.width < columns.min() < columns.max() < hot.right + hot.width

    def test_goes_through_the_scores(self) -> None:
        """In the middle of each cell, of even or uneven sizes, the colour is that of the cell."""
        grid = Grid((0, 10, 30, 70, 150), (0, 30, 50, 60))
        scores = np.random.default_rng(3).random(grid.shape).astype(np.float32)
        relevance = RelevanceMap(grid, scores)
        layers = [
            np.asarray(render_heatmap(relevance, (1500, 600), grid.box, cells=cells)).astype(int)
            for cells in (False, True)
        ]
        for row in range(3):
            for column in range(4):
                x, y = grid.cell(row, column).centre
                smooth, flat = (layer[round(10 * y), round(10 * x)] for layer in layers)
                assert np.abs(smooth - flat).max() <= 8

    def test_ends_with_the_map(self, image: Image) -> None:
        """Beside a map of a part, the image is as it was."""
        part = Box(300, 200, 700, 500)
        relevance = RelevanceMap(Grid.even(3, 3, part), [[0, 0, 9], [0, 0, 9], [9, 0, 9]])
        drawn = np.asarray(relevance.overlay(image, side=image.width))
        rows, columns = np.nonzero((drawn != image.pixels).any(axis=2))
        assert (rows.min(), rows.max()) == (200, 499)
        assert columns.max() == 699

    def test_a_map_alone_is_drawn_on_white(self, image: Image) -> None:
        """Of a map that knows no image, and is given none."""
        relevance = RelevanceMap(Grid.even(2, 3, image.box), [[0, 0, 0], [0, 0, 1]])
        assert relevance.overlay(side=90).getpixel((1, 1)) == (255, 255, 255)


class TestCrop:
    """The pixels that a result is about."""

    def test_is_of_full_size(self, answer: Answer, image: Image) -> None:
        """Of a finding, the surest of the evidence, a map, and what was shown last."""
        box = answer.findings[0].box
        for part in (answer.findings[0], answer.evidence[0]):
            assert part.crop().tobytes() == image.crop(box).tobytes()
        assert answer.crop().size == answer.shown[-1].picture.size
        relevance = answer.evidence[0].relevance
        assert relevance is not None
        assert relevance.crop().size == (image.width, image.height)

    def test_refuses_where_nothing_was_found(self) -> None:
        """An answer that was shown nothing, in one sentence."""
        refused(ResultError, Answer("red").crop)


class TestPlot:
    """The same on axes of matplotlib."""

    def test_draws_in_pixels_of_the_image(self, answer: Answer, image: Image) -> None:
        """With the picture below, and each box as lines."""
        axes = Axes()
        assert answer.plot(axes) is axes
        drawn = {name: (args, kwargs) for name, args, kwargs in axes.calls}
        assert drawn["imshow"][1]["extent"] == (0, image.width, image.height, 0)
        xs, ys = drawn["plot"][0]
        box = answer.findings[0].box
        assert (min(xs), min(ys), max(xs), max(ys)) == (box.left, box.top, box.right, box.bottom)

    def test_without_axes(self, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
        """They are made by matplotlib; where that is missing, one sentence says so."""
        monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
        assert "pip install matplotlib" in refused(VisualcropError, answer.plot)


class TestNotebook:
    """What a cell shows."""

    def test_a_picture_and_a_caption(self, answer: Answer) -> None:
        """The picture inside the HTML, which loads nothing; text is escaped."""
        for part in (answer, answer.findings[0], answer.evidence[0], answer.evidence[0].relevance):
            assert part is not None
            assert _drawn(part._repr_html_()).size == (720, 480)
        assert "mug, confidence" in answer._repr_html_()
        assert "<b>" not in Finding(Target("<b>mug</b>"), Box(0, 0, 1, 1))._repr_html_()

    def test_without_the_image_the_caption_alone(self) -> None:
        """Nothing is raised while a notebook is shown."""
        finding = Finding(Target("mug"), Box(0, 0, 9, 9), confidence=0.5)
        assert finding._repr_html_() == "<p>mug, confidence 0.50, at [0, 0, 9, 9]</p>"


class TestImage:
    """Which image is drawn on."""

    def test_is_the_one_that_was_asked_about(self, answer: Answer, image: Image) -> None:
        """Though the answer does not hold it."""
        assert answer.image == image

    def test_is_read_again_from_a_file(self, tmp_path: Path, image: Image) -> None:
        """As long as that is there and the same; else an error says what to do."""
        path = tmp_path / "scene.png"
        image.picture.save(path)
        found = VisualSearch.open("toy", "direct").ask(path, _MUG)
        gc.collect()
        assert found.image == image
        path.unlink()
        refused(ImageError, lambda: found.image)
        assert found._repr_html_().startswith("<p>")

    def test_does_not_travel(self, answer: Answer, image: Image) -> None:
        """A copy in another process is equal, and is given its image."""
        for other in (pickle.loads(pickle.dumps(answer)), copy.deepcopy(answer)):
            assert other == answer
            assert other.overlay(image, side=90).size == (90, 60)
        there = pickle.loads(pickle.dumps(answer.findings[0]))
        assert "give it, as in overlay(image)" in refused(ImageError, there.crop)
        assert there.crop(image).tobytes() == answer.findings[0].crop().tobytes()


@pytest.mark.parametrize("side", [0, -1, 1.5, None, True, "x"])
def test_a_side_that_is_none(image: Image, side: Any) -> None:
    """Is refused in one sentence."""
    finding = Finding(Target("mug"), Box(0, 0, 9, 9))
    refused(ImageError, finding.overlay, image, side=side)


def test_draws_boxes_beyond_all_borders(image: Image) -> None:
    """Whatever a plug-in returns: far outside, around everything, thinner than a pixel."""
    for box in (Box(-1e300, -1e300, 1e300, 1e300), Box(1e9, 5, 2e9, 6), Box(0, 0, 1e-9, 1e-9)):
        assert Finding(Target("mug"), box).overlay(image, side=100).width == 100


def test_what_cannot_be_plotted_on(image: Image) -> None:
    """Is no axes: said before anything is drawn."""
    refused(VisualcropError, Finding(Target("mug"), Box(0, 0, 9, 9)).plot, 5, image)


def test_captions_are_text() -> None:
    """Neither markup nor what steers a terminal or turns the direction of a page."""
    hostile = "<script>\x1b[31m\u202e\0"
    page = Finding(Target(hostile), Box(0, 0, 9, 9))._repr_html_()
    assert "&lt;script&gt;" in page
    assert not {*page} & {*"\x1b\u202e\0"}


def test_a_dollar_in_a_caption_is_itself(image: Image) -> None:
    """And no formula, which matplotlib could not read."""
    axes = Axes()
    Finding(Target("a $\\frac mug"), Box(0, 0, 9, 9)).plot(axes, image)
    (named,) = [named for name, _, named in axes.calls if name == "set_title"]
    assert named == {"parse_math": False}


def test_a_long_caption_is_cut_in_few_steps(image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters that no longer fit are not tried one by one."""
    measured: list[str] = []

    def measure(text: str, size: float) -> float:
        measured.append(text)
        return text_width(text, size)

    monkeypatch.setattr(overlay, "text_width", measure)
    relevance = RelevanceMap(Grid.even(2, 2, image.box), np.eye(2))
    drawing = draw_relevance(image, relevance, caption="mug " * 4000)
    assert 0 < len(measured) < 40
    (caption,) = [s.text for s in drawing.shapes if isinstance(s, Text) and "mug" in s.text]
    assert caption.startswith("mug mug mug")
    assert caption.endswith("...")
