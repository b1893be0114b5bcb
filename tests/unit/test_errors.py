"""The exception tree, and how a message ends."""

from __future__ import annotations

import inspect

import pytest

from visualcrop import errors
from visualcrop.errors import VisualcropError, nearest

_CLASSES = [
    cls
    for cls in vars(errors).values()
    if inspect.isclass(cls) and cls.__module__ == errors.__name__
]


class TestTree:
    """Everything raised on purpose has one base."""

    def test_one_base(self) -> None:
        """Each class of the module is a `VisualcropError`."""
        assert all(issubclass(cls, VisualcropError) for cls in _CLASSES)

    def test_docstring_draws_each(self) -> None:
        """The tree at the top of the module names every class, and no other."""
        drawn = {word for word in (errors.__doc__ or "").split() if word.endswith("Error")}
        assert drawn == {cls.__name__ for cls in _CLASSES}

    @pytest.mark.parametrize("cls", _CLASSES)
    def test_explained_in_a_sentence(self, cls: type[VisualcropError]) -> None:
        """The docstring of each class is one sentence."""
        assert (cls.__doc__ or "").endswith(".")
        assert "\n" not in (cls.__doc__ or "")


class TestNearest:
    """The hint at a message's end."""

    def test_names_the_nearest(self) -> None:
        """A misspelt word gets the one that is closest to it."""
        hint = nearest("focsu", ["direct", "focus"], called="installed")
        assert hint == "did you mean 'focus'? (installed: direct, focus)"

    def test_guesses_nothing_far_off(self) -> None:
        """A word like no other gets the list alone, sorted."""
        hint = nearest("zzz", ["focus", "direct"], called="installed")
        assert hint == "installed: direct, focus"

    def test_says_that_there_are_none(self) -> None:
        """An empty list is said to be empty."""
        assert nearest("a", [], called="options") == "options: none"
