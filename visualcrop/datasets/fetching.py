"""Fetches datasets from the Hugging Face hub, or from a mirror that $HF_ENDPOINT names."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import Any

import attrs

from ..errors import DatasetError, FileError, nearest
from .importing import sha256, writing

_CHUNK = 1 << 20
_TIMEOUT = 60.0  # seconds without a byte


@attrs.frozen
class Repository:
    """A dataset's place on the hub, and which of its files are wanted."""

    name: str
    patterns: tuple[str, ...]

    @property
    def page(self) -> str:
        return f"{_endpoint()}/datasets/{self.name}"


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

    def is_in(self, target: Path) -> bool:
        place = target / self.path
        return place.is_file() and place.stat().st_size == self.size


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
    url = f"{_endpoint()}/api/datasets/{wanted.name}/tree/main?recursive=true"
    return [
        file
        for file in _listed(url, wanted)
        if any(fnmatch(file.path, pattern) for pattern in wanted.patterns)
    ]


def _listed(url: str | None, wanted: Repository) -> Iterator[Remote]:
    while url is not None:
        with _asked(url) as answer:
            entries, link = json.load(answer), answer.headers.get("Link") or ""
        for entry in entries:
            if entry.get("type") == "file" and ".." not in PurePosixPath(entry["path"]).parts:
                quoted = urllib.parse.quote(entry["path"])
                source = f"{wanted.page}/resolve/main/{quoted}"
                digest = (entry.get("lfs") or {}).get("oid")
                yield Remote(source, entry["path"].lstrip("/"), int(entry["size"]), digest)
        url = link.partition("<")[2].partition(">")[0] if 'rel="next"' in link else None


def fetch_file(file: Remote, target: Path, advance: Callable[..., None]) -> None:
    """Fetch one file; what is there of it already is not fetched again."""
    place = target / file.path
    part = place.with_name(f"{place.name}.part")
    with writing(target):
        place.parent.mkdir(parents=True, exist_ok=True)
        there = part.stat().st_size if part.is_file() else 0
        if there > file.size:
            part.unlink()
            there = 0
        advance(by=there)
        if there < file.size or not file.size:
            _append(file, part, there, advance)
        _check(file, part)
        part.replace(place)


def _append(file: Remote, part: Path, there: int, advance: Callable[..., None]) -> None:
    with _asked(file.url, there) as answer:
        goes_on = there > 0 and answer.status == 206  # else all of it is sent again
        with part.open("ab" if goes_on else "wb") as out:
            try:
                while chunk := answer.read(_CHUNK):
                    out.write(chunk)
                    advance(by=len(chunk))
            except (HTTPException, TimeoutError, ConnectionError) as exc:
                raise FileError(
                    f"{file.path!r} was cut short by the network; the same command goes on."
                ) from exc


def _check(file: Remote, part: Path) -> None:
    size = part.stat().st_size
    if size < file.size:
        raise FileError(
            f"Only {size:,} of {file.size:,} bytes of {file.path!r} came; "
            "the same command fetches the rest."
        )
    if size > file.size or (file.sha256 is not None and sha256(part) != file.sha256):
        part.unlink()
        raise FileError(
            f"{file.path!r} is not what the hub says it is, and was removed; fetch it again."
        )


def _asked(url: str, start: int = 0) -> Any:
    headers = {"User-Agent": "visualcrop", **({"Range": f"bytes={start}-"} if start else {})}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - checked by _endpoint
    try:
        return urllib.request.urlopen(request, timeout=_TIMEOUT)  # noqa: S310 - as above
    except urllib.error.HTTPError as exc:
        raise FileError(f"{url} answers {exc.code} ({exc.reason}); try again later.") from exc
    except (OSError, HTTPException) as exc:
        raise FileError(
            f"{urllib.parse.urlsplit(url).netloc} cannot be reached; fetch the dataset on a "
            "machine with a network, and give its folder as path=."
        ) from exc


def _endpoint() -> str:
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    if not endpoint.startswith(("https://", "http://")):
        raise DatasetError(f"$HF_ENDPOINT is {endpoint!r}; give an address with https://.")
    return endpoint
