"""GET over HTTPS, bounded in time, in size and in redirects, whatever the server does."""

from __future__ import annotations

import io
import ipaddress
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any

from ..errors import DatasetError, FileError

_TIMEOUT = 60.0  # seconds without a byte, and for all of the headers
_SLOWEST = 10_000  # bytes a second
_MOST_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_JSON = 1 << 25  # bytes


class _Timely(io.RawIOBase):
    """What comes out of a socket, until a point in time: a byte a minute is no answer."""

    def __init__(self, source: Any, until: float) -> None:
        super().__init__()
        self.source, self.until = source, until

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        if time.monotonic() > self.until:
            raise TimeoutError("too slow")
        some: bytes = self.source.read1(len(into))
        into[: len(some)] = some
        return len(some)

    def close(self) -> None:
        self.source.close()
        super().close()


class TimedResponse(HTTPResponse):
    """A response whose headers, and then its body, have to come in time."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.timely = _Timely(self.fp, time.monotonic() + _TIMEOUT)
        self.fp = io.BufferedReader(self.timely)

    def expect(self, size: int) -> None:
        """Give so many bytes their time, and no more."""
        self.timely.until = time.monotonic() + _TIMEOUT + size / _SLOWEST


class _Plain(HTTPConnection):
    response_class = TimedResponse


class _Secure(HTTPSConnection):
    response_class = TimedResponse


class _PlainHandler(urllib.request.HTTPHandler):
    def http_open(self, request: Any) -> Any:
        return self.do_open(_Plain, request)


class _SecureHandler(urllib.request.HTTPSHandler):
    def https_open(self, request: Any) -> Any:
        return self.do_open(_Secure, request)


def endpoint() -> str:
    """The hub's address, or that of the mirror in $HF_ENDPOINT."""
    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    if not _is_allowed(address):
        raise DatasetError(f"$HF_ENDPOINT is {address!r}; give an address with https://.")
    return address


@contextmanager
def asked(url: str, start: int = 0) -> Iterator[TimedResponse]:
    """What *url* answers, from the byte *start* on."""
    answer = _answer(url, start)
    try:
        with answer:
            yield answer
    except (HTTPException, TimeoutError, ConnectionError) as exc:
        raise FileError(
            f"{_host(url)} was cut short by the network or too slow; the same command resumes."
        ) from exc


def asked_json(url: str) -> tuple[Any, str]:
    """The JSON that *url* answers with, and the `Link` among its headers."""
    with asked(url) as answer:
        answer.expect(_MOST_JSON // 8)
        content = bytearray()
        while len(content) <= _MOST_JSON and (some := answer.read1(1 << 16)):
            content += some
        kind, link = answer.headers.get_content_type(), answer.headers.get("Link") or ""
    if len(content) > _MOST_JSON:
        raise FileError(f"{_host(url)} answers with more than {_MOST_JSON:,} bytes of JSON.")
    try:
        return json.loads(content), link
    except (ValueError, RecursionError):
        raise FileError(
            f"{_host(url)} answers with {kind} that is not JSON; check $HF_ENDPOINT, or whether "
            "the network asks you to log in."
        ) from None


def is_reachable_from(old: str, new: str) -> bool:
    """Whether *old* may send us on to *new*: over https, and never into this very machine."""
    return _is_allowed(new) and (_is_here(old) or not _is_here(new))


_HANDLERS: tuple[type[urllib.request.BaseHandler], ...] = (
    *(urllib.request.ProxyHandler, urllib.request.UnknownHandler, _PlainHandler, _SecureHandler),
    *(urllib.request.HTTPDefaultErrorHandler, urllib.request.HTTPErrorProcessor),
)


def _answer(url: str, start: int) -> TimedResponse:
    opener = urllib.request.OpenerDirector()  # without what follows redirects, or opens files
    for handler in _HANDLERS:
        opener.add_handler(handler())
    headers = {"User-Agent": "visualcrop", **({"Range": f"bytes={start}-"} if start else {})}
    for _ in range(_MOST_REDIRECTS + 1):
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - https or loopback
        try:
            answer: TimedResponse = opener.open(request, timeout=_TIMEOUT)
        except urllib.error.HTTPError as exc:
            exc.close()
            if exc.code not in _REDIRECTS:
                raise FileError(
                    f"{url} answers {exc.code} ({exc.reason}); try again later."
                ) from exc
            url = _led_on(url, exc.headers.get("Location") or "")
        except (OSError, HTTPException, ValueError) as exc:
            raise FileError(
                f"{_host(url)} cannot be reached; fetch the dataset on a machine with a network, "
                "and give its folder as path=."
            ) from exc
        else:
            return answer
    raise FileError(f"{_host(url)} sends on more than {_MOST_REDIRECTS} times; try again later.")


def _led_on(old: str, location: str) -> str:
    try:
        new = urllib.parse.urljoin(old, location)
    except ValueError:
        new = location
    if not is_reachable_from(old, new):
        raise FileError(f"{_host(old)} sends on to {new!r}, which is not fetched: it is no https.")
    return new


def _is_allowed(url: str) -> bool:
    """Over https; over http from this machine alone."""
    try:
        scheme = urllib.parse.urlsplit(url).scheme
    except ValueError:
        return False
    return scheme == "https" or (scheme == "http" and _is_here(url))


def _is_here(url: str) -> bool:
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).netloc
