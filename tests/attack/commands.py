"""What children of the server do."""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import Any

import PIL.Image
from typer.testing import CliRunner

from tests.attack.guarding import memory
from visualcrop.cli import app, main
from visualcrop.cli.group import BUG, Group, add_plugin_commands

_HARMLESS = (
    ("explain", "focus"),
    ("ask", "gone.png", "?"),
    ("compare", "gone"),
    ("report", "gone"),
    ("evaluate", "toy(scenes=0)", "--limit", "0"),
    ("data", "check", "gone"),
)


def load() -> None:
    """Import what commands import, once for all children."""
    from visualcrop.plugin import Registry

    Registry.load()
    add_plugin_commands(app)
    for words in _HARMLESS:  # typer imports the half of itself when it first has to do with a value
        CliRunner().invoke(app, list(words))


def opened(path: str) -> None:
    """Open a picture, and say what became of it, and what it took at the most."""
    from visualcrop import Image, VisualcropError

    PIL.Image.init()
    before = _forget_peak()
    size, said = (0, 0), ""
    try:
        image = Image.open(path)
        size = image.width, image.height
    except VisualcropError as exc:
        said = str(exc)
    print(json.dumps({"said": said, "size": size, "peak": memory("VmHWM") - before}))


def _forget_peak() -> int:
    """What is held now, from which on the most is counted."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    return memory("VmRSS")


def line(*words: str) -> None:
    """Run `visualcrop` with these words; of a bug, say where it is."""
    fail = Group._fail

    def place(self: Group, ctx: Any, sentence: str, code: int) -> None:
        if code == BUG:
            frames = traceback.extract_tb(sys.exc_info()[2])
            ours = [frame for frame in frames if "visualcrop" in frame.filename]
            sentence += f" AT {ours[-1].filename.rpartition('visualcrop/')[2]}:{ours[-1].lineno}"
        fail(self, ctx, sentence, code)

    Group._fail = place  # type: ignore[method-assign]
    sys.argv = ["visualcrop", *words]
    main()
