"""Vocabularies are fetched once, whole and checked, or it is said that they are not."""

from __future__ import annotations

import hashlib
import io
import runpy
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "fetch_vocabularies.py"


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, and says nothing of it."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def script() -> dict[str, Any]:
    """The names of the script, as its functions see them."""
    found: dict[str, Any] = runpy.run_path(str(SCRIPT))["main"].__globals__
    return found


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a package index that pip is told to use, with a page of the package."""
    folder = tmp_path / "llama-cpp-python"
    folder.mkdir()
    names = [f"llama_cpp_python-{version}.tar.gz" for version in ("0.3.35", "0.3.36", "0.3.37")]
    links = "".join(f'<a href="../files/{name}#sha256=0">{name}</a>' for name in names)
    (folder / "index.html").write_text(links)
    (tmp_path / "files").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/")
    yield tmp_path / "files"
    server.shutdown()
    server.server_close()


def archive(script: dict[str, Any], *, linked: str = "") -> bytes:
    """A source distribution with all files and one more; *linked* is a link out of it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in (*script["FILES"], "../../../../escaped"):
            member = tarfile.TarInfo(f"{script['MODELS']}/{name}")
            member.size = len(name)
            if name == linked:
                member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/passwd", 0
            tar.addfile(member, io.BytesIO(name.encode()))
    return packed.getvalue()


def test_needed_files_are_taken_and_no_others(
    script: dict[str, Any], index: Path, tmp_path: Path
) -> None:
    """Each by its name, from the version that is asked for; then the index is not asked again."""
    content, to = archive(script), tmp_path / "deep" / "cache"
    (index / "llama_cpp_python-0.3.36.tar.gz").write_bytes(content)
    script["SHA256"] = hashlib.sha256(content).hexdigest()
    assert script["main"](to) == 0
    there = sorted(str(path.relative_to(to)) for path in to.rglob("*") if path.is_file())
    assert there == sorted(script["FILES"])
    assert all((to / name).read_text() == name for name in there)
    assert [path.name for path in to.parent.iterdir()] == ["cache"]
    (index / "llama_cpp_python-0.3.36.tar.gz").unlink()
    assert script["main"](to) == 0


def test_another_archive_is_refused(
    script: dict[str, Any], index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong checksum fails, and nothing is unpacked."""
    (index / "llama_cpp_python-0.3.36.tar.gz").write_bytes(archive(script))
    assert script["main"](tmp_path / "cache") == 1
    assert "SHA-256" in capsys.readouterr().err
    assert not (tmp_path / "cache").exists()


def test_a_link_is_no_file(script: dict[str, Any], tmp_path: Path) -> None:
    """It is not followed, and nothing is left."""
    packed = archive(script, linked=script["FILES"][3])
    with pytest.raises(ValueError, match="is no file"):
        script["extract"](packed, tmp_path / "cache")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("listed", [True, False])
def test_without_the_archive_it_says_so(
    script: dict[str, Any],
    index: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    listed: bool,
) -> None:
    """In one sentence, with an exit status of its own, so that `make real` can go on."""
    if not listed:
        (index.parent / "llama-cpp-python" / "index.html").write_text("")
    assert script["main"](tmp_path / "cache") == 75
    said = capsys.readouterr().out
    assert said.startswith("The real vocabularies cannot be downloaded, and are not tested: ")
    assert said.count("\n") == 1


def test_an_index_without_an_address_is_not_reached(
    script: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever pip is configured with."""
    monkeypatch.setenv("PIP_INDEX_URL", "mirror")
    assert script["main"](tmp_path / "cache") == 75
    assert "are not tested: unknown url type: " in capsys.readouterr().out
