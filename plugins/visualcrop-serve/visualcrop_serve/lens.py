"""The lens: a page at `/` that shows a search while it looks, and what the page reads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from visualcrop import VisualSearch, report
from visualcrop.errors import VisualcropError
from visualcrop.plugin import Registry

from .price import price_search
from .scenes import Scenes
from .searcher_options import describe_searchers, list_options

# Nothing from elsewhere is loaded, run or sent: what is pasted into the page stays text.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
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
_LONGEST_SPEC = 10_000  # characters


def lens_routes(search: VisualSearch) -> list[Route]:
    """The routes of the lens; *search* holds the model whose settings its form shows."""
    lens, viewer = Path(str(files(__package__))) / "lens", report.FOLDER
    page = _LensData(search)
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


def _refuse(status: int, message: str) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return JSONResponse({"error": error}, status, headers=_HEADERS)


def _json(found: object) -> Response:
    return JSONResponse(found, headers=_HEADERS)


class _LensData:
    """What the page asks for beside its files: each is worked out once, when first asked for."""

    def __init__(self, search: VisualSearch) -> None:
        self._search = search
        self._registry = cache(Registry.load)
        self._described = cache(lambda: describe_searchers(self._registry(), search))
        self._scenes = cache(self._find_scenes)

    def _find_scenes(self) -> Scenes:
        family = self._search.model.family
        return Scenes.of(self._registry(), family.demo_dataset if family else "")

    def searchers(self, _: Request) -> Response:
        return _json(self._described())

    def price(self, request: Request) -> Response:
        """Passes that a spec costs with a budget, and the spec with everything written out."""
        asked = request.query_params
        try:
            return _json(self._price(asked))
        except (VisualcropError, ValueError) as exc:
            return _refuse(400, str(exc))

    def _price(self, asked: Mapping[str, str]) -> dict[str, Any]:
        spec, passes = asked.get("searcher", "focus"), asked.get("passes", "")
        if len(spec) > _LONGEST_SPEC:
            raise ValueError(f"The spec has over {_LONGEST_SPEC:,} characters; give fewer options.")
        if passes and not (passes.isascii() and passes.isdigit() and len(passes) < 10):
            raise ValueError(f"The budget is {passes[:40]!r}; give a whole number of passes.")
        searcher = self._search.with_searcher(spec).searcher
        price = price_search(searcher, int(passes) if passes else None)
        return {
            "passes": [price.least, price.most],
            "likely": price.likely,
            "name": searcher.name,
            "spec": self._canonical(searcher),
            "options": dict(list_options(searcher)),
        }

    @staticmethod
    def _canonical(searcher: Any) -> str:
        from visualcrop.plugin import Spec

        return str(Spec.of(searcher))

    def list_scenes(self, _: Request) -> Response:
        return _json(self._scenes().describe())

    def read_scene(self, request: Request) -> Response:
        return self._picture(request, self._scenes().read, "image/png")

    def read_thumbnail(self, request: Request) -> Response:
        return self._picture(request, self._scenes().read_thumbnail, "image/jpeg")

    def _picture(
        self, request: Request, read: Callable[[str], bytes], media_type: str
    ) -> Response:
        name, scenes = request.path_params["name"], self._scenes()
        if name not in scenes.samples:
            known = ", ".join(scenes.samples) or "none"
            return _refuse(404, f"There is no scene {name[:40]!r}; there are: {known}.")
        tag = f"{scenes.fingerprint(name)}-{media_type[6:]}"
        if request.headers.get("if-none-match") == f'"{tag}"':
            return _respond(request, b"", media_type, tag)
        return _respond(request, read(name), media_type, tag)
