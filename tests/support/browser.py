"""Debian's Chromium, driven by Playwright: pages are opened as a reader opens them."""

from __future__ import annotations

import mimetypes
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_PATIENCE = 120_000  # milliseconds: the machine may be busy

# Opens a page; the arguments are those of Playwright's `new_context`.
NewPage: TypeAlias = "Callable[..., Page]"


@attrs.frozen
class Complaints:
    """What went wrong in a browser's pages: errors, and what their policy forbade."""

    heard: list[str] = attrs.field(factory=list)

    def listen(self, page: Page) -> None:
        """Note errors of the console, of scripts, and requests that leave the machine."""
        page.on("console", lambda line: self._note(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: self._note(str(error)))

    def _note(self, text: str) -> None:
        self.heard.append(text)


@pytest.fixture(scope="module")  # Playwright keeps an event loop running, which others want
def chromium() -> Iterator[Browser]:
    """The browser; tests that want it are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> Complaints:
    """What the pages of this test complained about; a test that expects some clears it."""
    return Complaints()


@pytest.fixture
def new_page(chromium: Browser, complaints: Complaints) -> Iterator[NewPage]:
    """Open pages, each in a context of its own; at the end none may have complained."""
    contexts = []

    def open_page(**options: Any) -> Page:
        context = chromium.new_context(**options)
        context.set_default_timeout(_PATIENCE)
        contexts.append(context)
        page = context.new_page()
        complaints.listen(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints.heard


def serve_folder(page: Page, folder: Path, origin: str) -> None:
    """Answer the page's requests to *origin* from a folder, without a server."""

    def answer(route: Route) -> None:
        path = folder / route.request.url.removeprefix(origin).lstrip("/")
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        kind = "text/javascript" if path.suffix == ".js" else kind
        if path.is_file():
            route.fulfill(body=path.read_bytes(), content_type=kind)
        else:
            route.fulfill(status=404)

    page.route(f"{origin}/**", answer)
