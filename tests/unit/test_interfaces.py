"""The method on one page."""

from __future__ import annotations

import inspect

import pytest

from visualcrop import ModelFamily
from visualcrop.plugin import (
    AnswerComposer,
    ProposalGenerator,
    RelevanceSource,
    Searcher,
    Strategy,
    TargetExtractor,
    Verifier,
)

_VERBS: dict[type[Strategy], str] = {
    TargetExtractor: "extract",
    RelevanceSource: "map",
    ProposalGenerator: "propose",
    Verifier: "verify",
    AnswerComposer: "compose",
    Searcher: "search",
    ModelFamily: "open",
}


@pytest.mark.parametrize("interface", _VERBS)
class TestInterface:
    """A kind of strategy."""

    def test_asks_for_one_verb(self, interface: type[Strategy]) -> None:
        """There is one method to write, and nothing else is inherited that would help."""
        assert interface.__abstractmethods__ == {_VERBS[interface]}

    def test_has_a_kind_of_its_own(self, interface: type[Strategy]) -> None:
        """No two share a kind, and none is the base's."""
        kinds = [cls.kind for cls in _VERBS]
        assert [*kinds, Strategy.kind].count(interface.kind) == 1

    def test_is_explained(self, interface: type[Strategy]) -> None:
        """A line says what goes in and what comes out."""
        assert inspect.getdoc(interface)
