"""What the published implementations answered, one parameter for each recorded case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

OURS = Path(__file__).parents[1] / "golden" / "data"
_chosen = [OURS]


def choose(folder: Path | None) -> None:
    """Read from *folder* from now on, or from our own."""
    _chosen[0] = folder or OURS


def cases(name: str, **wanted: object) -> list[Any]:
    """The cases of `<name>.json` with the *wanted* values; skipped where there is no such file."""
    path = _chosen[0] / f"{name}.json"
    if not path.is_file():
        return [
            pytest.param({}, marks=pytest.mark.skip(reason=f"{path.parent} has no {path.name}"))
        ]
    recorded = json.loads(path.read_text("utf-8"))
    return [
        pytest.param(case, id=f"{name}-{index}")
        for index, case in enumerate(recorded)
        if all(case[key] == value for key, value in wanted.items())
    ]
