"""`visualcrop check` prints a report, and writes it for an issue."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.support.running import Run
from tests.support.tiny.checkpoints import checkpoint
from visualcrop import CheckReport, CheckResult
from visualcrop.check import CHECKS
from visualcrop.errors import ModelError

command = import_module("visualcrop.cli.check")  # the package's attribute is the command
_KEYS = {"format", "model", "machine", "packages", "counts", "seconds", "checks"}
_FAILED = CheckReport(
    {"name": "mine"},
    {},
    {},
    (
        CheckResult("image-tokens", "ok", "12 for an image"),
        CheckResult("order", "fail", "the order is lost", "set answer=crop", {}, 0.4),
        CheckResult("values", "skipped", "needs order, which failed"),
    ),
)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some check fails, whatever the model."""
    monkeypatch.setattr(command, "_run", lambda model, quick: _FAILED)


class TestReport:
    """Of a model that comes along."""

    def test_json(self, run: Run) -> None:
        """The same keys for every model, and no folder of this machine."""
        folder = checkpoint("llava")
        done = run("check", folder, "--quick", "--json")
        report = json.loads(done.stdout)
        assert done.exit_code == 0
        assert set(report) == _KEYS
        assert report["format"] == 1
        assert [check["name"] for check in report["checks"]] == list(CHECKS)
        for check in report["checks"]:
            assert set(check) == {"name", "state", "found", "fix", "figures", "seconds"}
            assert check["state"] in {"ok", "note", "skipped"}
        wanted = {"name": "llava", "family": "llava", "model_type": "llava"}
        assert report["model"].items() >= wanted.items()
        assert str(folder.parent) not in done.stdout

    def test_table(self, run: Run) -> None:
        """A line for each check, and at the end how many are what."""
        done = run("check", "toy")
        lines = done.stdout.splitlines()
        assert lines[0].split() == ["toy"]
        rows = [" ".join(line.split()) for line in lines]
        assert "ok order Three pictures with text between stay in their order." in rows
        assert "skipped replies The model does not tell its tokens." in rows
        assert rows[-1].startswith("6 ok, 1 to note, ")

    def test_file(self, run: Run, tmp_path: Path) -> None:
        """Its place is printed; in a folder, there or not yet there, it is check.json."""
        for out, place in (("mine.json", "mine.json"), ("new/", "new/check.json")):
            done = run("check", "toy", "-o", out)
            assert f"Wrote {place}: attach it to an issue." in done.stdout
            assert set(json.loads((tmp_path / place).read_text("utf-8"))) == _KEYS
        (tmp_path / "there").mkdir()
        run("check", "toy", "--out", "there")
        assert (tmp_path / "there" / "check.json").is_file()


class TestExitCodes:
    """0, 1 and 2."""

    def test_a_failure_is_1(self, run: Run, failing: None) -> None:
        """With what to do below it, and how to write a file for an issue."""
        done = run("check", "mine")
        rows = [" ".join(line.split()) for line in done.stdout.splitlines()]
        assert done.exit_code == 1
        at = rows.index("fail order The order is lost.")
        assert rows[at + 1] == "> Set answer=crop."
        assert rows[-2] == "1 ok, 1 failed, 1 skipped, in 0 s."
        assert rows[-1] == "With -o check.json, a file to attach to an issue is written."

    def test_a_failure_is_1_in_json_and_in_a_file(
        self, run: Run, failing: None, tmp_path: Path
    ) -> None:
        """The file is written all the same."""
        done = run("check", "mine", "--json", "-o", "check.json")
        assert done.exit_code == 1
        assert json.loads(done.stdout) == json.loads((tmp_path / "check.json").read_text("utf-8"))

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (("./nowhere",), "There is no folder './nowhere'; give that of a checkpoint."),
            (("toi",), "no model is called 'toi'; did you mean 'toy'?"),
            (("llava",), "The model 'llava' needs a checkpoint"),
            (("toy", "-o", "/\0"), "a null byte"),
        ],
    )
    def test_a_model_that_cannot_be_opened_is_2(
        self, run: Run, words: tuple[str, ...], sentence: str
    ) -> None:
        """One sentence, and nothing on standard output."""
        done = run("check", *words)
        assert done.exit_code == 2
        assert sentence in done.stderr
        assert done.stderr.count("\n") == 1
        assert not done.stdout

    def test_debug_shows_where(self, run: Run) -> None:
        """The error itself is raised."""
        assert isinstance(run("check", "./nowhere", "--debug").exception, ModelError)


class TestProgress:
    """Which step is running is said on standard error."""

    def test_every_step_advances(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Opening the model first, then each check by its name."""
        seen: list[str] = []

        class Recorded:
            def __init__(self, doing: str, total: float, *, describe: Any) -> None:
                self.describe, self.total = describe, total

            def __enter__(self) -> Any:
                seen.append(self.describe())
                return lambda: seen.append(self.describe())

            def __exit__(self, *_: object) -> None:
                assert len(seen) == self.total

        monkeypatch.setattr(command, "Progress", Recorded)
        run("check", "toy")
        assert seen == ["opening the model", *(name.replace("-", " ") for name in CHECKS)]
