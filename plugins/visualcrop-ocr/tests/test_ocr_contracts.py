"""Each part keeps its contract; in scenes without text it does as the part it falls back on."""

from __future__ import annotations

from visualcrop.testing import AnswerComposerSuite, ProposalGeneratorSuite, VerifierSuite
from visualcrop_ocr import Ocr, Read, Reading, Union


class TestOcr(ProposalGeneratorSuite):
    """The suite's maps know no image: the boxes are those of the anchors."""

    strategy = Ocr


class TestUnion(ProposalGeneratorSuite):
    """Of the anchors alone, where nothing can be read."""

    strategy = Union


class TestReading(VerifierSuite):
    """A toy's things are named without quotes, and the model is asked about them."""

    strategy = Reading


class TestRead(AnswerComposerSuite):
    """A toy's things bear no text, and the model is asked about them."""

    strategy = Read
