"""A server that really listens, on a free port of this machine."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from io import BytesIO
from typing import Any

import attrs
import httpx
import openai
import uvicorn
from openai import BaseModel

from tests.support.waiting import join
from visualcrop import Image, VisualSearch
from visualcrop.testing import Scene
from visualcrop_serve.running import make_server, open_socket
from visualcrop_serve.service import Service
from visualcrop_serve.settings import Settings

QUESTION = "What colour is the mug?"


@cache
def toy() -> VisualSearch:
    """The toy model, opened once."""
    return VisualSearch.open("toy")


@cache
def drawn(seed: int = 43) -> bytes:
    """A scene as a file."""
    return encode_png(Scene.draw(seed).image)


@cache
def drawn_url(seed: int = 43) -> str:
    """The same scene as a data URL."""
    return data_url(drawn(seed))


def encode_png(image: Image) -> bytes:
    """The picture as a file."""
    encoded = BytesIO()
    image.picture.save(encoded, "PNG")
    return encoded.getvalue()


def data_url(encoded: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(encoded).decode()}"


def user(text: str, *urls: str) -> Any:
    """A turn of the user with pictures before its text."""
    pictures = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return {"role": "user", "content": [*pictures, {"type": "text", "text": text}]}


def own(reply: BaseModel) -> dict[str, Any]:
    """The object `visualcrop` of a reply, which the client passes on as it is."""
    found: dict[str, Any] = (reply.model_extra or {})["visualcrop"]
    return found


@attrs.frozen
class Live:
    """A server that listens."""

    url: str
    service: Service
    server: uvicorn.Server
    thread: threading.Thread
    _client: openai.OpenAI = attrs.field(repr=False)

    def metrics(self) -> dict[str, float]:
        """What `/metrics` counts, by name and labels."""
        lines = httpx.get(f"{self.url}/metrics").text.splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    @contextmanager
    def stalled(self) -> Iterator[Callable[[], None]]:
        """The model answers nobody within the block, or until what it yields is called."""
        lock = self.service.search.model._lock  # type: ignore[attr-defined]
        lock.acquire()
        left = [lock.release]

        def go_on() -> None:
            while left:
                left.pop()()

        try:
            yield go_on
        finally:
            go_on()

    def client(self, **options: Any) -> openai.OpenAI:
        """A client whose connections end with the server's block; it asks once."""
        return self._client.with_options(**options) if options else self._client


@contextmanager
def serving(search: VisualSearch, **settings: Any) -> Iterator[Live]:
    """A server in a thread, until the end of the block."""
    listening = open_socket("127.0.0.1", 0)
    server = make_server(search, Settings(**{"name": "toy", **settings}), drain=60)
    started = threading.Event()
    thread = threading.Thread(target=partial(server.run, sockets=[listening]), daemon=True)
    on_tick = server.on_tick

    async def tick(counter: int) -> bool:
        started.set()
        return await on_tick(counter)

    server.on_tick = tick  # type: ignore[method-assign]
    thread.start()
    try:
        started.wait()
        port = listening.getsockname()[1]
        service = server.config.app.state.service  # type: ignore[union-attr]
        url = f"http://127.0.0.1:{port}"
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            yield Live(url, service, server, thread, client)
    finally:
        server.should_exit = True
        join([thread])
