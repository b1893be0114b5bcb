"""`visualcrop mcp`: the tools for agents, from the command line."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .commands import (
    Bytes,
    Concurrency,
    Hosts,
    ModelSpec,
    Passes,
    Pixels,
    Queue,
    Seconds,
    ServerNames,
)

if TYPE_CHECKING:
    from .mcp_loading import LazyService
    from .service import Service
    from .settings import Settings

SearcherSpec = Annotated[
    str | None,
    typer.Option(
        "-s",
        "--searcher",
        help="Spec of the searcher. [default: focus]",
    ),
]
Images = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Take paths of pictures in this folder. [default: none]"),
]


def mcp(
    model: ModelSpec = None,
    searcher: SearcherSpec = None,
    images: Images = None,
    allow_host: Hosts = None,
    http: Annotated[
        bool, typer.Option("--http", help="Serve over HTTP, not on standard input and output.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen at, with --http.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen at, with --http; 0 takes a free one.", min=0)
    ] = 8001,
    server_name: ServerNames = None,
    preload: Annotated[
        bool, typer.Option("--preload", help="Load the model at once, not at the first call.")
    ] = False,
    concurrency: Concurrency = 8,
    queue: Queue = 64,
    max_bytes: Bytes = 33_554_432,
    max_pixels: Pixels = 100_000_000,
    max_passes: Passes = 1000,
    max_seconds: Seconds = 300,
) -> None:
    """
    Give agents the tools look_closer and find, over the Model Context Protocol.

    With --http and $VISUALCROP_API_KEY set, clients have to send it.
    """
    from .mcp_loading import LazyService
    from .settings import Settings

    options: dict[str, Any] = {
        "name": model or "",
        "searchers": (searcher or "focus",),
        "images": images,
        "hosts": tuple(allow_host or ()),
        "concurrency": concurrency,
        "queue": queue,
        "max_bytes": max_bytes,
        "max_pixels": max_pixels,
        "max_passes": max_passes,
        "max_seconds": max_seconds,
    }
    settings = Settings.listening(host, server_name, **options) if http else Settings(**options)
    service = LazyService(partial(_open_service, model, settings))
    if http:
        _serve_http(settings, service, host, port, preload=preload)
    else:
        _serve_stdio(settings, service, preload=preload)


def _open_service(model: str | None, settings: Settings) -> Service:
    from visualcrop import VisualSearch

    from .service import Service

    return Service(VisualSearch.open(model), settings)


def _serve_stdio(settings: Settings, service: LazyService, *, preload: bool) -> None:
    import anyio

    from .mcp_server import serve_stdio

    # Ctrl-C ends the program at once: the thread that reads standard input would go on waiting.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    anyio.run(partial(serve_stdio, settings, service, preload=preload))


def _serve_http(
    settings: Settings, service: LazyService, host: str, port: int, *, preload: bool
) -> None:
    from visualcrop.plugin import say

    from .mcp_server import build_mcp_app
    from .running import open_socket, run_server, serve_app, show_address

    listening = open_socket(host, port)
    say(f"look_closer and find at {show_address(settings, listening)}/mcp", error=True)
    run_server(serve_app(build_mcp_app(settings, service, preload=preload)), listening)
