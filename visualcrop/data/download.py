"""Fetches datasets from the Hugging Face hub, or from a mirror that $HF_ENDPOINT names."""

from __future__ import annotations

import hashlib
import re
import shutil
import urllib.parse
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from glob import escape as glob_escape
from pathlib import Path
from typing import Any

import attrs

from ..errors import DatasetError, FileError, nearest
from .names import check_names, check_way
from .web import asked, asked_json, endpoint, is_reachable_from
from .write_common import sha256, writing

_CHUNK = 1 << 20
_MOST_PAGES = 100
_LARGEST = 1 << 44  # bytes of a file
_SHA256, _SHA1 = re.compile("[0-9a-f]{64}"), re.compile("[0-9a-f]{40}")


@attrs.frozen
class Repository:
    """A dataset's place on the hub, and which of its files are wanted."""

    name: str
    patterns: tuple[str, ...]

    @property
    def page(self) -> str:
        return f"{endpoint()}/datasets/{self.name}"


REPOSITORIES = {
    "vstar": Repository(
        "craigwu/vstar_bench",
        ("test_questions.jsonl", "direct_attributes/*", "relative_position/*"),
    ),
    "hrbench": Repository("DreamMr/HR-Bench", ("hr_bench_?k.parquet",)),
    "mme-realworld-lite": Repository(
        "yifanzhang114/MME-RealWorld-lite-lmms-eval", ("data/*.parquet",)
    ),
}
_ELSEWHERE = {
    "aokvqa": "its questions are at allenai.org/project/a-okvqa and its pictures, val2017.zip, "
    "at cocodataset.org",
    "gqa": "it is at cs.stanford.edu/people/dorarad/gqa",
}


@attrs.frozen
class Remote:
    """A file on the hub, with its digest where the hub gives one."""

    url: str
    path: str
    size: int
    sha256: str | None = None
    blob: str | None = None  # its digest as git has it, of what is not in LFS

    def is_in(self, target: Path) -> bool:
        """Whether it is there, whole and unchanged."""
        place = target / self.path
        if place.is_symlink() or not place.is_file() or place.stat().st_size != self.size:
            return False
        return self.matches(place)

    def matches(self, place: Path) -> bool:
        """Whether the bytes at *place* have its digest, as far as one is known."""
        if self.sha256 is not None:
            return sha256(place) == self.sha256
        return self.blob is None or _blob(place) == self.blob

    def part(self, target: Path) -> Path:
        """Where it is kept until it is whole: a name of its own for each version of it."""
        place = target / self.path
        version = (self.sha256 or self.blob or "")[:16]
        return place.with_name(f"{place.name}.{version}.part")


def repository(name: str) -> Repository:
    """Where the dataset called *name* is had."""
    if name in _ELSEWHERE:
        raise DatasetError(
            f"{name!r} is not fetched: {_ELSEWHERE[name]}; the how-to guide shows its folders."
        )
    if name not in REPOSITORIES:
        known = nearest(name, REPOSITORIES, called="those that can be")
        raise DatasetError(f"{name!r} cannot be fetched; {known}.")
    return REPOSITORIES[name]


def listing(wanted: Repository) -> list[Remote]:
    """The files that are wanted, by the hub's own list."""
    url = f"{endpoint()}/api/datasets/{wanted.name}/tree/main?recursive=true"
    files = [
        _remote(entry, wanted)
        for entry in _entries(url)
        if entry["type"] == "file" and any(fnmatch(entry["path"], p) for p in wanted.patterns)
    ]
    check_names([file.path for file in files])
    return files


def _entries(url: str) -> Iterator[dict[str, Any]]:
    """What the hub lists, page by page, each entry of the right shape."""
    for _ in range(_MOST_PAGES):
        entries, link = asked_json(url)
        if not isinstance(entries, list) or not all(map(_is_entry, entries)):
            raise FileError(f"{url} does not list files; check $HF_ENDPOINT, or try again later.")
        yield from entries
        if 'rel="next"' not in link:
            return
        after = urllib.parse.urljoin(url, link.partition("<")[2].partition(">")[0])
        if not is_reachable_from(url, after):
            raise FileError(f"The list at {url} continues at {after!r}, which is not fetched.")
        url = after
    raise FileError(f"The list at {url} has more than {_MOST_PAGES} pages; check $HF_ENDPOINT.")


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        return False
    if entry.get("type") != "file":
        return isinstance(entry.get("type"), str)
    lfs, size = entry.get("lfs") or {}, entry.get("size")
    digest = lfs.get("oid") if isinstance(lfs, dict) else 0
    sound = digest is None or (isinstance(digest, str) and bool(_SHA256.fullmatch(digest)))
    return sound and type(size) is int and 0 <= size <= _LARGEST


def _remote(entry: dict[str, Any], wanted: Repository) -> Remote:
    path = entry["path"]
    quoted = urllib.parse.quote(path, errors="replace")
    digest, blob = (entry.get("lfs") or {}).get("oid"), str(entry.get("oid"))
    known = blob if digest is None and _SHA1.fullmatch(blob) else None
    return Remote(f"{wanted.page}/resolve/main/{quoted}", path, entry["size"], digest, known)


def fetch_file(file: Remote, target: Path, advance: Callable[..., None]) -> None:
    """Fetch one file; what is there of it already is not fetched again."""
    place, part = target / file.path, file.part(target)
    with writing(target):
        check_way(target, file.path)
        check_way(target, str(part.relative_to(target)))
        place.parent.mkdir(parents=True, exist_ok=True)
        for stale in _parts(place):
            if stale != part:
                stale.unlink()
        there = part.stat().st_size if part.is_file() else 0
        if there > file.size or (file.sha256 is None and file.blob is None):
            part.unlink(missing_ok=True)  # without a digest nobody knows what it belongs to
            there = 0
        _check_room(file, target, file.size - there)
        advance(by=there)
        if there < file.size or not file.size:
            _append(file, part, there, advance)
        _check(file, part)
        part.replace(place)


def _parts(place: Path) -> Iterator[Path]:
    """What is there of any version of a file."""
    name = glob_escape(place.name)
    for pattern in (f"{name}.part", f"{name}.*.part"):
        yield from place.parent.glob(pattern)


def _append(file: Remote, part: Path, there: int, advance: Callable[..., None]) -> None:
    with asked(file.url, there) as answer:
        sent = answer.headers.get("Content-Range") or f"bytes {there}-"
        if answer.status == 206 and not sent.startswith(f"bytes {there}-"):
            raise FileError(f"{file.url} sends another part than was asked for; try again later.")
        goes_on = there > 0 and answer.status == 206  # else all of it is sent again
        left = file.size - there if goes_on else file.size
        answer.expect(left)
        with part.open("ab" if goes_on else "wb") as out:
            while left >= 0 and (chunk := answer.read1(min(_CHUNK, left + 1))):
                left -= len(chunk)
                out.write(chunk)
                advance(by=len(chunk))


def _check(file: Remote, part: Path) -> None:
    size = part.stat().st_size
    if size < file.size:
        raise FileError(
            f"Only {size:,} of {file.size:,} bytes of {file.path!r} came; "
            "the same command fetches the rest."
        )
    if size > file.size or not file.matches(part):
        part.unlink()
        raise FileError(
            f"{file.path!r} is not what the hub says it is, and was removed; fetch it again."
        )


def _check_room(file: Remote, target: Path, needed: int) -> None:
    free = shutil.disk_usage(target).free
    if needed > free:
        raise FileError(
            f"{file.path!r} needs {needed / 1e6:,.1f} MB, and {str(target)!r} has room for "
            f"{free / 1e6:,.1f}; make room, or fetch --to another folder."
        )


def _blob(path: Path) -> str:
    """Fingerprint of a file as git has it."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
