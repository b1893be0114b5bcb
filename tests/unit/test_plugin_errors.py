"""Errors of strangers' strategies are told with name, file and line; our own are not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.refusals import refused
from visualcrop import VisualSearch
from visualcrop.errors import PluginError
from visualcrop.plugin import RelevanceSource
from visualcrop.plugin.errors import explain_plugin_error
from visualcrop.relevance.vv import Vv
from visualcrop.searchers.focus import Focus
from visualcrop.testing import Scene, ToyModel

_SOURCE = """\
import attrs
import numpy as np
from visualcrop import Grid, RelevanceMap, errors
from visualcrop.plugin import RelevanceSource

def helped(view):
    {body}

@attrs.frozen
class Mine(RelevanceSource):
    name = "my-source"

    def map(self, view, target, model):
        return helped(view)
"""
_RAISED = {
    'raise ValueError("boom\\nand more")': " raised ValueError: boom",
    "raise KeyError": " raised KeyError",
    "return np.stack([])": " raised ValueError: need at least one array to stack",
    "return RelevanceMap(Grid.even(2, 2, view.box), np.full((2, 2), np.nan))": (
        ": A relevance map must hold finite scores only."
    ),
    "return RelevanceMap(Grid.even(2, 2, view.box), np.ones((3, 3)))": (
        ": The scores are (3, 3), but the grid is (2, 2)."
    ),
}


def source(body: str) -> RelevanceSource:
    """A stranger's relevance source whose helper does what it is told."""
    module: dict[str, Any] = {"__name__": "stranger"}
    exec(compile(_SOURCE.format(body=body), "there/stranger.py", "exec"), module)
    mine: RelevanceSource = module["Mine"]()
    return mine


def _ask(relevance: RelevanceSource) -> None:
    search = VisualSearch(ToyModel(), Focus(relevance=relevance))
    search.ask(Scene.draw(43).image, "What colour is the mug?")


class TestBlamed:
    """Of exceptions that came out of a search."""

    @pytest.mark.parametrize("body", _RAISED)
    def test_names_strategy_and_line(self, body: str) -> None:
        """The line is the stranger's innermost one, not its library's and not ours."""
        with pytest.raises(Exception) as caught:  # noqa: PT011 - any
            _ask(source(body))
        assert explain_plugin_error(caught.value) == f"my-source (stranger.py:7){_RAISED[body]}"

    def test_what_is_raised_on_purpose_speaks_for_itself(self) -> None:
        """A refusal that a strategy words needs no blame."""
        with pytest.raises(Exception) as caught:  # noqa: PT011 - any
            _ask(source('raise errors.ImageError("Too dark.")'))
        assert not explain_plugin_error(caught.value)

    def test_our_own_strategies_are_not_strangers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A bug of visualcrop is blamed on nobody else."""
        monkeypatch.setattr(Vv, "maps", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError) as caught:
            _ask(Vv())
        assert not explain_plugin_error(caught.value)

    @pytest.mark.parametrize(("body", "what"), [("return", "a NoneType"), ("return 3", "an int")])
    def test_what_is_no_map_is_refused(self, body: str, what: str) -> None:
        """With the name of the strategy that returned it."""
        assert refused(PluginError, _ask, source(body)) == (
            f"The relevance 'my-source' (stranger.py:13) returned {what} instead of a "
            "RelevanceMap; mend its plug-in."
        )
