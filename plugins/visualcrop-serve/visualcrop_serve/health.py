"""`GET /health` for those who restart servers, `GET /metrics` for Prometheus."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .errors import Json
from .service import service_of


async def health(request: Request) -> Response:
    """Whether new requests are taken, and how many are at work."""
    work = service_of(request).work
    work.check_open()
    return Json({"status": "ok", "accepted": work.accepted, "places": work.most})


async def metrics(request: Request) -> Response:
    """Counters, in the format of Prometheus."""
    content = service_of(request).metrics.render()
    return Response(content, media_type=CONTENT_TYPE_LATEST)


ROUTES = [Route("/health", health), Route("/metrics", metrics)]
