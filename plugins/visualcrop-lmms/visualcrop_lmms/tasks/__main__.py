"""Print the folder of these tasks, for lmms-eval's `--include_path`."""

from __future__ import annotations

from pathlib import Path

from visualcrop.plugin import say

say(str(Path(__file__).parent))
