"""Tables as text, HTML, CSV, Markdown and LaTeX: cells are escaped for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import TypeAlias

import attrs

from .characters import printable

Cells: TypeAlias = Sequence[Sequence[str]]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?( ?%)?|[+-]?(inf|nan)", re.IGNORECASE)
# What spreadsheets calculate, in East Asia also in wide letters; after a semicolon, too, at which
# those split that have commas in numbers, whatever is quoted.
_FORMULA = re.compile(r"^(\s*)(?=[=+\-@＝＋－＠])")
_WITHIN = re.compile(r"(;[\s\"']*)(?=[=+\-@＝＋－＠])")
_QUOTED = re.compile(r'[",;]|^\s|\s$')
_MARKUP = re.compile(
    r"[\\`*~#$]|(?<!\w)_|_(?!\w)|\](?=[(\[:])"
    r"|(?P<unseen>[&<>|@]|:(?=[^\s\d])|(?<=\bwww)\.)",
    re.IGNORECASE,
)
_SIGNED = r"[+-]?\d+(?:\.\d*)?"
_BOUNDED = re.compile(rf"{_SIGNED}(?: \[{_SIGNED}, {_SIGNED}\])?")
_CODE = re.compile(r"[^`<>&|\\]+")
_SPECIAL = {letter: f"\\{letter}" for letter in "%_&#${}"} | {
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # an argument of the line break before it, as `*` is
    "]": "{]}",
    "*": "{*}",
    "\N{NO-BREAK SPACE}": "~",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{LESS-THAN OR EQUAL TO}": r"$\leq$",
    "\N{GREATER-THAN OR EQUAL TO}": r"$\geq$",
    "\N{ZERO WIDTH JOINER}": "",
    "\N{ZERO WIDTH NON-JOINER}": "",
}


@attrs.frozen
class Table:
    """
    Rows of text under headings. The first column is aligned left, the others right.

    `print(table)` writes aligned text; a notebook shows HTML.
    """

    headings: Sequence[str]
    rows: Cells
    notes: Sequence[str] = ()  # lines below the table

    def __str__(self) -> str:
        lines = [[printable(cell) for cell in row] for row in (self.headings, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        aligned = ("  ".join(_align(row, widths)).rstrip() for row in lines)
        return "\n".join([*aligned, *self.notes])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        head, *body = (
            "".join(f"<{tag}>{escape(printable(cell))}</{tag}>" for cell in row)
            for tag, row in [("th", self.headings), *(("td", row) for row in self.rows)]
        )
        rows = "".join(f"<tr>{row}</tr>" for row in body)
        below = "".join(f"<p>{escape(printable(note))}</p>" for note in self.notes)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{below}"


def _align(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]


def csv_table(rows: Cells) -> str:
    """CSV for spreadsheets and programs; no cell is run as a formula."""
    return "".join(f"{','.join(map(_escape_csv, row))}\n" for row in rows)


def markdown_table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: the first column is left-aligned, the others right-aligned."""
    ruler = "---" + " | --:" * (len(heading) - 1)
    head, *body = (" | ".join(map(escape_markdown, row)) for row in (heading, *rows))
    return "".join(f"| {line} |\n" for line in (head, ruler, *body))


def escape_markdown(text: str) -> str:
    """Escape *text* for a line of Markdown, so that none of it is markup, a link or HTML."""
    return _MARKUP.sub(_escape_match, printable(text))


def markdown_code(text: str) -> str:
    """Inline code if *text* needs no escaping, which code does not allow; else escaped text."""
    line = printable(text)
    return f"`{line}`" if _CODE.fullmatch(line) and line == line.strip() else escape_markdown(line)


def latex_table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A tabular for papers, in booktabs: the first column is text, the others are numbers."""
    head, *body = (
        f"{' & '.join([escape_latex(first), *map(_escape_latex_number, others)])} \\\\\n"
        for first, *others in (heading, *rows)
    )
    return (
        f"\\begin{{tabular}}{{l{'r' * (len(heading) - 1)}}}\n\\toprule\n{head}\\midrule\n"
        f"{''.join(body)}\\bottomrule\n\\end{{tabular}}\n"
    )


def latex_float(tabular: str, *, caption: str, label: str, notes: Iterable[str] = ()) -> str:
    """A table that can be pasted into a paper: *tabular* under its caption, notes below it."""
    below = " ".join(map(escape_latex, notes))
    return (
        "% \\usepackage{booktabs} in the preamble\n\\begin{table}\n\\centering\n"
        f"\\caption{{{escape_latex(caption)}}}\n\\label{{{label}}}\n{tabular}"
        f"\\par\\medskip\n{{\\footnotesize\\raggedright {below}\\par}}\n\\end{{table}}\n"
    )


def escape_latex(text: str) -> str:
    """Escape *text* for a line of LaTeX, and replace unprintable characters."""
    line = printable(text, mark="?", newline=" ")
    return "".join(_SPECIAL.get(letter, letter) for letter in line)


def _escape_latex_number(text: str) -> str:
    """Escape a cell after the first: hyphens become minus signs, brackets stay."""
    if _BOUNDED.fullmatch(text):
        return text.replace("-", "$-$")
    return escape_latex(text).replace("{[}", "[").replace("{]}", "]")


def _escape_match(found: re.Match[str]) -> str:
    """Put a backslash before a character; give its number where that has no effect."""
    return f"&#{ord(found[0])};" if found["unseen"] else f"\\{found[0]}"


def _escape_csv(text: str) -> str:
    cell = _WITHIN.sub(r"\1'", printable(text))
    if not _NUMBER.fullmatch(cell):
        cell = _FORMULA.sub(r"'\1", cell)
    return '"{}"'.format(cell.replace('"', '""')) if _QUOTED.search(cell) else cell
