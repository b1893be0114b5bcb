"""What stands before every route: who may ask, under which name, and the count of what was said."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import RequestError, error_response
from .metrics import Metrics
from .settings import KEY, Settings, is_address

MCP = "/mcp"
_PRIVATE = ("/v1/", MCP)  # what the API key is for
_ROUTES = ("/v1/chat/completions", "/v1/detect", "/v1/point", "/v1/models", "/health", "/metrics")


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self.app, self.settings, self.metrics = app, settings, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        route, started, status = _route(scope["path"]), time.monotonic(), 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            refusal = self._check(scope)
            if refusal is None:
                await self.app(scope, receive, counted)
            else:
                self.metrics.errors.labels(refusal.code).inc()
                await error_response(refusal)(scope, receive, counted)
        finally:
            self.metrics.requests.labels(route, str(status)).inc()
            self.metrics.seconds.labels(route).observe(time.monotonic() - started)

    def _check(self, scope: Scope) -> RequestError | None:
        headers = Headers(scope=scope)
        if self.settings.names and (refusal := self._check_names(scope["path"], headers)):
            return refusal
        if self.settings.api_key and _is_private(scope["path"]):
            return self._check_key(headers)
        return None

    def _check_names(self, path: str, headers: Mapping[str, str]) -> RequestError | None:
        """Keep out web pages of others, in a browser that reaches this server."""
        names, host = self.settings.names, headers.get("host", "")
        if not (_hostname(host) in names or is_address(_hostname(host))):
            return RequestError(
                421,
                f"The server does not go by the name {_hostname(host)[:100]!r}; ask it by its "
                f"address, or start it with --server-name or with an API key (${KEY}).",
                code="unknown_host",
            )
        origin = headers.get("origin", host).rpartition("//")[2]
        if path == MCP and origin != host and _hostname(origin) not in names:
            return RequestError(
                403,
                f"Pages of {origin[:100]!r} may not call the tools; start the server with "
                "--server-name to let them.",
                code="unknown_origin",
            )
        return None

    def _check_key(self, headers: Mapping[str, str]) -> RequestError | None:
        kind, _, key = headers.get("authorization", "").partition(" ")
        # as it was sent: ASGI's headers are Latin-1
        given, wanted = key.strip().encode("latin-1"), self.settings.api_key.encode()
        if kind.lower() == "bearer" and hmac.compare_digest(given, wanted):
            return None
        return RequestError(
            401,
            f"The API key is missing or wrong; send the server's {KEY} as Authorization: Bearer.",
            code="invalid_api_key",
            headers={"WWW-Authenticate": "Bearer"},
        )


def _is_private(path: str) -> bool:
    return any(path.startswith(part) for part in _PRIVATE)


def _route(path: str) -> str:
    """The route for metrics, which no request can add to."""
    if path.startswith("/v1/models/"):
        return "/v1/models"
    if path in _ROUTES:
        return path
    first = path.split("/")[1] if path.startswith("/") else ""
    return f"/{first}" if first in {"", "lens", "assets", "mcp"} else "other"


def _hostname(host: str) -> str:
    """The header Host without its port."""
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    return name.strip("[]").lower()
