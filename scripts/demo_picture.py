"""Draws docs/demo.jpg: the last question of `visualcrop demo` on its page, as Chromium shows it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

import PIL.Image

PLACE = Path(__file__).parents[1] / "docs" / "demo.jpg"
WIDTH, HEIGHT = 1180, 890  # CSS pixels that are shown
MARGIN = 16  # CSS pixels above the question
SCALE = 1.5  # pixels of the picture for each


def draw_demo() -> None:
    """Ask the demo's questions, open their page, and keep what is seen of the last."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("There is no chromium to open the page with; install it.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        command = ["visualcrop", "demo", "-m", "tiny", "--out", folder]
        subprocess.run([sys.executable, "-m", *command], check=True)  # noqa: S603 - our own words
        browser = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT},
            device_scale_factor=SCALE,
            reduced_motion="reduce",
        )
        page.goto((Path(folder) / "index.html").as_uri())
        page.locator(".look[data-ready]").wait_for()
        page.locator(".card").last.evaluate(f"card => scrollTo(0, card.offsetTop - {MARGIN})")
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 200)))")
        seen = PIL.Image.open(BytesIO(page.screenshot()))
        seen.convert("RGB").save(PLACE, quality=84, optimize=True, progressive=True)
        browser.close()


if __name__ == "__main__":
    draw_demo()
    print(f"{PLACE.relative_to(PLACE.parents[1])} written")
