"""The process that attacks are made on, and what they share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attack.siege import Server, scratch_folder

if sys.platform != "linux":
    collect_ignore_glob = ["test_*.py"]  # bounds and guards ask Linux


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A process that has imported all that commands need, and forks one child for each."""
    with scratch_folder() as home, Server(home) as started:
        yield started


@pytest.fixture
def scratch() -> Iterator[Path]:
    """An empty folder where the server may write."""
    with scratch_folder() as folder:
        yield folder
