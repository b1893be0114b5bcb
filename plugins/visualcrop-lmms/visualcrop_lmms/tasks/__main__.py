"""Print the folder of these tasks, for lmms-eval's `--include_path`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.stdout.write(f"{Path(__file__).parent}\n")
