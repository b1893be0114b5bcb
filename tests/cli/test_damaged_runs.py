"""Run folders that were damaged, and names that no file can have: one sentence each."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.attack.mutating import mutate
from tests.support.running import Run
from tests.support.studies import toy_study
from visualcrop.evaluation.evaluate import run_study

_EVALUATE = ("evaluate", "toy(scenes=1)", "-m", "toy", "-s", "focus(steps=1)", "--out")
_COMMANDS: tuple[tuple[str, ...], ...] = (
    ("compare", "{run}"),
    ("report", "{run}", "--out", "report", "--pages", "1"),
    ("show", "{run}", "0-count"),
    (*_EVALUATE, "{run}"),
)


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three questions that nothing happened to."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    run_study(toy_study("focus(steps=1)", scenes=1), folder)
    return folder


def _check(run: Run, folder: Path, what: str) -> None:
    """Every command that takes a run ends in figures or in a sentence."""
    for words in _COMMANDS:
        done = run(*(word.format(run=folder) for word in words))
        assert done.exit_code in {0, 1}, (what, words, done.output, done.exception)
        assert "Traceback" not in done.output
        if done.exit_code:
            assert done.stderr.startswith("Error: "), done.output
            assert len(done.stderr.splitlines()) == 1, done.stderr
            assert len(done.stderr) < 600


@pytest.mark.parametrize("seed", range(10))
def test_damage_is_one_sentence(run: Run, whole: Path, tmp_path: Path, seed: int) -> None:
    """Bytes and values of any file, in four commands each: nothing ends as a bug of ours."""
    folder = Path(shutil.copytree(whole, tmp_path / "run"))
    _check(run, folder, mutate(Random(seed), folder))


_STRAY: dict[str, Callable[[Path], object]] = {
    "samples-x.jsonl": Path.mkdir,
    "samples-foo.jsonl": Path.touch,
    "samples-3of2.jsonl": Path.touch,
    f"samples-1of{'9' * 200}.jsonl": Path.touch,
    "samples-2of2.jsonl": lambda path: path.symlink_to("samples-1of1.jsonl"),
    "samples-1of2.jsonl": os.mkfifo,
    "asked-foo.json": Path.touch,
    "asked-2of2.json": os.mkfifo,
}


@pytest.mark.parametrize("name", _STRAY)
def test_stray_files_are_named(run: Run, whole: Path, tmp_path: Path, name: str) -> None:
    """What is called like a part of the run, and is none, is no silent part of it."""
    folder = Path(shutil.copytree(whole, tmp_path / "run"))
    _STRAY[name](folder / name)
    for words in _COMMANDS:
        done = run(*(word.format(run=folder) for word in words))
        assert done.exit_code == 1
        assert name[:40] in done.stderr


@pytest.mark.parametrize("name", ["study.json", "manifest.json"])
def test_pipes_are_not_waited_for(run: Run, whole: Path, tmp_path: Path, name: str) -> None:
    """A FIFO in the place of a file would never end."""
    folder = Path(shutil.copytree(whole, tmp_path / "run"))
    (folder / name).unlink()
    os.mkfifo(folder / name)
    _check(run, folder, name)


_NOBODY = "~nobody-is-called-so/x"
_LONG = "x" * 5000


@pytest.mark.parametrize("path", [_NOBODY, _LONG, f"a/{'y' * 300}/b"])
@pytest.mark.parametrize(
    "words",
    [
        ("compare", "{path}"),
        ("report", "{path}"),
        ("report", "{run}", "--out", "{path}"),
        ("show", "{path}", "0-count"),
        ("show", "{run}", "0-count", "--page", "{path}"),
        (*_EVALUATE, "{path}"),
        ("evaluate", "{path}.toml"),
        ("evaluate", "{path}"),
        ("evaluate", "toy(scenes=1)", "-m", "{path}"),
        ("evaluate", "toy(scenes=1)", "-m", "toy", "--shard", f"1/{'9' * 5000}"),
        ("plugins", "new", "relevance", "mine", "--folder", "{path}"),
    ],
)
def test_no_file_is_called_so(run: Run, whole: Path, words: tuple[str, ...], path: str) -> None:
    """A home that nobody has, or a name that is too long, wherever a path is given."""
    done = run(*(word.format(path=path, run=whole) for word in words))
    assert done.exit_code in {1, 2}, (done.output, done.exception)
    assert "Traceback" not in done.output
    assert "bug" not in done.stderr


def test_a_study_nested_too_deeply(run: Run) -> None:
    """It is no TOML that anybody reads."""
    Path("deep.toml").write_text("a = " + "[" * 100_000)
    done = run("evaluate", "deep.toml")
    assert done.exit_code == 1
    assert "is not TOML" in done.stderr


def test_the_same_run_twice(run: Run, whole: Path) -> None:
    """It is not held against itself; runs in folders of one name are told apart."""
    done = run("compare", whole, f"{whole}/")
    assert done.exit_code == 1
    assert "is given twice" in done.stderr
    shutil.copytree(whole, "other/whole")
    printed = run("compare", whole, "other/whole").stdout
    assert "other/whole: direct" in printed
    assert f"{whole}: direct" in printed


def test_evidence_that_cannot_be_drawn_costs_its_page_alone(
    run: Run, whole: Path, tmp_path: Path
) -> None:
    """The report has its figures all the same, and says which page it has not."""
    folder = Path(shutil.copytree(whole, tmp_path / "run"))
    path = folder / "samples-1of1.jsonl"
    spoilt = r'\1"confidence": "high", "other": '
    path.write_text(re.sub(r'("relevance": [\d.e-]+, )"confidence": ', spoilt, path.read_text()))
    done = run("report", folder, "--out", "report", "--pages", 3)
    assert done.exit_code == 0, done.output
    assert "No page of '0-" in done.stderr
    assert Path("report/results.csv").is_file()
