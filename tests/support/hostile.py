"""Texts that would steer, style or break what they are printed in, and how to see that none did."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

from visualcrop.report.assets import bundle_modules

TEXTS = {
    "sgr": "\x1b[35;5mpurple",
    "title": "\x1b]0;owned\x07",
    "link": "\x1b]8;;http://evil.test\x1b\\here\x1b]8;;\x1b\\",
    "clear": "\x1b[2J\x1b[H",
    "bell": "ding\x07\x08\x08\x7f",
    "overwritten": "red\rgreen",
    "c1": "\x9b31m\x9d0;owned\x9c",
    "nul": "a\x00b\x0b\x0c",
    "turned": "\N{RIGHT-TO-LEFT OVERRIDE}der\N{POP DIRECTIONAL FORMATTING}\u2066x\u2069",
    "hidden": "pa\N{ZERO WIDTH SPACE}ss\N{WORD JOINER}\N{ZERO WIDTH NO-BREAK SPACE}\U000e0041",
    "separators": "one\u2028two\u2029three\x85four",
    "closing": "[/]",
    "closing more": "[/bold] [/not-open]",
    "markup": "[bold]fat[/bold] [link=http://evil.test]x[/link] [@click=x]y[/]",
    "emoji": ":red_circle: :smile:",
    "formula": "=1+1|cmd",
    "formula of old": '=cmd|"/c calc"!A0',
    "sum": "@SUM(A1:A9)",
    "plus": "+1+2",
    "minus": "-2+3",
    "spaced formula": "\t=1+1",
    "parted formula": "a;=1+1",
    "lines": "first\nError: forged\n| a | b |\r\nlast",
    "bar": "a|b||c",
    "html": '<img src=x onerror="alert(1)">',
    "script": "</script><script>alert(1)</script>",
    "attribute": "\" onload='alert(1)' x=\"",
    "cdata": "]]></svg><!-- --><style>",
    "markdown": "![x](http://evil.test) [y](javascript:alert(1)) `z` **fat** # h",
    "autolink": "http://evil.test www.evil.test a@evil.test",
    "latex": r"\input{/etc/passwd} \\ & % $x_1^2$ # ~ {",
    "argument": "[h]",
    "star": "*[2em]",
    "half": "\ud800 and \udcff",
    "template": "{{ 7 * 7 }} {% raw %} %s {0}",
    "long": "long " * 1200,
    "wide": "w" * 6_000,
}
_CSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_KEPT = "\n\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"


def file_name(text: str) -> str:
    """As much of *text* as a file may be called."""
    told = re.sub(r"[/\\\x00\ud800\udcff]", "", text)[:60]
    return told if told.strip(". ") else "empty"


def unsafe(printed: str) -> set[str]:
    """Characters of plain output that may not be in it."""
    return {letter for letter in printed if not letter.isprintable() and letter not in _KEPT}


def unsafe_on_terminal(printed: str, clean: str) -> set[str]:
    """The same on a terminal, where what rich wrote for harmless texts, in *clean*, is allowed."""
    foreign = {*_CSI.findall(printed)} - {*_CSI.findall(clean)}
    plain = _CSI.sub("", re.sub(r"\r(?=\n|\x1b)", "", printed))
    return foreign | unsafe(plain)


def check_csv(text: str, rows: int) -> None:
    """Read again, with a comma or a semicolon between cells, no cell is a formula."""
    assert not unsafe(text)
    for delimiter in ",;":
        read = [*csv.reader(StringIO(text), delimiter=delimiter)]
        assert len(read) == rows
        for cell in (cell.strip() for row in read for cell in row):
            assert not re.match(r"[=@＝]|[+-](?![\d.]+$)", cell), cell
    assert len({len(row) for row in csv.reader(StringIO(text))}) == 1


def check_markdown(text: str, rows: int) -> None:
    """One table of *rows* and sentences below it: no HTML, no link, and each row has its cells."""
    assert not unsafe(text)
    assert not re.search(r"[<>]", text)
    bare = re.sub(r"(?<!\\)`[^`]*`", "", text)  # in code nothing is a link
    assert not re.search(r"(?<!\\)\]\(|://|www\.|\w@", bare)
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == rows + 1
    assert len({line.count("|") for line in table}) == 1
    assert all(line.count("`") % 2 == 0 for line in text.replace("\\`", "").splitlines())


_TABULAR = "begin end toprule midrule bottomrule"
_FLOAT = f"{_TABULAR} centering caption label par medskip footnotesize raggedright"


def check_latex(text: str, rows: int) -> None:
    """Only our own commands, a line for each row, and nothing that a line's end reads."""
    assert not unsafe(text)
    first, is_float, rest = text.partition("% \\usepackage{booktabs} in the preamble\n")
    assert not (first and is_float)
    ours = r"\$-\$|\\(?:text(?:backslash|asciitilde|asciicircum|less|greater|bar)\{\}|[%_&#${}])"
    bare = re.sub(ours, "", rest or text)
    commands = (_FLOAT if is_float else _TABULAR).split()
    assert {*re.findall(r"\\[A-Za-z]+", bare)} == {rf"\{word}" for word in commands}
    assert bare.count("\\\\\n") == rows == len(re.findall(r"\\\\", bare))
    assert not re.search(r"\\\\\s*[\[*]", bare)
    assert "%" not in bare
    assert "$" not in bare
    assert len({line.count("&") for line in bare.splitlines() if line.endswith("\\\\")}) == 1


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.scripts: list[str] = []  # what would be run
        self.data: list[str] = []  # what scripts read
        self._text: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "script":
            is_data = dict(attrs).get("type") == "application/json"
            self._text = self.data if is_data else self.scripts
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name in {"href", "src"}}

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._text = None

    def handle_comment(self, data: str) -> None:
        self.tags.add("comment")


def check_page(path: Path) -> None:
    """No element, attribute, address or script in it but those of our templates."""
    text = path.read_text("utf-8")
    page = _Page()
    page.feed(text)
    assert not unsafe(text)
    assert page.tags <= set(
        "html head meta title style body main header h1 h2 h3 p section div table tr th td b small "
        "span svg line text polyline circle g rect code a label input img figure details summary "
        "path defs image use ul li script".split()
    )
    assert not {name for name in page.attributes if name.startswith("on")}
    assert "style" not in page.attributes  # which the page's policy would forbid
    assert page.scripts in ([], [bundle_modules("question.js")])
    assert all(json.loads(data)["boxes"] is not None for data in page.data)
    assert all(
        re.match(r"data:image/|#picture-\d+$|questions/\d+\.html$", link) for link in page.links
    )


def id_of(name: str) -> str:
    """Of the sample in the dataset that holds the text of that name."""
    return f"{TEXTS[name]}/{[*TEXTS].index(name)}"


def write_dataset(folder: Path, picture: Path, texts: dict[str, str]) -> Path:
    """A dataset in which each text is an id, a question, options, a category, a name, a file's."""
    (folder / "images").mkdir(parents=True)
    lines, broken = [], []
    for number, text in enumerate(texts.values()):
        image = folder / "images" / f"{file_name(text)}{number}.png"
        image.hardlink_to(picture)
        lines.append(
            {
                "id": f"{text}/{number}",
                "image": f"images/{image.name}",
                "question": f"What colour is the {text}?",
                "options": [f"{text}!", f"{text}?"],
                "answer": number % 2,
                "category": [f"{text}#"],
                "targets": [{"name": text, "box": [5, 7, 4000, 51]}],
                "meta": {"note": text},
            }
        )
        broken.append({"id": f"{text}-broken", "image": text, "question": text, "answer": [text]})
    told = "".join(json.dumps(line) + "\n" for line in [*lines, *broken])
    (folder / "samples.jsonl").write_text(told, "utf-8")
    names = [file_name(TEXTS[name]) for name in ("sgr", "link", "markup", "lines", "c1")]
    for name in names:
        (folder / name).touch()
    digests = "".join(f'{json.dumps(name)} = "00"\n' for name in names)
    (folder / "dataset.toml").write_text(f"n = 3\n[sha256]\n{digests}", "utf-8")
    return folder
