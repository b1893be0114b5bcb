"""`POST /v1/detect` and `POST /v1/point`: where something is, without a question."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from visualcrop import Evidence, Image, VisualSearch

from .errors import Json
from .fields import Fields
from .images import read_images
from .messages import Picture, read_picture, read_text
from .parameters import read_searcher
from .result import describe_evidence, describe_point, describe_search
from .service import Limits, Service, Watch, read_limits, service_of, wait


@attrs.frozen
class DetectionRequest:
    """A checked request."""

    model: str
    search: VisualSearch
    picture: Picture
    target: str
    every: bool
    limits: Limits


def read_detection(body: Mapping[str, Any], service: Service) -> DetectionRequest:
    """Check *body*; nothing of it is fetched or decoded yet."""
    fields, settings = Fields(body), service.settings
    model = fields.text("model")
    return DetectionRequest(
        model=model,
        search=service.find(model, read_searcher(fields)),
        picture=read_picture(body.get("image"), "image", settings),
        target=read_text(fields, "target", settings),
        every=fields.truth("every", default=True),
        limits=read_limits(fields, settings),
    )


Describe = Callable[[Evidence, Image, Limits], dict[str, Any]]


async def _answer(request: Request, describe: Describe) -> Response:
    service = service_of(request)
    service.work.check_room()
    async with service.bodies.read(request) as body:
        asked = read_detection(body, service)
        del body

        def run(watch: Watch) -> dict[str, Any]:
            picture, search = asked.picture, asked.search
            (image,) = read_images([(picture.url, picture.param)], service.settings)
            ledger, started = watch.begin(image), time.monotonic()
            found = search.detect(image, asked.target, every=asked.every, ledger=ledger)
            seconds = time.monotonic() - started
            own = describe_search(found, image, search, ledger, seconds)
            own = {"model": asked.model, **own}
            return {**describe(found, image, asked.limits), "visualcrop": own}

        job = service.submit(asked.limits, run)
        return Json(await wait(job.result(), job, request))


def _boxes(found: Evidence, image: Image, limits: Limits) -> dict[str, Any]:
    seen = describe_evidence(found, image, with_map=limits.with_map)
    return {"object": "detections", "boxes": seen["boxes"], "map": seen["map"]}


def _points(found: Evidence, image: Image, _: Limits) -> dict[str, Any]:
    return {"object": "points", "points": [describe_point(each, image) for each in found.points]}


async def detect(request: Request) -> Response:
    """The boxes of a target, each with its confidence."""
    return await _answer(request, _boxes)


async def point(request: Request) -> Response:
    """The centres of the same boxes."""
    return await _answer(request, _points)


ROUTES = [
    Route("/v1/detect", detect, methods=["POST"]),
    Route("/v1/point", point, methods=["POST"]),
]
