"""From any source to an upright RGB picture, or to one sentence that says why not."""

from __future__ import annotations

import threading
import warnings
from contextlib import ExitStack, contextmanager
from io import BytesIO, IOBase, TextIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageOps

from .errors import ImageError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

# Raster formats that are decoded in this process; EPS, say, would start a PostScript interpreter.
_FORMATS = ("AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "TGA", "TIFF", "WEBP")
_PILLOW_LIMIT = threading.Lock()


def decode(source: object, max_pixels: int) -> PIL.Image.Image:
    """Open a path, encoded bytes, a file that holds them, a PIL image or a uint8 array."""
    label = repr(str(source)) if isinstance(source, str | Path) else "The image"
    try:
        with _without_pillow_limit(), warnings.catch_warnings(), ExitStack() as files:
            warnings.simplefilter("ignore")
            opened = _opened(source, label, files)
            _check_size(opened.size, label, max_pixels)
            return _rgb(_upright(opened))
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{label} does not fit into memory; give a smaller copy.") from None
    except Exception as exc:
        if isinstance(exc, OSError) and exc.strerror:
            raise ImageError(f"{label} cannot be opened: {exc.strerror}.") from exc
        reason = str(exc).partition("\n")[0].rstrip(".") or type(exc).__name__
        raise ImageError(f"{label} is damaged or cut short ({reason}); export it again.") from exc


def size_of(source: object) -> tuple[int, int]:
    """Width and height of the upright picture, from its header alone."""
    label = repr(str(source)) if isinstance(source, str | Path) else "The image"
    try:
        with _without_pillow_limit(), warnings.catch_warnings(), ExitStack() as files:
            warnings.simplefilter("ignore")
            opened = _opened(source, label, files)
            width, height = opened.size
            return (height, width) if _lies_on_its_side(opened) else (width, height)
    except ImageError:
        raise
    except Exception as exc:
        raise ImageError(f"{label} is damaged or cut short; export it again.") from exc


def _lies_on_its_side(picture: PIL.Image.Image) -> bool:
    try:
        return picture.getexif().get(0x0112) in {5, 6, 7, 8}  # orientation
    except Exception:  # noqa: BLE001 - a broken EXIF block must not cost the picture
        return False


def _opened(source: object, label: str, files: ExitStack) -> PIL.Image.Image:
    if isinstance(source, PIL.Image.Image):
        return source
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return _decoded(BytesIO(source), label)
    if isinstance(source, IOBase) and not isinstance(source, TextIOBase) and source.seekable():
        source.seek(0)
        return _decoded(cast("IO[bytes]", source), label)
    if isinstance(source, str | Path):
        return _decoded(files.enter_context(_existing(source).open("rb")), label)
    raise ImageError(
        f"An image cannot be made from {type(source).__name__}; "
        "give a path, bytes, a file opened with 'rb', a PIL image or a numpy array."
    )


def _existing(source: str | Path) -> Path:
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
    if not path.is_file():
        raise ImageError(f"{str(source)!r} is a folder, not an image; give the path of one image.")
    return path


def _decoded(source: IO[bytes], label: str) -> PIL.Image.Image:
    if not source.read(1):
        raise ImageError(f"{label} is empty (0 bytes); export it again.")
    try:
        PIL.Image.init()
        return PIL.Image.open(source, formats=[f for f in _FORMATS if f in PIL.Image.OPEN])
    except PIL.UnidentifiedImageError:
        known = ", ".join(_FORMATS[:-1])
        raise ImageError(
            f"{label} is not an image that can be read; use {known} or WEBP."
        ) from None


def _from_array(pixels: npt.NDArray[Any]) -> PIL.Image.Image:
    grey = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 1)
    if pixels.dtype != np.uint8 or not (grey or (pixels.ndim == 3 and pixels.shape[2] in {3, 4})):
        raise ImageError(
            f"An image array must be rows x columns (x 1, 3 or 4) of uint8, "
            f"not {pixels.shape} of {pixels.dtype}; scale and cast it first."
        )
    _check_size((pixels.shape[1], pixels.shape[0]), "The image", None)
    return PIL.Image.fromarray(pixels[..., 0] if grey and pixels.ndim == 3 else pixels)


def _check_size(size: tuple[int, int], label: str, limit: int | None) -> None:
    if min(size) < 1:
        raise ImageError(f"{label} is empty ({size[0]} x {size[1]} pixels); give one with pixels.")
    if limit is not None and size[0] * size[1] > limit:
        raise ImageError(
            f"{label} has {size[0]} x {size[1]} pixels, over the limit of {limit:,} pixels; "
            "make it smaller or raise max_pixels."
        )


def _upright(picture: PIL.Image.Image) -> PIL.Image.Image:
    picture.load()
    try:
        return PIL.ImageOps.exif_transpose(picture)
    except Exception:  # noqa: BLE001 - a broken EXIF block must not cost the picture
        return picture


def _rgb(picture: PIL.Image.Image) -> PIL.Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        return _on_paper(_stretched(picture).convert("RGB"), picture)
    if picture.mode == "LAB":
        from PIL import ImageCms

        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(picture, lab, srgb, outputMode="RGB")
        return converted if converted is not None else picture.convert("RGB")
    if picture.has_transparency_data:
        straight = picture.convert("LA") if picture.mode == "La" else picture  # Pillow's only way
        coloured = straight.convert("RGBA")
        paper = PIL.Image.new("RGBA", picture.size, "white")
        return PIL.Image.alpha_composite(paper, coloured).convert("RGB")
    return picture.copy() if picture.mode == "RGB" else picture.convert("RGB")


def _on_paper(shown: PIL.Image.Image, deep: PIL.Image.Image) -> PIL.Image.Image:
    """White where the file calls a grey of sixteen bits transparent; Pillow leaves that to us."""
    clear = deep.info.get("transparency")
    if isinstance(clear, int):
        shown.paste("white", mask=PIL.Image.fromarray(np.asarray(deep) == clear))
    return shown


def _stretched(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Sixteen bits by their top eight; anything wider by its own range."""
    deep = np.nan_to_num(np.asarray(picture).astype(np.float64))
    low, high = (0.0, 65535.0) if picture.mode.startswith("I;16") else (deep.min(), deep.max())
    return PIL.Image.fromarray(((deep - low) * (255 / max(high - low, 1e-9))).astype(np.uint8))


@contextmanager
def _without_pillow_limit() -> Iterator[None]:
    """Put our own limit, an option, in the place of Pillow's, a global."""
    with _PILLOW_LIMIT:
        limit, PIL.Image.MAX_IMAGE_PIXELS = PIL.Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = limit
