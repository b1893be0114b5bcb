"""`python -m visualcrop_tiny.train CONFIG.toml --out FOLDER`: one run, taken up again if stopped."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .config import read
from .running import run


def main(arguments: list[str] | None = None) -> int:
    """Train as the config says."""
    parser = argparse.ArgumentParser(prog="python -m visualcrop_tiny.train", description=__doc__)
    parser.add_argument("config", type=Path, help="what to train, in TOML")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints and the log")
    parser.add_argument("--data", type=Path, help="folder of rendered views; out/views if not given")
    given = parser.parse_args(arguments)
    run(read(given.config), given.out, given.data or given.out / "views")
    return 0


if __name__ == "__main__":
    sys.exit(main())
