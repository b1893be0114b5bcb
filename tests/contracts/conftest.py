"""Which contracts of families are checked by `make proofs` alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.tiny.checkpoints import ALIKE
from visualcrop.testing import HuggingFaceFamilySuite
from visualcrop.testing.model_suite import ModelFamilySuite

_NAMED_ONLY = {"native-grids", "single-squares"}  # with code that other families have, too
_IMPULSES = "test_each_cell_reacts_to_its_own_pixels"
_WIDELY = {  # with every size of an image
    *("llava", "llava-next", "llava-onevision", "qwen2-5-vl", "qwen3-vl", "gemma3", "internvl"),
}
_OF_MODELS = {*vars(HuggingFaceFamilySuite), *vars(ModelFamilySuite)}


@pytest.hookimpl(tryfirst=True)  # before -m chooses by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of families like others, and of sizes beyond the first, where the code is the same."""
    for item in items:
        suite: Any = getattr(item, "cls", None)
        if suite is None or not issubclass(suite, HuggingFaceFamilySuite):
            continue
        name, test = suite.strategy.name, getattr(item, "originalname", "")
        alike = name in {*ALIKE, *_NAMED_ONLY} and test in _OF_MODELS
        size = getattr(item, "callspec", None) and item.callspec.params.get("size")  # type: ignore[attr-defined]
        more = name not in _WIDELY and test == _IMPULSES and size != (400, 250)
        if alike or more:
            item.add_marker(pytest.mark.proof)
