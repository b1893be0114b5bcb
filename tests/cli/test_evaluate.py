"""`visualcrop evaluate` and `visualcrop sweep`."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running import Run
from tests.support.waiting import until

_TOY = ("toy(scenes=1)", "-m", "toy")
_KEYS = {"searcher", "accuracy", "interval", "n", "errors", "unparsed", "passes", "seconds"}


# Even if these tests run in the background of a shell, which has its jobs ignore Ctrl-C.
_HEEDING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from visualcrop.cli import main
main()
"""


class TestEvaluate:
    """Searches measured on a dataset."""

    def test_rows_have_what_a_figure_needs(self, run: Run) -> None:
        """Asking directly comes first; no accuracy without bounds, counts and cost."""
        told = json.loads(run("evaluate", *_TOY, "-s", "four=focus(steps=4)", "--json").stdout)
        direct, four = told["rows"]
        assert (direct["searcher"], four["searcher"]) == ("direct", "four")
        assert {*direct} >= _KEYS
        assert four["n"] == 3
        assert four["interval"][0] < four["accuracy"] <= four["interval"][1] <= 1
        assert four["passes"] > direct["passes"] == 1
        assert (told["dataset"], told["model"], told["protocol"]) == (_TOY[0], "toy", "paper")
        assert told["asked"][0]["questions"] == 3

    def test_people_see_a_table(self, run: Run) -> None:
        """Bounds stand beside each share, the gain has its own, and the folder is named."""
        printed = run("evaluate", *_TOY).output
        assert "against direct" in printed
        assert "100.0 %" in printed
        assert "No clear difference from direct: focus" in printed
        assert "The run: runs/toy-" in printed

    def test_people_see_what_a_question_costs(self, run: Run) -> None:
        """Image tokens too, and which images the model is shown smaller than they are."""
        printed = run("evaluate", *_TOY).output
        assert re.search(r"a question costs  search passes  whole image  image tokens", printed)
        assert re.search(r"\ndirect +0\.0 +1296 +1296 ", printed)
        assert "FLOPs" not in printed  # the toy computes none
        assert (
            "shown 3 of 3 whole images smaller than they are, '0-attribute' most of all" in printed
        )
        assert re.search(r"The process held \d+\.\d [MG]iB at the most", printed)

    def test_no_line_is_wider_than_a_page(self, run: Run) -> None:
        """Both tables fit into 100 columns."""
        table = run("evaluate", *_TOY).stdout.partition("\n\nNo clear")[0]
        assert max(map(len, table.splitlines())) <= 100

    def test_the_same_command_goes_on(self, run: Run) -> None:
        """What is answered is not asked again: the lines of the first call stay as they are."""
        run("evaluate", *_TOY, "--out", "here", "--limit", 2)
        before = Path("here/samples-1of1.jsonl").read_text()
        run("evaluate", *_TOY, "--out", "here")
        after = Path("here/samples-1of1.jsonl").read_text()
        assert after.startswith(before)
        assert (len(before.splitlines()), len(after.splitlines())) == (4, 6)

    def test_failing_has_a_reason(self, run: Run) -> None:
        """The first one is told; where all failed, there is no share to tell."""
        words = ("-s", "bad=focus(relevance=vv(layers=[90, 91]))", "--out", "here")
        printed = run("evaluate", *_TOY, *words).stdout
        reason = "Errors: 3 (bad), the first: SpecError: Layers [90, 91] do not fit"
        assert re.search(r"\nbad +0 +3 +0 ", printed)
        assert f"\n{reason}" in printed
        run("report", "here", "--pages", 0)
        told = Path("here/report/summary.md").read_text()
        assert "\n| bad |  |  | " in told
        assert reason in told

    def test_a_study_may_be_a_file(self, run: Run) -> None:
        """Its model may be given beside it; what else would change it may not."""
        Path("mine.toml").write_text(
            'dataset = "toy(scenes=1)"\nmodel = "toy"\n[searchers]\nfour = "focus(steps=4)"\n'
        )
        told = json.loads(run("evaluate", "mine.toml", "-m", "toy(local=true)", "--json").stdout)
        assert told["model"] == "toy(local=true)"
        assert [row["searcher"] for row in told["rows"]] == ["direct", "four"]
        failed = run("evaluate", "mine.toml", "-s", "focus")
        assert "--searcher cannot be given beside a study's file" in failed.stderr

    @pytest.mark.parametrize(
        ("words", "error"),
        [
            (("toyz",), "In 'toyz': no dataset is called 'toyz'"),
            ((*_TOY, "-s", "focuss"), "no searcher is called 'focuss'; did you mean 'focus'"),
            ((*_TOY, "-s", "focus(stepz=2)"), "stepz"),
            ((*_TOY, "--protocol", "papers"), "There is no protocol called 'papers'"),
            ((*_TOY, "--inference", "loud"), "There is no inference 'loud'"),
            ((*_TOY, "--weigh", "words"), "There is no weigh 'words'"),
            ((*_TOY, "--executor", "rays"), "no executor is called 'rays'"),
            ((*_TOY, "--judge", "llm"), "The judge 'llm' needs a language model"),
            ((*_TOY, "--shard", "3/2"), "is not i/n"),
            ((*_TOY, "--id", "99-count"), "has no question that was selected"),
            ((*_TOY, "--category", "nope"), "no question of the category 'nope'; categories: "),
            (("no.toml",), "The study 'no.toml' cannot be read"),
        ],
    )
    def test_wrong_input_is_one_sentence(
        self, run: Run, words: tuple[str, ...], error: str
    ) -> None:
        """It names what is wrong, and no traceback is shown."""
        failed = run("evaluate", *words)
        assert failed.exit_code == 1
        assert failed.stderr.startswith("Error: ")
        assert error in failed.stderr
        assert "Traceback" not in failed.output

    def test_a_wrong_spec_leaves_the_folder_free(self, run: Run) -> None:
        """After a slip of the pen the same --out can be used."""
        assert run("evaluate", *_TOY, "--out", "here", "-s", "focuss").exit_code == 1
        assert run("evaluate", *_TOY, "--out", "here", "-s", "direct").exit_code == 0

    def test_ctrl_c_says_how_to_go_on(self, tmp_path: Path) -> None:
        """The same command does, and it asks only what is left."""
        study = ("evaluate", "toy(scenes=1000000)", "-m", "toy")  # it does not end before
        command = [sys.executable, "-c", _HEEDING, *study]
        process = subprocess.Popen(
            [*command, "--out", "here"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
        )
        shard = tmp_path / "here" / "samples-1of1.jsonl"
        try:
            until(lambda: process.poll() is not None or (shard.is_file() and shard.stat().st_size))
            process.send_signal(signal.SIGINT)
            _, said = process.communicate()
        finally:
            process.kill()
        assert process.returncode == 130
        assert "the same command resumes it" in said
        assert "Traceback" not in said
        assert shard.read_bytes().endswith(b"\n")

    def test_progress_without_a_terminal_is_plain_lines(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each says how far it is, and how often each variant was right, with bounds."""
        monkeypatch.setattr("visualcrop.output.progress.SECONDS_BETWEEN_LINES", 0)
        said = run("evaluate", *_TOY).stderr.splitlines()
        assert said[-1].startswith("Questions: 3 of 3  direct ")
        assert "focus 100% (" in said[-1]

    def test_json_alone_is_on_standard_output(self, run: Run) -> None:
        """Nothing is said beside it."""
        done = run("evaluate", *_TOY, "--json", "--limit", 1)
        assert done.stderr == ""
        assert json.loads(done.stdout)["rows"]

    def test_open_questions_are_put_without_options(self, run: Run) -> None:
        """The right option's words are the answer that is wanted."""
        run("evaluate", *_TOY, "--open-ended", "--out", "here", "--limit", 1, "-s", "focus")
        lines = Path("here/samples-1of1.jsonl").read_text().splitlines()
        found = [json.loads(line) for line in lines]
        assert all(record["choice"] is None for record in found)
        assert [record["score"] for record in found if record["variant"] == "focus"] == [1]


class TestSweep:
    """One search under many settings."""

    def test_has_a_row_for_each_setting(self, run: Run) -> None:
        """Labels say what differs; more steps cost more passes."""
        words = ("sweep", *_TOY, "--set", "steps=1,4", "--set", "proposals.s_max=5,7")
        direct, *rows = json.loads(run(*words, "--json").stdout)["rows"]
        assert direct["searcher"] == "direct"
        assert [row["searcher"] for row in rows] == [
            "steps=1 s_max=5",
            "steps=1 s_max=7",
            "steps=4 s_max=5",
            "steps=4 s_max=7",
        ]
        assert rows[0]["passes"] < rows[2]["passes"]

    def test_an_unknown_option_is_one_sentence(self, run: Run) -> None:
        """The nearest that exists is named."""
        failed = run("sweep", *_TOY, "--set", "stepz=1,4")
        assert failed.exit_code == 1
        assert "'steps'" in failed.stderr
