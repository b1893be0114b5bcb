"""What suits a model gives way to what is given."""

from __future__ import annotations

import pytest

from tests.support.configured import Settings, configured
from visualcrop import ModelFamily
from visualcrop.answer.canvas import Canvas
from visualcrop.answer.crop import Crop
from visualcrop.answer.text_boxes import TextBoxes
from visualcrop.plugin import Registry, Searcher
from visualcrop.plugin.configure import configure
from visualcrop.relevance.vv import Vv
from visualcrop.searchers.direct import Direct

_LAYERS: Settings = {"focus": {"relevance.layers": (1, 3)}}


class TestSettings:
    """What suits the model."""

    def test_fill_what_is_left_open(self, registry: Registry) -> None:
        """A setting replaces a default, of the spec's own strategies and of others."""
        assert configured(registry, "focus", settings=_LAYERS).relevance == Vv(layers=(1, 3))
        quick = configured(registry, "focus(relevance=vv(clip=false))", settings=_LAYERS)
        assert quick.relevance == Vv(clip=False, layers=(1, 3))

    @pytest.mark.parametrize(
        ("spec", "option"),
        [
            ("focus(relevance=vv(layers=[0, 2]))", "steps=8"),
            ('focus(relevance="vv(layers=[0, 2])")', "steps=8"),
            ("focus", "relevance.layers=[0, 2]"),
            ("focus", "relevance=vv(layers=[0, 2])"),
            ("focus", 'relevance="vv(layers=[0, 2])"'),
        ],
    )
    def test_lose_to_what_is_given(self, registry: Registry, spec: str, option: str) -> None:
        """In the spec or as an option, whole or in part, quoted or not: what is given wins."""
        assert configured(registry, spec, option, settings=_LAYERS).relevance == Vv(layers=(0, 2))

    def test_lose_even_to_a_given_default(self, registry: Registry) -> None:
        """Giving the default is giving it."""
        made = configured(registry, "focus(relevance=vv(layers=none))", settings=_LAYERS)
        assert made.relevance == Vv()

    def test_follow_a_strategy_that_an_option_sets(self, registry: Registry) -> None:
        """A setting for an option also fills that of another strategy in the same place."""
        made = configured(registry, "focus", "relevance=kk-norope", settings=_LAYERS)
        assert getattr(made.relevance, "layers") == (1, 3)  # noqa: B009 - a plug-in's option

    def test_reach_into_what_another_sets(self, registry: Registry) -> None:
        """A setting may put in a strategy, and the next one set an option of that."""
        settings: Settings = {"focus": {"answer": "canvas", "answer.cell": 100}}
        assert configured(registry, "focus", settings=settings).answer == Canvas(cell=100)

    def test_without_a_place_are_passed_over(self, registry: Registry) -> None:
        """A strategy without that option is built all the same, and so is another searcher."""
        assert configured(registry, "focus", "relevance=random", settings=_LAYERS).steps == 8
        direct = configure(registry, Searcher, "direct", settings=_LAYERS)
        assert direct == Direct()

    def test_of_the_toy(self, registry: Registry) -> None:
        """The toy with local cells answers from text boxes, unless told otherwise."""
        family = registry.build(ModelFamily, "toy(local=true)")
        made = configured(registry, "focus", settings=family.settings())
        assert (made.answer, made.t_type2) == (TextBoxes(), 0.5)
        told = configured(registry, "focus(answer=crop)", "t_type2=0.9", settings=family.settings())
        assert (told.answer, told.t_type2) == (Crop(), 0.9)
