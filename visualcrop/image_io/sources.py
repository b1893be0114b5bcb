"""Opens paths, bytes, files, PIL images and arrays, and reads no more than the header."""

from __future__ import annotations

import hashlib
import os
import struct
from contextlib import ExitStack
from io import BytesIO, IOBase, TextIOBase
from pathlib import Path
from typing import IO, Any, cast

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image

from ..errors import ImageError, nearest
from .cost import check_size, icon_cost, limit_error
from .orientation import read_orientation
from .raw import Raw

# Raster formats that are decoded in this process; EPS, say, would start a PostScript interpreter.
FORMATS = ("AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "TGA", "TIFF", "WEBP")
_READ_WHOLE = {"AVIF", "WEBP"}  # by Pillow, before it tells their size


def open_source(source: object, label: str, files: ExitStack, max_bytes: int) -> Raw:
    """Open *source*; files opened for it are closed by *files*."""
    if isinstance(source, PIL.Image.Image):
        return Raw(source, orientation=read_orientation(source))
    if isinstance(source, np.ndarray):
        return _open_array(source, label, max_bytes)
    if isinstance(source, bytes | bytearray | memoryview):
        return _open_file(BytesIO(source), label, max_bytes)
    if isinstance(source, IOBase) and not isinstance(source, TextIOBase) and source.seekable():
        return _open_file(cast("IO[bytes]", source), label, max_bytes)
    if isinstance(source, str | Path):
        return _open_file(files.enter_context(_check_path(source).open("rb")), label, max_bytes)
    raise ImageError(
        f"An image cannot be made from {type(source).__name__}; "
        "give a path, bytes, a file opened with 'rb', a PIL image or a numpy array."
    )


@attrs.frozen
class EncodedState:
    """Tells whether encoded bytes have changed: their number and, of a file, its changes."""

    size: int
    # Device, inode, nanoseconds of the last change of content (may be set back) and of anything.
    file: tuple[int, int, int, int] | None = None


def state_of(source: object) -> EncodedState | None:
    """The state of a path or of bytes; none for other sources, or if there is no such file."""
    if isinstance(source, bytes):
        return EncodedState(len(source))
    if not isinstance(source, str | Path):
        return None
    try:
        found = Path(source).expanduser().stat()
    except (OSError, ValueError, RuntimeError):  # whoever opens it says why
        return None
    times = found.st_mtime_ns, found.st_ctime_ns
    return EncodedState(found.st_size, (found.st_dev, found.st_ino, *times))


def hash_encoded(source: object) -> str:
    """Digest of the encoded bytes of a path or of bytes."""
    if isinstance(source, bytes):
        return f"encoded {hashlib.blake2b(source, digest_size=16).hexdigest()}"
    with Path(cast("str | Path", source)).expanduser().open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
    return f"encoded {found.hexdigest()}"


def _check_path(source: str | Path) -> Path:
    if str(source).startswith(("http://", "https://")):
        raise ImageError(f"{str(source)!r} is an address; download the image and give its path.")
    path = Path(source).expanduser()
    if "\0" in str(source) or not path.exists():
        folder = path.parent if "\0" not in str(source) and path.parent.is_dir() else Path()
        beside = [
            p.name
            for p in folder.iterdir()
            if p.suffix.lower() in PIL.Image.registered_extensions()
        ]
        hint = nearest(path.name, beside, called="images there") if 0 < len(beside) < 10 else ""
        raise ImageError(f"There is no image at {str(source)!r}; {hint or 'check the path'}.")
    if path.is_dir():
        raise ImageError(f"{str(source)!r} is a folder, not an image; give the path of one image.")
    if not path.is_file():  # a pipe would be waited for, a device would never end
        raise ImageError(f"{str(source)!r} is no file; give the path of one image.")
    return path


def _open_file(file: IO[bytes], label: str, max_bytes: int) -> Raw:
    length = file.seek(0, os.SEEK_END)
    if not length:
        raise ImageError(f"{label} is empty (0 bytes); export it again.")
    file.seek(0)
    prefix = file.read(16)
    PIL.Image.init()
    for name in FORMATS:
        if _accepts(name, prefix):
            held = length if name in _READ_WHOLE else 0
            held = icon_cost(file) if name == "ICO" else held  # it is decoded as it is opened
            if held > max_bytes:
                raise limit_error(label, f"takes {held:,} bytes of memory", max_bytes)
            if (picture := _try_format(name, file)) is not None:
                turn = read_orientation(picture, file)
                return Raw(picture, ours=True, copied=held, orientation=turn)
    known = ", ".join(FORMATS[:-1])
    raise ImageError(f"{label} is not an image that can be read; use {known} or WEBP.")


def _accepts(name: str, prefix: bytes) -> bool:
    """Whether *prefix*, the first 16 bytes, may be of the format (Pillow may return a reason)."""
    _, accept = PIL.Image.OPEN.get(name, (None, lambda prefix: False))
    return accept is None or accept(prefix) is True


def _try_format(name: str, file: IO[bytes]) -> PIL.Image.Image | None:
    """
    The picture, if the format is *name*: what `PIL.Image.open` does for each of its formats.

    `PIL.Image.open` itself would check MAX_IMAGE_PIXELS, a global that is not ours to change.
    """
    factory, _ = PIL.Image.OPEN[name]
    file.seek(0)
    try:
        return factory(file, "")
    except (SyntaxError, IndexError, TypeError, struct.error):  # as Pillow's formats say no
        return None


def _open_array(pixels: npt.NDArray[Any], label: str, max_bytes: int) -> Raw:
    grey = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 1)
    if pixels.dtype != np.uint8 or not (grey or (pixels.ndim == 3 and pixels.shape[2] in {3, 4})):
        raise ImageError(
            f"An image array must be rows x columns (x 1, 3 or 4) of uint8, "
            f"not {pixels.shape} of {pixels.dtype}; scale and cast it first."
        )
    check_size((pixels.shape[1], pixels.shape[0]), label)
    copied = 0 if pixels.flags.c_contiguous else pixels.nbytes
    colours = pixels.nbytes // 3 * 4 if pixels.shape[2:] == (3,) else 0
    if copied + colours > max_bytes:
        raise limit_error(label, f"takes {copied + colours:,} bytes of memory", max_bytes)
    picture = PIL.Image.fromarray(pixels[..., 0] if grey and pixels.ndim == 3 else pixels)
    return Raw(picture, ours=picture.mode == "RGB", copied=copied)
