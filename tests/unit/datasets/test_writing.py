"""Datasets are written in the common form and in V*Bench's, and come back as they were."""

from __future__ import annotations

import errno
import json
import tomllib
from pathlib import Path

import attrs
import pytest

from tests.unit.datasets import shipped
from tests.unit.refusals import refused
from visualcrop import Dataset, Registry, Sample
from visualcrop.datasets.checking import audit
from visualcrop.datasets.exporting import write_vstar
from visualcrop.datasets.folder import Folder
from visualcrop.datasets.hrbench import HrBench
from visualcrop.datasets.importing import write_normal
from visualcrop.datasets.vstar import VStar
from visualcrop.errors import FileError


def quietly(_: object) -> None:
    """No progress."""


def told(dataset: Dataset) -> list[tuple[object, ...]]:
    """What is known of each sample but the names of its image and its group."""
    skipped = {"source", "group"}
    return [
        tuple(getattr(s, f.name) for f in attrs.fields(Sample) if f.name not in skipped)
        for s in dataset
    ]


class TestCommonForm:
    """`dataset.toml`, `samples.jsonl`, `images`."""

    @pytest.mark.parametrize("name", shipped.WRITERS)
    def test_comes_back_as_it_was(self, name: str, tmp_path) -> None:
        """Every sample of every format, and every picture byte by byte."""
        source = shipped.WRITERS[name](tmp_path / "from")
        dataset = Registry.load().build(Dataset, f'{name}(path="{source}")')
        written = write_normal(dataset, tmp_path / "to", quietly)
        copy = Folder(path=str(tmp_path / "to"))
        assert told(copy) == told(dataset)
        assert [s.source.read() for s in copy] == [s.source.read() for s in dataset]
        assert audit(copy, quietly).rows == audit(dataset, quietly).rows
        assert audit(copy, quietly).sound
        assert written.samples == len(told(dataset))

    def test_is_found_under_its_own_name(self, tmp_path) -> None:
        """What was imported from V*Bench can be asked for as `vstar` too."""
        write_normal(VStar(path=str(shipped.vstar(tmp_path / "a"))), tmp_path / "b", quietly)
        assert told(VStar(path=str(tmp_path / "b"))) == told(Folder(path=str(tmp_path / "b")))

    def test_keeps_each_picture_once(self, tmp_path) -> None:
        """Four orders of two questions have two pictures, named by their digests."""
        dataset = HrBench(path=str(shipped.hrbench(tmp_path / "from")))
        write_normal(dataset, tmp_path / "to", quietly)
        assert len([*(tmp_path / "to" / "images").iterdir()]) == 2

    def test_says_where_it_comes_from(self, tmp_path) -> None:
        """The sheet has the spec, counts, and a digest of each table."""
        dataset = HrBench(path=str(shipped.hrbench(tmp_path / "from")))
        write_normal(dataset, tmp_path / "to", quietly)
        sheet = tomllib.loads((tmp_path / "to" / "dataset.toml").read_text("utf-8"))
        assert (sheet["name"], sheet["n"], sheet["images"], sheet["problems"]) == (
            "hrbench",
            8,
            2,
            0,
        )
        assert Registry.load().build(Dataset, sheet["origin"]) == dataset
        assert set(sheet["sha256"]) == {"samples.jsonl", "hr_bench_4k.tsv"}

    def test_names_what_it_leaves_out(self, tmp_path) -> None:
        """A picture that is none is a problem, kept in a file, and the rest is written."""
        source = shipped.vstar(tmp_path / "from")
        (source / "direct_attributes" / "sa_1.jpg").write_bytes(b"no picture")
        written = write_normal(VStar(path=str(source)), tmp_path / "to", quietly)
        assert written.samples == 1
        assert [problem.id for problem in written.problems] == ["direct_attributes/sa_1"]
        (line,) = (tmp_path / "to" / "problems.jsonl").read_text().splitlines()
        assert json.loads(line)["effect"] == "lost"

    @pytest.mark.parametrize("name", ["samples.jsonl", "dataset.toml"])
    def test_a_dataset_that_is_there_is_left_alone(self, name: str, tmp_path) -> None:
        """It may be somebody's own, and is not written over."""
        (tmp_path / name).write_text("mine")
        dataset = VStar(path=str(shipped.vstar(tmp_path / "from")))
        message = refused(FileError, write_normal, dataset, tmp_path, quietly)
        assert f"holds a dataset already ({name}); write --to another folder" in message
        assert (tmp_path / name).read_text() == "mine"

    def test_a_full_disk_is_a_sentence(self, tmp_path, monkeypatch) -> None:
        """What was written stays, nothing looks finished, and the same command goes on."""
        dataset = VStar(path=str(shipped.vstar(tmp_path / "from")))
        write, calls = Path.write_bytes, []

        def full(path: Path, content: bytes) -> int:
            calls.append(path)
            if len(calls) == 2:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(path, content)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_bytes", full)
            target = tmp_path / "to"
            message = refused(FileError, write_normal, dataset, target, quietly)
        assert "No space left on device" in message
        assert not (target / "dataset.toml").exists()
        assert not (target / "samples.jsonl").exists()
        assert len([*(target / "images").glob("*.jpg")]) == 1
        assert write_normal(dataset, target, quietly).samples == 2


class TestVStarForm:
    """V*Bench's own folders."""

    def test_comes_back_as_it_was(self, tmp_path) -> None:
        """V*Bench exported is V*Bench, boxes and sentences included; dots go from file names."""
        dataset = VStar(path=str(shipped.vstar(tmp_path / "from")))
        write_vstar(dataset, tmp_path / "to", quietly)
        one, two = VStar(path=str(tmp_path / "to"))
        first, second = dataset
        assert one == attrs.evolve(first, source=one.source)
        assert (two.targets, two.answers, two.meta) == (
            second.targets,
            second.answers,
            second.meta,
        )
        assert two.id == "relative_position/sa_2"
        assert [two.source.read(), one.source.read()] == [shipped.jpeg(1), shipped.jpeg(0)]

    def test_right_sentence_comes_first(self, tmp_path) -> None:
        """As in V*Bench's own files, where that is all that tells the right answer."""
        write_vstar(HrBench(path=str(shipped.hrbench(tmp_path))), tmp_path / "to", quietly)
        beside = [json.loads(p.read_text()) for p in (tmp_path / "to").glob("*/*.json")]
        assert len(beside) == 8
        assert {known["options"][0] for known in beside} == {"27B"}
        assert all(len(set(known["options"])) == 4 for known in beside)

    def test_questions_in_words_are_left_out_by_name(self, tmp_path) -> None:
        """V*Bench has none of them; that is no loss, but it is said."""
        written = write_vstar(Folder(path=str(shipped.folder(tmp_path))), tmp_path / "to", quietly)
        assert (written.samples, [(p.id, p.effect) for p in written.problems]) == (
            1,
            [("b", "excluded")],
        )

    def test_no_picture_takes_the_place_of_another(self, tmp_path) -> None:
        """Ids that differ in odd characters alone have files of their own."""
        root = shipped.folder(tmp_path / "from")
        line = json.loads((root / "samples.jsonl").read_text().splitlines()[0])
        rows = [{**line, "id": id} for id in ("a b", "a_b", "a/b", "a.b")]
        (root / "samples.jsonl").write_text("\n".join(map(json.dumps, rows)))
        write_vstar(Folder(path=str(root)), tmp_path / "to", quietly)
        assert len([*VStar(path=str(tmp_path / "to"))]) == 4
