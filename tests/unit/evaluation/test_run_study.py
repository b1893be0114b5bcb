"""Runs that come to their end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import attrs
import pytest

from tests.support import shipped
from tests.support.studies import toy_study
from visualcrop import VisualcropError
from visualcrop.data.record import Record
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.run_folder import Store, read_json, write_json
from visualcrop.evaluation.selection import Selection
from visualcrop.evaluation.shard import ShardWriter
from visualcrop.evaluation.study import Study
from visualcrop.evaluation.summary import summarize
from visualcrop.executors.local import Local


def _stable(store: Store) -> list[dict[str, object]]:
    """Rows without what time it took."""
    found = summarize(store)
    for row in found:
        del row["seconds"], row["work"], row["memory"], row["alone"]
    return found


def _own(folder: Path) -> Study:
    """Two questions in files that can be edited."""
    return Study(f"folder(path={shipped.folder(folder / 'data')})", "toy", {"direct": "direct"})


def _edit(folder: Path, fields: dict[str, object]) -> None:
    """The first of them is another."""
    path = folder / "data" / "samples.jsonl"
    first, *others = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps(json.loads(first) | fields), *others]))


class TestEvaluate:
    """Every variant, on every question."""

    def test_answers_every_question_once(self, tmp_path: Path) -> None:
        """Six questions, two variants, twelve records; focus beats asking directly."""
        store = run_study(toy_study(), tmp_path)
        keys = Counter(record.key for record in store.records())
        assert len(keys) == 12
        assert {*keys.values()} == {1}
        direct, focus = summarize(store)
        assert focus["accuracy"] == 1 > direct["accuracy"]
        assert focus["recall"]["recall"] == 1

    def test_several_at_once_answer_the_same(self, tmp_path: Path) -> None:
        """Concurrency changes neither answers nor passes."""
        one = run_study(toy_study(), tmp_path / "one")
        many = run_study(toy_study(), tmp_path / "many", executor=Local(concurrency=3))
        assert _stable(one) == _stable(many)

    def test_sharing_passes_changes_no_answer(self, tmp_path: Path) -> None:
        """Variants that share passes are charged for them all the same."""
        variants = ("focus", "four=focus(steps=4)", "s7=focus(proposals=anchors(s_max=7))")
        alone = run_study(toy_study(*variants), tmp_path / "alone")
        shared = run_study(toy_study(*variants, sharing=True), tmp_path / "shared")
        assert _stable(alone) == _stable(shared)

    def test_goes_on_where_it_was(self, tmp_path: Path) -> None:
        """A second call asks only what is new."""
        new: list[Record] = []
        run_study(toy_study(), tmp_path, selection=Selection(limit=4))
        run_study(toy_study(), tmp_path, watch=new.append)
        assert len(new) == 4
        run_study(toy_study(), tmp_path, watch=new.append)
        assert len(new) == 4

    def test_shards_share_the_questions_out(self, tmp_path: Path) -> None:
        """Two processes with a part each make one whole run."""
        for part in (1, 2):
            run_study(toy_study(), tmp_path / "two", selection=Selection(shard=(part, 2)))
        whole = run_study(toy_study(), tmp_path / "one")
        assert _stable(Store.existing(tmp_path / "two")) == _stable(whole)
        reports = Store.existing(tmp_path / "two").reports().values()
        assert sum(report["questions"] for report in reports) == 6

    def test_shards_may_begin_in_the_same_moment(self, tmp_path: Path) -> None:
        """Both write the study's file, and neither takes the other's away."""
        path, value = tmp_path / "study.json", {"text": "x" * 200_000}
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: write_json(path, value), range(60)))
        assert read_json(path) == value
        assert [file.name for file in tmp_path.iterdir()] == ["study.json"]

    def test_another_study_is_refused(self, tmp_path: Path) -> None:
        """A folder holds one study; the first setting that differs is named."""
        run_study(toy_study(scenes=1), tmp_path)
        told = r"holds a run of another study \(its model is 'toy', not 'toy\(local=true\)'\);"
        with pytest.raises(VisualcropError, match=told):
            run_study(attrs.evolve(toy_study(scenes=1), model="toy(local=true)"), tmp_path)

    @pytest.mark.parametrize(
        ("edit", "told"),
        [
            ({"answer": 0}, r"other questions \('a' has changed since\); give another --out"),
            ({"question": "Blue?"}, r"other questions \('a' has changed since\)"),
            ({"id": "c"}, r"other questions \(some have left the dataset since\)"),
        ],
    )
    def test_other_questions_are_refused(
        self, tmp_path: Path, edit: dict[str, object], told: str
    ) -> None:
        """What was answered keeps no score of another question, or by another key."""
        study = _own(tmp_path)
        run_study(study, tmp_path / "run", selection=Selection(limit=1))
        run_study(study, tmp_path / "run")  # those that are only new may be asked
        _edit(tmp_path, edit)
        with pytest.raises(VisualcropError, match=rf"holds a run of {told}"):
            run_study(study, tmp_path / "run")

    def test_answers_of_older_runs_are_kept(self, tmp_path: Path) -> None:
        """They do not tell what was asked."""
        study = _own(tmp_path)
        path = run_study(study, tmp_path / "run").shard_path((1, 1))
        path.write_text(re.sub(r'"question": "\w+"', '"question": ""', path.read_text()))
        _edit(tmp_path, {"answer": 0})
        new: list[Record] = []
        run_study(study, tmp_path / "run", watch=new.append)
        assert not new

    def test_an_error_is_no_wrong_answer(self, tmp_path: Path) -> None:
        """It is counted apart, named, and asked again next time."""
        study = toy_study("broken=focus(relevance=vv(layers=[90, 91]))", scenes=1)
        store = run_study(study, tmp_path)
        broken = summarize(store)[1]
        assert (broken["errors"], broken["n"]) == (3, 0)
        errors = [record.error for record in store.records() if record.error]
        assert all("do not fit a model of" in error for error in errors)
        new: list[Record] = []
        run_study(study, tmp_path, watch=new.append)
        assert len(new) == 3

    def test_the_manifest_tells_all(self, tmp_path: Path) -> None:
        """Specs written out, the protocol's digest, versions and the machine."""
        store = run_study(toy_study(scenes=1), tmp_path)
        told = (store.folder / "manifest.json").read_text()
        for word in ("steps=8", '"digest"', '"torch"', '"python"', "visualcrop-ablations"):
            assert word in told


_ROOM = 6000  # bytes of a file that the disk has room for
_FULL = f"""
import resource
from pathlib import Path
from tests.support.studies import toy_study
from visualcrop.errors import FileError
from visualcrop.evaluation.evaluate import run_study
resource.setrlimit(resource.RLIMIT_FSIZE, ({_ROOM}, {_ROOM}))
try:
    run_study(toy_study(scenes=1), Path({{folder!r}}))
except FileError as error:
    print(error)
"""


class TestTorn:
    """Lines that were being written when the process died."""

    def test_a_torn_line_is_asked_again(self, tmp_path: Path) -> None:
        """The run is as if nothing had happened."""
        store = run_study(toy_study(scenes=1), tmp_path / "run")
        whole = _stable(store)
        path = store.shard_path((1, 1))
        for cut in (1, 50, 400):
            path.write_bytes(path.read_bytes()[:-cut])
            run_study(toy_study(scenes=1), tmp_path / "run")
            assert _stable(store) == whole
            assert len(path.read_bytes().splitlines()) == 6

    def test_two_processes_do_not_write_one_file(self, tmp_path: Path) -> None:
        """The second is told what to do."""
        with (
            ShardWriter(tmp_path / "a.jsonl"),
            pytest.raises(VisualcropError, match="is being written by another process"),
            ShardWriter(tmp_path / "a.jsonl"),
        ):
            pass

    def test_a_full_disk_is_one_sentence(self, tmp_path: Path) -> None:
        """What was answered is kept, and with room again the run comes to its end."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _FULL.format(folder=str(tmp_path))],
            check=False,
            capture_output=True,
            text=True,
        )
        assert "what was answered is kept, and the same command resumes the run" in done.stdout, (
            done.stderr
        )
        kept = [*Store.existing(tmp_path).records()]
        assert kept
        assert (tmp_path / "samples-1of1.jsonl").stat().st_size == _ROOM
        new: list[Record] = []
        run_study(toy_study(scenes=1), tmp_path, watch=new.append)
        assert len(kept) + len(new) == 6

    def test_a_line_that_is_no_record_is_named(self, tmp_path: Path) -> None:
        """By its file and number."""
        store = run_study(toy_study(scenes=1), tmp_path)
        with store.shard_path((1, 1)).open("a") as file:
            file.write("[]\n")
        with pytest.raises(VisualcropError, match=r"Line 7 of .* is no record"):
            summarize(store)


_KILLS = int(os.environ.get("VISUALCROP_KILLS", "5"))
_SCENES = 2 + 2 * _KILLS  # so that there is something left to be killed
_RUNS = """
import os, sys
from pathlib import Path
import torch  # once for all of them
from tests.support.studies import toy_study
from visualcrop.evaluation.evaluate import run_study

def watch(record):
    print(os.getpid(), flush=True)
    os.read(0, 1)

for _ in range({kills}):
    if not (process := os.fork()):
        run_study(toy_study(scenes={scenes}), Path({folder!r}), watch=watch)
        os._exit(0)
    print("ended", os.waitpid(process, 0)[1], flush=True)
"""


def test_a_run_survives_being_killed(tmp_path: Path) -> None:
    """Killed again and again at random moments, every question is there once, as if undisturbed."""
    killed, rng = tmp_path / "killed", Random(0)
    script = _RUNS.format(kills=_KILLS, scenes=_SCENES, folder=str(killed))
    command = [sys.executable, "-W", "ignore", "-c", script]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        for _ in range(_KILLS):
            victim = _answering(process, rng.randint(1, 5))
            sum(range(rng.randrange(1_000_000)))  # so that it is met at whatever it does
            os.kill(victim, signal.SIGKILL)
            assert _ended(process) == signal.SIGKILL
    ended = run_study(toy_study(scenes=_SCENES), killed)
    undisturbed = run_study(toy_study(scenes=_SCENES), tmp_path / "whole")
    lines = [Record.read(line).key for line in ended.shard_path((1, 1)).read_bytes().splitlines()]
    assert len(lines) == len({*lines}) == 6 * _SCENES
    assert _stable(ended) == _stable(undisturbed)


def _answering(process: subprocess.Popen[bytes], count: int) -> int:
    """The process that has written so many more; it goes on for five at the most, and waits."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"." * (count + 5))
    return [int(process.stdout.readline()) for _ in range(count)][-1]


def _ended(process: subprocess.Popen[bytes]) -> int:
    """How the one that was killed ended, after what it had still to say."""
    assert process.stdout
    said = next(line for line in process.stdout if line.startswith(b"ended"))
    return int(said.split()[1])
