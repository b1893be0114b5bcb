"""The searcher, its map and its composer keep the contracts of their kinds."""

from __future__ import annotations

from visualcrop.testing import AnswerComposerSuite, RelevanceSourceSuite, SearcherSuite
from visualcrop_lookwise import FocusRegion, LayerAtt, LookWise


class TestLayerAtt(RelevanceSourceSuite):
    """Nothing to add: the suite is the test."""

    strategy = LayerAtt


class TestFocusRegion(AnswerComposerSuite):
    """The framed image and the crop."""

    strategy = FocusRegion


class TestLookWise(SearcherSuite):
    """A whole method."""

    strategy = LookWise
