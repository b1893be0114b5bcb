"""Many small pictures in one file, each a JPEG: a tenth of the bytes of their pixels."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image

_QUALITY = 90
_BYTES, _ENDS = "pictures.bin", "pictures.npy"
Pixels = npt.NDArray[np.uint8]


def encode_picture(pixels: Pixels) -> bytes:
    """A JPEG of height x width x 3 pixels, with colours as fine as brightness."""
    stream = io.BytesIO()
    PIL.Image.fromarray(pixels).save(stream, "jpeg", quality=_QUALITY, subsampling=0)
    return stream.getvalue()


def decode_picture(jpeg: bytes) -> Pixels:
    """The pixels of a JPEG, height x width x 3."""
    with PIL.Image.open(io.BytesIO(jpeg)) as picture:
        return np.asarray(picture.convert("RGB"))


@attrs.frozen(eq=False)
class Pictures:
    """N pictures of one size, of which those that are asked for are decoded."""

    data: Pixels  # all JPEGs, one after the other, memory-mapped
    ends: npt.NDArray[np.int64]  # of each, in bytes

    @classmethod
    def open(cls, folder: Path) -> Pictures:
        """Memory-map the file that a `PictureWriter` wrote."""
        return cls(np.memmap(folder / _BYTES, np.uint8, "r"), np.load(folder / _ENDS))

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, indices: Any) -> Pixels:
        """The pictures with these indices, B x height x width x 3."""
        return np.stack([self._decode(int(index)) for index in indices])

    def _decode(self, index: int) -> Pixels:
        return decode_picture(self.read(index))

    def read(self, index: int) -> bytes:
        """The JPEG of one picture."""
        start = self.ends[index - 1] if index else 0
        return self.data[start : self.ends[index]].tobytes()


class PictureWriter:
    """Writes JPEGs one after the other, and on leaving where each of them ends."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / _BYTES).open("wb")
        self._folder = folder
        self._ends: list[int] = []

    def __enter__(self) -> Self:
        return self

    def write(self, pictures: Iterable[bytes]) -> None:
        """Append some pictures."""
        for picture in pictures:
            self._file.write(picture)
            self._ends.append(self._file.tell())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        np.save(self._folder / _ENDS, np.array(self._ends, np.int64))
