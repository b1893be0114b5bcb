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
        aligned = ("  ".join(_aligned(row, widths)).rstrip() for row in lines)
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


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]


def csv_table(rows: Cells) -> str:
    """For spreadsheets, which run no cell as a formula, and for programs."""
    return "".join(f"{','.join(map(_csv_cell, row))}\n" for row in rows)


def markdown_table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of GitHub's kind: the first column to the left, the others to the right."""
    ruler = "---" + " | --:" * (len(heading) - 1)
    head, *body = (" | ".join(map(markdown, row)) for row in (heading, *rows))
    return "".join(f"| {line} |\n" for line in (head, ruler, *body))


def markdown(text: str) -> str:
    """Text in a line of Markdown that is not read as markup, a link or HTML."""
    return _MARKUP.sub(_escaped, printable(text))


def markdown_code(text: str) -> str:
    """As inline code where that is possible, else as text: nothing can be escaped within code."""
    line = printable(text)
    return f"`{line}`" if _CODE.fullmatch(line) and line == line.strip() else markdown(line)


def latex_table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A tabular for papers, in booktabs: the first column is text, the others are numbers."""
    head, *body = (
        f"{' & '.join([latex(first), *map(_latex_number, others)])} \\\\\n"
        for first, *others in (heading, *rows)
    )
    return (
        f"\\begin{{tabular}}{{l{'r' * (len(heading) - 1)}}}\n\\toprule\n{head}\\midrule\n"
        f"{''.join(body)}\\bottomrule\n\\end{{tabular}}\n"
    )


def latex_float(tabular: str, *, caption: str, label: str, notes: Iterable[str] = ()) -> str:
    """A table that can be pasted into a paper: *tabular* under its caption, notes below it."""
    below = " ".join(map(latex, notes))
    return (
        "% \\usepackage{booktabs} in the preamble\n\\begin{table}\n\\centering\n"
        f"\\caption{{{latex(caption)}}}\n\\label{{{label}}}\n{tabular}"
        f"\\par\\medskip\n{{\\footnotesize\\raggedright {below}\\par}}\n\\end{{table}}\n"
    )


def latex(text: str) -> str:
    """Text in a line of LaTeX: commands are escaped, unprintable characters replaced."""
    line = printable(text, mark="?", newline=" ")
    return "".join(_SPECIAL.get(letter, letter) for letter in line)


def _latex_number(text: str) -> str:
    """A cell after the first: hyphens of numbers are minus signs, and brackets need no care."""
    if _BOUNDED.fullmatch(text):
        return text.replace("-", "$-$")
    return latex(text).replace("{[}", "[").replace("{]}", "]")


def _escaped(found: re.Match[str]) -> str:
    """With a backslash; by its number what a backslash does not stop: `|`, HTML and links."""
    return f"&#{ord(found[0])};" if found["unseen"] else f"\\{found[0]}"


def _csv_cell(text: str) -> str:
    cell = _WITHIN.sub(r"\1'", printable(text))
    if not _NUMBER.fullmatch(cell):
        cell = _FORMULA.sub(r"'\1", cell)
    return '"{}"'.format(cell.replace('"', '""')) if _QUOTED.search(cell) else cell
