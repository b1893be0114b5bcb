"""Tests with vocabularies and templates as they were published; `make real` fetches them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.real.vocabularies import FOLDER

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all of this folder, which `make test` leaves out; skip it where nothing was fetched."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.real)
            if not FOLDER.exists():
                item.add_marker(pytest.mark.skip("make real fetches the vocabularies"))
