"""The viewer in a browser: what it draws, how it moves, and what it leaves behind."""

from __future__ import annotations

import base64
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

from tests.support.browser import Complaints, NewPage, serve_folder
from visualcrop import Box, Grid, Image, RelevanceMap
from visualcrop.report import FOLDER

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

_ORIGIN = "http://viewer.test"
_PAGE = """<!doctype html><link rel="stylesheet" href="viewer.css">
<style>body { margin: 20px } #place { width: 600px }</style>
<div id="place"></div>
<script type="module">
import { Viewer } from "./viewer.js";
window.make = async (source, size, options) => {
  window.viewer = new Viewer(document.getElementById("place"), {label: "a desk", ...options});
  await viewer.setPicture(source, size);
  await viewer.settled();
};
window.ready = true;
</script>"""
_WIDTH, _HEIGHT = 300, 200
_CHECKERED = np.where(np.indices((_HEIGHT, _WIDTH)).sum(axis=0)[..., None] % 2, 60, 90).astype(
    np.uint8
)

OpenViewer: TypeAlias = "Callable[..., Page]"


def _encode(pixels: npt.NDArray[np.uint8]) -> bytes:
    encoded = BytesIO()
    PIL.Image.fromarray(pixels).save(encoded, "PNG")
    return encoded.getvalue()


@pytest.fixture
def open_viewer(new_page: NewPage) -> OpenViewer:
    """A page with a viewer, `viewer`, that shows a picture."""

    def open_page(
        pixels: npt.NDArray[np.uint8] | None = None, *, script: str = "", **options: Any
    ) -> Page:
        page = new_page(**{"viewport": {"width": 700, "height": 600}} | options)
        shown = np.broadcast_to(_CHECKERED, (_HEIGHT, _WIDTH, 3)) if pixels is None else pixels
        serve_folder(page, FOLDER, _ORIGIN)
        page.route(f"{_ORIGIN}/", lambda route: route.fulfill(body=_PAGE, content_type="text/html"))
        picture = _encode(np.ascontiguousarray(shown))
        page.route(f"{_ORIGIN}/picture.png", lambda route: route.fulfill(body=picture))
        if script:
            page.add_init_script(script)
        page.goto(f"{_ORIGIN}/")
        page.wait_for_function("window.ready")
        page.evaluate("make('picture.png')")
        return page

    return open_page


def _settle(page: Page) -> None:
    page.evaluate("viewer.settled()")


def _stop_clock(page: Page) -> None:
    """From now on, time passes as `page.clock.run_for` says."""
    page.clock.install(time=0)
    page.clock.pause_at(1000)


def _pixels(page: Page, canvas: str = "viewer.canvas") -> npt.NDArray[np.int64]:
    """Rows x columns x RGBA of a canvas."""
    uri = page.evaluate(f"{canvas}.toDataURL('image/png')")
    picture = PIL.Image.open(BytesIO(base64.b64decode(uri.partition(",")[2])))
    return np.asarray(picture.convert("RGBA")).astype(int)


def _map(rows: int = 4, columns: int = 6, seed: int = 1) -> tuple[RelevanceMap, dict[str, Any]]:
    """A map as Python draws it, and as the viewer does."""
    scores = np.random.default_rng(seed).random((rows, columns)).round(4)
    box = Box(0, 0, _WIDTH, _HEIGHT)
    told = {"box": [0, 0, _WIDTH, _HEIGHT], "rows": rows, "columns": columns}
    return RelevanceMap(Grid.even(rows, columns, box), scores), told | {
        "scores": scores.ravel().tolist()
    }


class TestMap:
    """Relevance as colour."""

    @pytest.mark.parametrize("cells", [False, True])
    def test_is_that_of_python(self, open_viewer: OpenViewer, *, cells: bool) -> None:
        """Smooth or cell by cell, the picture to take away is that of `overlay`."""
        page = open_viewer(np.full((_HEIGHT, _WIDTH, 3), 80, np.uint8), reduced_motion="reduce")
        relevance, told = _map()
        page.evaluate(
            "([map, cells]) => { viewer.setMap(map); viewer.cells = cells }", [told, cells]
        )
        drawn = _pixels(page, "viewer.toCanvas({scale: 1})")[..., :3]
        image = Image.open(np.full((_HEIGHT, _WIDTH, 3), 80, np.uint8))
        ours = np.asarray(relevance.overlay(image, side=_WIDTH, cells=cells)).astype(int)
        away = np.abs(drawn - ours)
        assert (ours.max(axis=(0, 1)) - ours.min(axis=(0, 1))).min() > 20  # there is a map
        assert away.mean() < 2
        assert np.percentile(away, 99) <= 8

    def test_fades_in(self, open_viewer: OpenViewer) -> None:
        """From nothing, steadily, until it is there; then no more frames are painted."""
        page = open_viewer(np.full((_HEIGHT, _WIDTH, 3), 80, np.uint8))
        _stop_clock(page)
        page.evaluate("map => viewer.setMap(map)", _map()[1])
        reds = []
        for _ in range(12):
            page.clock.run_for(100)
            reds.append(_pixels(page)[..., 0].mean())
        assert reds == sorted(reds)
        assert 80 <= reds[0] < reds[4] < reds[-1]
        frames = page.evaluate("viewer.stats.frames")
        page.clock.run_for(1000)
        assert page.evaluate("viewer.stats.frames") == frames

    def test_does_not_move_for_who_wants_none(self, open_viewer: OpenViewer) -> None:
        """The map is there at once, and so is the place that is zoomed to."""
        page = open_viewer(reduced_motion="reduce")
        before = _pixels(page)
        _stop_clock(page)
        page.evaluate("map => viewer.setMap(map)", _map()[1])
        page.evaluate("viewer.zoomTo([100, 50, 130, 70])")
        page.clock.run_for(20)  # one frame
        scale = page.evaluate("viewer.view.scale")
        after = _pixels(page)
        page.clock.run_for(2000)
        assert scale == page.evaluate("viewer.view.scale") > 10
        assert (after == _pixels(page)).all()
        assert (after != before).any()

    def test_is_switched_and_thinned(self, open_viewer: OpenViewer) -> None:
        """Without its layer, or at no opacity, the picture is as it was."""
        page = open_viewer(reduced_motion="reduce")
        _settle(page)
        bare = _pixels(page)
        page.evaluate("map => viewer.setMap(map)", _map()[1])
        _settle(page)
        full = np.abs(_pixels(page) - bare).mean()
        page.evaluate("viewer.mapOpacity = 0.5")
        _settle(page)
        assert np.abs(_pixels(page) - bare).mean() == pytest.approx(full / 2, rel=0.1)
        for change in ("viewer.mapOpacity = 0", "viewer.layers = {map: false}"):
            page.evaluate(f"viewer.mapOpacity = 1; {change}")
            _settle(page)
            assert (_pixels(page) == bare).all()

    @pytest.mark.parametrize(
        "wrong", [{"rows": 3}, {"scores": []}, {"box": [0, 0, 0, 9]}, {"columns": 0}, {"rows": "4"}]
    )
    def test_refuses_what_is_none(self, open_viewer: OpenViewer, wrong: dict[str, Any]) -> None:
        """What does not fit together is not drawn."""
        page = open_viewer()
        said = page.evaluate(
            "map => { try { viewer.setMap(map) } catch (error) { return error.message } }",
            _map()[1] | wrong,
        )
        assert said == "The map is not {box, rows, columns, scores} with finite scores."


class TestBoxes:
    """Boxes and their labels."""

    def test_labels_never_cover_one_another(self, open_viewer: OpenViewer) -> None:
        """However many boxes there are; each that is drawn lies on the picture."""
        page = open_viewer(reduced_motion="reduce")
        random = np.random.default_rng(5)
        drawn = 0
        for count in (3, 12, 50, 300):
            corners = np.sort(random.random((count, 2, 2)) * [_WIDTH, _HEIGHT], axis=1)
            kinds = [("tried", "chosen", "truth")[i % 3] for i in range(count)]
            boxes = [
                {
                    "pixels": corner.ravel().tolist(),
                    "label": "mug",
                    "confidence": -0.5,
                    "kind": kind,
                }
                for corner, kind in zip(corners, kinds, strict=True)
            ]
            page.evaluate("boxes => viewer.setBoxes(boxes)", boxes)
            _settle(page)
            labels = page.evaluate("viewer.labels")
            drawn += len(labels)
            for place, one in enumerate(labels):
                assert 0 <= one["x"] < one["x"] + one["width"] <= 600
                assert 0 <= one["y"] < one["y"] + one["height"] <= 400
                for other in labels[place + 1 :]:
                    beside = (
                        one["x"] + one["width"] <= other["x"]
                        or other["x"] + other["width"] <= one["x"]
                    )
                    above = (
                        one["y"] + one["height"] <= other["y"]
                        or other["y"] + other["height"] <= one["y"]
                    )
                    assert beside or above, (one, other)
        assert drawn > 20

    def test_chosen_is_labelled_first(self, open_viewer: OpenViewer) -> None:
        """Where there is room for one label, it is the chosen box's, with its confidence."""
        page = open_viewer(reduced_motion="reduce")
        boxes = [{"pixels": [140, 90, 160, 110], "confidence": 0.9} for _ in range(40)]
        chosen = {**boxes[0], "kind": "chosen", "label": "mug", "confidence": 0.874}
        page.evaluate("boxes => viewer.setBoxes(boxes)", [*boxes, chosen])
        _settle(page)
        first = page.evaluate("viewer.labels[0]")
        assert (first["text"], first["kind"], first["index"]) == ("✓ mug 0.87", "chosen", 40)

    def test_kinds_differ_in_more_than_colour(self, open_viewer: OpenViewer) -> None:
        """In grey, too: a tried box has a thin line, the chosen a thick one, the truth dashes."""
        page = open_viewer(np.full((_HEIGHT, _WIDTH, 3), 40, np.uint8), reduced_motion="reduce")
        lines = {}
        for kind in ("tried", "chosen", "truth"):
            boxes = [{"pixels": [50, 50, 250, 150], "kind": kind}]
            page.evaluate("boxes => viewer.setBoxes(boxes)", boxes)
            page.evaluate("viewer.layers = {labels: false}")
            _settle(page)
            grey = _pixels(page)[80:120, 105:450, :3].mean(axis=2)  # about the upper edge
            lines[kind] = (grey > 110).sum(axis=0)
        assert lines["tried"].min() >= 1
        assert lines["truth"].min() == 0 < lines["truth"].max()
        assert lines["chosen"].max() >= 2 * lines["tried"].max()  # at its corners

    def test_are_switched(self, open_viewer: OpenViewer) -> None:
        """All, or those of a kind."""
        page = open_viewer(reduced_motion="reduce")
        bare = _pixels(page)
        page.evaluate("viewer.setBoxes([{pixels: [50, 50, 250, 150], kind: 'truth'}])")
        for layers in ("{boxes: false}", "{boxes: true, truth: false}"):
            page.evaluate(f"viewer.layers = {layers}")
            _settle(page)
            assert (_pixels(page) == bare).all()
        page.evaluate("viewer.layers = {truth: true}")
        _settle(page)
        assert (_pixels(page) != bare).any()

    def test_are_told_to_screen_readers(self, open_viewer: OpenViewer) -> None:
        """The canvas has a name, and a list of the boxes describes it."""
        page = open_viewer()
        page.evaluate(
            "viewer.setBoxes([{pixels: [1, 2, 30.2, 40], label: 'mug', confidence: -.5},"
            "{pixels: [5, 6, 7, 8], kind: 'truth'}, {pixels: [NaN, 1, 2, 3]}, {}])"
        )
        canvas = page.get_by_role("img", name="a desk")
        assert canvas.evaluate("it => it.tabIndex") == 0
        told = canvas.evaluate(
            "it => document.getElementById(it.getAttribute('aria-describedby')).innerText"
        )
        assert told.split("\n") == [
            "looked at: mug −0.50, pixels 1, 2, 30, 40",
            "truth: pixels 5, 6, 7, 8",
        ]

    def test_say_that_they_were_clicked(self, open_viewer: OpenViewer) -> None:
        """The smallest under the mouse, and not after a drag."""
        page = open_viewer(reduced_motion="reduce")
        page.evaluate(
            "window.clicked = [];"
            "viewer.addEventListener('boxclick', ({detail}) => clicked.push(detail.index));"
            "viewer.setBoxes([{pixels: [0, 0, 300, 200]}, {pixels: [100, 50, 200, 150]}])"
        )
        page.mouse.click(20 + 300, 20 + 200)
        page.mouse.click(20 + 30, 20 + 30)
        page.mouse.move(320, 220)
        page.mouse.down()
        page.mouse.move(380, 260, steps=4)
        page.mouse.up()
        assert page.evaluate("clicked") == [1, 0]


def _view(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("viewer.view")
    return found


class TestMoving:
    """Pan and zoom, by mouse, fingers and keys."""

    def test_fits_at_first(self, open_viewer: OpenViewer) -> None:
        """The whole picture is seen, as high as it is."""
        page = open_viewer()
        assert _view(page) == {"rectangle": [0, 0, 300, 200], "scale": 2}
        assert page.evaluate("[viewer.canvas.width, viewer.canvas.height]") == [600, 400]

    def test_wheel_scrolls_the_page_until_the_viewer_is_entered(
        self, open_viewer: OpenViewer
    ) -> None:
        """Then it zooms, and what is under the mouse stays there."""
        page = open_viewer(viewport={"width": 700, "height": 300})
        page.mouse.move(20 + 450, 20 + 100)
        page.mouse.wheel(0, 60)
        page.wait_for_function("scrollY > 0")
        assert _view(page)["scale"] == 2
        page.evaluate("scrollTo(0, 0)")
        page.evaluate("viewer.canvas.focus({preventScroll: true})")
        page.mouse.wheel(0, -300)
        page.wait_for_function("viewer.view.scale > 2")
        view = _view(page)
        assert view["rectangle"][0] + 450 / view["scale"] == pytest.approx(225)
        assert view["rectangle"][1] + 100 / view["scale"] == pytest.approx(50)
        assert page.evaluate("scrollY") == 0

    def test_drags(self, open_viewer: OpenViewer) -> None:
        """What is under the mouse goes with it, but not over the edge of the picture."""
        page = open_viewer()
        page.evaluate("viewer.zoomTo([100, 50, 200, 150], {animate: false, margin: 0})")
        before = _view(page)
        page.mouse.move(320, 220)
        page.mouse.down()
        page.mouse.move(280, 200, steps=5)
        page.mouse.up()
        after = _view(page)
        assert after["scale"] == before["scale"]
        moved = np.subtract(after["rectangle"], before["rectangle"]) * after["scale"]
        assert moved.tolist() == pytest.approx([40, 20, 40, 20])
        page.mouse.down()
        page.mouse.move(9000, 9000, steps=3)
        page.mouse.up()
        assert _view(page)["rectangle"][:2] == [0, 0]

    def test_double_click_goes_in_and_out(self, open_viewer: OpenViewer) -> None:
        """To where the mouse is, and back to the whole."""
        page = open_viewer(reduced_motion="reduce")
        page.mouse.dblclick(120, 120)
        assert _view(page)["scale"] == 5
        page.mouse.dblclick(120, 120)
        assert _view(page)["rectangle"] == [0, 0, 300, 200]

    def test_keys(self, open_viewer: OpenViewer) -> None:
        """Plus, minus and zero zoom, arrows pan; other keys are the page's."""
        page = open_viewer(reduced_motion="reduce")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === viewer.canvas")
        page.keyboard.press("+")
        page.keyboard.press("+")
        zoomed = _view(page)
        assert zoomed["scale"] == pytest.approx(2 * 1.25**2)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        assert _view(page)["rectangle"][0] > zoomed["rectangle"][0]
        assert _view(page)["rectangle"][1] > zoomed["rectangle"][1]
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowUp")
        assert _view(page)["rectangle"] == pytest.approx(zoomed["rectangle"])
        page.keyboard.press("x")
        page.keyboard.press("-")
        assert _view(page)["scale"] == pytest.approx(2 * 1.25)
        page.keyboard.press("0")
        assert _view(page)["rectangle"] == [0, 0, 300, 200]

    def test_buttons(self, open_viewer: OpenViewer) -> None:
        """For who has neither wheel nor keys; each has a name."""
        page = open_viewer(reduced_motion="reduce")
        page.get_by_role("button", name="Zoom in").click()
        assert _view(page)["scale"] == pytest.approx(3.2)
        page.get_by_role("button", name="Zoom out").click()
        page.get_by_role("button", name="Zoom in").click()
        page.get_by_role("button", name="Show the whole picture").click()
        assert _view(page)["scale"] == 2

    def test_pinches(self, open_viewer: OpenViewer) -> None:
        """Two fingers zoom about the place between them; one pans once it is zoomed."""
        page = open_viewer(has_touch=True)
        device = page.context.new_cdp_session(page)

        def touch(kind: str, *points: tuple[float, float]) -> None:
            held = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
            device.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": held})

        touch("touchStart", (220, 220), (420, 220))
        for step in range(1, 6):
            touch("touchMove", (220 - 20 * step, 220), (420 + 20 * step, 220))
        touch("touchEnd")
        view = _view(page)
        assert view["scale"] == pytest.approx(4, rel=0.15)
        left, _, right, _ = view["rectangle"]
        assert (left + right) / 2 == pytest.approx(150, abs=8)
        assert page.evaluate("viewer.canvas.style.touchAction") == "none"
        touch("touchStart", (320, 220))
        for step in range(1, 6):
            touch("touchMove", (320 - 20 * step, 220))
        touch("touchEnd")
        assert _view(page)["rectangle"][0] > left

    def test_flies_to_a_box(self, open_viewer: OpenViewer) -> None:
        """By and by, telling where it is; at the end the box fills the view."""
        page = open_viewer()
        _stop_clock(page)
        page.evaluate(
            "window.scales = [];"
            "viewer.addEventListener('viewchange', ({detail}) => scales.push(detail.scale));"
            "viewer.zoomTo([200, 100, 230, 120])"
        )
        page.clock.run_for(1500)
        scales = page.evaluate("scales")
        assert len(scales) > 5
        assert scales == sorted(scales)
        left, top, right, bottom = _view(page)["rectangle"]
        assert (left + right) / 2 == pytest.approx(215)
        assert (top + bottom) / 2 == pytest.approx(110)
        assert (230 - 200) / (right - left) == pytest.approx(0.84, abs=0.01)

    def test_stays_within_the_picture(self, open_viewer: OpenViewer) -> None:
        """Wherever it is sent."""
        page = open_viewer(reduced_motion="reduce")
        for box in ([-900, -900, -800, -800], [1e9, 0, 1e9, 0], [150, 100, 150, 100]):
            page.evaluate("box => viewer.zoomTo(box)", box)
            view = _view(page)
            assert view["scale"] <= 64
            assert view["rectangle"][0] >= 0
            assert view["rectangle"][3] <= 200


class TestPixels:
    """Down to the pixel."""

    def test_are_squares(self, open_viewer: OpenViewer) -> None:
        """From three times their size: each is of one colour, its own."""
        pixels = np.random.default_rng(2).integers(0, 256, (_HEIGHT, _WIDTH, 3), dtype=np.uint8)
        page = open_viewer(pixels, reduced_motion="reduce")
        page.evaluate("viewer.zoomTo([100, 50, 130, 70], {margin: 0})")
        _settle(page)
        drawn = _pixels(page)[..., :3]
        assert (drawn == np.kron(pixels[50:70, 100:130], np.ones((20, 20, 1), int))).mean() > 0.99

    def test_are_as_many_as_the_screen_has(self, open_viewer: OpenViewer) -> None:
        """Of a screen with two for each CSS pixel the canvas uses both."""
        page = open_viewer(device_scale_factor=2)
        assert page.evaluate("[viewer.canvas.width, viewer.canvas.height]") == [1200, 800]
        assert _view(page)["scale"] == 2

    def test_canvas_follows_its_element(self, open_viewer: OpenViewer) -> None:
        """When the page is laid out anew, the whole picture still fits."""
        page = open_viewer()
        page.evaluate("document.getElementById('place').style.width = '330px'")
        page.wait_for_function("viewer.canvas.width === 330")
        assert _view(page)["rectangle"] == pytest.approx([0, 0, 300, 200])
        _settle(page)
        assert (_pixels(page)[..., 3] == 255).all()

    def test_details_replace_what_was_reduced(self, open_viewer: OpenViewer) -> None:
        """A picture of a tenth of the size, and one box of it in its own pixels."""
        page = open_viewer(np.full((20, 30, 3), 128, np.uint8), reduced_motion="reduce")
        detail = np.random.default_rng(3).integers(0, 256, (20, 30, 3), dtype=np.uint8)
        uri = f"data:image/png;base64,{base64.b64encode(_encode(detail)).decode()}"
        page.evaluate(
            "async uri => { await viewer.setPicture('picture.png', {width: 300, height: 200});"
            "await viewer.setDetails([{box: [100, 50, 130, 70], source: uri}]);"
            "viewer.zoomTo([100, 50, 130, 70], {margin: 0}) }",
            uri,
        )
        _settle(page)
        drawn = _pixels(page)[..., :3]
        assert (drawn == np.kron(detail, np.ones((20, 20, 1), int))).mean() > 0.99


def test_a_huge_picture_costs_little(open_viewer: OpenViewer) -> None:
    """Of 8192 x 6144 pixels: few are drawn for a frame, and at the end they are its own."""
    blocks = np.random.default_rng(7).integers(0, 256, (192, 256, 3), dtype=np.uint8)
    pixels = np.ascontiguousarray(np.kron(blocks, np.ones((32, 32, 1), np.uint8)))
    page = open_viewer(pixels, reduced_motion="reduce")
    most = (600 / 512 + 2) * (450 / 512 + 2) + 1  # tiles are at least 512 pixels on the screen
    for share in (1, 2, 3, 5, 8, 20, 60, 200):
        width, height = 8192 / share, 6144 / share
        page.evaluate(
            "box => viewer.zoomTo(box, {margin: 0})", [1000, 700, 1000 + width, 700 + height]
        )
        _settle(page)
        assert 1 <= page.evaluate("viewer.stats.draws") <= most
    page.evaluate("viewer.zoomTo([4080, 3056, 4112, 3080], {margin: 0})")
    _settle(page)
    _settle(page)
    drawn = _pixels(page)[..., :3]
    assert (drawn[10, 10] == blocks[95, 127]).all()
    assert (drawn[-10, -10] == blocks[96, 128]).all()


def test_a_picture_to_take_away(open_viewer: OpenViewer) -> None:
    """The whole, however it is looked at, in the size that is asked for, within reason."""
    page = open_viewer(reduced_motion="reduce")
    page.evaluate("viewer.setBoxes([{pixels: [100, 50, 200, 150], kind: 'chosen', label: 'mug'}])")
    whole = _pixels(page, "viewer.toCanvas({scale: 2})")
    page.evaluate("viewer.zoomTo([10, 10, 20, 20])")
    _settle(page)
    assert whole.shape == (400, 600, 4)
    assert (_pixels(page, "viewer.toCanvas({scale: 2})") == whole).all()
    red, green, blue, _ = whole[100:300, 200].mean(axis=0)  # the left edge of the box
    assert min(red, green) > blue + 60
    assert _pixels(page, "viewer.toCanvas()").shape == (200, 300, 4)
    assert max(_pixels(page, "viewer.toCanvas({scale: 900})").shape) == 4096


def test_the_last_picture_is_shown(open_viewer: OpenViewer) -> None:
    """When two are asked for, whichever comes first; what was drawn on the other goes."""
    page = open_viewer(reduced_motion="reduce")
    red = base64.b64encode(_encode(np.full((90, 90, 3), (255, 0, 0), np.uint8))).decode()
    page.evaluate(
        "async uri => { viewer.setBoxes([{pixels: [1, 1, 9, 9]}]);"
        "await Promise.all([viewer.setPicture('picture.png'), viewer.setPicture(uri)]) }",
        f"data:image/png;base64,{red}",
    )
    _settle(page)
    assert page.evaluate("viewer.boxes") == []
    assert (_pixels(page)[200, 300] == (255, 0, 0, 255)).all()


def test_what_is_no_picture(open_viewer: OpenViewer, complaints: Complaints) -> None:
    """Is refused in a sentence; the picture before it stays."""
    page = open_viewer()
    before = _pixels(page)
    said = page.evaluate("viewer.setPicture('data:image/png;base64,AAAA').catch(e => e.message)")
    assert said == "The picture cannot be read; give a PNG, JPEG, WebP or GIF."
    assert (_pixels(page) == before).all()


_COUNTING = """
window.listeners = new Set();
const add = EventTarget.prototype.addEventListener;
EventTarget.prototype.addEventListener = function (type, handle, options) {
  const entry = {type};
  if (String(new Error().stack).includes("viewer.test/")) {
    listeners.add(entry);
    const forget = () => listeners.delete(entry);
    if (options?.signal) add.call(options.signal, "abort", forget);
  }
  return add.call(this, type, handle, options);
};
window.observers = 0;
const {observe, disconnect} = ResizeObserver.prototype;
ResizeObserver.prototype.observe = function (...given) {
  observers++;
  return observe.apply(this, given);
};
ResizeObserver.prototype.disconnect = function () {
  observers--;
  return disconnect.call(this);
};
"""


def test_leaves_nothing_behind(open_viewer: OpenViewer) -> None:
    """After `destroy` no listener is left, no observer and no element; nothing is painted."""
    page = open_viewer(script=_COUNTING)
    assert page.evaluate("[listeners.size > 8, observers]") == [True, 1]
    page.evaluate("map => { viewer.setMap(map); viewer.zoomTo([1, 1, 9, 9]) }", _map()[1])
    frames = page.evaluate("viewer.destroy(); viewer.stats.frames")
    assert page.evaluate("[...listeners].map(({type}) => type)") == []
    assert page.evaluate("observers") == 0
    place = page.locator("#place")
    assert place.evaluate("it => [it.children.length, it.className, it.style.length]") == [0, "", 0]
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("viewer.stats.frames") == frames
