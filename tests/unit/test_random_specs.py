"""Thousands of texts, most of them nonsense: each is built, or refused in one sentence."""

from __future__ import annotations

import pytest

from tests.support.random_specs import random_options, random_specs
from tests.support.refusals import is_one_sentence
from visualcrop import VisualcropError
from visualcrop.plugin import Registry, Searcher
from visualcrop.plugin.configure import configure, read_option


class TestRandomSpecs:
    """Ten thousand texts, most of them nonsense."""

    def test_end_in_a_strategy_or_a_sentence(self, registry: Registry) -> None:
        """Each builds a searcher or is refused in one sentence; both happen often."""
        built, refusals = [], []
        for text in random_specs(registry, 10_000, seed=7):
            try:
                built.append(registry.build(Searcher, text))
            except VisualcropError as exc:
                refusals.append(str(exc))
        assert not [message for message in refusals if not is_one_sentence(message)]
        assert len(built) + len(refusals) == 10_000
        assert len(set(built)) > 500
        assert len(set(refusals)) > 5000


@pytest.mark.slow
class TestRandomOptions:
    """Ten thousand options, most of them nonsense."""

    def test_end_in_a_strategy_or_a_sentence(self, registry: Registry) -> None:
        """Each configures the searcher or is refused in one sentence; both happen often."""
        specs = random_specs(registry, 10_000, seed=8)
        made, refusals = [], []
        for index, option in enumerate(random_options(registry, 10_000, seed=9)):
            spec = "focus" if index % 2 else next(specs)
            try:
                options = [read_option(option)]
                made.append(
                    configure(
                        registry,
                        Searcher,
                        spec,
                        options=options,
                        settings={"focus": {"relevance.layers": (1, 3)}},
                    )
                )
            except VisualcropError as exc:
                refusals.append(str(exc))
        assert not [message for message in refusals if not is_one_sentence(message)]
        assert len(made) + len(refusals) == 10_000
        assert len(made) > 1000
        assert len(set(refusals)) > 3000
