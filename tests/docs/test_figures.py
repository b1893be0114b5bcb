"""The docs' figures are written by the commands that stand beside them."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
PAGE = """# Page
<!-- figures: echo '| a |'; echo '|---|' -->
old
<!-- end of figures -->
between
<!-- figures: echo $((6 * 7)) -->
<!-- end of figures -->
after
"""


@pytest.fixture
def script():
    """What `scripts/figures.py` defines."""
    return SimpleNamespace(**runpy.run_path(str(ROOT / "scripts" / "figures.py")))


@pytest.fixture
def page(tmp_path):
    """A page of a repository with two blocks."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text(PAGE, "utf-8")
    return tmp_path / "docs" / "page.md"


def test_what_was_printed_stands_in_its_block(script, page, tmp_path):
    """With the machine below; what is around the blocks stays, and a second run changes nothing."""
    assert script.main(["--root", str(tmp_path)]) == 0
    text = page.read_text("utf-8")
    assert "old" not in text
    assert f"| a |\n|---|\n\n{script.describe_run()}\n<!-- end of figures -->\nbetween" in text
    assert "-->\n42\n" in text
    assert text.startswith("# Page\n<!-- figures: echo '| a |'")
    assert text.endswith("after\n")
    assert script.main(["--root", str(tmp_path)]) == 0
    assert page.read_text("utf-8") == text


def test_only_some(script, page, tmp_path, capsys):
    """By a word of the command; a list runs none."""
    assert script.main(["--root", str(tmp_path), "--only", "6 * 7"]) == 0
    assert "1 of 1  page.md: echo $((6 * 7))" in capsys.readouterr().out
    assert "old" in page.read_text("utf-8")
    assert "42" in page.read_text("utf-8")
    page.write_text(PAGE, "utf-8")
    assert script.main(["--root", str(tmp_path), "--list"]) == 0
    assert page.read_text("utf-8") == PAGE


def test_a_command_that_fails_changes_nothing(script, page, tmp_path, capsys):
    """Its block stays, and others are written."""
    page.write_text(PAGE.replace("echo '| a |'", "echo half; false"), "utf-8")
    assert script.main(["--root", str(tmp_path)]) == 1
    assert "the page stays as it was" in capsys.readouterr().err
    assert "old\n<!-- end" in page.read_text("utf-8")
    assert "42" in page.read_text("utf-8")
