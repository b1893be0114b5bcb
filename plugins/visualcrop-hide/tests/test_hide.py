"""The searcher and its three parts keep the contracts of their kinds."""

from __future__ import annotations

from visualcrop.testing import (
    AnswerComposerSuite,
    ProposalGeneratorSuite,
    RelevanceSourceSuite,
    SearcherSuite,
)
from visualcrop_hide import Compact, HiDe, Regions, Tad


class TestTad(RelevanceSourceSuite):
    """Nothing to add: the suite is the test."""

    strategy = Tad


class TestRegions(ProposalGeneratorSuite):
    """One box for each region."""

    strategy = Regions


class TestCompact(AnswerComposerSuite):
    """The image and the canvas."""

    strategy = Compact


class TestHiDe(SearcherSuite):
    """A whole method."""

    strategy = HiDe
