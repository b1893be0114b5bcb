"""A setting that suits a model in general, and another in an exception."""

from __future__ import annotations

import pytest

from tests.support.configured import Settings, configured
from visualcrop import ModelFamily
from visualcrop.answer.interleaved import Interleaved
from visualcrop.answer.text_boxes import TextBoxes
from visualcrop.plugin import ConditionalDefault, OwnDefault, Registry, Searcher
from visualcrop.plugin.configure import configure
from visualcrop.plugin.model_settings import resolve_settings
from visualcrop.proposals.anchors import Anchors
from visualcrop.searchers.focus import Focus

_FEW: Settings = {"focus": {"proposals.k": ConditionalDefault(30, but=15, below=("steps", 4))}}
_THERE: Settings = {"focus": {"proposals.s_max": ConditionalDefault(5, but=9, on=("vstar",))}}


def _k(registry: Registry, spec: str, *options: str, settings: Settings = _FEW) -> int:
    made = configured(registry, spec, *options, settings=settings)
    assert isinstance(made.proposals, Anchors)
    return made.proposals.k


class TestBelow:
    """An exception for small numbers of another option."""

    @pytest.mark.parametrize(("steps", "k"), [(1, 15), (3, 15), (4, 30), (8, 30)])
    def test_follows_that_option(self, registry: Registry, steps: int, k: int) -> None:
        """In the spec or with `-o`, it is the option's last word that counts."""
        assert _k(registry, f"focus(steps={steps})") == k
        assert _k(registry, "focus", f"steps={steps}") == k
        assert _k(registry, f"focus(steps={12 - steps})", f"steps={steps}") == k

    def test_follows_another_setting(self, registry: Registry) -> None:
        """Steps that the model asks for count as those that the user does."""
        settings = {"focus": {**_FEW["focus"], "steps": 2}}
        assert _k(registry, "focus", settings=settings) == 15
        assert _k(registry, "focus(steps=6)", settings=settings) == 30

    def test_gives_way(self, registry: Registry) -> None:
        """What is given wins, as over any setting."""
        assert _k(registry, "focus(steps=2, proposals=anchors(k=7))") == 7
        assert _k(registry, "focus(steps=2)", "proposals.k=30") == 30

    @pytest.mark.parametrize("option", ["relevance.nothing", "relevance", "overrun.deeper"])
    def test_is_passed_over_where_there_is_no_number(self, registry: Registry, option: str) -> None:
        """An option that the searcher has not, or that is no number, is below nothing."""
        settings = {"focus": {"proposals.k": ConditionalDefault(30, but=15, below=(option, 4))}}
        assert _k(registry, "focus", settings=settings) == 30

    def test_of_a_top_option(self, registry: Registry) -> None:
        """An option of the searcher itself follows, too."""
        settings = {"focus": {"t_type2": ConditionalDefault(0.6, but=0.2, below=("steps", 4))}}
        assert configured(registry, "focus", "steps=2", settings=settings).t_type2 == 0.2


class TestOn:
    """An exception for some datasets."""

    @pytest.mark.parametrize(("dataset", "s_max"), [("vstar", 9), ("gqa", 5), ("", 5)])
    def test_follows_the_dataset(self, registry: Registry, dataset: str, s_max: int) -> None:
        """On a dataset that is named it is the one value, elsewhere and without one the other."""
        made = configure(registry, Searcher, "focus", settings=_THERE, dataset=dataset)
        assert isinstance(made, Focus)
        assert made.proposals == Anchors(s_max=s_max)


class TestOurs:
    """A setting that departs from the paper."""

    def test_is_its_value(self, registry: Registry) -> None:
        """And gives way to what is given, as any other."""
        settings: Settings = {"focus": {"answer": OwnDefault("text-boxes", paper="interleaved")}}
        assert configured(registry, "focus", settings=settings).answer == TextBoxes()
        given = configured(registry, "focus", "answer=interleaved", settings=settings)
        assert given.answer == Interleaved()

    @pytest.mark.parametrize("name", ["qwen2-vl", "qwen2-5-vl", "qwen3-vl", "qwen3-5"])
    def test_qwens_says_so(self, registry: Registry, name: str) -> None:
        """Every family whose default is `text-boxes` says that the paper has another."""
        settings = registry.build(ModelFamily, name).settings()
        _, used = resolve_settings(registry, Focus(), settings)
        assert str(used["answer"]) == "ours (paper: interleaved)"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (_FEW["focus"]["proposals.k"], "15 where steps < 4, 30 otherwise"),
        (_THERE["focus"]["proposals.s_max"], "9 on vstar, 5 otherwise"),
        (
            ConditionalDefault(2, but=1, below=("steps", 3), on=("a", "b")),
            "1 where steps < 3 or on a, b, 2 otherwise",
        ),
    ],
)
def test_says_when(setting: ConditionalDefault, said: str) -> None:
    """As text it is the rule, as `explain` prints it."""
    assert str(setting) == said
