"""
Film the lens: `docs/images/lens.png`, and a short animation, `docs/images/lens.webp`.

It starts a server of its own with `tiny`, opens the page in Chromium, asks about a scene, and takes
screenshots of what really happens. Each frame stands for as long as it lasted, within limits.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import PIL.Image
from playwright.sync_api import Page, sync_playwright

from visualcrop import VisualSearch
from visualcrop_serve.running import make_server, open_socket
from visualcrop_serve.settings import Settings

FOLDER = Path(__file__).parent.parent / "docs" / "images"
SCENE, SCHEME = "bolt", "dark"
SIZE = {"width": 1280, "height": 800}
FILM_WIDTH = 880  # pixels
SHORTEST, LONGEST, LAST = 60, 420, 3500  # milliseconds of a frame
MOST_PICTURE, MOST_FILM = 300_000, 1_500_000  # bytes
QUALITIES = (80, 70, 60, 50, 40, 30)


def main() -> int:
    """Write both files; 1 if one of them is too large."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with serve() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=SIZE, color_scheme=SCHEME)
        page.set_default_timeout(180_000)
        frames = film(page, url)
        browser.close()
    still = write_still(frames[-1][0])
    moving = write_film(frames)
    print(f"{still}: {still.stat().st_size:,} bytes; {moving}: {moving.stat().st_size:,} bytes")
    return int(still.stat().st_size > MOST_PICTURE or moving.stat().st_size > MOST_FILM)


@contextmanager
def serve() -> Iterator[str]:
    """A server on a free port, until the end of the block."""
    listening = open_socket("127.0.0.1", 0)
    search = VisualSearch.open("tiny")
    server = make_server(search, Settings(name="tiny"), drain=5)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def film(page: Page, url: str) -> list[tuple[PIL.Image.Image, float]]:
    """Frames, each with the moment at which it was taken, from the question to the crop."""
    page.goto(url)
    page.wait_for_selector("body[data-ready]")
    page.wait_for_load_state("networkidle")
    page.click(f'#scenes button:has(img[src="/lens/scenes/{SCENE}/thumbnail"])')
    page.wait_for_selector("body[data-state=picture]:not(.loading)")
    page.evaluate("document.activeElement.blur()")
    frames = [shoot(page)]
    page.click("#go")
    done, left = False, 12  # frames after the answer: the crop grows
    while left:
        frames.append(shoot(page))
        done = done or page.is_visible("#take")
        left -= done
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(1500)
    frames.append(shoot(page))
    return frames


def shoot(page: Page) -> tuple[PIL.Image.Image, float]:
    """What is seen now."""
    taken = time.monotonic()
    return PIL.Image.open(BytesIO(page.screenshot())).convert("RGB"), taken


def write_still(picture: PIL.Image.Image) -> Path:
    """The last frame, in 256 colours, which a drawn page hardly needs more than."""
    path = FOLDER / "lens.png"
    picture.quantize(256, dither=PIL.Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    return path


def write_film(frames: list[tuple[PIL.Image.Image, float]]) -> Path:
    """As WebP, in the best quality that is small enough."""
    path, height = FOLDER / "lens.webp", round(SIZE["height"] * FILM_WIDTH / SIZE["width"])
    pictures: list[Any] = [each.resize((FILM_WIDTH, height)) for each, _ in frames]
    moments = [moment for _, moment in frames]
    lasted = [1000 * (after - at) for at, after in pairwise(moments)]
    times = [1200, *(round(min(LONGEST, max(SHORTEST, each))) for each in lasted[1:]), LAST]
    for quality in QUALITIES:
        options: dict[str, Any] = {"duration": times, "loop": 0, "quality": quality, "method": 4}
        pictures[0].save(path, save_all=True, append_images=pictures[1:], **options)
        if path.stat().st_size <= MOST_FILM:
            break
    return path


if __name__ == "__main__":
    sys.exit(main())
