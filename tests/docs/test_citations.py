"""What code and pages cite of the paper is in the paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CITING = [
    path
    for folder, pattern in (
        ("visualcrop", "*.py"),
        ("docs", "*.md"),
        ("benchmarks", "*.toml"),
        ("plugins", "*.py"),
        ("plugins", "*.md"),
    )
    for path in sorted((ROOT / folder).rglob(pattern))
    if path.name != "changelog.md" and not {"tests", "node_modules"} & {*path.parts}
]

# The paper's headings; its last table, figure and equation.
SECTIONS = {
    *("1", "2", "3", "3.1", "3.2", "3.3", "4", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "5"),
    *("A", "A.1", "A.2", "A.3", "A.4", "A.5", "B", "C", "C.1", "C.2", "C.3", "C.4", "C.5", "D"),
}
LAST = {"Table": 16, "Fig": 10, "Eq": 5}
_SECTION = re.compile(r"\b(?:[Ss]ections?|Appendix) ((?:[A-D]|\d)(?:\.\d)?)\b|\b([A-D]\.\d)\b")
_NUMBERED = re.compile(r"\b(Table|Fig|Eq)(?:ures?|uations?|s)?\.? (\d+)")


def _citations() -> Iterator[tuple[Path, str]]:
    """Each section, table, figure and equation that is cited, as `4.3` or `Table 3`."""
    for path in CITING:
        text = path.read_text("utf-8")
        for found in _SECTION.finditer(text):
            yield path, next(filter(None, found.groups()))
        for found in _NUMBERED.finditer(text):
            yield path, " ".join(found.groups())


def _exists(cited: str) -> bool:
    kind, _, number = cited.partition(" ")
    return 1 <= int(number) <= LAST[kind] if number else cited in SECTIONS


def test_every_citation_is_of_something() -> None:
    """No section, table, figure or equation is cited that the paper has not."""
    found = [*_citations()]
    assert {cited.partition(" ")[0] for _, cited in found} >= {"4.3", "A.2", "Table", "Fig", "Eq"}
    assert [(path.name, cited) for path, cited in found if not _exists(cited)] == []


@pytest.mark.parametrize("wrong", ["2.2", "A.6", "C.6", "Table 17", "Fig 11", "Eq 6"])
def test_what_is_not_there_is_seen(wrong: str) -> None:
    """The paper ends before these."""
    assert not _exists(wrong)
