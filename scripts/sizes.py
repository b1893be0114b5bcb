"""Measure functions and files: functions that are too long fail, long files are only listed."""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

Sized: TypeAlias = tuple[int, str]  # lines, where
FUNCTION_P90, FUNCTION_MAX = 24, 60  # limits, in lines
FILE_REPORTED = 400  # lines; a longer file may well be one topic


def main(root: Path) -> int:
    """Print the sizes under *root*; 1 if functions are over their limits."""
    sources = {path: path.read_text("utf-8") for path in _sources(root)}
    files = [
        (len(text.splitlines()), str(path.relative_to(root))) for path, text in sources.items()
    ]
    functions = [
        (lines, f"{path.relative_to(root)}:{place}")
        for path, text in sources.items()
        for lines, place in _functions(text)
    ]
    p90 = _p90([lines for lines, _ in functions])
    longest = max((lines for lines, _ in functions), default=0)
    print(f"function p90 {p90:4} of {FUNCTION_P90}")
    if p90 > FUNCTION_P90:
        _print_longer(functions, FUNCTION_P90)
    print(f"function max {longest:4} of {FUNCTION_MAX}")
    _print_longer(functions, FUNCTION_MAX)
    if any(lines > FILE_REPORTED for lines, _ in files):
        print(f"files over {FILE_REPORTED} lines (no limit)")
        _print_longer(files, FILE_REPORTED)
    return 0 if p90 <= FUNCTION_P90 and longest <= FUNCTION_MAX else 1


def _sources(root: Path) -> Iterator[Path]:
    """Every module that is shipped, of the package and of its plug-ins; empty ones do not count."""
    yield from (path for path in sorted(root.glob("visualcrop/**/*.py")) if path.stat().st_size)
    for path in sorted(root.glob("plugins/*/**/*.py")):
        inside = path.relative_to(root).parts[2:]
        is_test = "tests" in inside or path.name == "conftest.py" or path.name.startswith("test_")
        if path.stat().st_size and not is_test and not any(part.startswith(".") for part in inside):
            yield path


def _functions(text: str) -> Iterator[Sized]:
    """Signature and body: what documents them makes no function long."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = _span(node) - (_span(node.body[0]) if ast.get_docstring(node) else 0)
            yield lines, f"{node.lineno} {node.name}"


def _span(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _p90(lines: Sequence[int]) -> int:
    """Nine of ten are no longer than this."""
    return sorted(lines)[math.ceil(0.9 * len(lines)) - 1] if lines else 0


def _print_longer(sized: Sequence[Sized], limit: int) -> None:
    for lines, where in sorted((pair for pair in sized if pair[0] > limit), reverse=True):
        print(f"  {lines:4} {where}")


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parent.parent))
