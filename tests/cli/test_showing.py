"""The commands that draw: `look` and `demo`."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from tests.support.running import Run
from visualcrop import Image


class TestLook:
    """`visualcrop look`."""

    def test_draws_the_map_over_the_image(self, run: Run, scene_file: Path, tmp_path: Path) -> None:
        """The drawing differs from the scene most in and about the box that it names."""
        done = run("look", scene_file, "mug", "--out", "map.png", "--json")
        best = json.loads(done.stdout)["best"][0]["box"]
        drawing = Image.open(tmp_path / "map.png").picture
        drawing = drawing.crop((0, 0, 1400, 933)).resize((1536, 1024))  # the bar is beside it
        scene = np.asarray(Image.open(scene_file).pixels, int)
        change = np.abs(np.asarray(drawing, int) - scene).sum(axis=2)
        left, top, right, bottom = best
        assert change[top:bottom, left:right].mean() > 3 * change.mean()

    def test_draws_in_the_format_of_the_ending(self, run: Run, scene_file: Path) -> None:
        """Lines and letters stay such in SVG and PDF; the target's name is text."""
        for ending in ("svg", "pdf"):
            assert run("look", scene_file, "red <mug>", "--out", f"map.{ending}").exit_code == 0
        root = ET.fromstring(Path("map.svg").read_text("utf-8"))
        texts = [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]
        assert {"1", "2", "3"} <= {*texts}
        assert any(text.startswith("Relevance of red <mug> (vv)") for text in texts)
        assert sum(text.replace(".", "").replace("-", "").isdigit() for text in texts) >= 3 + 3
        assert Path("map.pdf").read_bytes().startswith(b"%PDF-")
        failed = run("look", scene_file, "mug", "--out", "map.gif")
        assert failed.exit_code == 1
        assert "does not end in .png, .jpg, .jpeg, .webp, .svg or .pdf" in failed.stderr

    def test_leaves_the_image(self, run: Run, tmp_path: Path) -> None:
        """The image that is looked at is not drawn over, by whatever name it is called."""
        Image.open(np.zeros((9, 9, 3), np.uint8)).picture.save(tmp_path / "a.png")
        before = (tmp_path / "a.png").read_bytes()
        done = run("look", tmp_path / "a.png", "mug", "-m", "toy", "--out", "./a.png")
        assert done.exit_code == 1
        assert "is the image itself" in done.stderr
        assert (tmp_path / "a.png").read_bytes() == before

    def test_draws_beside_the_image(self, run: Run, scene_file: Path) -> None:
        """Without --out the name tells image and target."""
        assert run("look", scene_file, "white shell", "-r", "attention").exit_code == 0
        assert (scene_file.parent / "scene-white-shell.png").is_file()


class TestDemo:
    """`visualcrop demo`."""

    def test_search_pays_off_on_it(self, run: Run, tmp_path: Path) -> None:
        """On the default scene FOCUS is right three times, and one look never."""
        told = json.loads(run("demo", "--json").stdout)
        assert [row["focus"] == row["truth"] for row in told["questions"]] == [True] * 3
        assert [row["direct"] == row["truth"] for row in told["questions"]] == [False] * 3
        assert Image.open(tmp_path / told["scene"]).width == 1536

    def test_a_picture_without_room_for_its_questions(self, run: Run) -> None:
        """Is one sentence, with the way out."""
        pytest.importorskip("visualcrop_tiny")
        told = run("demo", "-m", "tiny", "--seed", 12)
        assert told.exit_code == 1
        assert "has room for its questions; give another --seed" in told.stderr

    def test_the_page_stands_alone(self, run: Run, tmp_path: Path) -> None:
        """Every picture is inside the file, once; nothing is named that it would load."""
        run("demo", "--out", "here")
        page = (tmp_path / "here/index.html").read_text()
        pictures = re.findall(r'"data:image/jpeg;base64,([^"]*)"', page)
        assert len(pictures) == len({*pictures})
        assert page.count("<image id=") == 1  # the scene; what was drawn for an answer is another
        assert page.count('href="#picture-0"') > 20
        rest = page.replace('http-equiv="Content', "").replace("http://www.w3.org/2000/svg", "")
        assert "http" not in rest
