"""
Film the lens: `docs/images/lens.png`, and a short animation, `docs/images/lens.webp`.
And `docs/images/lens-compare.png`, two searches side by side.

It starts a server of its own with `tiny`, opens the page in Chromium, asks about a scene, and takes
screenshots of what really happens. The model waits before each call until it is filmed, and the
page's clock goes on from frame to frame: a slow machine makes the same film. Seconds are left out,
which would be those of the filming.
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode

import attrs
import PIL.Image
from playwright.sync_api import Browser, Page, sync_playwright

from visualcrop import Prompt, VisualSearch
from visualcrop.models.engine.wrappers import ModelWrapper
from visualcrop_serve.running import make_server, open_socket
from visualcrop_serve.settings import Settings

FOLDER = Path(__file__).parent.parent / "docs" / "images"
SCENE = "harbour"
# Of another scene: FOCUS with its own map, and with a random one.
COMPARED = "market-street", ("focus", "focus(relevance=random)")
WIDTH, HEIGHT = 1280, 800
FILM_WIDTH = 880  # pixels
FIRST, LAST = 1200, 3500  # milliseconds of the first and the last frame
SETTLED = 400  # until the page has drawn what a call of the model changed
MOST_PICTURE, MOST_FILM = 300_000, 1_500_000  # bytes
QUALITIES = (80, 70, 60, 50, 40, 30)
Frame: TypeAlias = tuple[PIL.Image.Image, int]  # with the milliseconds that it lasts


@attrs.define(eq=False)
class Held(ModelWrapper):
    """A model each of whose calls waits until it is let go on."""

    wants: threading.Semaphore = attrs.field(factory=lambda: threading.Semaphore(0), init=False)
    may: threading.Semaphore = attrs.field(factory=lambda: threading.Semaphore(0), init=False)

    def _call(
        self,
        kind: Hashable,
        prompts: Sequence[Prompt],
        run: Callable[[Sequence[Prompt]], Sequence[Any]],
    ) -> Sequence[Any]:
        self.wants.release()
        self.may.acquire()
        return run(prompts)


def main() -> int:
    """Write the files; 1 if one of them is too large."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    tiny = VisualSearch.open("tiny")
    held = Held(tiny.model)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="dark")
        page.set_default_timeout(180_000)
        with serve(VisualSearch(held, tiny.searcher)) as url:
            frames = film(page, url, held)
        with serve(tiny) as url:
            comparison = write_still(compare(browser, url), "lens-compare.png")
        browser.close()
    still = write_still(frames[-1][0], "lens.png")
    moving = write_film(frames)
    sizes = {path: path.stat().st_size for path in (still, comparison, moving)}
    print("; ".join(f"{path}: {size:,} bytes" for path, size in sizes.items()))
    most = {still: MOST_PICTURE, comparison: MOST_PICTURE, moving: MOST_FILM}
    return int(any(size > most[path] for path, size in sizes.items()))


@contextmanager
def serve(search: VisualSearch) -> Iterator[str]:
    """A server on a free port, until the end of the block."""
    listening = open_socket("127.0.0.1", 0)
    server = make_server(search, Settings(name="tiny"), drain=5)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def film(page: Page, url: str, held: Held) -> list[Frame]:
    """Frames from the question to the crop."""
    page.goto(url)
    page.wait_for_selector("body[data-ready]")
    page.wait_for_load_state("networkidle")
    page.clock.install()
    page.click(f'#scenes button:has(img[src="/lens/scenes/{SCENE}/thumbnail"])')
    page.wait_for_selector("body[data-state=picture]:not(.loading)")
    page.evaluate("document.activeElement.blur()")
    frames = [*shoot(page, 1, FIRST)]
    page.click("#go")
    while held.wants.acquire(timeout=20):  # no more calls: the answer is on its way
        page.wait_for_timeout(SETTLED)
        has_map = bool(page.locator(".stages li").count() > 1)
        frames += shoot(page, 9 if has_map else 3, 120)
        held.may.release()
    page.wait_for_selector("#take:not([hidden])")
    page.evaluate("document.activeElement.blur()")
    frames += shoot(page, 10, 80)
    return [*frames, *shoot(page, 1, LAST)]


def compare(browser: Browser, url: str) -> PIL.Image.Image:
    """What is seen when both searchers have answered the scene's first question."""
    name, searchers = COMPARED
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce")
    page.set_default_timeout(180_000)
    scenes = {each["name"]: each for each in page.request.get(f"{url}/lens/scenes").json()}
    asked = scenes[name]["questions"][0]
    link = [("scene", name), ("q", asked["text"]), *(("c", choice) for choice in asked["choices"])]
    link += [pair for spec in searchers for pair in (("s", spec), ("passes", ""))]
    page.goto(f"{url}/#{urlencode(link)}")
    page.wait_for_selector("body[data-state=picture]:not(.loading)")
    page.click("#go")
    page.wait_for_selector("#take:not([hidden])")
    page.wait_for_timeout(SETTLED)
    page.evaluate("document.activeElement.blur()")
    return PIL.Image.open(BytesIO(page.screenshot())).convert("RGB")


def shoot(page: Page, count: int, lasts: int) -> Iterator[Frame]:
    """So many frames of what is seen, between which the page's time goes on."""
    for _ in range(count):
        page.evaluate(
            """() => {
              for (const { lastChild: last } of document.querySelectorAll(".verdict .meta"))
                if (last) last.textContent = last.textContent.replace(/ · [\\d.]+ s$/, "");
            }"""
        )
        yield PIL.Image.open(BytesIO(page.screenshot())).convert("RGB"), lasts
        page.clock.run_for(lasts)
        page.evaluate(
            """(passed) => {
              for (const each of document.getAnimations()) {
                each.pause();
                each.currentTime = (each.currentTime ?? 0) + passed;
                const { endTime } = each.effect.getComputedTiming();
                if (each.currentTime >= endTime) each.finish();
              }
            }""",
            lasts,
        )


def write_still(picture: PIL.Image.Image, name: str) -> Path:
    """In 256 colours, which a drawn page hardly needs more than."""
    path = FOLDER / name
    picture.quantize(256, dither=PIL.Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    return path


def write_film(frames: list[Frame]) -> Path:
    """As WebP, in the best quality that is small enough."""
    path, height = FOLDER / "lens.webp", round(HEIGHT * FILM_WIDTH / WIDTH)
    pictures: list[Any] = [each.resize((FILM_WIDTH, height)) for each, _ in frames]
    times = [lasts for _, lasts in frames]
    for quality in QUALITIES:
        options: dict[str, Any] = {"duration": times, "loop": 0, "quality": quality, "method": 4}
        pictures[0].save(path, save_all=True, append_images=pictures[1:], **options)
        if path.stat().st_size <= MOST_FILM:
            break
    return path


if __name__ == "__main__":
    sys.exit(main())
