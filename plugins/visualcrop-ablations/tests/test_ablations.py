"""Both ablations keep the contract; one of them cannot point, and is meant not to."""

from __future__ import annotations

from visualcrop.testing import RelevanceSourceSuite
from visualcrop_ablations import KkNorope, Random


class TestKkNorope(RelevanceSourceSuite):
    """Keys point as values do, if less well."""

    strategy = KkNorope


class TestRandom(RelevanceSourceSuite):
    """A random map keeps every promise but the one to point."""

    strategy = Random
