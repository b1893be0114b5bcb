"""Names lead to classes, specs to strategies, and mistakes to one sentence."""

from __future__ import annotations

import attrs
import pytest

from tests.support.refusals import refused
from tests.support.strangers import Rival, Whole, offering
from visualcrop.errors import DuplicateStrategyError, UnknownStrategyError
from visualcrop.plugin import ProposalGenerator, Registry, RelevanceSource, Searcher, load_plugins
from visualcrop.proposals.anchors import Anchors
from visualcrop.relevance.vv import Vv
from visualcrop.searchers.focus import Focus


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


class TestNamed:
    """A class by its name alone."""

    def test_knows_the_kind(self, registry: Registry) -> None:
        """Where one kind has the name, or the kind is given."""
        assert registry.find("vv") is Vv
        assert registry.find("anchors", "proposals") is Anchors

    def test_prefers_the_searcher(self) -> None:
        """Where several kinds share a name, the whole method is meant, unless said otherwise."""
        shared = attrs.frozen(type("Shared", (Whole,), {"name": "focus"}))
        registry = _with(offering("mine", shared))
        assert registry.find("focus") is Focus
        assert registry.find("focus", "proposals") is shared

    def test_refuses_what_nobody_offers(self, registry: Registry) -> None:
        """Of any kind or of one, the message is a sentence with the nearest name."""
        assert "did you mean 'anchors'?" in refused(UnknownStrategyError, registry.find, "anchor")
        message = refused(UnknownStrategyError, registry.find, "vv", "proposals")
        assert message.startswith("No proposals is called 'vv'; that is a relevance")


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
