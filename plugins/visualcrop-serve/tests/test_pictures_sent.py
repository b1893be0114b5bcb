"""Pictures of requests: what is read, what is fetched, and what neither is."""

from __future__ import annotations

import base64
import http.server
import os
import socket
import struct
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import openai
import pytest

from tests.support.serving import (
    QUESTION,
    Live,
    data_url,
    drawn,
    drawn_url,
    own,
    serving,
    toy,
    user,
)

FILES = sys.platform != "win32"
needs_files = pytest.mark.skipif(not FILES, reason="Windows has no `openat`")


class Host(http.server.BaseHTTPRequestHandler):
    """A host of pictures, which counts what it is asked for."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """A picture, an endless one, or a way elsewhere."""
        self.asked.append(self.path)
        if self.path == "/never":
            with suppress(OSError):
                while True:  # headers that never end
                    self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        if self.path == "/dripping":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            with suppress(OSError):
                while True:  # byte by byte
                    self.wfile.write(b"1\r\nx\r\n")
            return
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/scene.png")
            self.end_headers()
            return
        self.send_response(404 if self.path == "/missing" else 200)
        self.end_headers()
        content = drawn() if self.path != "/endless" else b"\x89PNG\r\n\x1a\n" + bytes(1 << 16)
        for _ in range(1 if self.path != "/endless" else 1000):
            try:
                self.wfile.write(content)
            except OSError:
                return

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def hosting() -> Iterator[str]:
    """A host's address, NAME:PORT."""
    Host.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures with a secret beside it, and links to that."""
    above = tmp_path_factory.mktemp("above")
    folder = above / "pictures"
    (folder / "shelf").mkdir(parents=True)
    (folder / "shelf" / "scene.png").write_bytes(drawn())
    (above / "secret.png").write_bytes(drawn())
    (above / "elsewhere").mkdir()
    (above / "elsewhere" / "secret.png").write_bytes(drawn())
    if not FILES:  # where no file is opened without following links
        return folder
    (folder / "link.png").symlink_to(above / "secret.png")
    (folder / "inner.png").symlink_to(folder / "shelf" / "scene.png")
    (folder / "linked").symlink_to(above / "elsewhere")
    os.mkfifo(folder / "pipe.png")
    return folder


@pytest.fixture(scope="module")
def live(folder: Path) -> Iterator[Live]:
    with hosting() as host:
        options: dict[str, Any] = {
            "images": folder if FILES else None,
            "hosts": (host, "localhost"),
        }
        with serving(toy(), **options, max_pixels=2_000_000, max_bytes=4 << 20) as live:
            yield live


@pytest.fixture
def host(live: Live) -> str:
    Host.asked.clear()
    return live.service.settings.hosts[0]


def ask(live: Live, *urls: str) -> Any:
    return live.client().chat.completions.create(
        model="toy@direct", messages=[user(QUESTION, *urls)]
    )


def refusal(live: Live, *urls: str) -> openai.APIStatusError:
    """The error of a question about these pictures."""
    with pytest.raises(openai.APIStatusError) as caught:
        ask(live, *urls)
    return caught.value


def png(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and is tiny: a bomb if it is large."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes((1 + 3 * width) * height) if width < 10_000 else b"", 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def test_a_bomb_is_refused_by_its_header(live: Live) -> None:
    """Nothing of it is decoded, and the status says that it is too large."""
    error = refusal(live, data_url(png(60_000, 60_000)))
    assert (error.status_code, error.code) == (413, "image_too_large")
    assert "60000 x 60000 pixels" in error.message


def test_all_pictures_of_a_request_count(live: Live) -> None:
    """One of them has fewer pixels than allowed, two have more; one picture twice counts once."""
    one, other = data_url(png(1000, 1500)), data_url(png(1001, 1500))
    assert ask(live, one).choices
    assert ask(live, one, one).choices
    assert refusal(live, one, other).status_code == 413


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("data:image/png;base64,@@@@", 400, "invalid_value"),
        ("data:image/png,hello", 400, "invalid_value"),
        ("data:,x", 400, "invalid_value"),
        ("data:image/png;base64,", 400, "invalid_image"),
        (data_url(b"no picture at all"), 400, "invalid_image"),
        (data_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"), 400, None),
        (data_url(b"%PDF-1.4", "application/pdf"), 415, "unsupported_image"),
        ("data:text/html;base64,PGI+", 415, "unsupported_image"),
        ("ftp://127.0.0.1/x.png", 400, "invalid_value"),
        ("/etc/passwd", 400, "invalid_value"),
        ("javascript:alert(1)", 400, "invalid_value"),
        ("", 400, "invalid_value"),
        ("http://example.org/x.png", 403, "host_not_allowed"),
        ("http://127.0.0.1:1/x.png", 403, "host_not_allowed"),
        ("http://user@127.0.0.1/x.png", 400, "invalid_value"),
        ("http://[::1/x.png", 400, "invalid_value"),
        ("http://127.0.0.1:99999999/x.png", 400, "invalid_value"),
    ],
)
def test_what_is_no_picture_is_refused(live: Live, url: str, status: int, code: str | None) -> None:
    """With a status that says why, and the place of the URL."""
    error = refusal(live, url)
    assert error.status_code == status
    assert code in {None, error.code}
    assert error.param == "messages[0].content[0].image_url.url"


@pytest.mark.parametrize(
    "url",
    [
        drawn_url()[:22] + drawn_url()[26:],  # without its beginning
        drawn_url()[:2022],
        data_url(base64.b64encode(drawn())),
        "data:image/png;base64,",
    ],
)
def test_broken_base64_may_be_the_reason(live: Live, url: str) -> None:
    """What it decodes to is then no picture, or a part of one."""
    message = refusal(live, url).message
    assert "and send all its bytes in base64." in message


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "application/octet-stream"])
def test_the_bytes_say_what_a_picture_is(live: Live, kind: str) -> None:
    """Not the type that its URL names."""
    assert ask(live, data_url(drawn(), kind)).choices


@needs_files
def test_files_of_the_folder_are_read(live: Live, folder: Path) -> None:
    """By their full path, also one with what a URL has to escape."""
    (folder / "a scene.png").write_bytes(drawn())
    expected = own(ask(live, drawn_url()))["image"]
    for name in ("shelf/scene.png", "a%20scene.png"):
        assert own(ask(live, f"file://{folder}/{name}"))["image"] == expected


@pytest.mark.parametrize(
    "name",
    [
        *("link.png", "inner.png", "linked/secret.png", "pipe.png", "shelf", "missing.png", ""),
        *("../secret.png", "shelf/../../secret.png", "%2e%2e/secret.png", "..%2fsecret.png"),
        "shelf%00/scene.png",
    ],
)
@needs_files
@pytest.mark.timeout(60)
def test_nothing_else_is_read(live: Live, folder: Path, name: str) -> None:
    """No link is followed, wherever it leads, no pipe is waited for, and no way leads out."""
    error = refusal(live, f"file://{folder}/{name}")
    assert (error.status_code, error.code) == (404, "no_such_image")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "file://otherhost/x.png", "file:x.png"])
@needs_files
def test_no_other_folder_is_read(live: Live, url: str) -> None:
    """And the error does not tell whether the file is there."""
    assert refusal(live, url).code == "no_such_image"


def test_a_picture_of_an_allowed_host_is_fetched(live: Live, host: str) -> None:
    """Once, and with its query."""
    assert own(ask(live, f"http://{host}/scene.png?x=1"))["image"]["width"] == 1536
    assert Host.asked == ["/scene.png?x=1"]


def test_no_redirect_is_followed(live: Live, host: str) -> None:
    """It could lead anywhere."""
    error = refusal(live, f"http://{host}/moved")
    assert error.code == "image_not_fetched"
    assert Host.asked == ["/moved"]


def test_a_fetched_picture_is_bounded(live: Live, host: str) -> None:
    """An endless one is left; a missing one is no picture."""
    assert refusal(live, f"http://{host}/endless").status_code == 413
    assert refusal(live, f"http://{host}/missing").code == "image_not_fetched"


@pytest.mark.parametrize("path", ["never", "dripping"])
def test_a_fetch_has_an_end(path: str) -> None:
    """However fast its host goes on sending what is no picture yet."""
    with hosting() as host, serving(toy(), hosts=(host,), fetch_seconds=1) as live:
        error = refusal(live, f"http://{host}/{path}")
        assert error.code == "image_not_fetched"
        assert "it takes too long" in error.message


def test_a_name_may_not_lead_to_this_machine(live: Live, host: str) -> None:
    """Though `localhost` is allowed: a name has to mean a public address."""
    error = refusal(live, "http://localhost/scene.png")
    assert error.code == "image_not_fetched"
    assert "private address" in error.message
    assert not Host.asked


def test_a_name_is_resolved_once(live: Live, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is checked is what is connected to, so that a name cannot change between the two."""
    from visualcrop_serve import fetching

    answers = iter(["8.8.8.8", "127.0.0.1"])
    connected = []

    def resolve(*_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 80))]

    def connect(address: tuple[str, int], *_: object) -> None:
        connected.append(address)
        raise OSError("as far as that")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Exception, match="as far as that"):
        fetching.fetch("http://localhost/x", live.service.settings, "image")
    assert connected == [("8.8.8.8", 80)]


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1", "fc00::1", "0.0.0.0"),
        *("::ffff:10.0.0.1", "100.64.0.1", "224.0.0.1", "2002:7f00:1::", "192.168.1.1"),
    ],
)
def test_private_addresses_are_known(address: str) -> None:
    """In all their forms."""
    from visualcrop_serve.fetching import _is_public

    assert not _is_public(address)
    assert _is_public("8.8.8.8")
    assert _is_public("2606:4700::1111")


def test_by_default_nothing_is_fetched_and_no_file_is_read() -> None:
    """Only data URLs are taken."""
    with serving(toy()) as live:
        assert refusal(live, "http://127.0.0.1/x.png").code == "host_not_allowed"
        assert "--images" in refusal(live, "file:///etc/hosts").message
        too_many = [data_url(base64.b64encode(bytes([n]))) for n in range(9)]
        assert refusal(live, *too_many).code == "too_many_images"
