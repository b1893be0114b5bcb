"""Runs the app with uvicorn, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import Any

import attrs
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from visualcrop import VisualSearch
from visualcrop.errors import SpecError
from visualcrop.plugin import say

from .app import build_app
from .errors import RequestError, error_body, error_response, invalid, to_json
from .settings import KEY, Settings, is_local

_HEADER_SECONDS = 20  # until the headers of a request are there
_CONNECTIONS = 1024  # at once: others are refused with 503
_TOO_MANY = RequestError(
    503,
    f"The server has {_CONNECTIONS} connections, and takes no more; ask again later.",
    code="too_many_connections",
    headers={"Connection": "close", "Retry-After": "1"},
)


class PatientProtocol(H11Protocol):
    """HTTP/1.1 whose clients have to send their headers in time; uvicorn waits for ever."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(self.connections) > _CONNECTIONS:
            self.app = error_response(_TOO_MANY)
        self._wait_for_headers()

    def send_400_response(self, msg: str) -> None:
        """To what is no HTTP, or has endless headers: in the words of the OpenAI API, too."""
        super().send_400_response(to_json(error_body(invalid(msg, code="invalid_http"))))

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait_for_headers()

    def _wait_for_headers(self) -> None:
        """Close the connection if no request has begun after the one that is the last now."""
        self.loop.call_later(_HEADER_SECONDS, self._close_if_silent, self.cycle)

    def _close_if_silent(self, last: Any) -> None:
        if self.cycle is last and not self.transport.is_closing():
            self.transport.close()


def open_socket(host: str, port: int) -> socket.socket:
    """A socket that listens at *host* and *port*: opened first, as it fails sooner than a model."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, OverflowError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise SpecError(
            f"The server cannot listen at {host}:{port}: {reason}; take another --port or --host."
        ) from exc


def make_server(search: VisualSearch, settings: Settings, *, drain: int = 300) -> uvicorn.Server:
    """A server that has not begun to listen."""
    return serve_app(build_app(search, name_model(settings, search)), drain=drain)


def serve_app(app: Starlette, *, drain: int = 300) -> uvicorn.Server:
    """The same of any app."""
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=drain,
        lifespan="on",
    )
    return uvicorn.Server(config)


def name_model(settings: Settings, search: VisualSearch) -> Settings:
    """*settings* with a name for the model."""
    if settings.name:
        return settings
    family = search.model.family
    return attrs.evolve(settings, name=search.model.id if family is None else family.name)


def run(search: VisualSearch, settings: Settings, listening: socket.socket, *, drain: int) -> None:
    """Serve until the process is told to end; what was accepted is answered first."""
    settings = name_model(settings, search)
    server = make_server(search, settings, drain=drain)
    address = show_address(settings, listening)
    searchers = ", ".join(settings.searchers)
    say(f"{settings.name} with {searchers} at {address}/v1, and the lens at {address}")
    run_server(server, listening)


def run_server(server: uvicorn.Server, listening: socket.socket) -> None:
    """Serve until the process is told to end."""
    # uvicorn raises again, once all is answered, the signal that it was stopped by
    signal.signal(signal.SIGTERM, lambda *_: None)
    asyncio.run(server.serve(sockets=[listening]))


def show_address(settings: Settings, listening: socket.socket) -> str:
    """Where the server is; said first, if so, that strangers reach it."""
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    if not settings.api_key and not is_local(host):
        say(
            f"Whoever reaches {shown}:{port} may ask: set ${KEY} to have a key asked for.",
            error=True,
        )
    return f"http://{shown}:{port}"
