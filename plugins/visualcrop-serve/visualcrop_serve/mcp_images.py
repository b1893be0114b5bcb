"""What a tool call names as its picture, as the URL that the server's other routes take."""

from __future__ import annotations

import re
from pathlib import Path

from .errors import RequestError, invalid
from .images import check_url, is_file_below, nearest_below
from .settings import Settings

_BASE64 = re.compile(r"[A-Za-z0-9+/_=\s-]{32,}")  # no picture has fewer bytes
_LONGEST_PATH = 4096


def picture_url(given: str, settings: Settings) -> str:
    """
    A URL of *given*, which is one, or a path below the folder of pictures, or base64.

    Base64 has no dots, and names of pictures have one.
    """
    if len(given) > settings.max_bytes // 3 * 4 + 100:
        raise RequestError(
            413,
            f"The picture has more than {settings.max_bytes:,} bytes; send a smaller one, or start "
            "the server with a larger --max-bytes.",
            code="image_too_large",
        )
    url = given if re.match(r"(data|file|https?):", given) else _to_url(given, settings.images)
    check_url(url, settings, "image")
    return url


def _to_url(given: str, folder: Path | None) -> str:
    is_base64, url = bool(_BASE64.fullmatch(given)), _file_url(given, folder)
    if url is not None and folder is not None and (not is_base64 or is_file_below(url, folder)):
        if nearest := nearest_below(url, folder):
            raise RequestError(
                404,
                "There is no such picture in the server's folder; the nearest name is "
                f"{nearest!r}.",
                code="no_such_image",
            )
        return url
    if not is_base64:
        wanted = (
            "a path in the server's folder of pictures"
            if folder
            else "a data URL or base64, or start the server with --images FOLDER for paths"
        )
        raise invalid(f"The image is neither a URL nor base64; send {wanted}.", "image")
    encoded = "".join(given.split()).replace("-", "+").replace("_", "/")
    return f"data:image/jpeg;base64,{encoded}"  # whatever it is: its bytes tell


def _file_url(given: str, folder: Path | None) -> str | None:
    """The URL of a path that starts at *folder*; where it leads is seen when it is opened."""
    if folder is None or len(given) > _LONGEST_PATH or "\0" in given:
        return None
    try:
        return (folder.absolute() / given).as_uri()
    except ValueError:  # a lone surrogate, which no name has
        return None
