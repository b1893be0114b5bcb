"""`visualcrop serve`: the server from the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

Searchers = Annotated[
    list[str] | None,
    typer.Option(
        "-s",
        "--searcher",
        help="Spec of a searcher that requests may name; the first is the default. Give several. "
        "[default: focus, direct, guarded]",
    ),
]
ModelSpec = Annotated[
    str | None,
    typer.Option(
        "-m",
        "--model",
        help="Spec of the model, a folder, a name on the hub, or a TOML file. "
        "[default: $VISUALCROP_MODEL, else one that comes along]",
    ),
]
ServerNames = Annotated[
    list[str] | None,
    typer.Option(
        "--server-name",
        metavar="NAME",
        help="Name by which clients reach this server, beside its address; give several. "
        "[default: localhost; with an API key, any]",
    ),
]
Fixed = Annotated[bool, typer.Option("--fixed", help="Take no searchers in requests but -s's.")]
Images = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Take file:// pictures of this folder. [default: none]"),
]
Hosts = Annotated[
    list[str] | None,
    typer.Option(
        metavar="HOST",
        help="Fetch http:// and https:// pictures of this host, NAME or NAME:PORT; give several. "
        "[default: none]",
    ),
]
Name = Annotated[
    str | None, typer.Option(help="The model's name in requests. [default: as -m has it]")
]
Concurrency = Annotated[int, typer.Option(help="Searches that run at once.", min=1)]
Queue = Annotated[int, typer.Option(help="Requests that wait for their turn.", min=0)]
Bytes = Annotated[int, typer.Option(help="Largest body of a request, in bytes.", min=1)]
Pixels = Annotated[int, typer.Option(help="Most pixels of all pictures of a request.", min=1)]
Text = Annotated[
    int,
    typer.Option(help="Most characters of a request; no question has more.", min=1, max=20_000),
]
Passes = Annotated[int, typer.Option(help="Most passes of a search, before its answer.", min=0)]
Seconds = Annotated[float, typer.Option(help="Most seconds of it.", min=1)]
Drain = Annotated[
    int, typer.Option(help="Seconds that accepted requests get after SIGTERM.", min=1)
]


def serve(
    model: ModelSpec = None,
    searcher: Searchers = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at; 0 takes a free one.", min=0)] = 8000,
    server_name: ServerNames = None,
    name: Name = None,
    fixed: Fixed = False,
    images: Images = None,
    allow_host: Hosts = None,
    concurrency: Concurrency = 8,
    queue: Queue = 64,
    max_bytes: Bytes = 33_554_432,
    max_pixels: Pixels = 100_000_000,
    max_images: Annotated[int, typer.Option(help="Most pictures of a request.", min=1)] = 8,
    max_text: Text = 20_000,
    max_tokens: Annotated[int, typer.Option(help="Longest reply, in tokens.", min=1)] = 1024,
    max_passes: Passes = 1000,
    max_seconds: Seconds = 300,
    drain: Drain = 300,
) -> None:
    """
    Answer questions over HTTP, as the OpenAI API does.

    With $VISUALCROP_API_KEY set, requests have to send it.
    """
    from visualcrop import VisualSearch

    from .running import open_socket, run
    from .settings import MODEL, SEARCHERS, Settings

    settings = Settings.listening(
        host,
        server_name,
        name=name or model or os.environ.get(MODEL, ""),
        searchers=tuple(searcher or SEARCHERS),
        fixed=fixed,
        images=images,
        hosts=tuple(allow_host or ()),
        concurrency=concurrency,
        queue=queue,
        max_bytes=max_bytes,
        max_pixels=max_pixels,
        max_images=max_images,
        max_text=max_text,
        max_tokens=max_tokens,
        max_passes=max_passes,
        max_seconds=max_seconds,
    )
    listening = open_socket(host, port)
    run(VisualSearch.open(model), settings, listening, drain=drain)
