"""The networks are opened late, from the wheel alone, and do what they are told about threads."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from tests.support.refusals import refused
from tests.support.signs import draw_sign, noise
from visualcrop.errors import PluginError
from visualcrop_ocr import engine
from visualcrop_ocr.engine import Engine, open_rapidocr

_FORK = """
import os
from tests.support.signs import draw_sign
from visualcrop_ocr.engine import Engine

picture = draw_sign("OPEN").picture
engine = Engine()
seen = engine.find_lines(picture)
engine._lock.acquire()
if (child := os.fork()) == 0:
    os._exit(not (len(seen) == 1 and (engine.find_lines(picture) == seen).all()))
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_nothing_heavy_is_imported_at_start() -> None:
    """A start-up with the plug-in imports none of what reads text."""
    code = "import sys, visualcrop_ocr; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"rapidocr", "onnxruntime", "cv2", "shapely", "torch"} & {*done.stdout.split()}


@pytest.mark.parametrize("lacking", ["rapidocr", "onnxruntime"])
def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    """Without one of the two packages, one sentence names it."""
    monkeypatch.setattr(
        engine, "find_spec", lambda name: None if name == lacking else find_spec(name)
    )
    assert refused(PluginError, Engine().find_lines, noise(64, 64)) == (
        f"Text cannot be read without {lacking}, which is not installed; run "
        "`pip install 'rapidocr>=3.10,<4' onnxruntime`."
    )


def test_downloads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel without a model is refused, where rapidocr would fetch one."""
    monkeypatch.setattr(engine, "_DETECTOR", "absent.onnx")
    assert "comes without its model 'absent.onnx'" in refused(PluginError, open_rapidocr)


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has torch's threads, and sees the same with one as with two."""
    picture = draw_sign("EXIT 24", angle=10).picture
    seen = []
    for threads in (1, 2):
        monkeypatch.setattr(torch, "get_num_threads", lambda n=threads: n)
        reader = Engine()
        seen.append(reader.find_lines(picture))
        session = reader._opened.text_det.session.session
        # rapidocr leaves it to onnxruntime, as 0, where the machine has fewer cores
        assert session.get_session_options().intra_op_num_threads in {
            threads,
            0 if threads > 1 else 1,
        }
    assert len(seen[0]) == 1
    np.testing.assert_array_equal(seen[0], seen[1])


@pytest.mark.proof
@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_forked_child_opens_its_own() -> None:
    """Sessions have threads, which a child lacks; a lock that was held is free in it."""
    done = subprocess.run(
        [sys.executable, "-c", _FORK], check=False, env={**os.environ, "OMP_NUM_THREADS": "2"}
    )
    assert done.returncode == 0


def test_a_long_line_is_squeezed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: a line of 40 times its height or more is read at 40."""
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(Engine, "_run", lambda _, picture, **steps: seen.append(picture.size))
    with pytest.raises(AttributeError):  # of what the stand-in returns
        Engine().read_line(noise(60_000, 8))
    assert seen == [(320, 8)]
