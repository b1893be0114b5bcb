"""The tools over MCP: on standard input and output, or as streamable HTTP."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
    redirect_stdout,
)
from importlib.metadata import version
from typing import Any

from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from .bodies import client_left
from .guard import MCP, Guard
from .mcp_loading import LazyService, Report
from .mcp_tools import Tools
from .metrics import Metrics
from .service import Service
from .settings import Settings

_MOST_SESSIONS = 1000  # of clients that keep to the protocol of 2025
_INSTRUCTIONS = (
    "Tools that look at pictures with a vision-language model that searches them: use look_closer "
    "for questions about small things in large pictures, and find for where something is."
)


def build_server(tools: Tools) -> Server[Any]:
    """An MCP server of *tools*; it lists them without loading their model."""

    async def list_tools(
        _: ServerRequestContext[Any, Any], __: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=tools.describe())

    async def call_tool(
        context: ServerRequestContext[Any, Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        async def report(done: float, of: float | None, words: str) -> None:
            # Clients of the protocol of 2025 that vanish cancel nothing: none could come back.
            if context.request is not None and await context.request.is_disconnected():
                raise client_left()
            await context.session.report_progress(done, of, words)

        return await tools.call(params.name, params.arguments, report)

    return Server(
        "visualcrop",
        version=version("visualcrop"),
        title="visualcrop",
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def serve_stdio(settings: Settings, service: LazyService, *, preload: bool = False) -> None:
    """Serve the one client on standard input and output, until it closes them."""
    server = build_server(Tools(settings, service.get))
    async with stdio_server() as (read, write):
        with _nothing_else_on_stdout():
            if preload:
                service.preload()
            try:
                await server.run(read, write, server.create_initialization_options())
            finally:
                await service.close()


@contextmanager
def _nothing_else_on_stdout() -> Iterator[None]:
    """
    Send what Python code prints to standard error.

    While `stdio_server` is open, file descriptor 1 is standard error, too. What was printed before
    is flushed there, and what is printed now must not wait in a buffer until it is closed.
    """
    sys.stdout.flush()
    with redirect_stdout(sys.stderr):
        yield


def mount(service: Service) -> Route:
    """The route of a server whose model is loaded; its sessions live as long as the server."""

    async def get_service(_: Report) -> Service:
        return service

    route, run = make_route(Tools(service.settings, get_service))
    service.lifespans.append(run)
    return route


def build_mcp_app(settings: Settings, service: LazyService, *, preload: bool = False) -> Starlette:
    """An app with no other route, which `visualcrop mcp --http` runs."""
    route, run = make_route(Tools(settings, service.get))

    @asynccontextmanager
    async def live(_: Starlette) -> AsyncIterator[None]:
        async with run():
            if preload:
                service.preload()
            try:
                yield
            finally:
                await service.close()

    guard = Middleware(Guard, settings=settings, metrics=Metrics())
    return Starlette(routes=[route], middleware=[guard], lifespan=live)


def make_route(tools: Tools) -> tuple[Route, Callable[[], AbstractAsyncContextManager[None]]]:
    """Streamable HTTP at /mcp, and what has to be open while it is served."""
    manager = StreamableHTTPSessionManager(
        build_server(tools),
        # the guard looks at Host and Origin
        security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        max_request_body_size=tools.settings.max_bytes,
        max_sessions=_MOST_SESSIONS,
    )
    return Route(MCP, endpoint=StreamableHTTPASGIApp(manager)), manager.run
