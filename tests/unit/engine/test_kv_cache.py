"""KV caches among the arguments of a network's forward."""

from __future__ import annotations

from typing import Any

import pytest

from visualcrop.models import cache_argument
from visualcrop.models.engine.kv_cache import get_cache


class _Since24:
    def forward(self, input_ids: Any, cache: Any = None, **others: Any) -> None: ...


class _Until23:
    def forward(self, input_ids: Any, past_key_values: Any = None, **others: Any) -> None: ...


@pytest.mark.parametrize(
    ("network", "name"), [(_Since24(), "cache"), (_Until23(), "past_key_values")]
)
def test_goes_by_the_name_in_the_signature(network: Any, name: str) -> None:
    """A forward with any other name would warn, or take it for one of its other arguments."""
    assert cache_argument(network) == name


@pytest.mark.parametrize("name", ["cache", "past_key_values", "cache_params"])
def test_is_found_by_any_name(name: str) -> None:
    """Modules of one network name it differently until transformers 5.23."""
    assert get_cache({"hidden_states": 0, name: 1}) == 1


def test_may_be_left_out() -> None:
    """None is given to a pass without one."""
    assert get_cache({"hidden_states": 0}) is None
