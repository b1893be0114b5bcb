"""Decodes any source to an upright RGB picture, or raises one sentence that says why not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import PIL.Image

from ..errors import ImageError
from .conversion import convert_upright, decode_pixels
from .cost import MAX_BYTES, check_cost, check_size
from .sources import hash_encoded, open_source, state_of

__all__ = ["MAX_BYTES", "decode", "decode_with_key", "format_of", "size_of"]


def decode(source: object, max_bytes: int = MAX_BYTES) -> PIL.Image.Image:
    """
    Open a path, encoded bytes, a file that holds them, a PIL image or a uint8 array.

    A picture whose decoding needs more than *max_bytes* of memory is refused by its header. Safe in
    threads: no global state of Pillow or Python is changed, and no lock is held.
    """
    with _explain_errors(source) as label, ExitStack() as files:
        raw = open_source(source, label, files, max_bytes)
        check_size(raw.picture.size, label)
        check_cost(raw, label, max_bytes)
        picture, turn = decode_pixels(raw)
        del raw
        return convert_upright(picture, turn)


def decode_with_key(
    source: object, max_bytes: int = MAX_BYTES
) -> tuple[PIL.Image.Image, str | None]:
    """
    Decode *source*; its key is a digest of its encoded bytes, which takes less than the pixels'.

    There is none for pixels, for a file that may change as it is read, nor if there are more bytes
    than pixels.
    """
    before = state_of(source)
    picture = decode(source, max_bytes)
    if before is None or before.size > 3 * picture.width * picture.height:
        return picture, None
    with _explain_errors(source):
        key = hash_encoded(source)
    return picture, key if state_of(source) == before else None


def size_of(source: object) -> tuple[int, int]:
    """Width and height of the upright picture, from its header alone."""
    with _explain_errors(source) as label, ExitStack() as files:
        raw = open_source(source, label, files, MAX_BYTES)
        width, height = raw.picture.size
        return (height, width) if raw.lies_on_its_side else (width, height)


def format_of(source: object) -> str:
    """Pillow's name for the format of encoded bytes, such as JPEG; empty for arrays."""
    with _explain_errors(source) as label, ExitStack() as files:
        return open_source(source, label, files, MAX_BYTES).picture.format or ""


@contextmanager
def _explain_errors(source: object) -> Iterator[str]:
    """Yield the name of *source* in messages, and turn what is raised into one sentence."""
    label = repr(str(source)) if isinstance(source, str | Path) else "The image"
    try:
        yield label
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{label} does not fit into memory; give a smaller copy.") from None
    except PIL.Image.DecompressionBombError as exc:  # of a part: the header lacks its size
        raise ImageError(
            f"{label} has a part that is over the limit of Pillow itself; give a smaller copy, or "
            "raise PIL.Image.MAX_IMAGE_PIXELS."
        ) from exc
    except Exception as exc:
        if isinstance(exc, OSError) and exc.strerror:
            raise ImageError(f"{label} cannot be opened: {exc.strerror}.") from exc
        reason = str(exc).partition("\n")[0].rstrip(".") or type(exc).__name__
        raise ImageError(f"{label} is damaged or cut short ({reason}); export it again.") from exc
