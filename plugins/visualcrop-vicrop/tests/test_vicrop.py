"""The searcher and its three maps keep the contracts of their kinds."""

from __future__ import annotations

from visualcrop.testing import RelevanceSourceSuite, SearcherSuite
from visualcrop_vicrop import GradAtt, PureGrad, RelAtt, ViCrop


class TestRelAtt(RelevanceSourceSuite):
    """Nothing to add: the suite is the test."""

    strategy = RelAtt


class TestGradAtt(RelevanceSourceSuite):
    """The toy model has gradients, too."""

    strategy = GradAtt


class TestPureGrad(RelevanceSourceSuite):
    """Those of pixels as well."""

    strategy = PureGrad


class TestViCrop(SearcherSuite):
    """A whole method."""

    strategy = ViCrop
