"""`POST /v1/detect` and `POST /v1/point`: where something is, without a question."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from visualcrop import Image, VisualSearch

from .errors import Json
from .fields import Fields
from .images import read_images
from .messages import Picture, read_picture, read_text
from .result import describe_evidence, describe_point, describe_search
from .service import Limits, Service, Watch, read_limits, service_of, wait

T = TypeVar("T")


@attrs.frozen
class DetectionRequest:
    """A checked request."""

    model: str
    search: VisualSearch
    picture: Picture
    target: str
    every: bool
    limits: Limits

    def describe(self, image: Image, watch: Watch, seconds: float) -> dict[str, Any]:
        """What the search took, as the `visualcrop` of the response."""
        return describe_search(
            image, self.search.searcher, watch.ledger, model=self.model, seconds=seconds
        )


def read_detection(body: Mapping[str, Any], service: Service) -> DetectionRequest:
    """Check *body*; nothing of it is fetched or decoded yet."""
    fields, settings = Fields(body), service.settings
    model = fields.text("model")
    return DetectionRequest(
        model=model,
        search=service.find(model, fields.inner("visualcrop").optional_text("searcher")),
        picture=read_picture(body.get("image"), "image", settings),
        target=read_text(fields, "target", settings),
        every=fields.truth("every", default=True),
        limits=read_limits(fields, settings),
    )


Look = Callable[[DetectionRequest, Image, Watch], dict[str, Any]]


async def _answer(request: Request, look: Look) -> Response:
    service = service_of(request)
    service.work.check_room()
    async with service.bodies.read(request) as body:
        asked = read_detection(body, service)
        del body

        def run(watch: Watch) -> dict[str, Any]:
            picture = asked.picture
            (image,) = read_images([(picture.url, picture.param)], service.settings)
            watch.begin(image)
            started = time.monotonic()
            found = look(asked, image, watch)
            return {**found, "visualcrop": asked.describe(image, watch, time.monotonic() - started)}

        job = service.submit(asked.limits, run)
        return Json(await wait(job.result(), job, request))


def _detect(asked: DetectionRequest, image: Image, watch: Watch) -> dict[str, Any]:
    found = asked.search.detect(image, asked.target, every=asked.every, ledger=watch.ledger)
    seen = describe_evidence(found, image, with_map=asked.limits.with_map)
    return {"object": "detections", "boxes": seen["boxes"], "map": seen["map"]}


def _point(asked: DetectionRequest, image: Image, watch: Watch) -> dict[str, Any]:
    points = asked.search.point(image, asked.target, every=asked.every, ledger=watch.ledger)
    return {"object": "points", "points": [describe_point(each, image) for each in points]}


async def detect(request: Request) -> Response:
    """The boxes of a target, each with its confidence."""
    return await _answer(request, _detect)


async def point(request: Request) -> Response:
    """The centres of the same boxes."""
    return await _answer(request, _point)


ROUTES = [
    Route("/v1/detect", detect, methods=["POST"]),
    Route("/v1/point", point, methods=["POST"]),
]
