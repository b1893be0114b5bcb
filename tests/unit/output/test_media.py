"""Each medium's rules, with every hostile text."""

from __future__ import annotations

import json
import math

import pytest

from tests.support.hostile import TEXTS, check_csv, check_latex, check_markdown, check_page, unsafe
from visualcrop.output.characters import indent_lines, printable
from visualcrop.output.html import make_environment
from visualcrop.output.strict_json import json_text
from visualcrop.output.tables import (
    csv_table,
    escape_markdown,
    latex_table,
    markdown_code,
    markdown_table,
)
from visualcrop.plugin import Spec
from visualcrop.spec.toml import from_toml, to_toml

_TEXTS = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
_NUMBERS = ["-2", "+3.5", "-.5", "1e-5", "-1.25E+7", "12 %", "-12%", "-inf", "nan", ""]


class TestCharacters:
    """What a terminal is given."""

    @_TEXTS
    def test_a_line_is_a_line(self, text: str) -> None:
        """Of characters that are seen."""
        assert not unsafe(printable(text).replace("\n", "\x00"))

    @pytest.mark.parametrize(
        "text",
        [
            "a b",
            "caf\xe9 \xa0 \u3000",
            "日本語",
            "می\u200cخواهم",
            "\U0001f469\u200d\U0001f4bb",
            "e\u0301",
        ],
    )
    def test_what_people_write_is_kept(self, text: str) -> None:
        """In every script; spaces of any width, and what joins letters and emoji."""
        assert printable(text) == text

    def test_newlines_are_seen(self) -> None:
        """Where a line is meant; elsewhere no line passes for another's."""
        assert printable("a\r\nb\tc\nd") == "a↵b c↵d"
        assert indent_lines("a\n  ^\nError: b") == "a\n  ^\n  Error: b"


class TestTables:
    """CSV, Markdown and LaTeX."""

    @_TEXTS
    def test_a_cell_is_a_cell(self, text: str) -> None:
        """At the beginning of a row, within it, and as a heading."""
        rows = [["name", "x", text], [text, "1", "2"], ["a", text, f" {text}"]]
        check_csv(csv_table(rows), 3)
        check_markdown(markdown_table(rows[0], rows[1:]), 3)
        check_latex(latex_table(rows[0], rows[1:]), 3)

    def test_numbers_stay_numbers(self) -> None:
        """Signs and percent, too."""
        assert csv_table([_NUMBERS]) == f"{','.join(_NUMBERS)}\n"
        assert csv_table([["-2+3", "+1+1", "-x", "- 1", "＝1"]]) == "'-2+3,'+1+1,'-x,'- 1,'＝1\n"

    def test_plain_names_stay_as_they_are(self) -> None:
        """What needs no care is not touched."""
        name = "focus, t_1=[4, 8] (ours): 50 %"
        assert escape_markdown(name) == name
        assert markdown_code("focus(steps=[1, 2])") == "`focus(steps=[1, 2])`"
        assert escape_markdown("_a_ [b](c)") == r"\_a\_ [b\](c)"
        assert markdown_code("a`b") == "a\\`b"

    @_TEXTS
    def test_code_ends_where_it_ends(self, text: str) -> None:
        """In sentences of Markdown."""
        check_markdown(f"| a |\n| --- |\n\n{markdown_code(text)} and {escape_markdown(text)}\n", 1)


class TestJson:
    """Also in a browser and on a terminal."""

    @_TEXTS
    def test_text_comes_back(self, text: str) -> None:
        """All of it, and what is printed is seen."""
        for ascii_only in (False, True):
            told = json_text({text: [text]}, indent=1, ascii_only=ascii_only)
            assert json.loads(told) == {text: [text]}
            assert not unsafe(told)
            assert told.isascii() or not ascii_only

    def test_what_json_does_not_have(self) -> None:
        """Is null, or text."""
        value = {"a": (math.nan, -math.inf, 1.5), "b": {1}, "c": b"x", "d": None, "e": True}
        assert json.loads(json_text(value)) == {
            "a": [None, None, 1.5], "b": [1], "c": "b'x'", "d": None, "e": True,
        }  # fmt: skip


@_TEXTS
def test_toml_comes_back(text: str) -> None:
    """As a spec with that option, of characters that are seen."""
    if "\ud800" in text:
        return
    for ascii_only in (False, True):
        told = to_toml(Spec("a", (("b", text),)), ascii_only=ascii_only)
        assert from_toml(told).get("b") == text
        assert not unsafe(told)


@_TEXTS
def test_pages_hold_text(tmp_path, text: str) -> None:
    """Between tags, in attributes and in figures."""
    template = make_environment("visualcrop.report").from_string(
        '<html><p title="{{ x }}">{{ x }}</p><svg><text>{{ x }}</text></svg></html>'
    )
    page = tmp_path / "page.html"
    page.write_text(template.render(x=text), "utf-8")
    check_page(page)
    assert page.read_text("utf-8").count("<") == 8
