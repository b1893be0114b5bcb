"""Tests of real architectures run on tiny random checkpoints of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.metering import Bench, metered
from tests.support.tiny.checkpoints import ALIKE, FAMILIES, checkpoint

_OF_EACH_FAMILY = {  # which no other family's network can stand for
    *("test_check", "test_interleaving", "test_layouts_against_processors"),
    *("test_published_layouts", "test_tiled_families"),
}


@pytest.hookimpl(tryfirst=True)  # before -m chooses by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the engine on families that have another's network are proofs."""
    for item in items:
        given = getattr(item, "callspec", None) if item.path.stem not in _OF_EACH_FAMILY else None
        if given is not None and not ALIKE.keys().isdisjoint(map(str, given.params.values())):
            item.add_marker(pytest.mark.proof)


@pytest.fixture(scope="session", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    """Each family by its name."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def checkpoint_dir(family: str) -> Path:
    """Where the family's checkpoint is saved."""
    return checkpoint(family)


@pytest.fixture
def metered_family() -> str:
    """The one family of tests of the meter that name no other."""
    return "llava"


@pytest.fixture
def bench(metered_family: str) -> Iterator[Bench]:
    """Its tiny model with a meter on it."""
    with metered(metered_family) as bench:
        yield bench
