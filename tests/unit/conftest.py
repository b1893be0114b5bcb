"""What unit tests share: the installed strategies, and Hypothesis without a stopwatch."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from visualcrop import Registry

settings.register_profile(
    "unit", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unit")


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Everything that is installed."""
    return Registry.load()
