"""`visualcrop paper`."""

from __future__ import annotations

import json

from tests.support.running import Run


def test_tells_what_follows_from_the_tables(run: Run) -> None:
    """Efficiency ratios, passes in tera-MACs and averages, ours beside the paper's."""
    printed = run("paper").output
    assert all(figure in printed for figure in ("3.43", "6.55", "4.36", "4.47", "52.01"))


def test_one_table_has_its_rows_and_the_command(run: Run) -> None:
    """Table 5 with Qwen's figures, and how to get the same on real weights."""
    printed = run("paper", "5").output
    assert "79.06" in printed
    assert "On real weights: visualcrop reproduce 5 --data FOLDER" in printed


def test_json_has_every_cell(run: Run) -> None:
    """All fifteen tables, with their rows as the paper has them."""
    told = json.loads(run("paper", "--json").stdout)
    assert [each["number"] for each in told["tables"]] == list(range(2, 17))
    assert told["tables"][8]["rows"][0]["passes"] == "12.50"
    assert len(told["claims"]) == 14


def test_an_unknown_table_is_one_sentence(run: Run) -> None:
    """It tells which there are."""
    failed = run("paper", "1")
    assert failed.exit_code == 1
    assert "Table 1 of the paper is not here" in failed.stderr
