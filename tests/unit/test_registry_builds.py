"""From spec to strategy, and the messages on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from tests.support.refusals import refused
from tests.support.strangers import Whole, offering
from visualcrop.errors import SpecError, UnknownStrategyError
from visualcrop.plugin import ProposalGenerator, Registry, Searcher, Spec, load_plugins, option
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
        installed = sorted(e.strategy.name for e in registry if e.strategy.kind == "searcher")
        assert message == (
            "In 'focsu': no searcher is called 'focsu'; did you mean 'focus'? (installed: "
            f"{', '.join(installed)}); broken plug-ins: bad, see 'visualcrop plugins' @ focsu."
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
