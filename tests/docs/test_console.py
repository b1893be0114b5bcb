"""The shell examples of the documentation are compared as a reader would."""

from __future__ import annotations

import pytest

from tests.support.console import exchanges, matches, run


class TestExchanges:
    def test_texts_belong_to_the_command_above(self):
        """Each command comes with the lines up to the next one."""
        block = "$ visualcrop a\none\ntwo\n$ visualcrop b\n"

        assert list(exchanges(block)) == [("visualcrop a", "one\ntwo\n"), ("visualcrop b", "")]

    def test_backslash_continues_a_command(self):
        """A command may go on in the next line."""
        assert list(exchanges("$ visualcrop ask \\\n    photo.jpg\n")) == [
            ("visualcrop ask photo.jpg", "")
        ]


class TestMatches:
    @pytest.mark.parametrize(
        ("shown", "printed"),
        [
            ("blue\n", "blue\n"),
            ("blue", "\nblue  \n\n"),
            ("a ... d", "a b c d"),
            ("a\n...\nd", "a\nb\nc\nd"),
            ("a\n...\nb", "a\nb"),
            ("...", ""),
            ("1 + 1 (about)", "1 + 1 (about)"),
        ],
    )
    def test_alike(self, shown, printed):
        """Ellipses stand for anything; space around the text does not count."""
        assert matches(shown, printed)

    @pytest.mark.parametrize(
        ("shown", "printed"),
        [("blue", "red"), ("a ... d", "a b\nc d"), ("a", "a\nb"), ("a b", "a  b"), (".", "a")],
    )
    def test_unlike(self, shown, printed):
        """Other words, lines and spaces are a difference."""
        assert not matches(shown, printed)


class TestRun:
    def test_only_visualcrop_runs(self):
        """Another program is refused, with the way out."""
        with pytest.raises(ValueError, match=r"Show `\$ pip install x` in a `shell` block"):
            run("pip install x")
