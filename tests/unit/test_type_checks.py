"""Values built in Python are held to the options' types, as those of specs are."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import attrs
import numpy as np
import pytest

from tests.support.refusals import refused
from visualcrop import Target
from visualcrop.errors import SpecError
from visualcrop.executors.local import Local
from visualcrop.plugin import Registry, Strategy, option
from visualcrop.relevance.vv import Vv
from visualcrop.searchers.focus import Focus
from visualcrop.targets.given import Given
from visualcrop.targets.rules import Rules


@attrs.frozen
class Theirs(Strategy):
    """A stranger's strategy, with types that no spec can spell."""

    name = "theirs"

    count: int = option(1, help="how many")
    target: Target | None = option(None, help="a value of ours")
    names: dict[str, int] | None = option(None, help="by name")
    share: int | float = option(1, help="a number of either kind")


class TestRefuses:
    """What does not fit is one sentence with the path, in Python as in a spec."""

    @pytest.mark.parametrize(
        ("cls", "options", "told"),
        [
            (Vv, {"pool": 1.5}, "In 'vv': 1.5 is not a whole number @ vv.pool."),
            (Vv, {"layers": "x"}, "In 'vv': 'x' is not a list of 2 or none @ vv.layers."),
            (
                Vv,
                {"layers": (1, 2, 3)},
                "In 'vv': (1, 2, 3) is not a list of 2 or none @ vv.layers.",
            ),
            (Vv, {"clip": 1}, "In 'vv': 1 is not true or false @ vv.clip."),
            (Vv, {"sigma": "1"}, "In 'vv': '1' is not a number @ vv.sigma."),
            (Vv, {"sigma": -1.0}, "In 'vv': sigma must be at least 0, not -1.0."),
            (Local, {"concurrency": 0}, "In 'local': concurrency must be at least 1, not 0."),
            (
                Local,
                {"concurrency": True},
                "In 'local': True is not a whole number @ local.concurrency.",
            ),
            (Focus, {"steps": None}, "In 'focus': None is not a whole number @ focus.steps."),
            (
                Focus,
                {"targets": "rules"},
                "In 'focus': 'rules' is not a targets strategy @ focus.targets.",
            ),
            (Focus, {"targets": Vv(pool=3)}, None),
            (Given, {"names": "mug"}, "In 'given': 'mug' is not a list @ given.names."),
            (Given, {"names": ("mug", 3)}, "In 'given': 3 is not text @ given.names[1]."),
            (Theirs, {"count": "2"}, "In 'theirs': '2' is not a whole number @ theirs.count."),
            (
                Theirs,
                {"target": "mug"},
                "In 'theirs': 'mug' is not a Target or none @ theirs.target.",
            ),
            (Theirs, {"names": [1]}, "In 'theirs': [1] is not a dict or none @ theirs.names."),
        ],
    )
    def test_in_a_sentence(self, cls: Any, options: dict[str, Any], told: str | None) -> None:
        """The strategy, the value, what would fit, and where."""
        message = refused(SpecError, cls, **options)
        assert told is None or message == told

    def test_evolving_is_building(self) -> None:
        """A copy is held to the same."""
        assert "focus.steps" in refused(SpecError, attrs.evolve, Focus(), steps="4")

    @pytest.mark.parametrize("spec", ["rules(limit=0)", "rules(limit=1.5)"])
    def test_in_a_spec_with_the_spec(self, registry: Registry, spec: str) -> None:
        """The sentence for a spec is as it was."""
        message = refused(SpecError, registry.build, Rules, spec)
        assert message.startswith(f"In '{spec}': ")
        assert message.count("In '") == 1


class TestFits:
    """What is taken, and as what."""

    def test_numbers_of_numpy_are_numbers(self) -> None:
        """Whole ones become Python's, so that a spec can be written of them."""
        given: dict[str, Any] = {"steps": np.int64(4), "t_type2": np.float32(0.5)}
        truth: Any = np.True_
        made = Focus(**given, relevance=Vv(clip=truth))
        assert (made.steps, type(made.steps)) == (4, int)
        assert (made.t_type2, type(made.t_type2)) == (0.5, float)
        assert Focus(t_type2=1).t_type2 == 1.0

    def test_a_list_is_a_tuple(self) -> None:
        """As strategies are keys of dicts."""
        assert Vv(layers=[1, 3]) == Vv(layers=(1, 3))  # type: ignore[arg-type]
        assert hash(Vv(layers=[1, 3]))  # type: ignore[arg-type]

    def test_what_no_spec_can_spell(self) -> None:
        """A plug-in's option may hold a value of any class, and a number of either kind."""
        made = Theirs(target=Target("mug"), names={"mug": 1}, share=1.0)
        assert (made.target, made.names, made.share) == (Target("mug"), {"mug": 1}, 1.0)
        assert type(Theirs(share=2).share) is int

    def test_nothing_is_resolved_at_start_up(self) -> None:
        """Annotations are evaluated when an option is first given, not when modules load."""
        code = (
            "import visualcrop; from visualcrop.strategy.base import option_types;"
            "visualcrop.plugin.Registry.load(); assert not option_types.cache_info().misses;"
            "visualcrop.Vv(pool=3); assert option_types.cache_info().misses == 1"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
