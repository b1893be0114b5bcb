"""The example plug-in keeps the contract of every relevance source."""

from visualcrop_attention import Attention

from visualcrop.testing import RelevanceSourceSuite


class TestAttention(RelevanceSourceSuite):
    """Nothing to add: the suite is the test."""

    strategy = Attention
