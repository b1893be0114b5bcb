"""What unit tests share: the installed strategies."""

from __future__ import annotations

import pytest

from visualcrop.plugin import Registry


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Everything that is installed."""
    return Registry.load()
