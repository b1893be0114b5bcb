"""Nobody prints, or writes a table or a page, but by the package that knows how."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]
_OURS = _ROOT / "visualcrop" / "output"
_SOURCES = [
    path
    for path in [*_ROOT.glob("visualcrop/**/*.py"), *_ROOT.glob("plugins/*/visualcrop_*/**/*.py")]
    if _OURS not in path.parents
]
_MODULES = ("rich", "markupsafe")
_CALLS = (
    r"print|pprint|(typer|click)\.(echo|secho|style|echo_via_pager)|(typer\.)?rich_utils\..*"
    r"|sys\.(__)?std(out|err)(__)?\.(write|writelines|buffer\.write)|os\.write"
    r"|csv\.(writer|DictWriter)|(jinja2\.)?(Environment|Template)|Markup"
)
_SAFE = {
    "chart",
    "script",
    "style",
    "figure.svg",
    "' class=\"bad\"'",
    "' class=\"faint\"'",
}  # of ours: SVGs are templates, scripts and styles are files


def _offences(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        elif isinstance(node, ast.Call) and re.fullmatch(_CALLS, ast.unparse(node.func)):
            yield f"{ast.unparse(node.func)}() in line {node.lineno}"
        yield from (f"import {name}" for name in names if name.partition(".")[0] in _MODULES)


@pytest.mark.parametrize(
    "source",
    [
        "from rich.table import Table",
        "import rich.console",
        "print(1)",
        "typer.echo(exc, err=True)",
        "sys.stdout.write(text)",
        "csv.writer(file)",
        "jinja2.Environment()",
    ],
)
def test_what_goes_past_it_is_seen(source: str) -> None:
    """By the rule below."""
    assert [*_offences(source)]


@pytest.mark.parametrize("path", _SOURCES, ids=lambda path: str(path.relative_to(_ROOT)))
def test_nothing_goes_past_it(path: Path) -> None:
    """No module but those of `visualcrop.output` prints, marks up, or writes CSV or HTML."""
    assert [*_offences(path.read_text("utf-8"))] == []


def test_templates_put_in_nothing_as_it_is() -> None:
    """Only what is a template of ours itself, or a constant."""
    templates = [*_ROOT.glob("visualcrop/report/templates/*")]
    assert templates
    for path in templates:
        text = path.read_text("utf-8")
        put = [each.partition("|") for each in re.findall(r"\{\{([^{}]*)\}\}", text)]
        assert {what.strip() for what, _, how in put if "safe" in how} <= _SAFE
        assert "autoescape" not in text
