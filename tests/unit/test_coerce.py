"""Options are exact: a value fits its type, or is refused."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from tests.support.refusals import refused
from visualcrop.errors import SpecError
from visualcrop.plugin import Registry, RelevanceSource, Searcher, Spec
from visualcrop.relevance.vv import Vv
from visualcrop.searchers.focus import Focus
from visualcrop.spec.coerce import coerce
from visualcrop.spec.parse import Value

_Size = int | Literal["auto"]
_Span = tuple[int, int] | None


def _fit(registry: Registry, value: Value, wanted: Any) -> Any:
    return coerce(value, wanted, "x", lambda kind, spec, _path: registry.build(kind, spec))


class TestFits:
    """What is taken, and as what."""

    @pytest.mark.parametrize(
        ("value", "wanted", "fitted"),
        [
            (4, int, 4),
            (4, float, 4.0),
            (4.5, float, 4.5),
            (True, bool, True),
            ("a b", str, "a b"),
            (Spec("a-b"), str, "a-b"),
            (None, type(None), None),
            (None, _Span, None),
            ((1, 2), _Span, (1, 2)),
            ((), tuple[str, ...], ()),
            ((Spec("mug"), "a b"), tuple[str, ...], ("mug", "a b")),
            ((1, 2), tuple[float, int], (1.0, 2)),
            (7, _Size, 7),
            ("auto", _Size, "auto"),
            (Spec("auto"), _Size, "auto"),
            (1, int | float, 1),
            (1.0, int | float, 1.0),
            (Spec("vv"), RelevanceSource, Vv()),
            ("vv(clip=false)", RelevanceSource, Vv(clip=False)),
            (None, RelevanceSource | None, None),
            (Spec("vv"), RelevanceSource | None, Vv()),
            ((1, "a"), Any, (1, "a")),
        ],
    )
    def test_exactly(self, registry: Registry, value: Value, wanted: Any, fitted: Any) -> None:
        """A value of the type is taken, and only whole numbers change theirs, to a float."""
        found = _fit(registry, value, wanted)
        assert (found, type(found)) == (fitted, type(fitted))

    @pytest.mark.parametrize(
        ("value", "wanted", "reason"),
        [
            (4.7, int, "4.7 is not a whole number"),
            (4.0, int, "4.0 is not a whole number"),
            ("4", int, '"4" is not a whole number'),
            (True, int, "true is not a whole number"),
            (True, float, "true is not a number"),
            ("4.5", float, '"4.5" is not a number'),
            (10**400, float, f"1{'0' * 76}... is not a number of that size"),
            (1, bool, "1 is not true or false"),
            ("true", bool, '"true" is not true or false'),
            (None, bool, "none is not true or false"),
            (4, str, "4 is not text"),
            (None, str, "none is not text"),
            (True, str, "true is not text"),
            (Spec("vv", (("clip", True),)), str, "vv(clip=true) is not text"),
            ((1, 2, 3), _Span, "[1, 2, 3] is not a list of 2 or none"),
            ((1, 2.5), _Span, "[1, 2.5] is not a list of 2 or none"),
            (4, _Span, "4 is not a list of 2 or none"),
            (4, tuple[str, ...], "4 is not a list"),
            ((1,), tuple[int, int], "[1] is not a list of 2"),
            (2.5, _Size, "2.5 is not a whole number or auto"),
            (4, Literal["target", "token"], "4 is not target or token"),
            (1, Literal[True], "1 is not True"),
            (4, RelevanceSource, "4 is not a relevance strategy"),
            (4, RelevanceSource | None, "4 is not a relevance strategy"),
        ],
    )
    def test_or_not_at_all(
        self, registry: Registry, value: Value, wanted: Any, reason: str
    ) -> None:
        """Nothing is rounded or taken for something else; the message says what fits."""
        with pytest.raises(SpecError) as caught:
            _fit(registry, value, wanted)
        assert str(caught.value) == f"{reason} @ x"

    def test_names_the_nearest_word(self, registry: Registry) -> None:
        """A word that is not allowed gets the nearest one that is."""
        with pytest.raises(SpecError) as caught:
            _fit(registry, Spec("tokens"), Literal["target", "token"])
        hint = "'tokens' cannot be used; did you mean 'token'? (allowed: target, token) @ x"
        assert str(caught.value) == hint

    def test_names_the_place_in_a_list(self, registry: Registry) -> None:
        """The offending item is told by its index."""
        with pytest.raises(SpecError) as caught:
            _fit(registry, ("a", "b", 4), tuple[str, ...])
        assert str(caught.value) == "4 is not text @ x[2]"


class TestInPlace:
    """The same through the registry, as a user meets it."""

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            ("focus(steps=4.7)", "4.7 is not a whole number @ focus.steps"),
            ("focus(relevance=anchors)", "no relevance is called 'anchors'; that is a proposals"),
            ("focus(targets=given(names=[a, 4]))", "4 is not text @ focus.targets.names[1]"),
            ("focus(relevance=vv(clip=1))", "1 is not true or false @ focus.relevance.clip"),
        ],
    )
    def test_names_the_path(self, registry: Registry, spec: str, message: str) -> None:
        """The path leads from the searcher to the option."""
        assert message in refused_by(registry, spec)

    def test_whole_numbers_become_floats(self, registry: Registry) -> None:
        """`t_type2=1` is 1.0."""
        found = registry.build(Focus, "focus(t_type2=1)").t_type2
        assert (found, type(found)) == (1.0, float)


def refused_by(registry: Registry, spec: str) -> str:
    """What the registry says to *spec*, whichever kind of spec error it is."""
    with pytest.raises(SpecError) as caught:
        registry.build(Searcher, spec)
    return refused(type(caught.value), registry.build, Searcher, spec)
