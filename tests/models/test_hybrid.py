"""Families whose decoder is not all attention of its own: Qwen3.5, Gemma 4."""

from __future__ import annotations

import pytest

from tests.support.tiny.checkpoints import checkpoint
from visualcrop.models import Family, Gemma4, Qwen35
from visualcrop.testing import HuggingFaceFamilySuite

pytestmark = pytest.mark.torch


class TestQwen35(HuggingFaceFamilySuite):
    """Every other layer is linear attention."""

    strategy = Qwen35

    def family(self) -> Family:
        return Qwen35(checkpoint=str(checkpoint("qwen3-5")))


class TestQwen35Moe(TestQwen35):
    """The last layer is linear attention, and all are mixtures of experts."""

    def family(self) -> Family:
        return Qwen35(checkpoint=str(checkpoint("qwen3-5-moe")))


class TestGemma4(HuggingFaceFamilySuite):
    """Later layers attend to the keys and values of earlier ones."""

    strategy = Gemma4

    def family(self) -> Family:
        return Gemma4(checkpoint=str(checkpoint("gemma4")))


class TestGemma4Moe(TestGemma4):
    """Values are keys, image tokens see one another, and all layers are mixtures of experts."""

    def family(self) -> Family:
        return Gemma4(checkpoint=str(checkpoint("gemma4-moe")))
