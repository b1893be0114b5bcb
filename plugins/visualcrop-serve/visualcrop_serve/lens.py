"""The lens: a page at `/` that shows a search while it looks, and what the page reads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from visualcrop import Model, ModelFamily, report
from visualcrop.plugin import Spec

from .errors import RequestError, invalid
from .price import price_search
from .scenes import Scenes
from .searcher_options import describe_searchers, list_options
from .searchers import Searchers

# Nothing from elsewhere is loaded, run or sent: what is pasted into the page stays text.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # asked again each time, and answered by its ETag
}
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_MOST_DIGITS = 9  # of a budget


def lens_routes(searchers: Searchers) -> list[Route]:
    """The routes of the lens, whose form offers *searchers*."""
    lens, viewer = Path(str(files(__package__))) / "lens", report.FOLDER
    page = _LensData(searchers)
    return [
        Route("/", _serve_file(lens / "index.html")),
        *_serve_folder("/assets/lens", lens),
        *_serve_folder("/assets/viewer", viewer),
        Route("/lens/searchers", page.searchers),
        Route("/lens/price", page.price),
        Route("/lens/scenes", page.list_scenes),
        Route("/lens/scenes/{name}", page.read_scene),
        Route("/lens/scenes/{name}/thumbnail", page.read_thumbnail),
    ]


def _serve_folder(path: str, folder: Path) -> list[Route]:
    """A route for each file that is there now: no path of a request is ever looked up."""
    found = sorted(file for file in folder.iterdir() if file.suffix in _TYPES)
    return [Route(f"{path}/{file.name}", _serve_file(file)) for file in found]


def _serve_file(file: Path) -> Callable[[Request], Response]:
    def serve(request: Request) -> Response:
        return _respond(request, file.read_bytes(), _TYPES[file.suffix])

    return serve


def _respond(request: Request, content: bytes, media_type: str, tag: str = "") -> Response:
    """The content, unless the browser has it already."""
    tag = f'"{tag or hashlib.blake2b(content, digest_size=8).hexdigest()}"'
    headers = _HEADERS | {"ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def _json(found: object) -> Response:
    return JSONResponse(found, headers=_HEADERS)


def _find_family(model: Model) -> ModelFamily | None:
    """The family of what a server's wrappers wrap."""
    while model.family is None and isinstance(inside := getattr(model, "model", None), Model):
        model = inside
    return model.family


class _LensData:
    """What the page asks for beside its files: each is worked out once, when first asked for."""

    def __init__(self, searchers: Searchers) -> None:
        self._searchers = searchers
        self._described = cache(lambda: describe_searchers(searchers))
        self._scenes = cache(self._find_scenes)
        # Two that draw at once take twice as long; a picture that is asked for waits for no
        # thumbnails, and files wait for neither.
        self._reading, self._shrinking = CapacityLimiter(1), CapacityLimiter(1)

    def _find_scenes(self) -> Scenes:
        family = _find_family(self._searchers.model.model)
        return Scenes.of(self._searchers.registry, family.demo_dataset if family else "")

    def searchers(self, _: Request) -> Response:
        return _json(self._described())

    def price(self, request: Request) -> Response:
        """Passes that a spec costs with a budget, and the spec with everything written out."""
        asked = request.query_params
        passes = asked.get("passes", "")
        if passes and not (passes.isascii() and passes.isdigit() and len(passes) <= _MOST_DIGITS):
            raise invalid(
                f"The budget is {passes[:40]!r}; give a whole number of passes.", "passes"
            )
        searcher = self._searchers.get(asked.get("searcher"), "searcher").searcher
        price = price_search(searcher, int(passes) if passes else None)
        return _json(
            {
                "passes": [price.least, price.most],
                "likely": price.likely,
                "name": asked.get("searcher", "") if self._searchers.fixed else searcher.name,
                "spec": str(Spec.of(searcher)),
                "options": {} if self._searchers.fixed else dict(list_options(searcher)),
            }
        )

    def list_scenes(self, _: Request) -> Response:
        return _json(self._scenes().describe())

    async def read_scene(self, request: Request) -> Response:
        read = partial(self._picture, request, Scenes.read, "image/png")
        return await to_thread.run_sync(read, limiter=self._reading)

    async def read_thumbnail(self, request: Request) -> Response:
        read = partial(self._picture, request, Scenes.read_thumbnail, "image/jpeg")
        return await to_thread.run_sync(read, limiter=self._shrinking)

    def _picture(
        self, request: Request, read: Callable[[Scenes, str], bytes], media_type: str
    ) -> Response:
        name, scenes = request.path_params["name"], self._scenes()
        if name not in scenes.samples:
            known = ", ".join(scenes.samples) or "none"
            sentence = f"There is no scene {name[:40]!r}; there are: {known}."
            raise RequestError(404, sentence, code="scene_not_found", param="name")
        tag = f"{scenes.fingerprint(name)}-{media_type[6:]}"
        if request.headers.get("if-none-match") == f'"{tag}"':
            return _respond(request, b"", media_type, tag)
        return _respond(request, read(scenes, name), media_type, tag)
