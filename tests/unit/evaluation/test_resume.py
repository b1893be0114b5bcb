"""What a folder holds is settled before anything is written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

from tests.support.studies import manifest_of, toy_study
from visualcrop import Record, VisualcropError
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.resume import open_run
from visualcrop.evaluation.run_folder import Store
from visualcrop.evaluation.selection import Selection
from visualcrop.evaluation.study import Study

_ONE, _OTHER = toy_study("focus(steps=1)", scenes=1), toy_study("focus(steps=8)", scenes=1)
_LOADING = """
import sys
from pathlib import Path
from tests.support.studies import manifest_of, toy_study
from visualcrop.evaluation.resume import open_run
study = toy_study("focus(steps=1)", scenes=1)
with open_run(Path({folder!r}), study, manifest_of(study), {worker}):
    print("begun", flush=True)
    sys.stdin.read()  # as long as it loads its model
"""


@contextmanager
def _loading(folder: Path, worker: tuple[int, int] = (1, 1)) -> Iterator[subprocess.Popen[str]]:
    """A process that has begun a run, and has no answer yet."""
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        _LOADING.format(folder=str(folder), worker=worker),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class TestRefused:
    """A command that may not write leaves every byte as it was."""

    @pytest.mark.parametrize(
        ("study", "worker"), [(_ONE, (1, 2)), (_OTHER, (1, 2)), (_OTHER, (2, 2)), (_OTHER, (1, 1))]
    )
    def test_while_another_loads_its_model(
        self, tmp_path: Path, study: Study, worker: tuple[int, int]
    ) -> None:
        """It has no answer yet, but it lives: another study has no place beside it."""
        with _loading(tmp_path, (1, 2)):
            before = _bytes(tmp_path)
            with pytest.raises(VisualcropError, match=r"another study|by another process"):
                run_study(study, tmp_path, selection=Selection(shard=worker))
            assert _bytes(tmp_path) == before

    def test_once_there_are_answers(self, tmp_path: Path) -> None:
        """The study stays the one whose answers these are."""
        run_study(_ONE, tmp_path)
        before = _bytes(tmp_path)
        with pytest.raises(VisualcropError, match=r"another study \(its variants.focus"):
            run_study(_OTHER, tmp_path)
        assert _bytes(tmp_path) == before

    def test_without_their_study(self, tmp_path: Path) -> None:
        """Answers of nobody knows what are not taken for ours."""
        run_study(_ONE, tmp_path)
        (tmp_path / "study.json").unlink()
        before = _bytes(tmp_path)
        with pytest.raises(VisualcropError, match=r"has answers, but no study\.json"):
            run_study(_ONE, tmp_path)
        assert _bytes(tmp_path) == before


class TestBegun:
    """Whoever may write, does."""

    def test_shards_of_one_study_run_side_by_side(self, tmp_path: Path) -> None:
        """Only what is to be written is settled in turns."""
        with _loading(tmp_path, (1, 2)):
            run_study(_ONE, tmp_path, selection=Selection(shard=(2, 2)))
        run_study(_ONE, tmp_path, selection=Selection(shard=(1, 2)))
        assert len([*Store.existing(tmp_path).records()]) == 6

    def test_a_dead_run_without_answers_is_replaced(self, tmp_path: Path) -> None:
        """After a slip of the pen the folder can be used; nothing is left of the first."""
        with _loading(tmp_path, (3, 8)):
            pass
        run_study(_OTHER, tmp_path)
        assert Store.existing(tmp_path).study == _OTHER
        names = {path.name for path in tmp_path.iterdir()}
        assert names == {
            ".lock",
            "study.json",
            "manifest.json",
            "samples-1of1.jsonl",
            "asked-1of1.json",
        }

    def test_what_is_another_by_now_is_written_down(self, tmp_path: Path) -> None:
        """Packages and machines of later answers do not hide behind those of the first."""
        run_study(_ONE, tmp_path, selection=Selection(limit=1))
        path = tmp_path / "manifest.json"
        told = json.loads(path.read_text())
        told["packages"]["torch"] = "1.0"
        path.write_text(json.dumps(told))
        run_study(_ONE, tmp_path)
        run_study(_ONE, tmp_path)
        (later,) = Store.existing(tmp_path).manifest["resumed"]
        assert later["packages"]["torch"] != "1.0"


class TestForeign:
    """Lines that are not of the run."""

    @pytest.mark.parametrize(
        ("record", "told"),
        [
            (Record("0-count", "four", "ok", 1.0), "a variant 'four'"),
            (Record("0-count", "direct", "ok", 1.0, study="0" * 16), "an answer of another study"),
        ],
    )
    def test_are_named(self, tmp_path: Path, record: Record, told: str) -> None:
        """By file and line; they are in no figure."""
        store = run_study(_ONE, tmp_path)
        with store.shard_path((1, 1)).open("a") as file:
            file.write(record.line() + "\n")
        with pytest.raises(VisualcropError, match=rf"Line 7 of .*samples-1of1.jsonl' is {told}"):
            [*store.records()]

    def test_answers_know_their_study(self, tmp_path: Path) -> None:
        """A shard of another study is known by each of its lines."""
        one = run_study(_ONE, tmp_path / "one")
        other = run_study(_OTHER, tmp_path / "other", selection=Selection(shard=(1, 2)))
        shard = other.shard_path((1, 2))
        shard.rename(one.folder / shard.name)
        with pytest.raises(VisualcropError, match="an answer of another study"):
            [*one.records()]

    def test_nor_is_a_later_version_of_the_digest(self, tmp_path: Path) -> None:
        """A study that a newer visualcrop tells otherwise is the same; the manifest has both."""
        with open_run(tmp_path, _ONE, {**manifest_of(_ONE), "digest": "older"}) as (store, shard):
            shard.append(Record("0-count", "direct", "ok", 1.0, study="older"))
        run_study(_ONE, tmp_path)
        assert store.manifest["digests"] == [_ONE.digest]
        assert {record.study for record in store.records()} == {"older", _ONE.digest}
        assert attrs.asdict(store.study) == attrs.asdict(_ONE)
