"""The example plug-in keeps the contract of every relevance source."""

from __future__ import annotations

from visualcrop.testing import RelevanceSourceSuite
from visualcrop_attention import Attention


class TestAttention(RelevanceSourceSuite):
    """Nothing to add: the suite is the test."""

    strategy = Attention
