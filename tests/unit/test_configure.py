"""Single options, over a spec from text or from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.configured import configured
from tests.support.refusals import refused
from visualcrop.answer.canvas import Canvas
from visualcrop.errors import DatasetError, FileError, SpecError, UnknownStrategyError
from visualcrop.plugin import Registry, Searcher, Spec
from visualcrop.plugin.configure import configure, read_dataset, read_model, read_option, read_spec
from visualcrop.proposals.anchors import Anchors
from visualcrop.relevance.vv import Vv


class TestOptions:
    """`-o path=value`."""

    def test_reach_into_nested_strategies(self, registry: Registry) -> None:
        """A dotted path sets the option of a strategy within, defaults included."""
        made = configured(
            registry, "focus", "relevance.layers=[0, 2]", "proposals.s_max=auto", "steps=4"
        )
        assert made.relevance == Vv(layers=(0, 2))
        assert (made.proposals, made.steps) == (Anchors(s_max="auto"), 4)

    def test_come_one_after_the_other(self, registry: Registry) -> None:
        """A strategy set by one option takes the options that follow."""
        made = configured(registry, "focus", "answer=canvas", "answer.cell=100", "answer.cell=200")
        assert made.answer == Canvas(cell=200)

    def test_beat_the_spec(self, registry: Registry) -> None:
        """An option wins over what the spec says."""
        assert configured(registry, "focus(steps=4)", "steps=2").steps == 2

    @pytest.mark.parametrize("text", ["", "steps", "steps=", " =4", "="])
    def test_need_path_and_value(self, text: str) -> None:
        """Half an option is refused, with an example of a whole one."""
        message = refused(SpecError, read_option, text)
        rule = "is not path=value; write, say, relevance.layers=[8, 14]."
        assert message == f"The option {text!r} {rule}"

    def test_unknown_path(self, registry: Registry) -> None:
        """A path that leads nowhere is refused with the nearest option."""
        message = refused(SpecError, configured, registry, "focus", "relevence.clip=false")
        assert "'focus' has no option 'relevence'; did you mean 'relevance'?" in message

    def test_unknown_end(self, registry: Registry) -> None:
        """A path whose last step is wrong is refused with the options that are there."""
        message = refused(SpecError, configured, registry, "focus", "relevance.layer=[1, 2]")
        assert "'vv' has no option 'layer'; did you mean 'layers'?" in message

    def test_a_wrong_one_is_named(self, registry: Registry) -> None:
        """It alone, however long the spec is that it was to be set in."""
        message = refused(SpecError, configured, registry, "focus", "steps=4", "stepps=3")
        assert message.startswith("In the option 'stepps=3': 'focus' has no option 'stepps'; did")
        message = refused(SpecError, configured, registry, "focus", "proposals.k=0")
        assert (
            message
            == "In the option 'proposals.k=0': k must be at least 1, not 0 @ focus.proposals."
        )


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

    def test_what_is_installed_goes_before_a_folder(
        self, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A folder that shares a name with a model or dataset is meant by a path with a slash."""
        monkeypatch.chdir(tmp_path)
        for name in ("toy", "mine"):
            Path(name).mkdir()
        assert str(read_model(registry, "toy")) == str(read_dataset(registry, "toy")) == "toy"
        for path in ("./toy", "mine"):
            assert read_model(registry, path) == Spec("auto", (("checkpoint", path),))
            assert read_dataset(registry, path) == Spec("folder", (("path", path),))

    def test_a_path_without_a_folder_is_no_spec(self, registry: Registry) -> None:
        """What has a slash is a folder's, so that is what is missing."""
        message = refused(DatasetError, read_dataset, registry, "./nodir")
        assert message == (
            "There is no folder './nodir'; give one that holds a dataset, or a dataset's spec."
        )

    def test_unknown_searcher(self, registry: Registry) -> None:
        """A wrong name is refused before any option is looked at."""
        message = refused(UnknownStrategyError, configured, registry, "fokus", "nothing=1")
        assert "did you mean 'focus'?" in message
