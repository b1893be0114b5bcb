"""
What the documentation's code blocks are good for.

- `python` and `pycon` blocks run; all blocks of a page share one namespace and one folder.
- `console` blocks run `visualcrop` and compare what it prints.
- A block with a title, `toml title="study.toml"`, becomes that file in the page's folder.
- A block quoted from a file, `--8<-- "..."`, is left alone: that file has tests of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sybil import Document, Example, Region
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer
from sybil.typing import Evaluator

from tests.support.console import run_console

FENCES = RawFencedCodeBlockLexer(re.compile(r" ?(?P<language>\w+)(?P<options>[^\n]*)\n"))
RUNNERS: dict[str, Evaluator] = {
    "python": PythonEvaluator(),
    "pycon": PythonEvaluator(),
    "console": run_console,
}


def parse_blocks(document: Document) -> Iterator[Region]:
    """Find the blocks of a page that can be run or written."""
    doctests = DocTestStringParser()
    for block in FENCES(document):
        source, runner = block.lexemes["source"], RUNNERS.get(block.lexemes["language"])
        if source.lstrip().startswith("--8<--"):
            continue
        if title := re.search(r'title="([^"]+)"', block.lexemes["options"]):
            yield Region(block.start, block.end, (title[1], source), write_file)
        elif runner and source.startswith(">>>"):
            for example in doctests(source, document.path):
                example.adjust(block, source)
                yield example
        elif runner:
            yield Region(block.start, block.end, source, runner)


def write_file(example: Example) -> None:
    """Write the block to the file that its title names."""
    title, source = example.parsed
    path = Path(title)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, "utf-8")
