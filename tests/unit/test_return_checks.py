"""What a plug-in returns is refused with the plug-in, file and line, whoever called it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from tests.support.refusals import refused
from visualcrop import VisualSearch
from visualcrop.errors import PluginError
from visualcrop.plugin import Searcher, Strategy, Verifier
from visualcrop.searchers.focus import Focus
from visualcrop.testing import Bench, Scene, ToyModel
from visualcrop.verification.existence import Existence

_SOURCE = """\
import attrs
import numpy as np
from visualcrop import *
from visualcrop.plugin import *

@attrs.frozen
class Mine({kind}):
    name = "mine"

    def {verb}(self, {given}, model=None):
        return {what}
"""
_VERBS = {
    "targets": ("TargetExtractor", "extract", "question"),
    "relevance": ("RelevanceSource", "map", "view, target"),
    "proposals": ("ProposalGenerator", "propose", "relevance"),
    "verification": ("Verifier", "verify", "views, target"),
    "answer": ("AnswerComposer", "compose", "question, findings"),
}
_FAR = "Box(0, 0, 9999, 9)"


def stranger(kind: str, what: str) -> Any:
    """A stranger's strategy that returns the same whatever it is asked."""
    interface, verb, given = _VERBS.get(kind, ("Searcher", "search", "question"))
    source = _SOURCE.format(kind=interface, verb=verb, given=given, what=what)
    module: dict[str, Any] = {"__name__": "stranger"}
    exec(compile(source, "there/stranger.py", "exec"), module)
    made: Strategy = module["Mine"]()
    return made


def _ask(kind: str, what: str) -> Callable[[], object]:
    mine, scene = stranger(kind, what), Scene.draw(43)
    searcher = mine if kind == "searcher" else Focus(**{kind: mine})
    search = VisualSearch(ToyModel(), searcher)
    return lambda: search.ask(scene.image, "What colour is the mug?", ["red", "green"])


class TestReturned:
    """One sentence for each thing that no interface promises."""

    @pytest.mark.parametrize(
        ("kind", "what", "told"),
        [
            ("targets", "['mug']", "a tuple with a str instead of a Target in it"),
            ("targets", "'mug'", "a str instead of a tuple of Target"),
            ("targets", "None", "a NoneType instead of a tuple of Target"),
            ("relevance", "3", "an int instead of a RelevanceMap"),
            ("proposals", "(p for p in ())", "a generator instead of a tuple of Proposal"),
            ("proposals", "[relevance.grid.box]", "a tuple with a Box instead of a Proposal in it"),
            (
                "proposals",
                f"(Proposal({_FAR}, 1.0),)",
                "the box [0, 0, 9999, 9], which does not lie in the map over [0, 0, 1536, 1024]",
            ),
            ("verification", "(1.0,)", "1 confidences for 8 views"),
            ("verification", "0.5", "a float instead of a tuple of numbers"),
            ("verification", "np.ones(8)", "a ndarray instead of a tuple of numbers"),
            (
                "verification",
                "(0.9, *(float('nan'),) * 7)",
                "the confidence nan, which is not from -1 to 1",
            ),
            ("verification", "(7,) * 8", "the confidence 7, which is not from -1 to 1"),
            ("verification", "('yes',) * 8", "a str as a confidence instead of a number"),
            ("answer", "'red'", "a str instead of an Answer"),
            ("answer", "Answer('red', 2)", "the choice 2 of a question with 2 choices"),
            (
                "answer",
                "Answer('red', 1, probabilities=(0.2, 0.3, 0.5))",
                "3 probabilities for a question with 2 choices",
            ),
            ("searcher", "None", "a NoneType instead of an Answer"),
            ("searcher", "Answer('red', np.int64(7))", "the choice 7 of a question with 2 choices"),
            (
                "searcher",
                f"Answer('red', findings=(Finding(Target('mug'), {_FAR}),))",
                "the box [0, 0, 9999, 9], which does not lie in the image [0, 0, 1536, 1024]",
            ),
            (
                "searcher",
                f"Answer('a', evidence=(Evidence(Target('m'), (Finding(Target('m'), {_FAR}),)),))",
                "the box [0, 0, 9999, 9], which does not lie in the image [0, 0, 1536, 1024]",
            ),
        ],
    )
    def test_is_refused(self, kind: str, what: str, told: str) -> None:
        """With kind, name, file and line of the method, and what it returned."""
        assert refused(PluginError, _ask(kind, what)) == (
            f"The {kind} 'mine' (stranger.py:10) returned {told}; mend its plug-in."
        )

    def test_maps_are_one_for_each_target(self) -> None:
        """Too few or too many are told, when all that came have been looked at."""
        bench, mine = Bench.set_up(), stranger("relevance", "None")
        for made, told in ((0, "0 maps"), (1, "1 maps"), (3, "more than 2 maps")):
            one = Focus().relevance.map(bench.whole, bench.target, bench.model)
            source = _maps(type(mine), [one] * made)
            message = refused(PluginError, lambda s=source: [*s.maps(bench.whole, [1, 2], None)])
            assert f"returned {told} for 2 targets; mend" in message

    def test_called_directly_too(self) -> None:
        """Also where another plug-in's searcher calls the stage, and by keyword."""
        bench = Bench.set_up()
        mine = stranger("verification", "(1, 2)")
        message = refused(PluginError, mine.verify, views=[bench.whole], target=bench.target)
        assert "returned 2 confidences for 1 views" in message

    def test_ours_are_not_told_to_mend_a_plug_in(self) -> None:
        """Numbers of the model that are not finite are no fault of a plug-in."""

        @attrs.frozen
        class Odd(Existence):
            def verify(self, *_: Any, **__: Any) -> Any:
                return (float("nan"),)

        Odd.__module__ = "visualcrop.odd"
        bench = Bench.set_up()
        message = refused(PluginError, Odd().verify, [bench.whole], bench.target, bench.model)
        assert message.endswith("; if the model's own numbers are not finite, try another dtype.")


class TestKept:
    """What is returned as promised comes through as it should be."""

    def test_lists_become_tuples_and_numbers_pythons(self) -> None:
        """So that answers compare, and can be written down."""
        bench = Bench.set_up()
        views = [bench.whole] * 3
        mine = stranger("verification", "[np.float32(0.5), None, np.float64(1.0000001)]")
        found = mine.verify(views, bench.target, bench.model)
        assert found == (0.5, None, 1.0)
        assert [type(sure) for sure in found] == [float, type(None), float]
        assert stranger("targets", "[Target('mug')]").extract(bench.asked.question, None)

    def test_a_method_may_call_its_base(self) -> None:
        """`super()` finds its class, though attrs makes the class anew."""

        @attrs.frozen
        class Kind(Existence):
            name = "kind"

            def verify(self, *given: Any, **_: Any) -> tuple[float, ...]:
                return tuple(max(sure or 0, 0) for sure in super().verify(*given))

        @attrs.frozen(slots=False)
        class Kinder(Kind):
            def verify(self, *given: Any, **_: Any) -> tuple[float, ...]:
                return super().verify(*given)

        bench = Bench.set_up()
        for verifier in (Kind(), Kinder()):
            (sure,) = verifier.verify([bench.whole], bench.target, bench.model)
            assert sure is not None
            assert sure >= 0

    def test_is_looked_at_once(self) -> None:
        """A class that attrs makes twice is not held twice, and is what it says it is."""
        assert Verifier.verify.__name__ == Existence.verify.__name__ == "verify"
        held: Any = Existence.verify
        assert not hasattr(held.__wrapped__, "__wrapped__")
        assert issubclass(Focus, Searcher)


def _maps(cls: type[Any], found: list[object]) -> Any:
    @attrs.frozen
    class Many(cls):  # type: ignore[misc]
        name = "mine"

        def maps(self, *_: object) -> Any:
            return iter(found)

    return Many()
