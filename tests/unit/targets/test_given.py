"""Targets that the caller knows already."""

from __future__ import annotations

from visualcrop import Target
from visualcrop.targets.given import Given
from visualcrop.testing import Bench


class TestGiven:
    """What the caller names."""

    def test_is_taken_whatever_is_asked(self) -> None:
        """Each name is a target, in order, at no cost."""
        bench = Bench.set_up()
        names = tuple("abcdefghijk")
        found = Given(names=names).extract(bench.asked.question, bench.model)
        assert found == tuple(map(Target, names))
        assert bench.toy.passes == 0

    def test_every_by_word_or_by_option(self) -> None:
        """A name with "all" wants every one, and so does the option, of all names."""
        bench = Bench.set_up()
        found = Given(names=("all mugs", "key")).extract(bench.asked.question, bench.model)
        assert found == (Target("mugs", every=True), Target("key"))
        found = Given(names=("mug",), every=True).extract(bench.asked.question, bench.model)
        assert found == (Target("mug", every=True),)

    def test_nothing_by_default(self) -> None:
        """No names, no targets."""
        bench = Bench.set_up()
        assert Given().extract(bench.asked.question, bench.model) == ()
