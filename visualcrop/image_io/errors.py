"""Turns what Pillow raises into one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import PIL.Image

from ..errors import ImageError


@contextmanager
def explain_errors(label: str) -> Iterator[None]:
    """Say what is wrong with the image called *label*, and what to do."""
    try:
        yield
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{label} does not fit into memory; give a smaller copy.") from None
    except PIL.Image.DecompressionBombError as exc:  # of parts whose size no header of ours tells
        raise ImageError(
            f"{label} has a part that is over the limit of Pillow itself; give a smaller copy, or "
            "raise PIL.Image.MAX_IMAGE_PIXELS."
        ) from exc
    except Exception as exc:
        if isinstance(exc, OSError) and exc.strerror:
            raise ImageError(f"{label} cannot be opened: {exc.strerror}.") from exc
        reason = str(exc).partition("\n")[0].rstrip(".") or type(exc).__name__
        raise ImageError(f"{label} is damaged or cut short ({reason}); export it again.") from exc
