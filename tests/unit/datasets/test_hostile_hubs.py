"""A hub is anybody: whatever it lists and sends, fetching ends, in one sentence, in its folder."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.refusals import refused
from visualcrop.data import download as fetching
from visualcrop.data import https
from visualcrop.data.download import RemoteFile, download_file, find_repository, list_files
from visualcrop.errors import DatasetError, FileError

CONTENT = b'{"a": 1}\n' * 100
NAME = "test_questions.jsonl"
Respond = Callable[[BaseHTTPRequestHandler], None]


@attrs.define
class Mirror:
    """A server on this machine that answers as it is told to."""

    address: str
    stop: threading.Event
    lists: Respond
    sends: Respond
    asked: list[tuple[str, str | None]] = attrs.field(factory=list)

    def file(self, **other: Any) -> RemoteFile:
        """The file that it has."""
        digest = hashlib.sha256(CONTENT).hexdigest()
        told: dict[str, Any] = {"path": NAME, "size": len(CONTENT), "sha256": digest} | other
        return RemoteFile(f"{self.address}/datasets/x/resolve/main/{NAME}", **told)

    def list(self, *entries: object) -> None:
        """List these."""
        self.lists = lambda request: answered(request, json.dumps(entries).encode())


def answered(request: BaseHTTPRequestHandler, body: bytes, status: int = 200, **more: str) -> None:
    """Send a body with headers."""
    request.send_response(status)
    for name, value in more.items():
        request.send_header(name.replace("_", "-"), value)
    if "Content_Length" not in more:
        request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def entry(path: str, **more: object) -> dict[str, object]:
    """A file in a list."""
    return {"type": "file", "path": path, "size": len(CONTENT)} | more


@pytest.fixture
def mirror(monkeypatch) -> Iterator[Mirror]:
    """One of its own for each test."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append((self.path, self.headers.get("Range")))
            try:
                (made.lists if "/api/" in self.path else made.sends)(self)
            except OSError:  # the client has heard enough
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    made = Mirror(
        address,
        threading.Event(),
        lambda request: answered(request, b"[]"),
        lambda request: answered(request, CONTENT),
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", address)
    monkeypatch.setenv("NO_PROXY", "*")
    yield made
    made.stop.set()
    server.shutdown()
    server.server_close()
    thread.join()


def quietly(*, by: float) -> None:
    """No progress."""


def listed() -> list[RemoteFile]:
    """What is wanted of the mirror's files."""
    return list_files(find_repository("vstar"))


class TestDigests:
    """Bytes are those that the hub has a digest of."""

    def test_a_file_that_is_there_is_compared(self, mirror, tmp_path) -> None:
        """One of the same size is not taken for the same, and is fetched anew."""
        (tmp_path / NAME).write_bytes(b"x" * len(CONTENT))
        assert not mirror.file().is_complete_in(tmp_path)
        download_file(mirror.file(), tmp_path, quietly)
        assert (tmp_path / NAME).read_bytes() == CONTENT
        assert mirror.file().is_complete_in(tmp_path)

    def test_of_files_outside_of_lfs_too(self, mirror, tmp_path) -> None:
        """Their digest is git's own."""
        blob = hashlib.sha1(f"blob {len(CONTENT)}\0".encode() + CONTENT).hexdigest()
        mirror.list(entry(NAME, oid=blob))
        (file,) = listed()
        download_file(file, tmp_path, quietly)
        assert file.is_complete_in(tmp_path)
        (tmp_path / NAME).write_bytes(b"x" * len(CONTENT))
        assert not file.is_complete_in(tmp_path)

    def test_a_part_of_another_version_is_not_gone_on_with(self, mirror, tmp_path) -> None:
        """It is removed, and all of the new version is fetched."""
        old = mirror.file(sha256="0" * 64)
        old.part_path(tmp_path).write_bytes(b"y" * 300)
        (tmp_path / f"{NAME}.part").write_bytes(b"z" * 300)
        download_file(mirror.file(), tmp_path, quietly)
        assert (tmp_path / NAME).read_bytes() == CONTENT
        assert mirror.asked[-1][1] is None
        assert [path.name for path in tmp_path.iterdir()] == [NAME]

    def test_without_a_digest_nothing_is_gone_on_with(self, mirror, tmp_path) -> None:
        """Nobody could tell what a part belongs to."""
        file = mirror.file(sha256=None)
        file.part_path(tmp_path).write_bytes(b"y" * 300)
        download_file(file, tmp_path, quietly)
        assert (tmp_path / NAME).read_bytes() == CONTENT

    def test_another_part_than_was_asked_for(self, mirror, tmp_path) -> None:
        """Is not joined to what is there."""
        mirror.sends = lambda request: answered(
            request, CONTENT[5:], 206, Content_Range=f"bytes 5-{len(CONTENT)}/{len(CONTENT)}"
        )
        mirror.file().part_path(tmp_path).write_bytes(CONTENT[:300])
        message = refused(FileError, download_file, mirror.file(), tmp_path, quietly)
        assert "sends another part than was asked for" in message


class TestAddresses:
    """Only https, and http on this machine; also after a redirect."""

    @pytest.mark.parametrize(
        "address", ["http://example.org", "ftp://example.org", "http://10.0.0.1", "http://[", ""]
    )
    def test_of_a_mirror(self, address: str, monkeypatch) -> None:
        """What is not encrypted may be anybody's."""
        monkeypatch.setenv("HF_ENDPOINT", address or "file:///etc/passwd")
        assert "give an address with https://" in refused(DatasetError, listed)

    @pytest.mark.parametrize(
        "place", ["http://example.org/x", "ftp://example.org/x", "file:///etc/passwd", "http://["]
    )
    def test_of_a_redirect(self, place: str, mirror, tmp_path) -> None:
        """Nobody is asked there."""
        mirror.sends = lambda request: answered(request, b"", 302, Location=place)
        message = refused(FileError, download_file, mirror.file(), tmp_path, quietly)
        assert "redirects to" in message
        assert not (tmp_path / NAME).exists()

    def test_nobody_elsewhere_sends_to_this_machine(self) -> None:
        """Where services may listen that trust it."""
        assert not https.is_redirect_allowed("https://example.org/x", "http://127.0.0.1:8080/x")
        assert not https.is_redirect_allowed("https://example.org/x", "https://localhost/x")
        assert https.is_redirect_allowed("https://example.org/x", "https://cdn.example.org/x")

    def test_a_redirect_on_this_machine_is_followed(self, mirror, tmp_path) -> None:
        """As the hub sends on to where its files lie."""
        sends = mirror.sends
        mirror.sends = lambda request: (
            sends(request)
            if request.path == "/there"
            else answered(request, b"", 302, Location="/there")
        )
        download_file(mirror.file(), tmp_path, quietly)
        assert (tmp_path / NAME).read_bytes() == CONTENT

    def test_redirects_end(self, mirror, tmp_path) -> None:
        """In a circle, say."""
        mirror.sends = lambda request: answered(request, b"", 302, Location=request.path)
        message = refused(FileError, download_file, mirror.file(), tmp_path, quietly)
        assert "redirects more than 5 times" in message

    @pytest.mark.parametrize("place", ["http://example.org/list", "file:///etc/passwd"])
    def test_of_the_next_page(self, place: str, mirror) -> None:
        """A list does not go on elsewhere."""
        mirror.lists = lambda request: answered(request, b"[]", Link=f'<{place}>; rel="next"')
        assert "which is not fetched" in refused(FileError, listed)


class TestBounds:
    """Whatever a server does, it ends."""

    def test_pages(self, mirror) -> None:
        """A list that goes on for ever."""
        mirror.lists = lambda request: answered(
            request, b"[]", Link=f'<{mirror.address}{request.path}>; rel="next"'
        )
        assert "has more than 100 pages" in refused(FileError, listed)
        assert len(mirror.asked) == 100

    def test_json(self, mirror, monkeypatch) -> None:
        """A page that is larger than any."""
        monkeypatch.setattr(https, "_MAX_JSON", 1000)
        mirror.lists = lambda request: answered(request, b"[" + b" " * 5000 + b"]")
        assert "more than 1,000 bytes of JSON" in refused(FileError, listed)

    def test_more_bytes_than_were_announced(self, mirror, tmp_path) -> None:
        """No more than one too many is read of a file without an end."""

        def sends(request: BaseHTTPRequestHandler) -> None:
            request.send_response(200)
            request.end_headers()
            while not mirror.stop.is_set():
                request.wfile.write(b"x" * 1000)

        mirror.sends = sends
        message = refused(FileError, download_file, mirror.file(), tmp_path, quietly)
        assert "is not what the hub says it is, and was removed" in message
        assert not [*tmp_path.iterdir()]

    def test_more_bytes_than_there_is_room_for(self, mirror, tmp_path) -> None:
        """It is said before any is fetched."""
        message = refused(FileError, download_file, mirror.file(size=1 << 43), tmp_path, quietly)
        assert "has room for" in message
        assert not mirror.asked

    @pytest.mark.parametrize("part", ["headers", "body"])
    def test_a_byte_now_and_then(self, part: str, mirror, tmp_path, monkeypatch) -> None:
        """A server that keeps the line open is hung up on."""
        monkeypatch.setattr(https, "_TIMEOUT", 0.3)
        monkeypatch.setattr(https, "_MIN_RATE", 1 << 30)

        def sends(request: BaseHTTPRequestHandler) -> None:
            request.wfile.write(b"HTTP/1.0 200 OK\r\n")
            request.wfile.write(b"X-Slow: " if part == "headers" else b"\r\n")
            while not mirror.stop.wait(0.01):
                request.wfile.write(b"x")
                request.wfile.flush()

        mirror.sends = sends
        message = refused(FileError, download_file, mirror.file(size=1 << 30), tmp_path, quietly)
        assert "cannot be reached" in message or "too slow" in message


class TestLists:
    """What a list may hold."""

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (b"<html>Log in</html>", "that is not JSON"),
            (b"[" * 100_000, "that is not JSON"),
            (b"9" * 5000, "that is not JSON"),
            (b"\xff\xfe", "that is not JSON"),
            (b"{}", "does not list files"),
            (b'{"error": "no"}', "does not list files"),
            (b"[1]", "does not list files"),
            (b'[{"type": "file"}]', "does not list files"),
            (json.dumps([entry(NAME, size="9")]).encode(), "does not list files"),
            (json.dumps([entry(NAME, size=-1)]).encode(), "does not list files"),
            (json.dumps([entry(NAME, size=True)]).encode(), "does not list files"),
            (json.dumps([entry(NAME, size=1e9)]).encode(), "does not list files"),
            (json.dumps([entry(NAME, size=10**30)]).encode(), "does not list files"),
            (json.dumps([entry(NAME, lfs=[])]).encode(), ""),
            (json.dumps([entry(NAME, lfs=[1])]).encode(), "does not list files"),
            (json.dumps([entry(NAME, lfs={"oid": "../x"})]).encode(), "does not list files"),
            (json.dumps([entry(3)]).encode(), "does not list files"),  # type: ignore[arg-type]
        ],
    )
    def test_of_the_wrong_shape(self, body: bytes, said: str, mirror) -> None:
        """One sentence, which names the server."""
        mirror.lists = lambda request: answered(request, body, Content_Type="text/html")
        if said:
            assert said in refused(FileError, listed)
        else:
            assert len(listed()) == 1

    @pytest.mark.parametrize(
        "name",
        [
            *("direct_attributes/../../x", "direct_attributes//etc/x", "direct_attributes/./x"),
            *("direct_attributes/..\\..\\x", "direct_attributes/a\0b", "direct_attributes/a\nb"),
            *(f"direct_attributes/{'x' * 250}", f"direct_attributes/{'x/' * 600}x"),
            *("direct_attributes/", "direct_attributes/x.part", "direct_attributes/\udcff"),
        ],
    )
    def test_hostile_names(self, name: str, mirror) -> None:
        """None is written, and it is named."""
        mirror.list(entry(NAME), entry(name))
        assert "cannot be written, for its name" in refused(FileError, listed)

    @pytest.mark.parametrize(
        ("one", "two"),
        [("a.jpg", "a.jpg"), ("a.jpg", "A.JPG"), ("caf\u00e9.jpg", "cafe\u0301.jpg"), ("a", "a/b")],
    )
    def test_two_of_one_name(self, one: str, two: str, mirror) -> None:
        """On this file system or on another."""
        mirror.list(*(entry(f"direct_attributes/{name}") for name in (one, two)))
        assert "would be" in refused(FileError, listed)


class TestFolders:
    """What lies in the folder already."""

    def test_no_link_leads_out_of_it(self, mirror, tmp_path: Path) -> None:
        """Neither a folder's on the way, nor a file's, nor that of a part."""
        root, outside = tmp_path / "root", tmp_path / "outside"
        root.mkdir()
        outside.mkdir()
        (root / "direct_attributes").symlink_to(outside)
        file = mirror.file(path="direct_attributes/a.jpg")
        assert "is a link" in refused(FileError, download_file, file, root, quietly)
        (root / NAME).symlink_to(outside / "x")
        assert "is a link" in refused(FileError, download_file, mirror.file(), root, quietly)
        (root / NAME).unlink()
        mirror.file().part_path(root).symlink_to(outside / "x")
        assert "is a link" in refused(FileError, download_file, mirror.file(), root, quietly)
        assert not [*outside.iterdir()]

    def test_a_link_is_not_the_file(self, mirror, tmp_path: Path) -> None:
        """Even if what it leads to has the digest."""
        (tmp_path / "x").write_bytes(CONTENT)
        (tmp_path / NAME).symlink_to(tmp_path / "x")
        assert not mirror.file().is_complete_in(tmp_path)


def test_limits_are_what_they_are() -> None:
    """Those of a real hub are far below them."""
    assert fetching._MAX_PAGES == 100
    assert https._TIMEOUT == 60
