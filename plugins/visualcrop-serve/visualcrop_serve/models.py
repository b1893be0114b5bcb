"""`GET /v1/models`: the model, by itself and with each searcher."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .errors import Json
from .service import Service, service_of


def _describe(service: Service, id: str) -> dict[str, Any]:
    return {"id": id, "object": "model", "created": service.started, "owned_by": "visualcrop"}


async def list_models(request: Request) -> Response:
    """`NAME`, and `NAME@SPEC` for each searcher that can be named."""
    service, name = service_of(request), service_of(request).settings.name
    ids = [name, *(f"{name}@{spec}" for spec in service.searchers.names())]
    return Json({"object": "list", "data": [_describe(service, id) for id in ids]})


async def get_model(request: Request) -> Response:
    """One model, which need not be in the list: a spec has many forms."""
    service, id = service_of(request), request.path_params["id"]
    service.find(id)
    return Json(_describe(service, id))


ROUTES = [Route("/v1/models", list_models), Route("/v1/models/{id:path}", get_model)]
