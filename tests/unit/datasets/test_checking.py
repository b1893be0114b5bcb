"""A dataset is compared with what was published, and measured."""

from __future__ import annotations

import base64
import json
import tracemalloc
from xml.etree import ElementTree as ET

import PIL.Image
import pytest

from tests.support import shipped
from tests.unit.datasets.test_writing import quietly
from visualcrop import Box
from visualcrop.data.audit import Count, audit
from visualcrop.data.formats.common import Folder
from visualcrop.data.formats.hrbench import HrBench
from visualcrop.data.formats.vstar import VStar
from visualcrop.data.measure import measure
from visualcrop.data.write_common import write_common
from visualcrop.report.charts import draw_area_histograms


class TestAudit:
    """What `data check` finds."""

    def test_counts_against_the_published(self, tmp_path) -> None:
        """Samples, images and categories; too few of one is not sound."""
        found = audit(VStar(path=str(shipped.vstar(tmp_path))), quietly)
        assert found.counts[:3] == (
            Count("samples", 2, 191),
            Count("images", 2, 191),
            Count("direct_attributes", 1, 115),
        )
        assert not found.is_sound
        assert not any(count.is_right for count in found.counts)

    def test_what_is_left_out_on_purpose_is_sound(self, tmp_path) -> None:
        """Only what is lost counts against a dataset."""
        found = audit(Folder(path=str(shipped.folder(tmp_path))), quietly)
        assert found.is_sound
        assert [(count.found, count.is_right) for count in found.counts] == [(2, True), (1, True)]

    def test_a_changed_answer_changes_the_digest(self, tmp_path) -> None:
        """Of the questions, not of the pictures; and the file is named."""
        source = VStar(path=str(shipped.vstar(tmp_path / "from")))
        write_common(source, tmp_path / "to", quietly)
        before = audit(Folder(path=str(tmp_path / "to")), quietly)
        sheet = tmp_path / "to" / "samples.jsonl"
        sheet.write_text(sheet.read_text().replace('"answer": 0', '"answer": 2'))
        after = audit(Folder(path=str(tmp_path / "to")), quietly)
        assert before.rows != after.rows
        assert before.pictures == after.pictures
        assert (before.files, after.files) == (
            (("samples.jsonl", True),),
            (("samples.jsonl", False),),
        )
        assert (before.is_sound, after.is_sound) == (True, False)

    def test_finds_pictures_that_do_not_open(self, tmp_path) -> None:
        """One that is none by its header; one that is cut short only when it is decoded."""
        source = shipped.vstar(tmp_path)
        picture = source / "direct_attributes" / "sa_1.jpg"
        picture.write_bytes(shipped.jpeg()[:900])
        dataset = VStar(path=str(source))
        assert audit(dataset, quietly).problems == ()
        (problem,) = audit(dataset, quietly, pixels=True).problems
        assert (problem.id, problem.effect) == ("direct_attributes/sa_1", "lost")
        picture.write_bytes(b"no picture")
        assert len(audit(dataset, quietly).problems) == 1
        assert audit(dataset, quietly, pictures=False).problems == ()

    def test_a_box_beyond_its_image_is_named(self, tmp_path) -> None:
        """The sample is kept, as its question can be asked."""
        root = shipped.folder(tmp_path)
        line = json.loads((root / "samples.jsonl").read_text().splitlines()[0])
        line["targets"][0]["box"] = [1, 2, 65, 40]
        (root / "samples.jsonl").write_text(json.dumps(line))
        (problem,) = audit(Folder(path=str(root)), quietly).problems
        assert (problem.reason, problem.effect) == ("The box of cup leaves the image.", "kept")


class TestMeasure:
    """What `data stats` tells."""

    def test_measures_images_once_and_each_target(self, tmp_path) -> None:
        """Means over images, areas over targets, and how often a guess is right."""
        made = measure(VStar(path=str(shipped.vstar(tmp_path))), quietly)
        assert (made.samples, made.images, made.width, made.height) == (2, 2, 64, 48)
        assert made.shares == [Box(0, 0, n, 1).area / (64 * 48) for n in (20 * 15, 3 * 4, 9 * 8)]
        assert made.chance == pytest.approx((1 / 4 + 1 / 2) / 2)
        assert (made.share_quantile(0), made.share_quantile(1)) == (
            min(made.shares),
            max(made.shares),
        )

    def test_sizes_are_those_of_upright_images(self, tmp_path) -> None:
        """A picture that its EXIF data turns is as wide as it is high in the file."""
        root = shipped.folder(tmp_path)
        exif = PIL.Image.Exif()
        exif[0x0112] = 6
        PIL.Image.new("RGB", (30, 20)).save(root / "images" / "a.jpg", exif=exif)
        made = measure(Folder(path=str(root)), quietly)
        assert (made.width, made.height) == (20, 30)
        assert next(iter(Folder(path=str(root)))).question().image.box == Box(0, 0, 20, 30)

    def test_is_drawn(self, tmp_path) -> None:
        """One row for each dataset, with its name as text, and bars where targets are."""
        made = measure(VStar(path=str(shipped.vstar(tmp_path))), quietly)
        root = ET.fromstring(draw_area_histograms({"a<b": made.shares, "none": []}).to_svg())
        texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
        assert {"a<b", "none", "no targets with boxes", "median 2.3 %"} <= set(texts)
        rects = root.iter("{http://www.w3.org/2000/svg}rect")
        bars = [rect for rect in rects if rect.get("class") == "fill-series-0"]
        assert len(bars) == 3


class TestMemory:
    """Nothing grows with the number of samples but ids."""

    def test_pictures_are_not_kept(self, tmp_path) -> None:
        """Reading a table of 20 MB takes less than a fifth of that at any time."""
        (row, *_), big = shipped.hrbench_rows(), base64.b64encode(shipped.jpeg(1, (640, 480)))
        rows = [{**row, "index": n, "image": big.decode()} for n in range(100)]
        path = shipped.tsv(tmp_path / "hr_bench_4k.tsv", rows)
        assert path.stat().st_size > 20_000_000
        tracemalloc.start()
        samples = [*HrBench(path=str(path))]
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(samples) == 100
        assert most < 4_000_000
