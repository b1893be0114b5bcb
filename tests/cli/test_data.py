"""`visualcrop data`: datasets listed, written, checked and measured from the command line."""

from __future__ import annotations

import json

import pytest

from tests.support import shipped
from tests.support.running import Run


class TestList:
    """`data list`."""

    def test_names_each_with_its_place(self, run: Run, monkeypatch, tmp_path) -> None:
        """What is there, and how many samples were published."""
        monkeypatch.setenv("VISUALCROP_DATA", str(tmp_path))
        shipped.vstar(tmp_path / "vstar")
        rows = {row["name"]: row for row in json.loads(run("data", "list", "--json").stdout)}
        assert rows["vstar"]["here"]
        assert not rows["hrbench"]["here"]
        assert rows["mme-realworld-lite"]["published"] == 1919
        assert "vstar" in run("data", "list").output


class TestImport:
    """`data import` and `export`."""

    def test_there_and_back(self, run: Run, tmp_path) -> None:
        """HR-Bench into the common form, that into V*Bench's, and that read again."""
        shipped.hrbench(tmp_path / "hr")
        words = ("data", "import", "hrbench", "--from", "hr", "--to", "normal", "--json")
        assert json.loads(run(*words).stdout) == {
            "folder": "normal",
            "samples": 8,
            "images": 2,
            "strays": [],
            "problems": [],
        }
        done = run("data", "export", "normal", "--to", "v")
        assert "Wrote 8 samples with 8 images" in done.output
        told = json.loads(run("data", "stats", "vstar(path=v)", "--json").stdout)["vstar(path=v)"]
        assert (told["samples"], told["categories"]) == (8, {"single": 4, "cross": 4})

    def test_ends_with_1_where_something_is_lost(self, run: Run, tmp_path) -> None:
        """And names it, without hiding what was written."""
        root = shipped.vstar(tmp_path / "v")
        (root / "direct_attributes" / "sa_1.jpg").unlink()
        done = run("data", "import", "vstar", "--from", "v", "--to", "to")
        assert done.exit_code == 1
        assert "Wrote 1 samples" in done.stdout
        assert "1 lost:\n  direct_attributes/sa_1: Its image" in done.stderr


class TestCheck:
    """`data check`."""

    def test_a_sound_dataset(self, run: Run, tmp_path) -> None:
        """Ends with 0, and prints counts and digests."""
        shipped.folder(tmp_path / "mine")
        done = run("data", "check", "mine")
        assert done.exit_code == 0
        assert "sha256" in done.output
        assert json.loads(run("data", "check", "mine", "--json").stdout)["sound"]

    @pytest.mark.parametrize("how", [(), ("--no-pictures",), ("--pixels",)])
    def test_a_wrong_count(self, run: Run, tmp_path, how) -> None:
        """Ends with 1, and says which."""
        shipped.vstar(tmp_path / "v")
        done = run("data", "check", "vstar(path=v)", *how)
        assert done.exit_code == 1
        assert "wrong" in done.output
        assert ("pictures" in done.output) == (how != ("--no-pictures",))

    def test_what_is_not_there(self, run: Run) -> None:
        """Is a sentence."""
        done = run("data", "check", "vstar(path=nothing)")
        assert done.exit_code == 1
        assert done.stderr.startswith("Error: There is no vstar at 'nothing'; give its place")


class TestStats:
    """`data stats`."""

    def test_compares_datasets(self, run: Run, tmp_path) -> None:
        """A column each, and one picture of all."""
        shipped.vstar(tmp_path / "v")
        shipped.folder(tmp_path / "mine")
        done = run("data", "stats", "vstar(path=v)", "mine", "--picture", "areas.svg")
        assert done.exit_code == 0
        assert "area, median target" in done.output
        assert (tmp_path / "areas.svg").read_text().startswith("<svg")


class TestFetch:
    """`data fetch`."""

    def test_says_what_it_cannot_fetch(self, run: Run) -> None:
        """Without asking anybody."""
        done = run("data", "fetch", "gqa")
        assert done.exit_code == 1
        assert "cs.stanford.edu" in done.stderr
