"""Pages in a browser: on a desk, on a phone, in the dark, on paper, and without scripts."""

from __future__ import annotations

import base64
import re
from io import BytesIO
from typing import Any

import numpy as np
import PIL.Image
import pytest
from typer.testing import CliRunner

from tests.support.browser import Complaints, NewPage
from visualcrop import Answer, Box, Evidence, Finding, Image, Question, Target, View
from visualcrop.cli import app
from visualcrop.report.question_page import Card, render_cards

pytestmark = pytest.mark.slow

_DESK = {"width": 1280, "height": 900}
_REPRODUCTION = """
table = 10
[models]
"llava-1.5" = "toy"
[datasets]
vstar = "toy(scenes=2)"
[[study]]
name = "focus"
[study.searchers]
"Steps-1 (overrun)" = "focus(steps=1)"
[study.paper]
where = { method = "focus" }
columns = { accuracy = "accuracy", passes = "search passes" }
[study.paper.rows]
"Steps-1 (overrun)" = { setting = "Steps-1 (overrun)" }
"""
# The worst contrast of a text with what lies behind it, by WCAG, and the text.
_CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      layers.unshift(getComputedStyle(at).backgroundColor);
    }
    canvas.fillStyle = matchMedia("(prefers-color-scheme: dark)").matches ? "#000" : "#fff";
    canvas.fillRect(0, 0, 1, 1);
    for (const layer of layers) {
      canvas.fillStyle = layer;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  let worst = [99, ""];
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest("svg, script, .viewer") || !element.checkVisibility()) continue;
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own) continue;
    const pair = [light(parse(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < worst[0]) worst = [ratio, element.textContent.trim().slice(0, 60)];
  }
  return worst;
}"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Addresses of one page of each sort."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "paper.toml").write_text(_REPRODUCTION)
    commands = [
        ("demo", "--out", "demo"),
        ("evaluate", "toy(scenes=2)", "-s", "focus", "--out", "run"),
        ("report", "run", "--pages", "1", "--out", "report"),
        ("reproduce", "paper.toml", "--out", "paper"),
        ("report", "paper", "--out", "paper-report"),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("NO_COLOR", "1")
        for words in commands:
            done = CliRunner().invoke(app, words)
            assert done.exit_code == 0, done.output
    places = {
        "demo": "demo/index.html",
        "question": "report/questions/1.html",
        "results": "report/index.html",
        "reproduction": "paper-report/index.html",
    }
    return {name: (folder / place).as_uri() for name, place in places.items()}


ALL = pytest.mark.parametrize("name", ["demo", "question", "results", "reproduction"])


class TestEveryPage:
    """What holds of all of them."""

    @ALL
    @pytest.mark.parametrize("width", [320, 390, 768])
    def test_fits_narrow_windows(
        self, new_page: NewPage, pages: dict[str, str], name: str, width: int
    ) -> None:
        """Nothing is wider than a phone: only tables scroll sideways, in their own box."""
        page = new_page(viewport={"width": width, "height": 800})
        page.goto(pages[name])
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    @ALL
    @pytest.mark.parametrize("look", ["light", "dark", "paper"])
    def test_is_legible(
        self, new_page: NewPage, pages: dict[str, str], name: str, look: Any
    ) -> None:
        """Every text has the contrast that WCAG asks for at level AA."""
        page = new_page(viewport=_DESK, color_scheme="dark" if look == "dark" else "light")
        if look == "paper":
            page.emulate_media(media="print")
        page.goto(pages[name])
        page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
        ratio, text = page.evaluate(_CONTRAST)
        assert 4.5 <= ratio < 99, text
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", dark)[:3])) < 200) is (look == "dark")

    @ALL
    def test_asks_for_nothing(self, new_page: NewPage, pages: dict[str, str], name: str) -> None:
        """Nothing is fetched: the page is all there is."""
        page = new_page(viewport=_DESK)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(pages[name])
        page.wait_for_load_state("networkidle")
        assert [url for url in asked if not url.startswith("data:")] == [pages[name]]

    @ALL
    def test_runs_nothing_else(
        self, new_page: NewPage, complaints: Complaints, pages: dict[str, str], name: str
    ) -> None:
        """Its policy stops scripts, styles and pictures that came in some other way."""
        page = new_page(viewport=_DESK)
        page.goto(pages[name])
        assert not complaints.heard  # its own are allowed
        page.evaluate("""() => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          document.body.insertAdjacentHTML("beforeend",
            '<p id="styled" style="position: fixed" onclick="window.ran = true">x</p>' +
            '<img src="http://127.0.0.1:9/x.png" onerror="window.ran = true">');
          document.getElementById("styled").click();
        }""")
        assert page.evaluate("window.ran") is None
        assert page.locator("#styled").evaluate("it => getComputedStyle(it).position") == "static"
        assert sum("Content Security Policy" in line for line in complaints.heard) >= 3
        complaints.heard.clear()

    @ALL
    def test_prints(self, new_page: NewPage, pages: dict[str, str], name: str) -> None:
        """On paper, also without scripts."""
        page = new_page(viewport=_DESK, java_script_enabled=False)
        page.goto(pages[name])
        assert page.pdf(format="A4").startswith(b"%PDF-")


class TestQuestion:
    """Pages of questions."""

    def test_shows_the_crop_beside_the_picture(
        self, new_page: NewPage, pages: dict[str, str]
    ) -> None:
        """At first sight: both answers too; on a phone one below the other."""
        page = new_page(viewport=_DESK, reduced_motion="reduce")
        page.goto(pages["demo"])
        page.locator(".viewer").first.wait_for()
        picture, crop, answers = (
            page.locator(f".card:first-of-type {place}").first.bounding_box()
            for place in (".viewer", ".crop", ".verdicts")
        )
        assert picture
        assert crop
        assert answers
        assert picture["x"] + picture["width"] < crop["x"]
        assert crop["y"] + crop["height"] < answers["y"]
        assert answers["y"] + answers["height"] < _DESK["height"]
        words = page.locator(".verdicts").first.inner_text().split()
        assert {"focus", "Asked", "directly", "right,", "wrong,", "truth"} <= {*words}
        page.set_viewport_size({"width": 390, "height": 800})
        crop = page.locator(".crop").first.bounding_box()
        picture = page.locator(".viewer").first.bounding_box()
        assert crop
        assert picture
        assert picture["y"] + picture["height"] < crop["y"]

    def test_layers_are_switched(self, new_page: NewPage, pages: dict[str, str]) -> None:
        """By the boxes beside their names; what is drawn changes with each."""
        page = new_page(viewport=_DESK, reduced_motion="reduce")
        page.goto(pages["demo"])
        card = page.locator(".card").first
        canvas = card.locator(".viewer-canvas")
        card.locator(".look[data-ready]").wait_for()

        def drawn() -> bytes:
            page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
            uri: str = canvas.evaluate("it => it.toDataURL()")
            return uri.encode()

        seen = {drawn()}
        for switch in ("cells", "relevance", "boxes"):
            card.get_by_label(switch, exact=True).click()
            seen.add(drawn())
        assert len(seen) == 4

    def test_small_pictures_lead_to_their_boxes(
        self, new_page: NewPage, pages: dict[str, str]
    ) -> None:
        """By key, too; the beam goes along."""
        page = new_page(viewport=_DESK, reduced_motion="reduce")
        page.goto(pages["demo"])
        page.locator(".card").first.locator(".strip li").first.focus()
        assert page.locator(".viewer-zoomed").count() == 0
        before = page.locator(".beam path").first.get_attribute("d")
        page.keyboard.press("Enter")
        page.locator(".viewer-zoomed").wait_for()
        assert page.locator(".beam path").first.get_attribute("d") != before

    def test_beams_lead_to_what_was_shown(self, new_page: NewPage, pages: dict[str, str]) -> None:
        """From the part of the image to its crop; a picture that was composed has none."""
        page = new_page(viewport=_DESK, reduced_motion="reduce")
        page.goto(pages["demo"])
        page.locator(".beam").nth(1).wait_for(state="attached")
        for card, beams in ((0, 1), (1, 1), (2, 0)):
            shown = page.locator(".card").nth(card)
            assert shown.locator(".crop").count() == 1
            assert shown.locator(".beam").count() == beams
        points = page.locator(".beam path").first.get_attribute("d") or ""
        hero, crop = (page.locator(it).first.bounding_box() for it in (".hero", ".crop"))
        assert hero
        assert crop
        corner = points.split("L")[1].split(",")
        assert float(corner[0]) == pytest.approx(crop["x"] - hero["x"], abs=1)
        assert float(corner[1]) == pytest.approx(crop["y"] - hero["y"], abs=1)

    def test_is_read_without_scripts(self, new_page: NewPage, pages: dict[str, str]) -> None:
        """The picture, the map, the boxes and the crops are there, and the switches work."""
        page = new_page(viewport=_DESK, java_script_enabled=False)
        page.goto(pages["demo"])
        card = page.locator(".card").first
        assert card.locator(".scene").is_visible()
        assert card.locator(".crop").first.is_visible()
        heatmap = card.locator(".heatmap")
        assert heatmap.is_visible()
        card.get_by_label("relevance").click()
        assert not heatmap.is_visible()
        card.get_by_label("boxes", exact=True).click()
        assert not card.locator("rect.chosen").is_visible()
        assert not card.get_by_label("cells").is_visible()

    def test_is_whole_on_paper(self, new_page: NewPage, pages: dict[str, str]) -> None:
        """However far the viewer was zoomed in, paper shows the whole picture and its boxes."""
        page = new_page(viewport=_DESK, reduced_motion="reduce")
        page.goto(pages["demo"])
        page.locator(".strip li").first.press("Enter")
        page.locator(".viewer-zoomed").wait_for()
        page.emulate_media(media="print")
        card = page.locator(".card").first
        assert card.locator(".scene").is_visible()
        assert card.locator("rect.chosen").is_visible()
        assert not card.locator(".viewer").is_visible()
        assert card.locator(".switches label:visible").count() == 0

    def test_pictures_are_told(self, new_page: NewPage, pages: dict[str, str]) -> None:
        """Each has a name, and the viewer a list of its boxes."""
        page = new_page(viewport=_DESK)
        page.goto(pages["question"])
        page.locator(".viewer").first.wait_for()
        chosen = page.locator(".viewer-list").first.get_by_text("chosen: ")
        chosen.first.wait_for(state="attached")  # once the picture is loaded
        unnamed = page.locator("svg:not([aria-label]):not([aria-hidden]), img:not([alt])")
        assert unnamed.count() == 0


def test_pictures_are_embedded_once() -> None:
    """A large one at 1920 pixels, and the deciding crop in its own, for all cards together."""
    image = Image.open(np.random.default_rng(1).integers(0, 9, (1500, 4000, 3), dtype=np.uint8))
    target, box = Target("mug"), Box(900, 700, 1300, 1000)
    finding = Finding(target, box, confidence=0.9)
    found = Answer(
        "red",
        findings=(finding,),
        shown=(View(image, box),),
        evidence=(Evidence(target, (finding, Finding(target, Box(0, 0, 80, 60), confidence=-1))),),
    )
    card = Card(Question("What colour is the mug?", image), found, "focus", "focus")
    page = render_cards([card, card], title="?")
    uris = re.findall(r'href="data:image/jpeg;base64,([^"]*)"', page)
    sizes = [PIL.Image.open(BytesIO(base64.b64decode(uri))).size for uri in uris]
    assert sorted(sizes) == [(80, 60), (400, 300), (1920, 720)]
    assert len(re.findall("data:image", page)) == 3


def test_fine_maps_are_pooled() -> None:
    """A page does not grow with the cells of a map; the mean of the scores stays."""
    from visualcrop import Grid, RelevanceMap
    from visualcrop.report.question_page import _map

    scores = np.random.default_rng(1).random((700, 900))
    found = _map(RelevanceMap(Grid.even(700, 900, Box(0, 0, 90, 70)), scores))
    assert found["rows"] * found["columns"] == len(found["scores"]) <= 256 * 256
    assert len(found["xs"]) == found["columns"] + 1
    assert np.mean(found["scores"]) == pytest.approx(scores.mean(), rel=0.01)
