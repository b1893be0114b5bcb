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
    """All sixteen tables, with their rows as the paper has them; figures, and what it states."""
    told = json.loads(run("paper", "--json").stdout)
    assert [each["number"] for each in told["tables"]] == list(range(1, 17))
    assert told["tables"][9]["rows"][0]["passes"] == "12.50"
    assert told["claims"]
    assert {point["figure"] for point in told["figures"]} == {3, 4}
    assert {"figure": "open-ended, focus, llava-1.5, vstar", "value": 65.97, "section": "C.2"} in (
        told["stated"]
    )


def test_parts_of_the_passes_are_shown(run: Run) -> None:
    """Beside Table 10: 1.39 and 1.135 targets, and 0.61 passes of overrun at 8 steps."""
    printed = run("paper", "10").output
    assert all(figure in printed for figure in ("1.390", "1.135", "0.61"))


def test_an_unknown_table_is_one_sentence(run: Run) -> None:
    """It tells which there are."""
    failed = run("paper", "17")
    assert failed.exit_code == 1
    assert "Table 17 of the paper is not here" in failed.stderr


def test_columns_are_called_as_a_file_names_them(run: Run) -> None:
    """So that `study.paper.columns` and `rows` may be copied from what is shown."""
    for number in (7, 10):
        told = json.loads(run("paper", str(number), "--json").stdout)
        names = [*told["tables"][0]["rows"][0]]
        assert any("_" in name for name in names)
        assert any(line.split() == names for line in run("paper", str(number)).stdout.splitlines())
