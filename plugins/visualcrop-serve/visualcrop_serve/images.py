"""
Reads the pictures of a request: data URLs, files of one folder, addresses of allowed hosts.

Whoever sends requests is a stranger. What an address names is fetched only where the server's owner
said so, never from machines behind it, and nothing is decoded that would take too much memory.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import os
import re
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import attrs

from visualcrop import Image
from visualcrop.errors import ImageError
from visualcrop.plugin import ImageSource

from .errors import RequestError, invalid
from .fetching import fetch
from .settings import Settings

_BYTES_PER_PIXEL = 32  # of memory: more than any decoder of Pillow takes
_MORE_BYTES = 64 << 20  # the same for what does not grow with the picture
_DATA = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[\w.+-]+)*(?P<base64>;base64)?,")
_LONGEST_HEAD = 300  # characters of a data URL before its data
_LONGEST_ADDRESS = 4000  # characters of any other URL
_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_FILE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # a pipe is not waited for


def check_url(url: str, settings: Settings, param: str) -> None:
    """Refuse, before anything is read, a picture that this server does not take."""
    scheme = url[:10].partition(":")[0].lower()
    if scheme == "data":
        _check_data(url[:_LONGEST_HEAD], param)
    elif len(url) > _LONGEST_ADDRESS:
        raise invalid(
            f"The address of a picture has over {_LONGEST_ADDRESS:,} characters; send the picture "
            "itself as a data URL.",
            param,
        )
    elif scheme == "file":
        if settings.images is None:
            raise invalid(
                "This server reads no files; send the picture as a data URL, or start it with "
                "--images FOLDER.",
                param,
            )
    elif scheme in {"http", "https"}:
        _check_host(url, settings, param)
    else:
        raise invalid(
            "A picture is a data URL, as in data:image/jpeg;base64,/9j/4AAQ..., or an http, https "
            "or file URL where the server allows them.",
            param,
        )


def _check_data(url: str, param: str) -> None:
    found = _DATA.match(url)
    if found is None or not found["base64"]:
        raise invalid(
            "The data URL is not in base64; send data:image/jpeg;base64,/9j/4AAQ... .", param
        )
    kind = found["type"] or ""
    if not kind.startswith("image/") and kind != "application/octet-stream":
        raise RequestError(
            415,
            f"A picture of the type {kind or 'text/plain'!r} cannot be read; send image/jpeg, "
            "image/png or image/webp.",
            code="unsupported_image",
            param=param,
        )


def _check_host(url: str, settings: Settings, param: str) -> None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as exc:
        raise invalid(f"The address of the picture cannot be read: {exc}.", param) from None
    if parts.username is not None or parts.password is not None:
        raise invalid("The address of a picture may hold no name and no password.", param)
    written = f"[{host}]" if ":" in host else host
    default = 443 if parts.scheme == "https" else 80
    allowed = {each.lower() for each in settings.hosts}
    if f"{written}:{port or default}" in allowed or (
        port in {None, default} and written in allowed
    ):
        return
    raise RequestError(
        403,
        f"This server fetches no pictures of {written[:100]!r}; send the picture as a data URL, or "
        "start the server with --allow-host.",
        code="host_not_allowed",
        param=param,
    )


def read_images(urls: Sequence[tuple[str, str]], settings: Settings) -> list[Image]:
    """The pictures of (URL, field) pairs, which `check_url` let pass, within the pixels allowed."""
    left, images = settings.max_pixels, []
    opened: dict[str, Image] = {}
    for url, param in urls:
        image = opened.get(url)
        if image is None:
            try:
                image = opened[url] = _open(_read(url, settings, param), left, param)
            except ImageError as exc:
                sentence = str(exc)
                if url.startswith("data:"):
                    sentence = f"{sentence.removesuffix('.')}, and send all its bytes in base64."
                raise invalid(sentence, param, code="invalid_image") from exc
            left -= image.width * image.height
        images.append(image)
    return images


def _read(url: str, settings: Settings, param: str) -> bytes:
    scheme = url[:10].partition(":")[0].lower()
    if scheme == "data":
        try:
            return base64.b64decode(url[url.index(",") + 1 :], validate=True)
        except (binascii.Error, ValueError):
            raise invalid(
                "The data URL is no valid base64; encode the file's bytes, without line breaks.",
                param,
            ) from None
    if scheme == "file":
        return read_file(url, settings, param)
    return fetch(url, settings, param)


@attrs.frozen
class _Sent(ImageSource):
    """The encoded bytes of a picture."""

    encoded: bytes = attrs.field(repr=False)

    def read(self) -> bytes:
        return self.encoded


def _open(encoded: bytes, pixels: int, param: str) -> Image:
    """The picture, if it has at most so many *pixels*: its header alone is read to see that."""
    sent = _Sent(encoded)
    width, height = sent.size()
    if width * height > pixels:
        raise RequestError(
            413,
            f"The picture has {width} x {height} pixels, and {pixels:,} are left of what all "
            "pictures of a request may have; send a smaller one, or start the server with a "
            "larger --max-pixels.",
            code="image_too_large",
            param=param,
        )
    return sent.open(width * height * _BYTES_PER_PIXEL + _MORE_BYTES)


def read_file(url: str, settings: Settings, param: str) -> bytes:
    """The bytes of a file below the folder of pictures; no link is followed on the way to it."""
    folder = settings.images
    assert folder is not None  # noqa: S101 - for mypy: `check_url` was asked
    missing = RequestError(
        404, "There is no such picture in the server's folder.", code="no_such_image", param=param
    )
    try:
        parts = _parts_below(url, folder)
        descriptor = _open_below(folder, parts)
    except (OSError, ValueError):
        raise missing from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise missing
        if status.st_size > settings.max_bytes:
            raise RequestError(
                413,
                f"The picture has more than {settings.max_bytes:,} bytes; start the server with a "
                "larger --max-bytes.",
                code="image_too_large",
                param=param,
            )
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(settings.max_bytes)
    finally:
        os.close(descriptor)


def is_file_below(url: str, folder: Path) -> bool:
    """Whether there is such a file below *folder*; nothing is told of files elsewhere."""
    try:
        os.close(_open_below(folder, _parts_below(url, folder)))
    except (OSError, ValueError):
        return False
    return True


def nearest_below(url: str, folder: Path) -> str:
    """The path below *folder* that *url* may mean, if one of its names is misspelt; else empty."""
    with suppress(OSError, ValueError):
        names = _parts_below(url, folder)
        for n, name in enumerate(names):
            held = _open_below(folder, (*names[:n], "."))
            try:
                beside = os.listdir(held)  # noqa: PTH208 - of a descriptor
            finally:
                os.close(held)
            if name not in beside:
                close = difflib.get_close_matches(name, beside, n=1)
                return "/".join((*names[:n], *close, *names[n + 1 :])) if close else ""
    return ""


def _parts_below(url: str, folder: Path) -> Sequence[str]:
    """The names from *folder* down to the file; a ValueError if it lies elsewhere."""
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"} or "\0" in unquote(parts.path):
        raise ValueError("not a file of this machine")
    path = PurePath(url2pathname(parts.path))
    for root in (folder, folder.absolute(), folder.resolve()):
        if path.is_relative_to(root):
            names = path.relative_to(root).parts
            if names and ".." not in names:
                return names
    raise ValueError("not below the folder")


def _open_below(folder: Path, names: Sequence[str]) -> int:
    """Open a file name by name, from folder to folder, so that none can become a link meanwhile."""
    held = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        for name in names[:-1]:
            inner = os.open(name, os.O_RDONLY | _FOLDER, dir_fd=held)
            os.close(held)
            held = inner
        return os.open(names[-1], os.O_RDONLY | _FILE, dir_fd=held)
    finally:
        os.close(held)
