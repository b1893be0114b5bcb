"""A dataset's folder is closed: nothing outside of it is read, and nothing that is no file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support import shipped
from tests.support.refusals import is_one_sentence, refused
from tests.unit.datasets.test_writing import quietly
from visualcrop import Sample
from visualcrop.data.audit import audit
from visualcrop.data.formats import files, json_items
from visualcrop.data.formats.common import Folder
from visualcrop.data.formats.vstar import VStar
from visualcrop.data.write_common import write_common
from visualcrop.errors import DatasetError, FileError, VisualcropError
from visualcrop.plugin import Dataset, Problem, Registry
from visualcrop.utils import paths

_FILES = {
    "vstar": ("test_questions.jsonl", "direct_attributes/sa_1.jpg", "direct_attributes/sa_1.json"),
    "hrbench": ("hr_bench_4k.tsv",),
    "mme-realworld-lite": ("data/train-00000-of-00001.parquet",),
    "aokvqa": ("aokvqa_v1p0_val.json", "coco/val2017/000000000039.jpg"),
    "gqa": ("testdev_balanced_questions.json", "images/n161313.jpg"),
    "folder": ("samples.jsonl", "images/a.jpg"),
}
_ALL = [(name, file) for name, some in _FILES.items() for file in some]


def _dataset(name: str, root: Path) -> Dataset:
    return Registry.load().build(Dataset, f'{name}(path="{root}")')


def _told(dataset: Dataset) -> str:
    """What is said of all that is wrong."""
    try:
        rows = [*dataset.read()]
    except VisualcropError as exc:
        return str(exc)
    return " ".join(row.reason for row in rows if isinstance(row, Problem))


class TestLinks:
    """They may lead about in the folder, and not out of it."""

    @pytest.mark.parametrize(("name", "file"), _ALL)
    def test_out_of_it_are_refused(self, name: str, file: str, tmp_path: Path) -> None:
        """Of every format, for tables, pictures, and what lies beside them."""
        root = shipped.WRITERS[name](tmp_path / "root")
        (root / file).rename(tmp_path / "outside")
        (root / file).symlink_to(tmp_path / "outside")
        said = _told(_dataset(name, root))
        assert "is a link that leads out of the dataset's folder" in said or "DatasetError" in said

    @pytest.mark.parametrize("folder", ["images", "up"])
    def test_of_folders_too(self, folder: str, tmp_path: Path) -> None:
        """A picture behind one is as far away."""
        root = shipped.folder(tmp_path / "root")
        (root / "images").rename(tmp_path / "outside")
        (root / folder).symlink_to(tmp_path / "outside")
        line = {"id": "a", "image": f"{folder}/a.jpg", "question": "?", "answer": ["x"]}
        (root / "samples.jsonl").write_text(json.dumps(line))
        assert "is a link that leads out" in _told(Folder(path=str(root)))

    def test_within_it_are_followed(self, tmp_path: Path) -> None:
        """And the folder itself may be one."""
        root = shipped.folder(tmp_path / "root")
        (root / "images" / "a.jpg").rename(root / "b.jpg")
        (root / "images" / "a.jpg").symlink_to(root / "b.jpg")
        (tmp_path / "link").symlink_to(root)
        assert len([*Folder(path=str(tmp_path / "link"))]) == 2

    def test_those_of_the_hubs_cache_are_followed(self, tmp_path: Path) -> None:
        """It keeps files as links into the folder `blobs` of the same download."""
        root = shipped.vstar(tmp_path / "snapshots" / "abc")
        (tmp_path / "blobs").mkdir()
        for number, path in enumerate([p for p in root.rglob("*") if p.is_file()]):
            path.rename(tmp_path / "blobs" / str(number))
            path.symlink_to(tmp_path / "blobs" / str(number))
        assert len([*VStar(path=str(root))]) == 2


@pytest.mark.parametrize(("name", "file"), _ALL)
def test_a_pipe_is_not_opened(name: str, file: str, tmp_path: Path) -> None:
    """It would wait for ever."""
    root = shipped.WRITERS[name](tmp_path)
    (root / file).unlink()
    os.mkfifo(root / file)
    assert _told(_dataset(name, root))


@pytest.mark.parametrize("name", ["dataset.toml", "samples.jsonl"])
def test_nor_is_one_that_is_checked(name: str, tmp_path: Path) -> None:
    """By `data check`, which compares digests."""
    root = shipped.folder(tmp_path)
    (root / "dataset.toml").write_text('[sha256]\n"pipe" = "0"\n')
    os.mkfifo(root / "pipe")
    (root / name).rename(root / "gone")
    os.mkfifo(root / name)
    with pytest.raises(VisualcropError):
        audit(Folder(path=str(root)), quietly)


def test_nor_is_one_beside_a_table(tmp_path: Path) -> None:
    """By `data import`, which keeps digests of the tables that were read."""
    root = shipped.gqa(tmp_path / "from")
    os.mkfifo(root / "other.json")
    assert write_common(_dataset("gqa", root), tmp_path / "to", quietly).samples == 2


class TestDigests:
    """What `[sha256]` may name."""

    @pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "images/../../outside", ".."])
    def test_no_file_elsewhere(self, name: str, tmp_path: Path) -> None:
        """It would tell whether a file of that digest is there."""
        root = shipped.folder(tmp_path / "root")
        (tmp_path / "outside").write_text("secret")
        (root / "dataset.toml").write_text(f'[sha256]\n"{name}" = "0"\n')
        message = refused(DatasetError, audit, Folder(path=str(root)), quietly)
        assert f"names {name!r}" in message

    @pytest.mark.parametrize("table", ["sha256 = 3", "[sha256]\na = 3", "sha256 = ['a']"])
    def test_wrong_types_are_no_bug(self, table: str, tmp_path: Path) -> None:
        """They are a sentence, or a file that has changed."""
        root = shipped.folder(tmp_path)
        (root / "dataset.toml").write_text(table)
        (root / "a").write_text("x")
        sound, said = False, "is no table; mend it."
        try:
            sound = audit(Folder(path=str(root)), quietly).is_sound
        except DatasetError as exc:
            said = str(exc)
        assert not sound
        assert said.endswith("is no table; mend it.")


class TestSizes:
    """What is far too long is not read whole."""

    def test_of_a_line(self, tmp_path: Path, monkeypatch) -> None:
        """It is a problem, and the next line is read."""
        monkeypatch.setattr("visualcrop.data.formats.common.MOST_TEXT", 500)
        root = shipped.folder(tmp_path)
        first, second = (root / "samples.jsonl").read_text().splitlines()
        (root / "samples.jsonl").write_text(f'{{"id": "{"x" * 5000}"}}\n{first}\n{second}\n')
        problem, *samples = Folder(path=str(root)).read()
        assert isinstance(problem, Problem)
        assert problem == Problem("line 1", "It is longer than 500 bytes.")
        assert [row.id for row in samples if isinstance(row, Sample)] == ["a", "b"]

    def test_of_a_member(self, tmp_path: Path, monkeypatch) -> None:
        """A value of a large file of JSON, which is otherwise read member by member."""
        monkeypatch.setattr(json_items, "_LONGEST", 1000)
        monkeypatch.setattr(json_items, "_CHUNK", 1000)
        (tmp_path / "x.json").write_text(f'["a", "{"x" * 9000}"]')
        (_, value), (_, problem) = json_items.read_json_items(tmp_path / "x.json")
        assert value == "a"
        assert "a member is too long" in problem.reason

    def test_of_settings(self, tmp_path: Path) -> None:
        """And how deep they are."""
        root = shipped.folder(tmp_path)
        (root / "dataset.toml").write_text("#" * (paths.MOST_TEXT + 1))
        assert "more than 16,777,216 bytes" in refused(FileError, Folder(path=str(root)).published)
        (root / "dataset.toml").write_text("a = " + "[" * 5000)
        assert "is not TOML" in refused(DatasetError, Folder(path=str(root)).published)
        (root / "dataset.toml").write_text("a = " + "9" * 5000)
        assert "is not TOML" in refused(DatasetError, Folder(path=str(root)).published)

    def test_of_a_picture(self, tmp_path: Path, monkeypatch) -> None:
        """Before its bytes are in memory."""
        root = shipped.folder(tmp_path)
        monkeypatch.setattr(files, "MOST_ENCODED", 100)
        sample = next(iter(Folder(path=str(root))))
        assert "more than 100 bytes" in refused(FileError, sample.source.read)


@pytest.mark.parametrize("path", ["~nouser/x", "x" * 5000, "a\0b", "~\0"])
@pytest.mark.parametrize("name", _FILES)
def test_names_that_no_folder_can_have(name: str, path: str) -> None:
    """Nothing can be there, and that is what is said."""
    cls = Registry.load().get(Dataset, name)
    with pytest.raises(VisualcropError) as caught:
        cls(path=path).read()  # type: ignore[call-arg]
    assert is_one_sentence(str(caught.value))


@pytest.mark.parametrize("value", [10**400, "9" * 5000, float("inf"), [], {}, None])
@pytest.mark.parametrize("key", ["answer", "targets", "id", "options", "category", "meta"])
def test_odd_values_are_problems(key: str, value: object, tmp_path: Path) -> None:
    """Numbers of many digits among them."""
    root = shipped.folder(tmp_path)
    lines = [json.loads(line) for line in (root / "samples.jsonl").read_text().splitlines()]
    odd = [{"name": "x", "box": [0, 0, 1, value]}] if key == "targets" else value
    lines[0][key] = odd
    (root / "samples.jsonl").write_text("\n".join(map(json.dumps, lines)))
    rows = [*Folder(path=str(root)).read()]
    assert len(rows) == 2
