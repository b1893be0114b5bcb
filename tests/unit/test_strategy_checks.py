"""What a class must be before it may be called a strategy."""

from __future__ import annotations

import attrs
import pytest

from visualcrop import Proposal, RelevanceMap
from visualcrop.errors import PluginError
from visualcrop.plugin import ProposalGenerator, option
from visualcrop.plugin.validation import check_strategy


@attrs.frozen
class Sound(ProposalGenerator):
    """Propose nothing."""

    name = "sound"

    def propose(self, relevance: RelevanceMap) -> tuple[Proposal, ...]:
        return ()


class Bare(Sound):
    """Not decorated, though its base is."""


@attrs.frozen
class Abstract(ProposalGenerator):
    """Does nothing that a proposal generator must."""

    name = "abstract"


@attrs.frozen
class Nameless(ProposalGenerator):
    """Has no name."""

    def propose(self, relevance: RelevanceMap) -> tuple[Proposal, ...]:
        return ()


@attrs.frozen
class Odd(ProposalGenerator):
    """Takes more than it is given."""

    name = "odd"

    def propose(self, relevance: RelevanceMap, model: object) -> tuple[Proposal, ...]:  # type: ignore[override]
        return ()


@attrs.frozen
class Free(ProposalGenerator):
    """Has names of its own, and something more that need not be given."""

    name = "free"

    def propose(self, heat: RelevanceMap, most: int = 3) -> tuple[Proposal, ...]:
        return ()


def _named(name: object) -> type[Sound]:
    return attrs.frozen(type("Named", (Sound,), {"name": name}))


def _with(**fields: object) -> type[Sound]:
    return attrs.make_class("Made", fields, bases=(Sound,), frozen=True)


_DASHES = "but a name is lower-case-with-dashes"
_GIVEN = "propose(self, relevance)"
_UNSOUND = [
    (3, "it offers 3, which is not a Strategy class"),
    (int, "it offers <class 'int'>, which is not a Strategy class"),
    (Sound(), "it offers Sound(), which is not a Strategy class"),
    (Abstract, "its class Abstract does not define propose"),
    (Odd, f"its class Odd defines {_GIVEN[:-1]}, model), but is called as {_GIVEN}"),
    (Bare, "its class Bare is not decorated with @attrs.frozen"),
    (Nameless, f"its class Nameless is called None, {_DASHES}"),
    *(
        (_named(name), f"its class Named is called {name!r}, {_DASHES}")
        for name in (
            "Sound",
            "a_b",
            "a--b",
            "-a",
            "a-",
            "4a",
            "",
            "a b",
            "é",
            4,
            *"true none".split(),
        )
    ),
    (_with(size=attrs.field()), "its class Made has an option 'size' without a default"),
    (
        _with(kind=option(1, help="")),
        "its class Made has an option called 'kind', which is reserved",
    ),
    (
        _with(name=option(1, help="")),
        "its class Made has an option called 'name', which is reserved",
    ),
    (_with(_a=option(1, help="")), "its class Made has an option '_a', which no spec can spell"),
    (_with(é=option(1, help="")), "its class Made has an option 'é', which no spec can spell"),
]


class TestCheck:
    """The gate to the registry."""

    @pytest.mark.parametrize(
        "cls", [Sound, Free, _named("a"), _named("a-b2-c"), _with(a=option(1, help=""))]
    )
    def test_passes_the_sound(self, cls: type[Sound]) -> None:
        """A sound class comes back as it is."""
        assert check_strategy(cls) is cls

    @pytest.mark.parametrize(("offer", "reason"), _UNSOUND)
    def test_says_what_is_wrong(self, offer: object, reason: str) -> None:
        """Each kind of unsound offer is refused with its own reason."""
        with pytest.raises(PluginError) as caught:
            check_strategy(offer)
        assert str(caught.value) == reason
