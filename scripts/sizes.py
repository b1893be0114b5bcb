"""Measure the source: how long files and functions are, and which are too long."""

from __future__ import annotations

import ast
import math
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

Sized: TypeAlias = tuple[int, str]  # lines, where
FILE_MEDIAN, FILE_P90, FILE_MAX, FUNCTION_P90 = 80, 180, 400, 24


def main(root: Path) -> int:
    """Print the sizes under *root*; 1 if one of them is over its limit."""
    sources = {path: path.read_text("utf-8") for path in _sources(root)}
    files = [
        (len(text.splitlines()), str(path.relative_to(root))) for path, text in sources.items()
    ]
    functions = [
        (lines, f"{path.relative_to(root)}:{place}")
        for path, text in sources.items()
        for lines, place in _functions(text)
    ]
    verdicts = [
        _verdict("file median", statistics.median_high(_lines(files)), FILE_MEDIAN, files),
        _verdict("file p90", _p90(_lines(files)), FILE_P90, files),
        _verdict("file max", max(_lines(files)), FILE_MAX, files),
        _verdict("function p90", _p90(_lines(functions)), FUNCTION_P90, functions),
    ]
    return 0 if all(verdicts) else 1


def _sources(root: Path) -> Iterator[Path]:
    """Every module that is shipped, of the package and of its plug-ins; empty ones do not count."""
    yield from (path for path in sorted(root.glob("visualcrop/**/*.py")) if path.stat().st_size)
    for path in sorted(root.glob("plugins/*/**/*.py")):
        inside = path.relative_to(root).parts[2:]
        is_test = "tests" in inside or path.name == "conftest.py" or path.name.startswith("test_")
        if path.stat().st_size and not is_test and not any(part.startswith(".") for part in inside):
            yield path


def _functions(text: str) -> Iterator[Sized]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1, f"{node.lineno} {node.name}"


def _lines(sized: Sequence[Sized]) -> list[int]:
    return [lines for lines, _ in sized] or [0]


def _p90(lines: Sequence[int]) -> int:
    """Nine of ten are no longer than this."""
    return sorted(lines)[math.ceil(0.9 * len(lines)) - 1]


def _verdict(name: str, measured: int, limit: int, sized: Sequence[Sized]) -> bool:
    """Print one measure, with the offenders if it is over its *limit*."""
    print(f"{name:12} {measured:4} of {limit}")
    if measured > limit:
        for lines, where in sorted((pair for pair in sized if pair[0] > limit), reverse=True):
            print(f"  {lines:4} {where}")
    return measured <= limit


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parent.parent))
