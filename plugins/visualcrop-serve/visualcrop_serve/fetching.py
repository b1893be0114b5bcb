"""Fetches a picture of an allowed host: no redirects, no private addresses, and not for ever."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from .errors import RequestError
from .settings import Settings

_CHUNK = 1 << 16


def fetch(url: str, settings: Settings, param: str) -> bytes:
    """The bytes at *url*, whose host is allowed."""
    try:
        return _fetch(url, settings, param)
    except (OSError, http.client.HTTPException, ValueError) as exc:
        reason = str(exc).partition("\n")[0].rstrip(".") or type(exc).__name__
        raise _failed(
            f"The picture cannot be fetched ({reason}); send it as a data URL.", param
        ) from exc


def _failed(sentence: str, param: str) -> RequestError:
    return RequestError(400, sentence, code="image_not_fetched", param=param)


def _fetch(url: str, settings: Settings, param: str) -> bytes:
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme.lower() == "https"
    address = _resolve(host, parts.port or (443 if secure else 80))
    connection = _Connection(host, address, settings.fetch_seconds, secure=secure)
    try:
        return _get(connection, parts, settings.max_bytes, param)
    finally:
        connection.end()


def _get(connection: _Connection, parts: SplitResult, most: int, param: str) -> bytes:
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    connection.request("GET", path, headers={"Host": parts.netloc, "Accept": "image/*"})
    with connection.getresponse() as response:
        if response.status in {301, 302, 303, 307, 308}:
            raise _failed(
                "The address of the picture leads on to another, which is not followed; send the "
                "last one.",
                param,
            )
        if response.status != 200:
            raise _failed(f"The picture's host answered {response.status}.", param)
        return _read_body(response, most, param)


def _read_body(response: http.client.HTTPResponse, most: int, param: str) -> bytes:
    body = bytearray()
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > most:
            raise RequestError(
                413,
                f"The picture has more than {most:,} bytes; send a smaller one.",
                code="image_too_large",
                param=param,
            )
    return bytes(body)


def _resolve(host: str, port: int) -> tuple[str, int]:
    """
    The address to connect to, resolved once: a name cannot mean another machine a moment later.

    A name has to mean a public address: else it leads to what only the server can reach. An address
    that is allowed by its number is what the server's owner meant.
    """
    try:
        return str(ipaddress.ip_address(host)), port
    except ValueError:
        pass
    found = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not found or not all(map(_is_public, found)):
        raise ValueError("its host has a private address")
    return found[0], port


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (inner is None or _is_public(str(inner)))


class _Connection(http.client.HTTPConnection):
    """A connection to *address*, on which the other side has to be *host*, for some *seconds*."""

    def __init__(
        self, host: str, address: tuple[str, int], seconds: float, *, secure: bool
    ) -> None:
        super().__init__(host, address[1], timeout=seconds)
        self.address, self.secure = address, secure
        self._deadline, self._is_late = time.monotonic() + seconds, False
        self._timer: threading.Timer | None = None

    def connect(self) -> None:
        self.sock = socket.create_connection(self.address, self.timeout)
        if self.secure:
            self.sock = ssl.create_default_context().wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
        # A timeout of the socket would begin again with every byte.
        left = max(0.0, self._deadline - time.monotonic())
        self._timer = threading.Timer(left, self._hang_up, [self.sock])
        self._timer.start()
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.do_handshake()

    def _hang_up(self, sock: socket.socket) -> None:
        """In the timer's thread: whoever reads from *sock* is at its end."""
        self._is_late = True
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def end(self) -> None:
        """Close the connection; raises if it was ended by the time that it took."""
        if self._timer is not None:
            self._timer.cancel()
        self.close()
        if self._is_late:
            raise TimeoutError("it takes too long")
