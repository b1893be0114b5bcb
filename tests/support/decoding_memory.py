"""Run as a program: how much memory each file takes to open, and how much was said it would."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path

from visualcrop import Image
from visualcrop.image_io import MAX_BYTES
from visualcrop.image_io.cost import decoding_cost
from visualcrop.image_io.sources import open_source


def status(field: str) -> int:
    """Bytes, as Linux tells them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(field))


def told(path: Path) -> int:
    """What the header says."""
    with ExitStack() as files:
        return decoding_cost(open_source(path, "It", files, MAX_BYTES))


def measured(path: Path) -> tuple[int, int, int, int]:
    """Pixels, bytes that were told, bytes that were taken at most, and bytes that are left."""
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak is what there is now
    image = Image.open(path, max_bytes=1 << 40)
    after = status("VmRSS")
    image.digest  # noqa: B018 - it may take no copy of all
    pixels = image.width * image.height
    return pixels, told(path), status("VmHWM") - before, after - before


def alone(path: Path) -> tuple[int, ...]:
    """The same in a process of its own, which nothing was freed in before."""
    reading, writing = os.pipe()
    if not os.fork():
        os.write(writing, json.dumps(measured(path)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        return tuple(json.load(pipe))


if __name__ == "__main__":
    small, large = (sorted(Path(folder).iterdir()) for folder in sys.argv[1:])
    for path in small:
        _ = Image.open(path).digest  # so that every library is there
    sys.stdout.write(json.dumps({path.name: alone(path) for path in large}))
