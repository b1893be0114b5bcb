"""Tests of real architectures run on tiny random checkpoints of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.models.tiny.checkpoints import FAMILIES, checkpoint


@pytest.fixture(scope="session", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    """Each family by its name."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def checkpoint_dir(family: str) -> Path:
    """Where the family's checkpoint is saved."""
    return checkpoint(family)
