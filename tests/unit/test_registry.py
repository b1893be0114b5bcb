"""Names lead to classes, specs to strategies, and mistakes to one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest

from tests.unit.random_specs import random_specs
from tests.unit.refusals import is_one_sentence, refused
from tests.unit.strangers import Rival, Whole, offering
from visualcrop import (
    ProposalGenerator,
    Registry,
    RelevanceSource,
    Searcher,
    Spec,
    VisualcropError,
    load_plugins,
    option,
)
from visualcrop.errors import DuplicateStrategyError, SpecError, UnknownStrategyError
from visualcrop.proposals.anchors import Anchors
from visualcrop.relevance.vv import Vv
from visualcrop.searchers.focus import Focus

if TYPE_CHECKING:
    from fractions import Fraction


@attrs.frozen
class Unresolved(Whole):
    """Has an option of a type that is there for type checkers only."""

    name = "unresolved"

    part: Fraction | None = option(None, help="which part")


def _with(*modules: object) -> Registry:
    return Registry.from_plugins(load_plugins(*modules, block=()))


class TestRegistry:
    """All that is on offer."""

    def test_kinds_come_in_pipeline_order(self, registry: Registry) -> None:
        """Kinds are listed as a question meets them."""
        stages = ["targets", "relevance", "proposals", "verification", "answer"]
        assert registry.kinds()[:7] == [*stages, "searcher", "model"]

    def test_names_its_plugins(self, registry: Registry) -> None:
        """Each entry says which plug-in brought it."""
        brought = {entry.strategy.name: entry.plugin.name for entry in registry}
        assert brought["vv"] == "builtins"
        assert brought["attention"] == "attention"

    def test_gets_by_kind_and_name(self, registry: Registry) -> None:
        """A class is found under its own kind only."""
        assert registry.get(RelevanceSource, "vv") is Vv
        message = refused(UnknownStrategyError, registry.build, ProposalGenerator, "vv")
        assert "no proposals is called 'vv'; that is a relevance; installed: " in message


class TestBuild:
    """From spec to strategy."""

    def test_builds_what_the_text_says(self, registry: Registry) -> None:
        """Options given are set, deep down too; all others keep their defaults."""
        built = registry.build(Searcher, "focus(relevance=vv(layers=[1, 3]), steps=4)")
        assert built == Focus(relevance=Vv(layers=(1, 3)), steps=4)

    def test_takes_specs_and_quoted_specs(self, registry: Registry) -> None:
        """A spec needs no text, and a nested strategy may stand in quotes."""
        spec = Spec("focus", (("proposals", "anchors(k=3)"),))
        assert registry.build(Searcher, spec) == Focus(proposals=Anchors(k=3))

    def test_unknown_option(self, registry: Registry) -> None:
        """The message has the spec, the nearest option, all options, and the path."""
        message = refused(SpecError, registry.build, ProposalGenerator, "sliding(sizes=4)")
        assert message == (
            "In 'sliding(sizes=4)': 'sliding' has no option 'sizes'; did you mean 'size'? "
            "(options: k, nms, size, stride) @ sliding."
        )

    def test_unknown_name(self) -> None:
        """The message has the nearest name, all names, and which plug-ins are broken."""
        registry = _with(offering("bad", 3))
        message = refused(UnknownStrategyError, registry.build, Searcher, "focsu")
        assert message == (
            "In 'focsu': no searcher is called 'focsu'; did you mean 'focus'? (installed: direct, "
            "focus); broken plug-ins: bad, see 'visualcrop plugins' @ focsu."
        )

    def test_validators_speak(self, registry: Registry) -> None:
        """What an option's validator says becomes the reason, with the path."""
        message = refused(SpecError, registry.build, Searcher, "focus(proposals=anchors(k=0))")
        reason = "k must be at least 1, not 0 @ focus.proposals."
        assert message == f"In 'focus(proposals=anchors(k=0))': {reason}"

    def test_caret_under_quoted_specs(self, registry: Registry) -> None:
        """A quoted spec that cannot be read is named by its path, and pointed into."""
        message = refused(SpecError, registry.build, Searcher, 'focus(relevance="vv(")')
        assert message == (
            "In 'focus(relevance=\"vv(\")': focus.relevance: Expected an option's name here:\n"
            "  vv(\n     ^"
        )

    def test_long_specs_are_cut(self, registry: Registry) -> None:
        """Of a long spec a message shows the first hundred characters."""
        spec = f'focus(targets=in-context(examples="{"x" * 500}"), steps=0)'
        message = refused(SpecError, registry.build, Searcher, spec)
        assert message.endswith("xxx...': steps must be at least 1, not 0 @ focus.")
        assert len(message) < 160

    def test_annotations_that_do_not_resolve(self) -> None:
        """A stranger's class that cannot be built is an error of its own, not a crash."""
        registry = _with(offering("mine", Unresolved))
        message = refused(SpecError, registry.build, ProposalGenerator, "unresolved")
        assert "its annotations do not resolve: name 'Fraction' is not defined" in message


class TestClash:
    """Two plug-ins with one name."""

    def test_names_both_and_the_way_out(self) -> None:
        """The message names both plug-ins with their distributions, and how to block one."""
        registry = _with(offering("one", Whole), offering("other", Rival))
        message = refused(DuplicateStrategyError, registry.build, ProposalGenerator, "whole")
        assert message == (
            "In 'whole': The plug-ins 'one' and 'other' both offer the proposals 'whole'; "
            "uninstall one, or set VISUALCROP_BLOCK=other @ whole."
        )

    def test_hurts_that_name_only(self) -> None:
        """All other names are found as before; a third plug-in is not involved."""
        registry = _with(offering("one", Whole), offering("other", Rival))
        assert registry.build(ProposalGenerator, "anchors") == Anchors()
        assert registry.build(Searcher, "focus") == Focus()

    def test_is_an_error_at_once_if_strict(self) -> None:
        """Strictly, a clash is raised when the registry is made."""
        plugins = load_plugins(offering("one", Whole), offering("other", Rival), strict=True)
        with pytest.raises(DuplicateStrategyError, match="'one' and 'other'"):
            Registry.from_plugins(plugins)


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
