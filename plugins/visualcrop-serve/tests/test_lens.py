"""The lens, driven in Chromium against a server that listens."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import PIL.Image
import pytest

from tests.support.browser import Complaints, NewPage, chromium, complaints, new_page
from tests.support.serving import Live, serving
from tests.support.waiting import until
from visualcrop import Prompt, VisualSearch
from visualcrop.models.engine.wrappers import ModelWrapper
from visualcrop.plugin import Dataset, Registry

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

__all__ = ["chromium", "complaints", "new_page"]  # fixtures

QUESTION = "What digit is on the red plate?"
PLATE = "shapes(about=detail, count=1, size=2k, seed=5)"
DONE = "#take:not([hidden])"


@pytest.fixture(scope="module")
def tiny() -> VisualSearch:
    return VisualSearch.open("tiny-shapes")


@pytest.fixture(scope="module")
def live(tiny: VisualSearch) -> Iterator[Live]:
    with serving(tiny, name="tiny-shapes") as live:
        yield live


@pytest.fixture(scope="module")
def sample() -> Any:
    return next(iter(Registry.load().build(Dataset, PLATE)))


@pytest.fixture
def picture_file(sample: Any, tmp_path: Path) -> Path:
    """The plate as a picture of one's own."""
    path = tmp_path / "my plate.png"
    path.write_bytes(sample.source.read())
    return path


@attrs.mutable(eq=False, slots=False)  # Playwright notes its wrapper of `note` on it
class Lens:
    """An open page, and every request that it made."""

    page: Page
    url: str
    requests: list[Request] = attrs.field(factory=list)

    def note(self, request: Request) -> None:
        self.requests.append(request)

    def goto(self, fragment: str = "") -> None:
        self.page.goto(f"{self.url}/{fragment}")
        self.page.wait_for_selector("body[data-ready]")

    def choose(self, scene: str) -> None:
        """Take a scene, with its own question."""
        thumbnail = f'#scenes button:has(img[src="/lens/scenes/{scene}/thumbnail"])'
        self.page.click(thumbnail)
        self.page.wait_for_selector("body[data-state=picture]:not(.loading)")

    def look(self) -> None:
        self.page.click("#go")
        self.page.wait_for_selector(DONE)

    def said(self, which: str = "searched") -> list[str]:
        return self.page.locator(f".verdict.{which} .words").all_inner_texts()

    def boxes(self) -> list[dict[str, Any]]:
        """What the page took away as JSON says that was found."""
        found: list[dict[str, Any]] = self.json()["sides"][0]["result"]["boxes"]
        return found

    def json(self) -> Any:
        with self.page.expect_download() as download:
            self.page.click("#save-json")
        return json.loads(Path(download.value.path()).read_text("utf-8"))


@pytest.fixture
def open_lens(live: Live, new_page: NewPage) -> Iterator[Callable[..., Lens]]:
    """Open the lens; at the end, every request must have gone to its own server."""
    opened: list[Lens] = []

    def open_at(fragment: str = "", url: str = live.url, **options: Any) -> Lens:
        page = new_page(**{"viewport": {"width": 1280, "height": 800}, **options})
        lens = Lens(page, url)
        page.on("request", lens.note)
        opened.append(lens)
        lens.goto(fragment)
        return lens

    yield open_at
    for lens in opened:
        places = {request.url for request in lens.requests}
        assert places
        assert [u for u in places if not u.startswith((f"{lens.url}/", "blob:", "data:"))] == []


def test_a_scene_is_asked_about(
    open_lens: Callable[..., Lens], tiny: VisualSearch, sample: Any
) -> None:
    """From the welcome to the answer: stages in order, the map, and the boxes of `ask`."""
    lens = open_lens()
    lens.choose("plate")
    assert lens.page.input_value("#question") == QUESTION
    record_stages(lens.page)
    lens.look()
    answer = tiny.ask(sample.source.open(), sample.text, sample.choices)
    assert lens.said() == [sample.choices[answer.choice or 0]]
    direct = tiny.with_searcher("direct")
    plain = direct.ask(sample.source.open(), sample.text, sample.choices)
    assert lens.said("direct") == [sample.choices[plain.choice or 0]]
    assert lens.page.evaluate("seen") == ["relevance", "verification", "answer"]
    counts = lens.page.locator(".stages .count").all_inner_texts()
    assert [*map(int, counts)] == [*answer.passes.values()]
    (found,) = answer.findings
    (box,) = lens.boxes()
    assert box["pixels"] == [round(edge, 2) for edge in attrs.astuple(found.box)]
    assert box["confidence"] == pytest.approx(found.confidence, abs=1e-5)


def record_stages(page: Page) -> None:
    """Note each stage as it first appears in the page, be it ever so short."""
    page.evaluate(
        """() => {
          globalThis.seen = [];
          new MutationObserver(() => {
            for (const row of document.querySelectorAll("[data-stage]"))
              if (!seen.includes(row.dataset.stage)) seen.push(row.dataset.stage);
          }).observe(document.body, { childList: true, subtree: true });
        }"""
    )


def test_map_and_boxes_are_drawn_and_switched(open_lens: Callable[..., Lens]) -> None:
    """The pixels of the picture change with each switch, and come back."""
    lens = open_lens(reduced_motion="reduce")
    lens.choose("plate")
    lens.look()
    pixels = (
        "() => document.querySelector('.viewer-canvas').toDataURL()"  # of one state, always equal
    )

    def drawn() -> str:
        frames = "() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))"
        lens.page.evaluate(frames)
        found: str = lens.page.evaluate(pixels)
        return found

    both = drawn()
    lens.page.click("#map")
    boxes = drawn()
    lens.page.click("#boxes")
    neither = drawn()
    lens.page.click("#map")
    only_map = drawn()
    assert len({both, boxes, neither, only_map}) == 4
    lens.page.click("#boxes")
    assert drawn() == both


def test_the_crop_is_shown_near(open_lens: Callable[..., Lens]) -> None:
    """What was found, out of the picture's own pixels."""
    lens = open_lens()
    lens.choose("plate")
    lens.look()
    near = lens.page.locator(".near")
    assert near.is_visible()
    assert "red plate" in near.inner_text()
    colours = lens.page.evaluate(
        """() => {
          const canvas = document.querySelector(".near-picture");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let red = 0;
          for (let at = 0; at < data.length; at += 4)
            red += data[at] > 150 && data[at + 1] < 80 && data[at + 2] < 80;
          return red;
        }"""
    )
    assert colours > 100  # the plate


def test_two_searchers_side_by_side(open_lens: Callable[..., Lens]) -> None:
    """Each with options of its own; the two pictures move as one."""
    lens = open_lens(reduced_motion="reduce")
    lens.choose("plate")
    lens.page.click("#compare")
    second = lens.page.locator(".setting").nth(1)
    second.locator("summary").first.click()
    second.locator("select").first.select_option("focus")
    second.locator('[data-path="steps"]').fill("2")
    second.locator('[data-path="steps"]').press("Tab")
    lens.look()
    assert len(lens.said()) == 2
    sides = lens.json()["sides"]
    assert [side["spec"] for side in sides] == ["focus", "focus(steps=2)"]
    assert [side["result"]["passes"]["verification"] for side in sides] == [8, 2]
    lens.page.locator(".viewer-canvas").nth(1).focus()
    before = lens.page.inner_text("#zoom")
    lens.page.keyboard.press("+")
    lens.page.wait_for_function(
        "(was) => document.querySelector('#zoom').textContent != was", arg=before
    )
    pictures = lens.page.locator(".view").count()
    assert pictures == 2


def test_a_budget_is_kept(open_lens: Callable[..., Lens]) -> None:
    """The slider limits passes, the price says so, and the answer that it was used up."""
    lens = open_lens()
    lens.choose("plate")
    lens.page.click(".setting > summary")
    lens.page.locator(".budget input").fill("3")
    lens.page.wait_for_function(
        "() => document.querySelector('.cost').textContent.includes('4 passes')"
    )
    lens.look()
    result = lens.json()["sides"][0]["result"]
    assert result["exhausted"]
    assert sum(result["passes"].values()) == 4
    assert "budget used up" in lens.page.inner_text(".verdict.searched .meta")


def test_options_that_are_wrong_are_explained(
    open_lens: Callable[..., Lens], complaints: Complaints
) -> None:
    """In the form, in the server's own sentence."""
    lens = open_lens()
    lens.choose("plate")
    lens.page.click(".setting > summary")
    lens.page.locator('[data-path="t_type1"]').fill("7")
    lens.page.locator('[data-path="t_type1"]').press("Tab")
    lens.page.wait_for_selector(".problem-line:not(:empty)")
    assert "t_type1 must be from -1 to 1" in lens.page.inner_text(".problem-line")
    assert all("400" in each for each in complaints.heard)
    complaints.heard.clear()  # the browser's own remark on the refusal


def test_history_outlives_the_page(open_lens: Callable[..., Lens]) -> None:
    """A look is there after a reload, as it was, and without asking again."""
    lens = open_lens()
    lens.choose("plate")
    lens.look()
    said, boxes = lens.said(), lens.boxes()
    lens.goto("?again")
    before = asked(lens)
    lens.page.click("#open-history")
    lens.page.click(".past button")
    lens.page.wait_for_selector(DONE)
    assert (lens.said(), lens.boxes()) == (said, boxes)
    assert asked(lens) == before
    lens.page.click("#open-history")
    lens.page.click("#forget")
    lens.page.click("#open-history")
    lens.page.wait_for_selector(".past button", state="detached")


def test_history_keeps_the_newest(open_lens: Callable[..., Lens]) -> None:
    """Sixty looks, and no more."""
    lens = open_lens()
    times = lens.page.evaluate(
        """async () => {
          const { remember, recall } = await import("/assets/lens/history.js");
          for (let time = 0; time < 70; time++) await remember({ time });
          return (await recall()).map(({ time }) => time);
        }"""
    )
    assert times == [*range(69, 9, -1)]


def test_a_link_reproduces_a_look(open_lens: Callable[..., Lens]) -> None:
    """Scene, question, choices, searcher and budget: opened elsewhere, it finds the same."""
    first = open_lens()
    first.choose("plate")
    first.page.click(".setting > summary")
    first.page.locator('[data-path="steps"]').fill("5")
    first.page.locator('[data-path="steps"]').press("Tab")
    first.look()
    fragment = "#" + first.page.url.partition("#")[2]
    second = open_lens(fragment)
    second.page.wait_for_selector("#notice:not([hidden])")
    assert second.page.input_value("#question") == QUESTION
    assert asked(second) == 0  # not before the user does
    second.look()
    assert second.said() == first.said()
    one, other = (lens.json() for lens in (first, second))
    assert other["sides"][0]["spec"] == "focus(steps=5)"
    for found in (one, other):
        for answer in (*found["sides"], found["direct"]):
            del answer["result"]["seconds"]
        del found["time"]
    assert one == other


def asked(lens: Lens) -> int:
    """How often the page has asked the model."""
    return len([request for request in lens.requests if request.method == "POST"])


def test_a_link_compares(open_lens: Callable[..., Lens]) -> None:
    """Both searchers of a link are in the form."""
    lens = open_lens("#scene=plate&q=A+plate%3F&s=focus%28steps%3D2%29&passes=&s=direct&passes=")
    lens.page.wait_for_selector("#notice:not([hidden])")
    titles = lens.page.locator(".setting > summary b").all_inner_texts()
    assert titles == ["focus(steps=2)", "direct"]
    lens.look()
    assert len(lens.said()) == 2


def test_a_link_with_a_wrong_searcher_keeps_the_rest(
    open_lens: Callable[..., Lens], complaints: Complaints
) -> None:
    """Scene, question, and the searcher beside it; what is wrong is said."""
    lens = open_lens("#scene=plate&q=A+plate%3F&s=focsu&passes=&s=direct&passes=")
    lens.page.wait_for_selector("#problem:not([hidden])")
    assert "did you mean 'focus'" in lens.page.inner_text("#problem").lower()
    assert "plate" in lens.page.inner_text("#picture-name")
    assert lens.page.input_value("#question") == "A plate?"
    titles = lens.page.locator(".setting > summary b").all_inner_texts()
    assert titles == ["focus", "direct"]
    assert asked(lens) == 0
    complaints.heard.clear()  # the browser's own remark on the refusal


def test_a_link_to_a_picture_of_ones_own_asks_for_it(
    open_lens: Callable[..., Lens], picture_file: Path
) -> None:
    """It names the picture, which then is asked about; another one is remarked."""
    first = open_lens()
    first.page.set_input_files("#file", picture_file)
    first.page.wait_for_selector("body[data-state=picture]:not(.loading)")
    first.page.fill("#question", QUESTION)
    first.look()
    fragment = "#" + first.page.url.partition("#")[2]
    assert "scene" not in fragment
    second = open_lens(fragment)
    second.page.wait_for_selector("#notice:not([hidden])")
    assert "my plate.png (2,048 × 1,536)" in second.page.inner_text("#notice")
    second.page.set_input_files("#file", picture_file)
    second.page.wait_for_selector("#go:focus")
    assert asked(second) == 0
    second.look()
    assert second.said() == first.said()
    assert not second.page.is_visible("#notice")
    third = open_lens(fragment)
    other = picture_file.with_name("other.png")
    PIL.Image.open(picture_file).resize((512, 384)).save(other)
    third.page.set_input_files("#file", other)
    third.page.wait_for_selector("#go:focus")
    third.page.wait_for_selector("#notice:has-text('not the picture of the link')")
    third.look()
    assert third.said()


def test_what_is_taken_away(open_lens: Callable[..., Lens]) -> None:
    """JSON with all figures and its own link, and a PNG with the map's and the boxes' colours."""
    lens = open_lens()
    lens.choose("plate")
    lens.look()
    found = lens.json()
    assert (found["format"], found["version"]) == ("visualcrop-lens", 1)
    assert found["link"] == lens.page.url
    shown = found["sides"][0]["result"]["evidence"][0]["map"]
    assert len(shown["scores"]) == shown["rows"] * shown["columns"] > 0
    assert found["expected"] == "0"
    with lens.page.expect_download() as download:
        lens.page.click("#save-png")
    assert download.value.suggested_filename == "what-digit-is-on-the-red-plate.png"
    picture = PIL.Image.open(BytesIO(Path(download.value.path()).read_bytes()))
    assert picture.format == "PNG"
    assert picture.width == 1600
    colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 24) or []}
    assert (255, 197, 61) in colours  # the chosen box


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_picture_is_given(open_lens: Callable[..., Lens], picture_file: Path, way: str) -> None:
    """From the clipboard, or dropped anywhere on the page."""
    lens = open_lens()
    hand_over(lens.page, way, picture_file.read_bytes(), "my plate.png", "image/png")
    lens.page.wait_for_selector("body[data-state=picture]:not(.loading)")
    assert "my plate.png · 2,048 × 1,536" in lens.page.inner_text("#picture-name")
    lens.page.fill("#question", QUESTION)
    lens.look()
    assert len(lens.boxes()) == 1


def hand_over(page: Page, way: str, content: bytes, name: str, kind: str) -> None:
    """Let the page see a file in its clipboard, or dropped."""
    page.evaluate(
        """([way, content, name, type]) => {
          const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], name, { type }));
          const options = { bubbles: true, cancelable: true };
          const event = way === "paste"
            ? new ClipboardEvent("paste", { ...options, clipboardData: transfer })
            : new DragEvent("drop", { ...options, dataTransfer: transfer });
          document.body.dispatchEvent(event);
        }""",
        [way, base64.b64encode(content).decode(), name, kind],
    )


def test_a_file_that_is_no_picture_is_refused(open_lens: Callable[..., Lens]) -> None:
    """In a sentence that says what would do; the page goes on."""
    lens = open_lens()
    hand_over(lens.page, "drop", b"hello", "notes.txt", "text/plain")
    lens.page.wait_for_selector("#problem:not([hidden])")
    assert "notes.txt is no picture" in lens.page.inner_text("#problem")
    lens.choose("plate")
    assert not lens.page.is_visible("#problem")


def test_what_the_server_refuses_is_said(
    open_lens: Callable[..., Lens], complaints: Complaints
) -> None:
    """In its own words; the page can ask again."""
    lens = open_lens()
    lens.choose("plate")
    lens.page.evaluate("() => (document.querySelector('#question').maxLength = 99999)")
    lens.page.fill("#question", "plate " * 5000)
    lens.page.click("#go")
    lens.page.wait_for_selector("#problem:not([hidden])")
    assert "20,000" in lens.page.inner_text("#problem")
    lens.page.fill("#question", QUESTION)
    lens.look()
    assert not lens.page.is_visible("#problem")
    assert all("400" in each or "413" in each for each in complaints.heard)
    complaints.heard.clear()  # the browser's own remark on the refusal


@attrs.define(eq=False)
class Held(ModelWrapper):
    """A model whose calls, of one kind or of all, wait until they are let go on."""

    only: str = ""
    calls: int = attrs.field(default=0, init=False)
    wants: threading.Semaphore = attrs.field(factory=lambda: threading.Semaphore(0), init=False)
    may: threading.Semaphore = attrs.field(factory=lambda: threading.Semaphore(0), init=False)

    def _call(
        self,
        kind: Any,
        prompts: Sequence[Prompt],
        run: Callable[[Sequence[Prompt]], Sequence[Any]],
    ) -> Sequence[Any]:
        self.calls += 1
        if self.only in {"", kind[0]}:
            self.wants.release()
            assert self.may.acquire()
        return run(prompts)


def test_the_map_is_there_before_a_box_is_checked(
    open_lens: Callable[..., Lens], tiny: VisualSearch
) -> None:
    """What a search knows is shown while it looks on."""
    held = Held(tiny.model, only="choose")  # the checks
    with serving(VisualSearch(held, tiny.searcher), name="tiny-shapes") as live:
        lens = open_lens(url=live.url, reduced_motion="reduce")
        lens.choose("plate")
        lens.page.click("#compare")  # and back: nothing was asked yet
        lens.page.click("#compare")
        before = lens.page.evaluate("() => document.querySelector('.viewer-canvas').toDataURL()")
        lens.page.click("#go")
        assert held.wants.acquire()
        lens.page.wait_for_selector("[data-stage=verification].running")
        lens.page.wait_for_function(
            "(was) => document.querySelector('.viewer-canvas').toDataURL() !== was", arg=before
        )
        assert lens.said() == ["looking"]
        for _ in range(20):
            held.may.release()
        lens.page.wait_for_selector(DONE)
        assert lens.said() == ["0"]


def test_stopping_ends_the_search_at_the_server(
    open_lens: Callable[..., Lens], tiny: VisualSearch
) -> None:
    """What waits is never run, and what runs ends before its next pass."""
    held = Held(tiny.model)
    with serving(VisualSearch(held, tiny.searcher), name="tiny-shapes", concurrency=1) as live:
        lens = open_lens(url=live.url)
        lens.choose("plate")
        lens.page.click("#go")
        assert held.wants.acquire()
        lens.page.click("#cancel")
        lens.page.wait_for_selector("#go:not([hidden])")
        assert lens.page.inner_text(".verdict.searched .words") == "stopped"
        until(lambda: live.service.work.accepted <= 1)  # the question that waited, without a search
        for _ in range(20):
            held.may.release()
        until(lambda: not live.service.work.accepted)
    assert held.calls < 3  # of four: map, checks, answer, and the one without a search


def test_a_key_is_asked_for_and_kept_in_the_tab(
    open_lens: Callable[..., Lens], tiny: VisualSearch, complaints: Complaints, new_page: NewPage
) -> None:
    """A wrong one is asked for again."""
    with serving(tiny, name="tiny-shapes", api_key="sesame") as live:
        page = new_page()
        page.goto(live.url)
        for key in ("open", "sesame"):
            page.wait_for_selector("#key[open]")
            page.fill("#key-text", key)
            page.click("#key-form .primary")
        page.wait_for_selector("body[data-ready]")
        lens = Lens(page, live.url)
        lens.choose("plate")
        lens.look()
        assert lens.said() == ["0"]
        page.reload()
        page.wait_for_selector("body[data-ready]")
        assert not page.is_visible("#key")
        page.close()  # while its server is there
    assert all("401" in each for each in complaints.heard)
    complaints.heard.clear()


def test_a_key_does_not_let_a_link_ask(
    tiny: VisualSearch, complaints: Complaints, new_page: NewPage
) -> None:
    """Whoever gives the key has not asked the link's question."""
    with serving(tiny, name="tiny-shapes", api_key="sesame") as live:
        lens = Lens(new_page(), live.url)
        lens.page.on("request", lens.note)
        lens.page.goto(f"{live.url}/#scene=plate&q=A+plate%3F")
        lens.page.fill("#key-text", "sesame")
        lens.page.click("#key-form .primary")
        lens.page.wait_for_selector("#notice:not([hidden])")
        assert lens.page.is_visible("#go")
        assert asked(lens) == 0
        lens.page.close()  # while its server is there
    assert all("401" in each for each in complaints.heard)
    complaints.heard.clear()


def test_a_phone_scrolls_down_only(open_lens: Callable[..., Lens]) -> None:
    """Nothing is wider than the screen, before and after a look."""
    phone = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
    lens = open_lens(**phone)
    sideways = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert lens.page.evaluate(sideways) == 0
    lens.choose("plate")
    lens.page.click(".setting > summary")
    lens.look()
    assert lens.page.evaluate(sideways) == 0
    small = lens.page.evaluate(
        """() => [...document.querySelectorAll("button, summary, select")]
          .filter((each) => each.checkVisibility() && !each.matches(".setting-body *, .bar select"))
          .filter((each) => each.getBoundingClientRect().height < 40)
          .map((each) => each.outerHTML)"""
    )
    assert small == []


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1400, 700)])
def test_answers_are_in_sight(open_lens: Callable[..., Lens], width: int, height: int) -> None:
    """However small the screen is, and however long the open options are."""
    lens = open_lens(viewport={"width": width, "height": height})
    lens.choose("plate")
    lens.page.click(".setting > summary")
    lens.look()
    cards = lens.page.locator(".verdicts")
    box = cards.bounding_box()
    assert box is not None
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= height


def test_the_keyboard_is_enough(open_lens: Callable[..., Lens]) -> None:
    """From the first scene to the zoom on what was found, with keys alone."""
    lens = open_lens(reduced_motion="reduce")
    keys = lens.page.keyboard

    def tab_to(selector: str) -> None:
        for _ in range(60):
            if lens.page.evaluate("(s) => document.activeElement?.matches(s)", selector):
                return
            keys.press("Tab")
        raise AssertionError(f"Tab does not lead to {selector}.")

    tab_to("#scenes li:nth-child(3) button")
    keys.press("Enter")
    lens.page.wait_for_selector("body[data-state=picture]:not(.loading)")
    lens.page.wait_for_function("() => document.activeElement?.id === 'go'")
    keys.press("Enter")
    lens.page.wait_for_selector(DONE)
    live_region = lens.page.inner_text("#live")
    assert "focus answers 0, in 10 passes; found: red plate 1.00." in live_region
    assert "Without a search: 4." in live_region
    tab_to(".viewer-canvas")
    before = lens.page.inner_text("#zoom")
    keys.press("f")
    lens.page.wait_for_function(
        "(was) => document.querySelector('#zoom').textContent != was", arg=before
    )
    keys.press("m")
    assert lens.page.get_attribute("#map", "aria-pressed") == "false"
    keys.press("Shift+Tab")
    tab_to("#question")
    keys.press("Control+a")
    keys.type("Is there a red plate?")
    keys.press("Enter")
    lens.page.wait_for_function(
        "() => document.querySelector('.verdict.searched')?.dataset.state === 'running'"
        " || document.querySelector('#live').textContent.includes('answers')"
    )
    lens.page.wait_for_selector(DONE)


CONTRAST = """() => {
  const channel = (value) =>
    (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.7) return colour;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const poor = [];
  let checked = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const words = texts.currentNode.textContent.trim();
    const left = ":disabled, .unseen, .skip, .near, .viewer-list, option, noscript";
    if (!words || !element.checkVisibility() || element.closest(left)) continue;
    checked++;
    const colours = [parse(getComputedStyle(element).color), behind(element)];
    const [one, other] = colours.map(light);
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) poor.push(`${words}: ${ratio.toFixed(2)}`);
  }
  return { checked, poor };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(open_lens: Callable[..., Lens], scheme: str) -> None:
    """Every text stands out from what is behind it by 4.5 to 1, in both schemes."""
    lens = open_lens(color_scheme=scheme, reduced_motion="reduce")
    first = lens.page.evaluate(CONTRAST)
    assert (first["poor"], first["checked"] > 20) == ([], True)
    lens.choose("plate")
    lens.page.click(".setting > summary")
    lens.look()
    then = lens.page.evaluate(CONTRAST)
    assert (then["poor"], then["checked"] > 40) == ([], True)


def test_the_policy_forbids_what_is_slipped_in(
    open_lens: Callable[..., Lens], complaints: Complaints
) -> None:
    """A script in a question stays text, and one in the page would not run."""
    lens = open_lens()
    lens.choose("plate")
    lens.page.fill("#question", "<img src=x onerror='document.title = 1'>")
    lens.look()
    assert lens.page.title() == "visualcrop lens"
    lens.page.click("#open-history")
    assert "<img" in lens.page.inner_text(".past b")
    assert complaints.heard == []
    with pytest.raises(Exception, match="TrustedHTML"):
        lens.page.evaluate("() => (document.body.innerHTML = '<b>')")
    complaints.heard.clear()


def test_a_stream_is_read_wherever_it_is_cut(open_lens: Callable[..., Lens]) -> None:
    """Comments, data and ends of lines of all kinds, with every cut, also within a letter."""
    lens = open_lens()
    whole, cut = lens.page.evaluate(
        """async () => {
          const { EventReader } = await import("/assets/lens/stream.js");
          const text = ': visualcrop {"a": 1}\\n\\ndata: {"c": "näh"}\\r\\n\\r\\n' +
            ':\\rdata: x\\rdata:y\\n\\nevent: z\\ndata\\n\\ndata: [DONE]\\n\\n: last';
          const bytes = new TextEncoder().encode(text);
          const read = (...parts) => {
            const reader = new EventReader();
            return JSON.stringify([...parts.flatMap((part) => reader.feed(part)), ...reader.end()]);
          };
          const cuts = new Set();
          for (let at = 0; at <= bytes.length; at++)
            cuts.add(read(bytes.slice(0, at), bytes.slice(at)));
          cuts.add(read(...Array.from(bytes, (byte) => Uint8Array.of(byte))));
          return [JSON.parse(read(bytes)), cuts.size];
        }"""
    )
    assert whole == [
        {"comment": 'visualcrop {"a": 1}'},
        {"data": '{"c": "näh"}'},
        {"comment": ""},
        {"data": "x\ny"},
        {"data": ""},
        {"data": "[DONE]"},
        {"comment": "last"},
    ]
    assert cut == 1
