"""Functions are short, files may be long: what `scripts/sizes.py` refuses and what it lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.sizes import main


def _function(name: str, lines: int) -> str:
    return f"def {name}():\n" + "    pass\n" * (lines - 1)


def _measure(root: Path, text: str) -> int:
    (root / "visualcrop").mkdir()
    (root / "visualcrop" / "module.py").write_text(text, "utf-8")
    return main(root)


def test_short_functions_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At the limits nothing is refused, and nothing is listed."""
    text = "".join(_function(f"f{index}", 24) for index in range(9)) + _function("last", 60)
    assert _measure(tmp_path, text) == 0
    assert capsys.readouterr().out == "function p90   24 of 24\nfunction max   60 of 60\n"


def test_one_long_function_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """However short all others are, 61 lines are refused, with the place."""
    text = "".join(_function(f"f{index}", 2) for index in range(20)) + _function("long", 61)
    assert _measure(tmp_path, text) == 1
    assert "61 visualcrop/module.py:41 long" in capsys.readouterr().out


def test_many_longish_functions_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If more than one of ten has over 24 lines, all of these are listed."""
    text = "".join(_function(f"f{index}", 25 if index < 2 else 3) for index in range(10))
    assert _measure(tmp_path, text) == 1
    assert capsys.readouterr().out.count("  25 visualcrop/module.py") == 2


def test_long_files_are_only_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of 401 lines is named, and passes."""
    assert _measure(tmp_path, "x = 1\n" * 401) == 0
    assert "401 visualcrop/module.py" in capsys.readouterr().out


def test_docstrings_do_not_count(tmp_path: Path) -> None:
    """A function may be explained at length."""
    documented = 'def told():\n    """\n' + "    text\n" * 90 + '    """\n' + "    pass\n" * 59
    assert _measure(tmp_path, documented) == 1  # nine of ten are short, but there is only this one
    long = "".join(_function(f"f{index}", 2) for index in range(20))
    (tmp_path / "visualcrop" / "module.py").write_text(long + documented, "utf-8")
    assert main(tmp_path) == 0
