"""The spec, the model's settings, single options: who wins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unit.random_specs import random_options, random_specs
from tests.unit.refusals import is_one_sentence, refused
from visualcrop import ModelFamily, Registry, Searcher, VisualcropError
from visualcrop.answer.canvas import Canvas
from visualcrop.answer.crop import Crop
from visualcrop.answer.text_boxes import TextBoxes
from visualcrop.configure import configure, read_option, read_spec
from visualcrop.errors import FileError, SpecError, UnknownStrategyError
from visualcrop.proposals.anchors import Anchors
from visualcrop.relevance.vv import Vv
from visualcrop.searchers.direct import Direct
from visualcrop.searchers.focus import Focus

_Settings = Mapping[str, Mapping[str, object]]
_LAYERS: _Settings = {"focus": {"relevance.layers": (1, 3)}}


def _made(
    registry: Registry,
    spec: str,
    *options: str,
    settings: _Settings | None = None,
) -> Focus:
    given = [read_option(text) for text in options]
    made = configure(registry, Searcher, spec, options=given, settings=settings)
    assert isinstance(made, Focus)
    return made


class TestOptions:
    """`-o path=value`."""

    def test_reach_into_nested_strategies(self, registry: Registry) -> None:
        """A dotted path sets the option of a strategy within, defaults included."""
        made = _made(
            registry, "focus", "relevance.layers=[0, 2]", "proposals.s_max=auto", "steps=4"
        )
        assert made.relevance == Vv(layers=(0, 2))
        assert (made.proposals, made.steps) == (Anchors(s_max="auto"), 4)

    def test_come_one_after_the_other(self, registry: Registry) -> None:
        """A strategy set by one option takes the options that follow."""
        made = _made(registry, "focus", "answer=canvas", "answer.cell=100", "answer.cell=200")
        assert made.answer == Canvas(cell=200)

    def test_beat_the_spec(self, registry: Registry) -> None:
        """An option wins over what the spec says."""
        assert _made(registry, "focus(steps=4)", "steps=2").steps == 2

    @pytest.mark.parametrize("text", ["", "steps", "steps=", " =4", "="])
    def test_need_path_and_value(self, text: str) -> None:
        """Half an option is refused, with an example of a whole one."""
        message = refused(SpecError, read_option, text)
        rule = "is not path=value; write, say, relevance.layers=[8, 14]."
        assert message == f"The option {text!r} {rule}"

    def test_unknown_path(self, registry: Registry) -> None:
        """A path that leads nowhere is refused with the nearest option."""
        message = refused(SpecError, _made, registry, "focus", "relevence.clip=false")
        assert "'focus' has no option 'relevence'; did you mean 'relevance'?" in message

    def test_unknown_end(self, registry: Registry) -> None:
        """A path whose last step is wrong is refused with the options that are there."""
        message = refused(SpecError, _made, registry, "focus", "relevance.layer=[1, 2]")
        assert "'vv' has no option 'layer'; did you mean 'layers'?" in message


class TestSettings:
    """What suits the model."""

    def test_fill_what_is_left_open(self, registry: Registry) -> None:
        """A setting replaces a default, of the spec's own strategies and of others."""
        assert _made(registry, "focus", settings=_LAYERS).relevance == Vv(layers=(1, 3))
        quick = _made(registry, "focus(relevance=vv(clip=false))", settings=_LAYERS)
        assert quick.relevance == Vv(clip=False, layers=(1, 3))

    @pytest.mark.parametrize(
        ("spec", "option"),
        [
            ("focus(relevance=vv(layers=[0, 2]))", "steps=8"),
            ('focus(relevance="vv(layers=[0, 2])")', "steps=8"),
            ("focus", "relevance.layers=[0, 2]"),
            ("focus", "relevance=vv(layers=[0, 2])"),
            ("focus", 'relevance="vv(layers=[0, 2])"'),
        ],
    )
    def test_lose_to_what_is_given(self, registry: Registry, spec: str, option: str) -> None:
        """In the spec or as an option, whole or in part, quoted or not: what is given wins."""
        assert _made(registry, spec, option, settings=_LAYERS).relevance == Vv(layers=(0, 2))

    def test_lose_even_to_a_given_default(self, registry: Registry) -> None:
        """Giving the default is giving it."""
        made = _made(registry, "focus(relevance=vv(layers=none))", settings=_LAYERS)
        assert made.relevance == Vv()

    def test_follow_a_strategy_that_an_option_sets(self, registry: Registry) -> None:
        """A setting for an option also fills that of another strategy in the same place."""
        made = _made(registry, "focus", "relevance=kk-norope", settings=_LAYERS)
        assert getattr(made.relevance, "layers") == (1, 3)  # noqa: B009 - a plug-in's option

    def test_without_a_place_are_passed_over(self, registry: Registry) -> None:
        """A strategy without that option is built all the same, and so is another searcher."""
        assert _made(registry, "focus", "relevance=random", settings=_LAYERS).steps == 8
        direct = configure(registry, Searcher, "direct", settings=_LAYERS)
        assert direct == Direct()

    def test_of_the_toy(self, registry: Registry) -> None:
        """The toy with local cells answers from text boxes, unless told otherwise."""
        family = registry.build(ModelFamily, "toy(local=true)")
        made = _made(registry, "focus", settings=family.settings())
        assert (made.answer, made.t_type2) == (TextBoxes(), 0.5)
        told = _made(registry, "focus(answer=crop)", "t_type2=0.9", settings=family.settings())
        assert (told.answer, told.t_type2) == (Crop(), 0.9)


class TestReadSpec:
    """Text, or a file."""

    def test_reads_a_file_by_its_ending(self, tmp_path: Path) -> None:
        """What ends in .toml is a path; anything else is a spec."""
        path = tmp_path / "mine.toml"
        path.write_text('name = "focus"\nsteps = 3\n', encoding="utf-8")
        assert str(read_spec(str(path))) == "focus(steps=3)"
        assert str(read_spec("focus(steps=3)")) == "focus(steps=3)"

    def test_says_which_file_is_missing(self, registry: Registry, tmp_path: Path) -> None:
        """A path to nothing is refused with the path."""
        path = str(tmp_path / "none.toml")
        message = refused(FileError, configure, registry, Searcher, path)
        assert message == f"The spec file {path!r} cannot be read: No such file or directory."

    def test_unknown_searcher(self, registry: Registry) -> None:
        """A wrong name is refused before any option is looked at."""
        message = refused(UnknownStrategyError, _made, registry, "fokus", "nothing=1")
        assert "did you mean 'focus'?" in message


class TestRandomOptions:
    """Ten thousand options, most of them nonsense."""

    def test_end_in_a_strategy_or_a_sentence(self, registry: Registry) -> None:
        """Each configures the searcher or is refused in one sentence; both happen often."""
        specs = random_specs(registry, 10_000, seed=8)
        made, refusals = [], []
        for index, option in enumerate(random_options(registry, 10_000, seed=9)):
            spec = "focus" if index % 2 else next(specs)
            try:
                options = [read_option(option)]
                made.append(configure(registry, Searcher, spec, options=options, settings=_LAYERS))
            except VisualcropError as exc:
                refusals.append(str(exc))
        assert not [message for message in refusals if not is_one_sentence(message)]
        assert len(made) + len(refusals) == 10_000
        assert len(made) > 1000
        assert len(set(refusals)) > 3000
