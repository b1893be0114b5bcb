"""Decodes any source to an upright RGB picture, or raises one sentence that says why not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import PIL.Image

from .conversion import convert_upright, decode_pixels
from .cost import MAX_BYTES, check_cost, check_size
from .errors import explain_errors
from .sources import open_source

__all__ = ["MAX_BYTES", "decode", "format_of", "size_of"]


def decode(source: object, max_bytes: int = MAX_BYTES) -> PIL.Image.Image:
    """
    Open a path, encoded bytes, a file that holds them, a PIL image or a uint8 array.

    A picture whose decoding needs more than *max_bytes* of memory is refused by its header. Safe in
    threads: no global state of Pillow or Python is changed, and no lock is held.
    """
    with _label_errors(source) as label, ExitStack() as files:
        raw = open_source(source, label, files, max_bytes)
        check_size(raw.picture.size, label)
        check_cost(raw, label, max_bytes)
        picture, turn = decode_pixels(raw)
        del raw
        return convert_upright(picture, turn)


def size_of(source: object) -> tuple[int, int]:
    """Width and height of the upright picture, from its header alone."""
    with _label_errors(source) as label, ExitStack() as files:
        raw = open_source(source, label, files, MAX_BYTES)
        width, height = raw.picture.size
        return (height, width) if raw.lies_on_its_side else (width, height)


def format_of(source: object) -> str:
    """Pillow's name for the format of encoded bytes, such as JPEG; empty for arrays."""
    with _label_errors(source) as label, ExitStack() as files:
        return open_source(source, label, files, MAX_BYTES).picture.format or ""


@contextmanager
def _label_errors(source: object) -> Iterator[str]:
    """Give the name of *source* in messages, and turn exceptions into them."""
    label = repr(str(source)) if isinstance(source, str | Path) else "The image"
    with explain_errors(label):
        yield label
