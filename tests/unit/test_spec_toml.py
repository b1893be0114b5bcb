"""Specs in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from tests.support.drawn import specs
from tests.support.refusals import refused
from visualcrop.errors import FileError, SpecError
from visualcrop.plugin import Spec
from visualcrop.spec.parse import DEEPEST
from visualcrop.spec.toml import from_toml, load_spec, to_toml

_NAMELESS = 'Each table of a spec file needs a name, such as name = "vv".'


class TestRoundTrip:
    """A TOML file can hold any spec."""

    @given(specs)
    def test_toml_gives_the_spec_back(self, spec: Spec) -> None:
        """Reading what was written gives an equal spec, with every value of its old type."""
        found = from_toml(to_toml(spec))
        assert found == spec
        assert repr(found) == repr(spec)

    @given(specs)
    def test_text_survives_a_file(self, spec: Spec) -> None:
        """What was written is UTF-8, and has no line end that a file system may change."""
        text = to_toml(spec)
        assert text.encode().decode() == text
        assert "\r" not in text


class TestFromToml:
    """The words of a spec file."""

    def test_reads_tables_and_text(self) -> None:
        """A table with a name is a spec, an empty one is none, and text stays text."""
        text = 'name = "focus"\nsteps = 8\nrelevance = "vv"\nanswer = {}\n[proposals]\nname = "a"\n'
        assert str(from_toml(text)) == 'focus(steps=8, relevance="vv", answer=none, proposals=a)'

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{", "This is not TOML: Invalid statement (at line 1, column 1)."),
            ("steps = 4", _NAMELESS),
            ("name = 4", _NAMELESS),
            ('name = ""', _NAMELESS),
            (r'name = "two\nlines"', _NAMELESS),
            ('name = "focus"\nrelevance = {clip = true}', _NAMELESS),
            ("", 'A spec file needs the strategy\'s name at the top: name = "focus".'),
            (
                'name = "focus"\nsteps = 1979-05-27',
                "A spec cannot hold the date or time 1979-05-27; quote it to make it text.",
            ),
            ('name = "a"\nb = inf', "A spec cannot hold the number inf; give a finite one."),
            (
                f'name = "a"\nb = 0x{"f" * 5000}',
                "A spec cannot hold a number of more than 4,300 digits.",
            ),
        ],
    )
    def test_refuses_the_rest(self, text: str, message: str) -> None:
        """What is no spec is an error that says what a spec file needs."""
        assert refused(SpecError, from_toml, text) == message

    def test_refuses_endless_numbers(self) -> None:
        """A number of too many digits is an error, not a crash."""
        message = refused(SpecError, from_toml, f'name = "a"\nb = {"9" * 5000}')
        assert message.startswith("This is not TOML: Exceeds the limit")

    def test_goes_as_deep_as_text(self) -> None:
        """Lists nest as deep as in text and no deeper, however deep the file."""
        deep = [f'name = "a"\nb = {"[" * n}{"]" * n}' for n in (DEEPEST, DEEPEST + 1, 100_000)]
        assert from_toml(deep[0]).name == "a"
        message = refused(SpecError, from_toml, deep[1])
        assert message == f"A spec may be nested {DEEPEST} levels deep, not more."
        assert refused(SpecError, from_toml, deep[2]).startswith("This is not TOML: ")


class TestLoadSpec:
    """A file."""

    def test_reads_a_file(self, tmp_path: Path) -> None:
        """A file that was written from a spec gives it back."""
        spec, path = Spec.parse('given(names=["café", "😀"])'), tmp_path / "spec.toml"
        path.write_text(to_toml(spec), encoding="utf-8")
        assert load_spec(path) == spec

    def test_names_the_file_that_is_wrong(self, tmp_path: Path) -> None:
        """An error inside the file is told with its path."""
        path = tmp_path / "spec.toml"
        path.write_text("steps = 4", encoding="utf-8")
        assert refused(SpecError, load_spec, path) == f"In {str(path)!r}: {_NAMELESS}"

    def test_refuses_what_cannot_be_read(self, tmp_path: Path) -> None:
        """No file, a folder, and bytes that are no text are each said to be that."""
        latin = tmp_path / "latin.toml"
        latin.write_bytes(b'name = "caf\xe9"')
        reasons = {
            tmp_path / "none.toml": "No such file or directory",
            tmp_path: "Is a directory",
            latin: "it is not UTF-8 text",
        }
        for path, reason in reasons.items():
            message = refused(FileError, load_spec, path)
            assert message == f"The spec file {str(path)!r} cannot be read: {reason}."
        message = refused(FileError, load_spec, Path("nul\0.toml"))
        assert message == r"'nul\x00.toml' cannot be the path of a file: it holds a null byte."

    def test_refuses_a_home_that_is_unknown(self) -> None:
        """A path in the home of nobody is an error, not a crash."""
        message = refused(FileError, load_spec, Path("~nobody-at-all/spec.toml"))
        assert "there is no user 'nobody-at-all'" in message
