"""Datasets are fetched from a hub: here, from one on this machine."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from huggingface_hub import constants

from tests.support import shipped
from tests.support.refusals import refused
from visualcrop.data.download import download_file, find_repository, list_files
from visualcrop.errors import DatasetError, FileError

FILES = {
    "test_questions.jsonl": b'{"a": 1}\n' * 100,
    "direct_attributes/sa 1.jpg": shipped.jpeg(),
    "OCR/other.jpg": b"not wanted",
}


class Hub(BaseHTTPRequestHandler):
    """Lists its files in two pages, and sends them from where it is asked to."""

    asked: list[tuple[str, str | None]]
    tokens: list[str | None]
    cut: int | None = None  # bytes after which a file stops
    digest: str | None = None

    def do_GET(self) -> None:
        """Answer."""
        self.asked.append((self.path, self.headers.get("Range")))
        self.tokens.append(self.headers.get("Authorization"))
        if "/api/" in self.path:
            self._list()
        else:
            self._send(FILES[self.path.partition("/resolve/main/")[2].replace("%20", " ")])

    def _list(self) -> None:
        second = "cursor=2" in self.path
        names = sorted(FILES)[2:] if second else sorted(FILES)[:2]
        entries = [
            {
                "type": "file",
                "path": name,
                "size": len(FILES[name]),
                "lfs": {"oid": self.digest or hashlib.sha256(FILES[name]).hexdigest()},
            }
            for name in names
        ]
        body = json.dumps([*entries, {"type": "directory", "path": "OCR"}]).encode()
        self.send_response(200)
        if not second:
            host = f"http://{self.headers['Host']}"
            self.send_header("Link", f'<{host}{self.path}&cursor=2>; rel="next"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send(self, content: bytes) -> None:
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : self.cut])

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def hub(monkeypatch) -> Iterator[type[Hub]]:
    """A hub of its own for each test."""
    handler = type("Handler", (Hub,), {"asked": [], "tokens": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("NO_PROXY", "*")
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


def quietly(*, by: float) -> None:
    """No progress."""


class TestFetching:
    """Resumed, checked, and named where it fails."""

    def test_lists_what_is_wanted(self, hub) -> None:
        """All pages of the hub's list, and of the files only those of the benchmark."""
        files = list_files(find_repository("vstar"))
        assert [file.path for file in files] == [
            "direct_attributes/sa 1.jpg",
            "test_questions.jsonl",
        ]

    def test_writes_what_came(self, hub, tmp_path) -> None:
        """Whole files at their places, and nothing half done beside them."""
        for file in list_files(find_repository("vstar")):
            assert not file.is_complete_in(tmp_path)
            download_file(file, tmp_path, quietly)
            assert file.is_complete_in(tmp_path)
            assert (tmp_path / file.path).read_bytes() == FILES[file.path]
        assert not [*tmp_path.rglob("*.part")]

    def test_goes_on_where_it_was_cut(self, hub, tmp_path) -> None:
        """A cut is a sentence; what came is kept, and only the rest is asked for again."""
        _, file = list_files(find_repository("vstar"))
        hub.cut = 300
        assert "the same command" in refused(FileError, download_file, file, tmp_path, quietly)
        assert not file.is_complete_in(tmp_path)
        hub.cut = None
        download_file(file, tmp_path, quietly)
        assert (tmp_path / file.path).read_bytes() == FILES[file.path]
        assert hub.asked[-1][1] == "bytes=300-"

    def test_refuses_another_file(self, hub, tmp_path) -> None:
        """What has another digest is removed, and said to be wrong."""
        hub.digest = "0" * 64
        file, _ = list_files(find_repository("vstar"))
        message = refused(FileError, download_file, file, tmp_path, quietly)
        assert "is not what the hub says it is" in message
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]

    def test_sends_the_token_to_the_hub_alone(self, hub, monkeypatch, tmp_path) -> None:
        """As huggingface_hub finds it; another server, as after a redirect, does not get it."""
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        file, _ = list_files(find_repository("vstar"))
        assert set(hub.tokens) == {"Bearer hf_secret"}
        monkeypatch.setenv("HF_ENDPOINT", "https://huggingface.co")
        download_file(file, tmp_path, quietly)
        assert hub.tokens[-1] is None

    def test_offline_nothing_is_fetched(self, hub, monkeypatch) -> None:
        """With huggingface_hub's own setting, and in a sentence."""
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        message = refused(FileError, list_files, find_repository("vstar"))
        assert message == "Nothing is fetched while $HF_HUB_OFFLINE is set; unset it."
        assert not hub.asked

    def test_without_a_network_is_a_sentence(self, monkeypatch) -> None:
        """It says what to do instead."""
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "*")
        message = refused(FileError, list_files, find_repository("vstar"))
        assert message.startswith("127.0.0.1:9 cannot be reached; fetch the dataset on a machine")

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("vstr", "did you mean 'vstar'?"),
            ("gqa", "cs.stanford.edu"),
            ("aokvqa", "allenai.org"),
        ],
    )
    def test_what_cannot_be_fetched_is_a_sentence(self, name: str, said: str) -> None:
        """A name that nobody has, and those that are had elsewhere."""
        assert said in refused(DatasetError, find_repository, name)

    def test_only_addresses_are_asked(self, monkeypatch) -> None:
        """A file is no hub."""
        monkeypatch.setenv("HF_ENDPOINT", "file:///etc")
        assert "give an address" in refused(DatasetError, list_files, find_repository("vstar"))
