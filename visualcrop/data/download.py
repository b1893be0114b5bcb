"""Downloads datasets from the Hugging Face hub, or from a mirror that $HF_ENDPOINT names."""

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
from .https import get_endpoint, get_json, is_redirect_allowed, open_url
from .safe_names import check_file_names, refuse_links
from .write_common import explain_write_errors, sha256_of

_CHUNK = 1 << 20
_MAX_PAGES = 100
_MAX_SIZE = 1 << 44  # bytes of a file
_SHA256, _SHA1 = re.compile("[0-9a-f]{64}"), re.compile("[0-9a-f]{40}")


@attrs.frozen
class Repository:
    """A dataset on the hub, and glob patterns for the files to download."""

    name: str
    patterns: tuple[str, ...]

    @property
    def page(self) -> str:
        return f"{get_endpoint()}/datasets/{self.name}"


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
class RemoteFile:
    """A file on the hub, with its size in bytes and the digest that the hub lists."""

    url: str
    path: str
    size: int
    sha256: str | None = None
    blob: str | None = None  # git's own digest, for files that are not in LFS

    def is_complete_in(self, target: Path) -> bool:
        """Whether *target* holds the file with this size and digest."""
        place = target / self.path
        if place.is_symlink() or not place.is_file() or place.stat().st_size != self.size:
            return False
        return self.matches(place)

    def matches(self, place: Path) -> bool:
        """Whether the file at *place* has the listed digest, or none is listed."""
        if self.sha256 is not None:
            return sha256_of(place) == self.sha256
        return self.blob is None or _git_blob_sha1(place) == self.blob

    def part_path(self, target: Path) -> Path:
        """Where its bytes are kept until all have come: a name of its own for each version."""
        place = target / self.path
        version = (self.sha256 or self.blob or "")[:16]
        return place.with_name(f"{place.name}.{version}.part")


def find_repository(name: str) -> Repository:
    """The repository of the dataset *name*."""
    if name in _ELSEWHERE:
        raise DatasetError(
            f"{name!r} is not fetched: {_ELSEWHERE[name]}; the how-to guide shows its folders."
        )
    if name not in REPOSITORIES:
        known = nearest(name, REPOSITORIES, called="those that can be")
        raise DatasetError(f"{name!r} cannot be fetched; {known}.")
    return REPOSITORIES[name]


def list_files(wanted: Repository) -> list[RemoteFile]:
    """List the files that match the repository's patterns, and refuse unsafe names."""
    url = f"{get_endpoint()}/api/datasets/{wanted.name}/tree/main?recursive=true"
    files = [
        _parse_entry(entry, wanted)
        for entry in _list_entries(url)
        if entry["type"] == "file" and any(fnmatch(entry["path"], p) for p in wanted.patterns)
    ]
    check_file_names([file.path for file in files])
    return files


def _list_entries(url: str) -> Iterator[dict[str, Any]]:
    """List all entries of a repository, page by page, each checked by `_is_entry`."""
    for _ in range(_MAX_PAGES):
        entries, link = get_json(url)
        if not isinstance(entries, list) or not all(map(_is_entry, entries)):
            raise FileError(f"{url} does not list files; check $HF_ENDPOINT, or try again later.")
        yield from entries
        if 'rel="next"' not in link:
            return
        next_url = urllib.parse.urljoin(url, link.partition("<")[2].partition(">")[0])
        if not is_redirect_allowed(url, next_url):
            raise FileError(f"The list at {url} continues at {next_url!r}, which is not fetched.")
        url = next_url
    raise FileError(f"The list at {url} has more than {_MAX_PAGES} pages; check $HF_ENDPOINT.")


def _is_entry(entry: object) -> bool:
    """Whether it has the fields of a file or folder: path, type, and a file's size and digest."""
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        return False
    if entry.get("type") != "file":
        return isinstance(entry.get("type"), str)
    lfs, size = entry.get("lfs") or {}, entry.get("size")
    digest = lfs.get("oid") if isinstance(lfs, dict) else 0
    has_digest = digest is None or (isinstance(digest, str) and bool(_SHA256.fullmatch(digest)))
    return has_digest and type(size) is int and 0 <= size <= _MAX_SIZE


def _parse_entry(entry: dict[str, Any], wanted: Repository) -> RemoteFile:
    path = entry["path"]
    quoted = urllib.parse.quote(path, errors="replace")
    digest, oid = (entry.get("lfs") or {}).get("oid"), str(entry.get("oid"))
    blob = oid if digest is None and _SHA1.fullmatch(oid) else None
    return RemoteFile(f"{wanted.page}/resolve/main/{quoted}", path, entry["size"], digest, blob)


def download_file(file: RemoteFile, target: Path, advance: Callable[..., None]) -> None:
    """Download one file below *target*, and resume it where some of its bytes are there."""
    place, part = target / file.path, file.part_path(target)
    with explain_write_errors(target):
        refuse_links(target, file.path)
        refuse_links(target, str(part.relative_to(target)))
        place.parent.mkdir(parents=True, exist_ok=True)
        for stale in _find_parts(place):
            if stale != part:
                stale.unlink()
        present = part.stat().st_size if part.is_file() else 0
        if present > file.size or (file.sha256 is None and file.blob is None):
            part.unlink(missing_ok=True)  # without a digest it may be of another version
            present = 0
        _check_disk_space(file, target, file.size - present)
        advance(by=present)
        if present < file.size or not file.size:
            _download_rest(file, part, present, advance)
        _check_download(file, part)
        part.replace(place)


def _find_parts(place: Path) -> Iterator[Path]:
    """Find what was downloaded of any version of the file."""
    name = glob_escape(place.name)
    for pattern in (f"{name}.part", f"{name}.*.part"):
        yield from place.parent.glob(pattern)


def _download_rest(
    file: RemoteFile, part: Path, present: int, advance: Callable[..., None]
) -> None:
    """Append the bytes after the first *present* ones, and at most one too many."""
    with open_url(file.url, present) as response:
        sent = response.headers.get("Content-Range") or f"bytes {present}-"
        if response.status == 206 and not sent.startswith(f"bytes {present}-"):
            raise FileError(f"{file.url} sends another part than was asked for; try again later.")
        resumes = present > 0 and response.status == 206  # else the server sends all of it
        left = file.size - present if resumes else file.size
        response.allow_time_for(left)
        with part.open("ab" if resumes else "wb") as out:
            while left >= 0 and (chunk := response.read1(min(_CHUNK, left + 1))):
                left -= len(chunk)
                out.write(chunk)
                advance(by=len(chunk))


def _check_download(file: RemoteFile, part: Path) -> None:
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


def _check_disk_space(file: RemoteFile, target: Path, needed: int) -> None:
    free = shutil.disk_usage(target).free
    if needed > free:
        raise FileError(
            f"{file.path!r} needs {needed / 1e6:,.1f} MB, and {str(target)!r} has room for "
            f"{free / 1e6:,.1f}; make room, or fetch --to another folder."
        )


def _git_blob_sha1(path: Path) -> str:
    """The object id that git gives to a file."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
