"""Whatever is broken is counted and named, and takes nothing else with it."""

from __future__ import annotations

import json

import pytest

from tests.support import shipped
from tests.support.refusals import is_one_sentence, refused
from visualcrop import Sample
from visualcrop.data.formats.common import Folder
from visualcrop.data.formats.hrbench import HrBench
from visualcrop.data.formats.vstar import VStar
from visualcrop.errors import DatasetError, FileError
from visualcrop.plugin import Dataset, Problem, Registry


def read(dataset: Dataset) -> tuple[list[str], dict[str, str]]:
    """Ids of samples, and reasons by the ids of problems."""
    rows = [*dataset.read()]
    problems = {row.id: row.reason for row in rows if isinstance(row, Problem)}
    assert all(is_one_sentence(reason) for reason in problems.values()), problems
    return [row.id for row in rows if isinstance(row, Sample)], problems


class TestTsv:
    """Rows of a table."""

    def _broken(self, tmp_path, number: int, change) -> tuple[list[str], dict[str, str]]:
        path = shipped.tsv(tmp_path / "hr_bench_4k.tsv", shipped.hrbench_rows()[4:])
        lines = path.read_bytes().split(b"\n")
        lines[number] = change(lines[number])
        path.write_bytes(b"\n".join(lines))
        return read(HrBench(path=str(path)))

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (
                lambda line: b"".join(line.rpartition(b"\t")[::2]),
                "it has 9 cells, and the header",
            ),
            (lambda line: line + b"\textra", "it has 11 cells, and the header has 10"),
            (lambda line: b'"' + line, "a quotation mark is out of place"),
            (lambda line: b"\xff" + line, "it is not UTF-8"),
        ],
    )
    def test_a_broken_row_is_passed_over(self, tmp_path, change, reason: str) -> None:
        """The row is named by its line, and the next one is read."""
        ids, problems = self._broken(tmp_path, 2, change)
        assert ids == ["4", "6", "7"]
        assert reason in problems["line 3"]

    def test_a_quotation_mark_that_nobody_closes(self, tmp_path) -> None:
        """It costs its own row and not the rest of the file."""
        ids, problems = self._broken(tmp_path, 2, lambda line: line.replace(b"\t", b'\t"', 1))
        assert len(ids) + len(problems) >= 4
        assert {"4", "6", "7"} <= set(ids)

    def test_a_file_that_was_cut(self, tmp_path) -> None:
        """Its last row is named; all before it are there."""
        path = shipped.tsv(tmp_path / "hr_bench_4k.tsv", shipped.hrbench_rows()[4:])
        path.write_bytes(path.read_bytes()[:-3])
        ids, problems = read(HrBench(path=str(path)))
        assert ids == ["4", "5", "6"]
        assert problems == {"7": "Its image is not base64; the file may be cut short."}

    def test_a_cell_may_name_the_row_that_has_the_picture(self, tmp_path) -> None:
        """As VLMEvalKit's tables do."""
        rows = shipped.hrbench_rows()[4:]
        for row in rows[1:]:
            row["image"] = "4"
        path = shipped.tsv(tmp_path / "hr_bench_4k.tsv", rows)
        samples = [*HrBench(path=str(path))]
        assert [sample.source.read() for sample in samples] == [shipped.jpeg(1)] * 4

    @pytest.mark.parametrize("field", ["answer", "cycle_category"])
    def test_a_wrong_field_is_named(self, tmp_path, field: str) -> None:
        """An answer that is no letter, or a column that is not there."""
        rows = shipped.hrbench_rows()[4:]
        if field == "answer":
            rows[1]["answer"] = "E"
        else:
            rows = [{key: row[key] for key in row if key != field} for row in rows]
        ids, problems = read(HrBench(path=str(shipped.tsv(tmp_path / "hr_bench_4k.tsv", rows))))
        said = {
            "answer": {"5": "Its answer 'E' is not the letter of one of its options."},
            "cycle_category": dict.fromkeys("4567", "It has no field 'cycle_category'."),
        }
        assert problems == said[field]
        assert len(ids) + len(problems) == 4

    def test_a_table_without_pictures_is_refused(self, tmp_path) -> None:
        """At once, by the name of the column."""
        path = shipped.put(tmp_path / "hr_bench_4k.tsv", "index\tquestion\n1\tRed?\n")
        assert "has no column called image" in refused(DatasetError, read, HrBench(path=str(path)))


class TestParquet:
    """The same, in parquet."""

    def test_a_picture_that_is_missing(self, tmp_path) -> None:
        """Is a problem of its row."""
        rows = shipped.hrbench_rows()[4:]
        rows[2]["image"] = ""
        ids, problems = read(
            HrBench(path=str(shipped.parquet(tmp_path / "hr_bench_4k.parquet", rows)))
        )
        assert (ids, problems) == (["4", "5", "7"], {"6": "Its image is missing."})

    def test_a_file_that_is_none(self, tmp_path) -> None:
        """Is refused with the reason."""
        path = shipped.put(tmp_path / "hr_bench_4k.parquet", b"PAR1 no more")
        assert "cannot be read as parquet" in refused(FileError, read, HrBench(path=str(path)))


class TestVStar:
    """Lines and files."""

    def test_each_line_fails_alone(self, tmp_path) -> None:
        """Bad JSON, no object, a missing image, a letter too far, a way out of the folder."""
        root = shipped.vstar(tmp_path)
        sheet = root / "test_questions.jsonl"
        good = json.loads(sheet.read_text().splitlines()[0])
        bad = [
            {**good, "image": "direct_attributes/gone.jpg"},
            {**good, "image": "../secret.jpg"},
            {**good, "image": "x/late.jpg", "label": "E"},
        ]
        shipped.put(root / "x" / "late.jpg", shipped.jpeg())
        lines = ["{", "[1]", *map(json.dumps, bad), json.dumps(good), json.dumps(good)]
        sheet.write_text("\n".join(lines))
        ids, problems = read(VStar(path=str(root)))
        assert ids == ["direct_attributes/sa_1"]
        assert problems == {
            "line 1": "It is not JSON (Expecting property name enclosed in double quotes).",
            "line 2": "It is not a JSON object.",
            "direct_attributes/gone": "Its image 'direct_attributes/gone.jpg' is missing.",
            "../secret": "Its image '../secret.jpg' lies outside the dataset's folder.",
            "x/late": "Its answer 'E' is not the letter of one of its options.",
            "direct_attributes/sa_1": "Another row has this id already.",
        }


class TestFolder:
    """Your own."""

    def test_fields_of_the_wrong_type_are_named(self, tmp_path) -> None:
        """A box of three sides, an answer without a type, an empty question."""
        root = shipped.folder(tmp_path)
        base = {"image": "images/a.jpg", "question": "Red?", "options": ["no", "yes"], "answer": 1}
        rows = [
            {**base, "id": 1, "targets": [{"name": "cup", "box": [1, 2, 3]}]},
            {**base, "id": 2, "answer": 1.5},
            {**base, "id": 3, "question": ""},
            {**base, "id": 4, "targets": [{"name": "cup", "box": [9, 9, 3, 3]}]},
            {**base, "id": 5},
        ]
        (root / "samples.jsonl").write_text("\n".join(map(json.dumps, rows)))
        ids, problems = read(Folder(path=str(root)))
        assert ids == ["5"]
        assert list(problems) == ["1", "2", "3", "4"]

    def test_slips_of_the_pen_are_named(self, tmp_path) -> None:
        """A field that is nearly called what it should be, and text in the place of an index."""
        root = shipped.folder(tmp_path)
        base = {"image": "images/a.jpg", "question": "Red?", "options": ["no", "yes"]}
        rows = [
            {**base, "id": 1, "answers": 1},
            {**base, "id": 2, "answer": "yes"},
            {**base, "id": 3},
        ]
        (root / "samples.jsonl").write_text("\n".join(map(json.dumps, rows)))
        assert read(Folder(path=str(root)))[1] == {
            "1": "It has a field 'answers' (did you mean 'answer'?).",
            "2": "Its answer is text, but it has options; give the index, 0 to 1.",
            "3": "It has no field 'answer'.",
        }

    def test_a_sheet_that_is_no_toml_is_refused(self, tmp_path) -> None:
        """With its place."""
        root = shipped.folder(tmp_path)
        (root / "dataset.toml").write_text("n = ")
        assert "is not TOML" in refused(DatasetError, Folder(path=str(root)).published)

    def test_no_sheet_and_no_samples(self, tmp_path) -> None:
        """A folder is taken for a dataset by its sheet; without samples it cannot be read."""
        assert "holds no dataset.toml" in refused(DatasetError, read, Folder(path=str(tmp_path)))
        (tmp_path / "dataset.toml").touch()
        assert "cannot be read" in refused(FileError, read, Folder(path=str(tmp_path)))


class TestPlaces:
    """Where datasets are looked for."""

    @pytest.mark.parametrize("name", shipped.WRITERS)
    def test_nothing_there_is_a_sentence(self, name: str, monkeypatch, tmp_path) -> None:
        """It names the place and what to do, and nothing is fetched."""
        monkeypatch.setenv("VISUALCROP_DATA", str(tmp_path))
        dataset = Registry.load().build(Dataset, name)
        message = refused(DatasetError, read, dataset)
        assert message.startswith(f"There is no {name} at {str(tmp_path / name)!r}; give its place")

    @pytest.mark.parametrize("name", sorted({*shipped.WRITERS} - {"folder"}))
    def test_a_folder_of_something_else_is_a_sentence(self, name: str, tmp_path) -> None:
        """It names the files that are missing."""
        dataset = Registry.load().build(Dataset, name)
        object.__setattr__(dataset, "path", str(tmp_path))
        assert "holds n" in refused(DatasetError, read, dataset)

    def test_a_folder_in_the_variable_is_found(self, monkeypatch, tmp_path) -> None:
        """Without a path, a dataset lies in the folder of its own name."""
        monkeypatch.setenv("VISUALCROP_DATA", str(tmp_path))
        shipped.vstar(tmp_path / "vstar")
        assert len([*VStar()]) == 2
