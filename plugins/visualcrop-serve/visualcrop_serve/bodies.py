"""Reads the JSON body of a request: bounded in bytes, seconds, depth and number of values."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request

from .errors import RequestError, invalid
from .settings import Settings

_MOST_VALUES = 100_000  # of arrays and objects: a picture is one value
_QUICKLY_PARSED = 1 << 16  # bytes: longer ones are parsed while others are served
_HELD_BODIES = 16  # as many of the largest are held at once


class Bodies:
    """Reads bodies, as many bytes at once as this server is allowed to hold."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.held = settings, 0
        self.most_held = settings.max_bytes * _HELD_BODIES

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[dict[str, Any]]:
        """The object in the body of *request*, whose bytes count as held until the end."""
        _check_headers(request, self.settings.max_bytes)
        body = bytearray()
        try:
            await self._receive(request, body)
            if len(body) <= _QUICKLY_PARSED:
                yield parse_object(bytes(body))
            else:
                yield await asyncio.to_thread(parse_object, bytes(body))
        finally:
            self.held -= len(body)

    async def _receive(self, request: Request, body: bytearray) -> None:
        try:
            async with asyncio.timeout(self.settings.body_seconds):
                async for chunk in request.stream():
                    body += chunk
                    self.held += len(chunk)
                    self._check_held(len(body))
        except TimeoutError:
            raise RequestError(
                408,
                f"The body did not arrive within {self.settings.body_seconds:g} s.",
                code="body_too_slow",
                headers={"Connection": "close"},
            ) from None
        except ClientDisconnect:
            raise client_left() from None

    def _check_held(self, length: int) -> None:
        if length > self.settings.max_bytes:
            raise _too_long(self.settings.max_bytes)
        if self.held > self.most_held:
            raise RequestError(
                429,
                "Too many large requests arrive at once; send this one again.",
                code="queue_full",
                headers={"Retry-After": "1"},
            )


def _check_headers(request: Request, most: int) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RequestError(
            415,
            "The body has to be JSON: send it with Content-Type: application/json.",
            code="unsupported_media_type",
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RequestError(
            415,
            "The body has to be sent as it is, without Content-Encoding.",
            code="unsupported_encoding",
        )
    length = request.headers.get("content-length", "0")
    if len(length) > 18 or int(length) > most:  # the HTTP parser let only digits pass
        raise _too_long(most)


def client_left() -> RequestError:
    """Of a client that hung up; nobody is told, but it is counted."""
    return RequestError(499, "The client left.", code="client_left")


def _too_long(most: int) -> RequestError:
    return RequestError(
        413,
        f"The body has more than {most:,} bytes; send a smaller picture, or start the server with "
        "a larger --max-bytes.",
        code="body_too_large",
    )


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in *body*."""
    if sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise invalid(f"The body has more than {_MOST_VALUES:,} values.", code="invalid_json")
    try:
        found = json.loads(body.decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as exc:
        reason = "nested too deep" if isinstance(exc, RecursionError) else str(exc)
        raise invalid(f"The body is no JSON: {reason}.", code="invalid_json") from None
    if not isinstance(found, dict):
        raise invalid("The body has to be a JSON object.", code="invalid_json")
    return found


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text[:20])
