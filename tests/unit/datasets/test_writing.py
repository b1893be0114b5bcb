"""Datasets are written in the common form and in V*Bench's, and come back as they were."""

from __future__ import annotations

import contextlib
import errno
import json
import tomllib
from pathlib import Path

import attrs
import PIL.Image
import pytest

from tests.support import shipped
from tests.support.refusals import refused
from visualcrop import Sample
from visualcrop.data.audit import audit
from visualcrop.data.formats.common import Folder
from visualcrop.data.formats.hrbench import HrBench
from visualcrop.data.formats.vstar import VStar
from visualcrop.data.write_common import write_common
from visualcrop.data.write_vstar import write_vstar
from visualcrop.errors import FileError
from visualcrop.plugin import Dataset, Problem, Registry


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
        written = write_common(dataset, tmp_path / "to", quietly)
        copy = Folder(path=str(tmp_path / "to"))
        assert told(copy) == told(dataset)
        assert [s.source.read() for s in copy] == [s.source.read() for s in dataset]
        assert audit(copy, quietly).rows == audit(dataset, quietly).rows
        assert audit(copy, quietly).is_sound
        assert written.samples == len(told(dataset))

    def test_a_line_has_sentences_where_there_are_some(self, tmp_path) -> None:
        """Your own as well: in the order of the options. Without any, the field is left out."""
        root = shipped.folder(tmp_path / "from")
        lines = [json.loads(line) for line in (root / "samples.jsonl").read_text().splitlines()]
        lines[0]["sentences"] = ["It is not red.", "It is red."]
        (root / "samples.jsonl").write_text("\n".join(map(json.dumps, lines)))
        first, _ = Folder(path=str(root))
        assert first.sentences == ("It is not red.", "It is red.")
        write_common(Folder(path=str(root)), tmp_path / "to", quietly)
        written = [json.loads(x) for x in (tmp_path / "to/samples.jsonl").read_text().splitlines()]
        assert [line.get("sentences") for line in written] == [lines[0]["sentences"], None]
        lines[0]["sentences"].pop()
        (root / "samples.jsonl").write_text("\n".join(map(json.dumps, lines)))
        problem, _ = Folder(path=str(root)).read()
        assert isinstance(problem, Problem)
        assert problem.reason == "It has 1 sentences for 2 options; give one for each, or none."

    def test_is_found_under_its_own_name(self, tmp_path) -> None:
        """What was imported from V*Bench can be asked for as `vstar` too."""
        write_common(VStar(path=str(shipped.vstar(tmp_path / "a"))), tmp_path / "b", quietly)
        assert told(VStar(path=str(tmp_path / "b"))) == told(Folder(path=str(tmp_path / "b")))

    def test_keeps_each_picture_once(self, tmp_path) -> None:
        """Four orders of two questions have two pictures, named by their digests."""
        dataset = HrBench(path=str(shipped.hrbench(tmp_path / "from")))
        write_common(dataset, tmp_path / "to", quietly)
        assert len([*(tmp_path / "to" / "images").iterdir()]) == 2

    def test_says_where_it_comes_from(self, tmp_path) -> None:
        """The sheet has the spec, counts, and a digest of each table."""
        dataset = HrBench(path=str(shipped.hrbench(tmp_path / "from")))
        write_common(dataset, tmp_path / "to", quietly)
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
        written = write_common(VStar(path=str(source)), tmp_path / "to", quietly)
        assert written.samples == 1
        assert [problem.id for problem in written.problems] == ["direct_attributes/sa_1"]
        (line,) = (tmp_path / "to" / "problems.jsonl").read_text().splitlines()
        assert json.loads(line)["effect"] == "lost"

    @pytest.mark.parametrize("name", ["samples.jsonl", "dataset.toml"])
    def test_a_dataset_that_is_there_is_left_alone(self, name: str, tmp_path) -> None:
        """It may be somebody's own, and is not written over."""
        (tmp_path / name).write_text("mine")
        dataset = VStar(path=str(shipped.vstar(tmp_path / "from")))
        message = refused(FileError, write_common, dataset, tmp_path, quietly)
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
            message = refused(FileError, write_common, dataset, target, quietly)
        assert "No space left on device" in message
        assert not (target / "dataset.toml").exists()
        assert not (target / "samples.jsonl").exists()
        assert len([*(target / "images").glob("*.jpg")]) == 1
        assert write_common(dataset, target, quietly).samples == 2


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

    def test_one_file_beside_each_picture(self, tmp_path) -> None:
        """Also where two pictures differ in their format, or two ids in their case, alone."""
        root = shipped.folder(tmp_path / "from")
        line = json.loads((root / "samples.jsonl").read_text().splitlines()[0])
        with PIL.Image.open(root / "images" / "a.jpg") as picture:
            picture.save(root / "images" / "a.png")
        rows = [
            {**line, "id": id, "question": f"{id}?", "image": f"images/a.{suffix}"}
            for id, suffix in (("x/a", "jpg"), ("y/a", "png"), ("z/A", "jpg"), ("a_2", "jpg"))
        ]
        (root / "samples.jsonl").write_text("\n".join(map(json.dumps, rows)))
        write_vstar(Folder(path=str(root)), tmp_path / "to", quietly)
        stems = [p.stem.casefold() for p in (tmp_path / "to").glob("*/*.json")]
        assert len(set(stems)) == len(stems) == 4
        for row in VStar(path=str(tmp_path / "to")):
            beside = (tmp_path / "to" / f"{row.id}.json").read_text()
            assert json.loads(beside)["question"] == row.text

    def test_a_dataset_that_is_there_is_left_alone(self, tmp_path) -> None:
        """Two exports are not mixed."""
        dataset = VStar(path=str(shipped.vstar(tmp_path / "from")))
        write_vstar(dataset, tmp_path / "to", quietly)
        message = refused(FileError, write_vstar, dataset, tmp_path / "to", quietly)
        assert "holds a dataset already (test_questions.jsonl)" in message


FORMS = [(write_vstar, "test_questions.jsonl"), (write_common, "samples.jsonl")]


@pytest.mark.parametrize(("write", "last"), FORMS)
class TestBegunAnew:
    """A folder in which something was written before."""

    def _spoiled(self, target: Path, last: str) -> list[Path]:
        """As if it had stopped before the end, each file with other bytes, as many as before."""
        for name in (last, "dataset.toml"):
            (target / name).unlink(missing_ok=True)
        left = [path for path in target.rglob("*.*") if path.parent != target]
        for path in left:
            path.write_bytes(b"x" * path.stat().st_size)
        return left

    def test_nothing_old_is_kept(self, write, last: str, tmp_path) -> None:
        """Pictures and labels are compared byte by byte, not by their size."""
        dataset = VStar(path=str(shipped.vstar(tmp_path / "from")))
        write(dataset, tmp_path / "to", quietly)
        whole = {p: p.read_bytes() for p in (tmp_path / "to").rglob("*.*")}
        assert self._spoiled(tmp_path / "to", last)
        write(dataset, tmp_path / "to", quietly)
        assert {p: p.read_bytes() for p in (tmp_path / "to").rglob("*.*")} == whole

    def test_what_is_no_part_of_it_is_told(self, write, last: str, tmp_path) -> None:
        """As pictures of another dataset, whose writing was interrupted."""
        dataset = VStar(path=str(shipped.vstar(tmp_path / "from")))
        written = write(dataset, tmp_path / "to", quietly)
        assert written.strays == []
        left = self._spoiled(tmp_path / "to", last)[0]
        (left.parent / "old.jpg").write_bytes(b"old")
        written = write(dataset, tmp_path / "to", quietly)
        assert [Path(name).name for name in written.strays] == ["old.jpg"]

    def test_no_link_is_written_through(self, write, last: str, tmp_path) -> None:
        """Whoever laid it there would have a file elsewhere written over."""
        dataset = VStar(path=str(shipped.vstar(tmp_path / "from")))
        write(dataset, tmp_path / "to", quietly)
        (tmp_path / "outside").write_text("mine")
        for left in self._spoiled(tmp_path / "to", last):
            left.unlink()
            left.symlink_to(tmp_path / "outside")
        with contextlib.suppress(FileError):
            assert write(dataset, tmp_path / "to", quietly).problems
        assert (tmp_path / "outside").read_text() == "mine"


def test_two_pictures_of_one_digest_are_not_one(tmp_path, monkeypatch) -> None:
    """The name has a part of it alone, which somebody may have made alike."""
    monkeypatch.setattr("visualcrop.data.write_common.hash_picture", lambda _: "0" * 64)
    dataset = VStar(path=str(shipped.vstar(tmp_path / "from")))
    written = write_common(dataset, tmp_path / "to", quietly)
    (problem,) = written.problems
    assert "would take the place of another one" in problem.reason
    (kept,) = Folder(path=str(tmp_path / "to"))
    assert kept.source.read() == shipped.jpeg(0)
