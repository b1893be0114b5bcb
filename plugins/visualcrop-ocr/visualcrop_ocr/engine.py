"""rapidocr's networks: a picture in, corners of lines or letters out. Opened on first use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import PIL.Image

from visualcrop.errors import PluginError
from visualcrop.plugin import after_fork_in_child

Quads: TypeAlias = npt.NDArray[np.float64]  # lines x 4 corners x (x, y): clockwise from top left
_DETECTOR, _RECOGNISER = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
_LONGEST = 40  # heights of a line: what is longer is squeezed, since memory grows with it


class Engine:
    """One detector and one recogniser, for one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: Any = None
        self._lost: list[Any] = []
        after_fork_in_child(self._renew)

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self._lost.append(self._opened)  # if deleted, it would wait for threads that are not there
        self._opened = None

    def find_lines(self, picture: PIL.Image.Image) -> Quads:
        """Corners of each line of text, in pixels of *picture*, which is read at its own size."""
        found = self._run(picture, use_det=True, use_rec=False)
        boxes = () if found.boxes is None else found.boxes
        return np.array(boxes, np.float64).reshape(-1, 4, 2)

    def read_line(self, picture: PIL.Image.Image) -> tuple[str, float]:
        """What a picture of one line says, and the mean probability of its letters."""
        width, height = picture.size
        if width > _LONGEST * height:
            picture = picture.resize((_LONGEST * height, height), PIL.Image.Resampling.BICUBIC)
        found = self._run(picture, use_det=False, use_rec=True)
        return (found.txts[0].strip(), float(found.scores[0])) if found.txts else ("", 0.0)

    def _run(self, picture: PIL.Image.Image, **steps: bool) -> Any:
        pixels = np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])  # as OpenCV
        with self._lock:
            if self._opened is None:
                self._opened = open_rapidocr()
            with _opencv_in_this_thread():
                return self._opened(pixels, use_cls=False, **steps)


@contextmanager
def _opencv_in_this_thread() -> Iterator[None]:
    """OpenCV would use every core, whatever OMP_NUM_THREADS says, and hang after a fork."""
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def open_rapidocr() -> Any:
    """
    Open rapidocr with the models in its wheel, which are named: what it misses it would download.

    Its own scaling and padding are off: it would shrink a picture to 2000 pixels on a side. It uses
    as many threads as torch does, which OMP_NUM_THREADS sets.
    """
    for package in ("rapidocr", "onnxruntime"):  # which rapidocr runs on, but does not ask for
        if find_spec(package) is None:
            raise PluginError(
                f"Text cannot be read without {package}, which is not installed; run "
                "`pip install 'rapidocr>=3.10,<4' onnxruntime`."
            )
    import rapidocr
    import torch

    folder = Path(rapidocr.__file__).parent / "models"
    for name in (_DETECTOR, _RECOGNISER):
        if not (folder / name).is_file():
            raise PluginError(
                f"The rapidocr that is installed comes without its model {name!r}; run "
                "`pip install --force-reinstall 'rapidocr==3.10.*'`."
            )
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_preprocess_img": False,
            "Global.use_vertical_padding": False,
            "Det.model_path": str(folder / _DETECTOR),
            "Det.limit_type": "max",
            "Det.limit_side_len": 1 << 20,
            "Rec.model_path": str(folder / _RECOGNISER),
            "EngineConfig.onnxruntime.intra_op_num_threads": torch.get_num_threads(),
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
