"""`pytest tests/golden --golden DIR` answers another folder's cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import OURS, choose


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the option where this folder is named on the command line."""
    parser.addoption("--golden", metavar="DIR", type=Path, help="a folder of golden cases")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder before any test is read."""
    folder: Path | None = config.getoption("golden", default=None)
    known = {path.name for path in OURS.glob("*.json")}
    if folder and not known & {path.name for path in folder.glob("*.json")}:
        raise pytest.UsageError(f"{folder} holds none of {', '.join(sorted(known))}.")
    choose(folder)
