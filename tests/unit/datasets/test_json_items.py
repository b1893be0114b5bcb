"""A large JSON file is read member by member."""

from __future__ import annotations

import json

import pytest

from tests.support import shipped
from tests.support.refusals import refused
from visualcrop.data.formats import json_items as module
from visualcrop.data.formats.gqa import Gqa
from visualcrop.data.formats.json_items import read_json_items
from visualcrop.errors import DatasetError, FileError
from visualcrop.plugin import Problem

_MANY = {str(n): {"text": 'a "quoted" é, [x] {y}' * (n % 7), "n": n * 10**n} for n in range(50)}


@pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 20])
class TestItems:
    """Of one object or list, however the file is cut into chunks."""

    def test_object(self, tmp_path, monkeypatch, chunk: int) -> None:
        """Keys and values in their order."""
        monkeypatch.setattr(module, "_CHUNK", chunk)
        path = tmp_path / "a.json"
        path.write_text(json.dumps(_MANY, indent=2), "utf-8")
        assert dict(read_json_items(path)) == _MANY

    def test_list(self, tmp_path, monkeypatch, chunk: int) -> None:
        """Places and values; numbers at the edge of a chunk are not cut."""
        monkeypatch.setattr(module, "_CHUNK", chunk)
        path = tmp_path / "a.json"
        path.write_text(json.dumps([12345, 6.5e30, "x", [], {}, None]), "utf-8")
        assert [value for _, value in read_json_items(path)] == [12345, 6.5e30, "x", [], {}, None]

    @pytest.mark.parametrize("cut", ['{"a": 1, "b": {"c"', '{"a": 1, "b" 2}', '{"a": 1,'])
    def test_a_cut_is_named(self, tmp_path, monkeypatch, chunk: int, cut: str) -> None:
        """What stands before it is given; the end of it is a problem that says where."""
        monkeypatch.setattr(module, "_CHUNK", chunk)
        path = tmp_path / "a.json"
        path.write_text(cut)
        (key, value), (_, problem) = read_json_items(path)
        assert (key, value) == ("a", 1)
        assert isinstance(problem, Problem)
        assert "The file cannot be read on after 'a'" in problem.reason


class TestText:
    """What is not UTF-8."""

    def test_costs_its_own_row_alone(self, tmp_path) -> None:
        """The row is named, whatever its bytes were, and can be printed."""
        root = shipped.gqa(tmp_path)
        path = root / "testdev_balanced_questions.json"
        path.write_bytes(path.read_bytes().replace(b"dark", b"d\xffrk", 1))
        problem, sample = Gqa(path=str(root)).read()
        assert problem == Problem("200", "It holds text that is not UTF-8.")
        assert sample.id == "201"


class TestRefusals:
    """Files that cannot be read at all."""

    def test_neither_object_nor_list(self, tmp_path) -> None:
        """Is refused by its name."""
        path = tmp_path / "a.json"
        path.write_text('"text"')
        assert "neither a JSON object nor a list" in refused(
            DatasetError, list, read_json_items(path)
        )

    def test_not_there(self, tmp_path) -> None:
        """Is a sentence."""
        assert "cannot be read" in refused(FileError, list, read_json_items(tmp_path / "a.json"))
