"""MCP tools of known models, served over HTTP on loopback or on standard input."""

from __future__ import annotations

import base64
import functools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import anyio
import attrs
from mcp.shared.dispatcher import ProgressFnT
from starlette.applications import Starlette

from tests.support.waiting import join, until
from visualcrop import Answer, BudgetedModel, Prompt, Question, Sample, View, VisualSearch
from visualcrop.plugin import Searcher
from visualcrop.testing import Scene
from visualcrop_serve.mcp_loading import LazyService
from visualcrop_serve.mcp_server import serve_stdio
from visualcrop_serve.running import open_socket, serve_app
from visualcrop_serve.service import Service
from visualcrop_serve.settings import Settings, list_names
from visualcrop_tiny import Shapes


@functools.cache
def samples() -> list[Sample]:
    """Questions that `tiny-shapes` can answer, about pictures of 1K."""
    read = Shapes(count=4, about="attribute", size="1k").read()
    return [sample for sample in read if isinstance(sample, Sample)]


@functools.cache
def encoded(index: int) -> str:
    """The picture of a sample, as base64 of a PNG."""
    return base64_of(samples()[index].source.open().picture)


@functools.cache
def scene() -> str:
    """A picture that `toy` knows, with a green mug, as base64 of a PNG."""
    return base64_of(Scene.draw(43).image.picture)


def base64_of(picture: object, kind: str = "PNG") -> str:
    """A PIL picture as a client would send it."""
    held = BytesIO()
    picture.save(held, kind)  # type: ignore[attr-defined]
    return base64.b64encode(held.getvalue()).decode()


@attrs.frozen
class Patient(Searcher):
    """Asks about the picture until it is stopped if the question is `for ever`; else as direct."""

    name = "patient"

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        whole = View.whole(question.image)
        prompts = [Prompt((whole, question.text))]
        while question.text == "for ever":
            model.at("waiting").generate(prompts)
        (said,) = model.at("answer").generate(prompts)
        return Answer(said.text, shown=(whole,))


@attrs.frozen
class Chatty(Searcher):
    """Prints to standard output in every way, as libraries do."""

    name = "chatty"

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        print("printed by a searcher")  # noqa: T201 - what it is for
        os.write(1, b"written by a searcher\n")
        subprocess.run([sys.executable, "-c", "print('printed by a child')"], check=True)
        return Answer("said", shown=(View.whole(question.image),))


def lazily(
    model: str, searcher: str | Searcher = "focus", **limits: int
) -> tuple[Settings, LazyService]:
    """
    Settings, and a service with a model and a searcher, which is not loaded yet.

    The searcher is given as a spec or as itself.
    """
    named = searcher if isinstance(searcher, str) else "direct"
    settings = Settings(name=model, searchers=(named,), names=list_names("127.0.0.1", ""), **limits)  # type: ignore[arg-type]

    def open_service() -> Service:
        service = Service(VisualSearch.open(model), settings)
        if not isinstance(searcher, str):
            service.searchers.default = service.search.with_searcher(searcher)
        return service

    return settings, LazyService(open_service)


def patiently(**limits: int) -> tuple[Settings, LazyService]:
    """One search at a time, by a `Patient` that no budget stops."""
    return lazily("toy", Patient(), concurrency=1, max_passes=10**9, max_seconds=10**6, **limits)


def hear_running() -> tuple[anyio.Event, ProgressFnT]:
    """An event that is set once a `Patient` runs `for ever`, and the progress callback for it."""
    running = anyio.Event()

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        if message and message.startswith("waiting"):  # not while its model is being loaded
            running.set()

    return running, hear


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """The address of the tools of *app* while it is served over HTTP, in a thread."""
    listening = open_socket("127.0.0.1", 0)
    server = serve_app(app, drain=30)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    until(lambda: server.started or not thread.is_alive())
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
    finally:
        server.should_exit = True
        join([thread])


if __name__ == "__main__":
    print("printed before it serves")  # noqa: T201 - what it is for
    chatty = lazily("toy", Chatty(), concurrency=1)
    anyio.run(serve_stdio, *{"patient": patiently(), "chatty": chatty}[sys.argv[1]])
