"""
GET over HTTPS with limits on time, size and redirects, whatever the server does.

Why not `hf_hub_download` of huggingface_hub (2.4), even with `set_client_factory`: it deletes a
partial file when it fails, so that no later run can resume; a client's timeout starts anew at each
byte, so that headers may take for ever; where the hub cannot be reached, a local file passes for
the remote one; and Xet storage has a client of its own, without our limits. The user's token and
the offline mode are the library's.
"""

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
_MIN_RATE = 10_000  # bytes a second
_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_MAX_JSON = 1 << 25  # bytes


class _DeadlineReader(io.RawIOBase):
    """A socket's bytes until a point in time: a socket's own timeout starts anew at each byte."""

    def __init__(self, source: Any, deadline: float) -> None:
        super().__init__()
        self.source, self.deadline = source, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        if time.monotonic() > self.deadline:
            raise TimeoutError("too slow")
        some: bytes = self.source.read1(len(into))
        into[: len(some)] = some
        return len(some)

    def close(self) -> None:
        self.source.close()
        super().close()


class Response(HTTPResponse):
    """A response with a deadline for its headers, and then for its body."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.reader = _DeadlineReader(self.fp, time.monotonic() + _TIMEOUT)
        self.fp = io.BufferedReader(self.reader)

    def allow_time_for(self, size: int) -> None:
        """Set the deadline to what *size* bytes take at the slowest rate allowed."""
        self.reader.deadline = time.monotonic() + _TIMEOUT + size / _MIN_RATE


class _HTTPConnection(HTTPConnection):
    response_class = Response


class _HTTPSConnection(HTTPSConnection):
    response_class = Response


class _HTTPHandler(urllib.request.HTTPHandler):
    def http_open(self, request: Any) -> Any:
        return self.do_open(_HTTPConnection, request)


class _HTTPSHandler(urllib.request.HTTPSHandler):
    def https_open(self, request: Any) -> Any:
        return self.do_open(_HTTPSConnection, request)


def get_endpoint() -> str:
    """The hub's address, or that of the mirror in $HF_ENDPOINT."""
    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    if not _is_allowed(address):
        raise DatasetError(f"$HF_ENDPOINT is {address!r}; give an address with https://.")
    return address


@contextmanager
def open_url(url: str, start: int = 0) -> Iterator[Response]:
    """Send a GET request to *url* for its bytes from *start* on."""
    response = _follow_redirects(url, start)
    try:
        with response:
            yield response
    except (HTTPException, TimeoutError, ConnectionError) as exc:
        raise FileError(
            f"{_host(url)} was cut short by the network or too slow; the same command resumes."
        ) from exc


def get_json(url: str) -> tuple[Any, str]:
    """The JSON at *url*, and the response's `Link` header, which is empty on the last page."""
    with open_url(url) as response:
        response.allow_time_for(_MAX_JSON // 8)
        content = bytearray()
        while len(content) <= _MAX_JSON and (some := response.read1(1 << 16)):
            content += some
        kind, link = response.headers.get_content_type(), response.headers.get("Link") or ""
    if len(content) > _MAX_JSON:
        raise FileError(f"{_host(url)} answers with more than {_MAX_JSON:,} bytes of JSON.")
    try:
        return json.loads(content), link
    except (ValueError, RecursionError):
        raise FileError(
            f"{_host(url)} answers with {kind} that is not JSON; check $HF_ENDPOINT, or whether "
            "the network asks you to log in."
        ) from None


def is_redirect_allowed(old: str, new: str) -> bool:
    """Whether *old* may redirect to *new*: over https, and not from elsewhere into this machine."""
    return _is_allowed(new) and (_is_loopback(old) or not _is_loopback(new))


# Without urllib's own handlers that follow redirects or open local files.
_HANDLERS: tuple[type[urllib.request.BaseHandler], ...] = (
    *(urllib.request.ProxyHandler, urllib.request.UnknownHandler, _HTTPHandler, _HTTPSHandler),
    *(urllib.request.HTTPDefaultErrorHandler, urllib.request.HTTPErrorProcessor),
)


def _follow_redirects(url: str, start: int) -> Response:
    opener = urllib.request.OpenerDirector()
    for handler in _HANDLERS:
        opener.add_handler(handler())
    headers = {"User-Agent": "visualcrop", **({"Range": f"bytes={start}-"} if start else {})}
    for _ in range(_MAX_REDIRECTS + 1):
        request = urllib.request.Request(url, headers=headers | _authorize(url))  # noqa: S310 - no file:
        try:
            response: Response = opener.open(request, timeout=_TIMEOUT)
        except urllib.error.HTTPError as exc:
            exc.close()
            if exc.code not in _REDIRECTS:
                raise FileError(
                    f"{url} answers {exc.code} ({exc.reason}); try again later."
                ) from exc
            url = _resolve_redirect(url, exc.headers.get("Location") or "")
        except (OSError, HTTPException, ValueError) as exc:
            raise FileError(
                f"{_host(url)} cannot be reached; fetch the dataset on a machine with a network, "
                "and give its folder as path=."
            ) from exc
        else:
            return response
    raise FileError(f"{_host(url)} redirects more than {_MAX_REDIRECTS} times; try again later.")


def _authorize(url: str) -> dict[str, str]:
    """The user's token ($HF_TOKEN, or as `hf auth login` keeps it), for the hub itself alone."""
    from huggingface_hub import constants, get_token, is_offline_mode

    if is_offline_mode():
        raise FileError("Nothing is fetched while $HF_HUB_OFFLINE is set; unset it.")
    is_hub = urllib.parse.urlsplit(url)[:2] == urllib.parse.urlsplit(get_endpoint())[:2]
    token = get_token() if is_hub and not constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else None
    return {"Authorization": f"Bearer {token}"} if token else {}


def _resolve_redirect(old: str, location: str) -> str:
    try:
        new = urllib.parse.urljoin(old, location)
    except ValueError:
        new = location
    if not is_redirect_allowed(old, new):
        raise FileError(
            f"{_host(old)} redirects to {new!r}, which is not followed: it is not https."
        )
    return new


def _is_allowed(url: str) -> bool:
    """Whether *url* is https, or http on this machine."""
    try:
        scheme = urllib.parse.urlsplit(url).scheme
    except ValueError:
        return False
    return scheme == "https" or (scheme == "http" and _is_loopback(url))


def _is_loopback(url: str) -> bool:
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).netloc
