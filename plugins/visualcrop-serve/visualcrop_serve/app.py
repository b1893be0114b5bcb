"""The server as an ASGI app: its routes, its errors, its beginning and end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from visualcrop import VisualcropError, VisualSearch

from . import chat, detection, health, lens, mcp_server, models
from .errors import RequestError, error_response, failure
from .guard import Guard
from .service import Service
from .settings import Settings


def build_app(search: VisualSearch, settings: Settings) -> Starlette:
    """The app that answers with *search*'s model, as `visualcrop serve` runs it."""
    service = Service(search, settings)

    @asynccontextmanager
    async def live(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as opened:
            opened.push_async_callback(asyncio.to_thread, service.work.close)
            for each in service.lifespans:
                await opened.enter_async_context(each())
            yield

    app = Starlette(
        routes=collect_routes(service),
        lifespan=live,
        middleware=[Middleware(Guard, settings=settings, metrics=service.metrics)],
        exception_handlers={
            RequestError: _explain,
            VisualcropError: _explain,
            HTTPException: _explain_http,
            Exception: _explain,
        },
    )
    app.state.service = service
    return app


def collect_routes(service: Service) -> Sequence[BaseRoute]:
    """
    All routes. A part of the server is a module with `ROUTES`, or with a function that makes them.

    What has to run beside them, such as the sessions of MCP, is added to `service.lifespans`.
    """
    return [
        *chat.ROUTES,
        *detection.ROUTES,
        *models.ROUTES,
        *health.ROUTES,
        *lens.lens_routes(service.searchers),
        mcp_server.mount(service),
    ]


async def _explain(request: Request, exc: Exception) -> Response:
    error = failure(exc)
    request.app.state.service.metrics.errors.labels(error.code).inc()
    return error_response(error)


async def _explain_http(request: Request, exc: Exception) -> Response:
    """What the router refuses: an unknown path, or a wrong method."""
    assert isinstance(exc, HTTPException)  # noqa: S101 - for mypy: it is registered for no other
    sentence = {
        404: "There is nothing at this path; see /v1/models, /v1/chat/completions, /v1/detect and "
        "/v1/point.",
        405: "This path takes other methods; see the header Allow.",
    }.get(exc.status_code, str(exc.detail))
    code = {404: "not_found", 405: "method_not_allowed"}.get(exc.status_code, "http_error")
    error = RequestError(exc.status_code, sentence, code=code, headers=exc.headers)
    request.app.state.service.metrics.errors.labels(error.code).inc()
    return error_response(error)
