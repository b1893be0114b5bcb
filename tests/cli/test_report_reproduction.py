"""`visualcrop report` of a reproduction."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from pathlib import Path

import pytest

from tests.support.paper_tables import read_table
from tests.support.reproduced import as_printed, write_reproduction
from tests.support.running import Run
from visualcrop.evaluation.reproduction.agreement import Agreement, compare_reproduction
from visualcrop.evaluation.reproduction.record import RECORD
from visualcrop.evaluation.reproduction.values import ReproductionRun
from visualcrop.evaluation.statistics import compare_shares
from visualcrop.report.reproduction_tables import make_sections

_WORSE = "Steps-8 (overrun)"


def _right(run: ReproductionRun, label: str) -> float:
    """As the paper, but for one row on one dataset, which is 25 points worse."""
    worse = run.dataset == "hrbench_4k" and label == _WORSE
    return as_printed(run, label) - 0.25 * worse


def _is_kept(run: ReproductionRun) -> bool:
    return run.model == "llava-1.5" and run.study_name != "vicrop" and run.dataset != "hrbench_8k"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four of the 18 runs of Table 10, with drawn answers: FOCUS and ZoomEye on two datasets."""
    place = tmp_path_factory.mktemp("reproduction") / "table-10"
    return write_reproduction(place, read_table(10), runs=_is_kept, right=_right)


@pytest.fixture(scope="module")
def found(folder: Path) -> Agreement:
    """The same beside the paper."""
    return compare_reproduction(folder)


class TestAgreement:
    """Ours beside the paper's."""

    def test_every_figure_of_the_table_is_there(self, found: Agreement) -> None:
        """Those of missing runs, too: 80 rows, all with passes, most with three accuracies."""
        assert len(found.cells) == 318
        missing = {cell.missing for cell in found.cells if cell.run.name not in found.stores}
        assert missing == {"not run"}
        assert all(cell.ours for cell in found.cells if cell.run.name in found.stores)

    def test_only_what_is_worse_is_marked(self, found: Agreement) -> None:
        """The accuracy of one row, and those of both its categories."""
        marked = [(c.run.name, c.row, c.measure) for c in found.cells if c.differs]
        run = "focus-llava-1.5-hrbench_4k"
        names = ("accuracy", "accuracy of single", "accuracy of cross")
        assert marked == [(run, _WORSE, name) for name in names]
        assert all(c.p == c.p_holm is None for c in found.cells if not c.is_share)

    def test_both_are_taken_as_samples(self, found: Agreement) -> None:
        """Of as many questions as the dataset has, fewer where ours about one image agree."""
        tested = {(c.run.dataset, c.measure): c for c in found.tested}
        alone, fours = tested["vstar", "accuracy"], tested["hrbench_4k", "accuracy of single"]
        assert (alone.paper_n, fours.paper_n) == (191, 400)
        assert alone.ours
        assert fours.ours
        assert alone.ours.effective == pytest.approx(191)
        assert 200 <= fours.ours.effective < 400
        n = fours.ours.effective
        own = compare_shares(fours.ours.value / 100, n, fours.paper / 100, n)
        assert (fours.p, fours.bounds and fours.bounds.low) == (own.p, 100 * own.interval.low)

    def test_ratios_stand_beside_the_papers(self, found: Agreement) -> None:
        """Those of section 4.2 but for its rounding: 3.43 on V*Bench, 4.36 on HR-Bench 4K."""
        counted = {each.dataset: dict(each.paper) for each in found.ratios}
        assert all({*by} == {("zoomeye", "zoomeye-paper")} for by in counted.values())
        paper = {name: round(sum(by.values()), 2) for name, by in counted.items()}
        assert paper == {"vstar": 3.43, "hrbench_4k": 4.36}
        for each in found.ratios:
            by_count = {row.count: row for row in each.ours.rows}
            assert {*by_count} == {"focus-paper", "zoomeye-paper"}
            assert all(row.interval for row in by_count.values())

    def test_ways_of_answering_are_no_settings(self, tmp_path: Path) -> None:
        """In Table 15 each method has sentences and letters: two ratios, and no line between."""
        folder = write_reproduction(tmp_path / "table-15", read_table(15), limit=30)
        found = compare_reproduction(folder).ratios
        paper = {each.inference: round(sum(each.paper.values()), 2) for each in found}
        assert paper == {"option-logits": 3.66, "generate": 2.78}  # 48.63 and 36.94, by 13.28

    def test_fewer_questions_have_less_to_say(self, tmp_path: Path) -> None:
        """Of 12 questions nothing is tested; of 40 the paper's share still is one of 191."""
        for limit, tested in ((12, False), (40, True)):
            place = tmp_path / str(limit)
            write_reproduction(place, read_table(4), limit=limit)
            cells = compare_reproduction(place).cells
            assert {cell.p is not None for cell in cells} == {tested}
            assert all(cell.paper_n > 1000 for cell in cells)


class TestAnotherDataset:
    """A dataset under the name of the paper's that is another one."""

    def test_is_not_tested_and_named_everywhere(self, run: Run, tmp_path: Path) -> None:
        """No count of the paper's, no star; the spec stands in every format."""
        place = tmp_path / "table-4"
        write_reproduction(place, read_table(4), limit=40)
        record = json.loads((place / RECORD).read_text("utf-8"))
        for source in record["datasets"].values():
            source["spec"] = "shapes(count=40)"
        (place / RECORD).write_text(json.dumps(record), "utf-8")
        cells = compare_reproduction(place).cells
        assert any(cell.ours for cell in cells)
        assert all(cell.p is None and not cell.paper_n for cell in cells)
        assert run("report", place, "--out", "mine").exit_code == 0
        for name in ("summary.md", "results.csv", "results.tex", "index.html"):
            assert "shapes(count=40)" in Path("mine", name).read_text("utf-8"), name


class TestReport:
    """The page and the tables."""

    def test_writes_page_and_tables(self, run: Run, folder: Path) -> None:
        """What is marked stands in all of them; the page needs nothing from outside."""
        done = run("report", folder, "--out", "mine")
        assert done.exit_code == 0, done.output
        assert "3 of 72 accuracies differ by more than chance" in " ".join(done.output.split())
        html = Path("mine/index.html").read_text("utf-8")
        assert not re.search(r'(src|href)="(http|//)', html)
        assert html.count('<td class="sure">') == 3
        assert html.count('<td class="none">') == 318 - 96
        rows = [*csv.DictReader(StringIO(Path("mine/results.csv").read_text("utf-8")))]
        assert len(rows) == 318
        assert sum(row["p Holm"] != "" and float(row["p Holm"]) < 0.05 for row in rows) == 3
        for name in ("results.md", "summary.md"):
            assert Path("mine", name).read_text("utf-8").count("\\*\\* |") == 3
        latex = Path("mine/results.tex").read_text("utf-8")
        assert latex.count("{*}{*} &") + latex.count("{*}{*} \\\\") == 3
        assert Path("mine/agreement.pdf").read_bytes().startswith(b"%PDF-")

    def test_says_what_is_missing(self, run: Run, folder: Path) -> None:
        """Runs by their names, with why where the record says so."""
        record = json.loads((folder / RECORD).read_text("utf-8"))
        for each in record["runs"]:
            if each["dataset"] == "hrbench_8k":
                each["skipped"] = ["There is no folder hrbench."]
        Path("copy").mkdir()
        for name in ("focus-llava-1.5-vstar", "zoomeye-llava-1.5-vstar"):
            Path("copy", name).symlink_to(folder / name)
        Path("copy", RECORD).write_text(json.dumps(record), "utf-8")
        run("report", "copy")
        told = Path("copy/report/summary.md").read_text("utf-8")
        assert re.search(r"Missing runs: .*seal-seal-vstar.* \(not started\)\.", told)
        assert re.search(r"focus-llava-1\.5-hrbench_8k.* \(There is no folder hrbench\)\.", told)
        assert "## llava-onevision, hrbench_4k" in Path("copy/report/results.md").read_text("utf-8")

    def test_says_what_is_another_model(self, run: Run) -> None:
        """And that fewer questions were asked."""
        table = read_table(5, {"qwen2.5-vl": "tiny-shapes"})
        write_reproduction(Path("other"), table, limit=30)
        run("report", "other")
        html = Path("other/report/index.html").read_text("utf-8")
        assert "qwen2.5-vl is tiny-shapes here, in place of Qwen/Qwen2.5-VL-7B-Instruct" in html
        assert (
            "Fewer questions were asked than the paper&#39;s: 30 of 191 (qwen2.5-vl, vstar)" in html
        )

    def test_rows_that_the_file_no_longer_has(self, run: Run, folder: Path) -> None:
        """Without it, runs that were not started are named, though their rows are not known."""
        record = json.loads((folder / RECORD).read_text("utf-8")) | {"file": "gone.toml"}
        Path("copy").mkdir()
        Path("copy", RECORD).write_text(json.dumps(record), "utf-8")
        assert run("report", "copy").exit_code == 0
        assert "focus-llava-1.5-vstar" in Path("copy/report/summary.md").read_text("utf-8")

    def test_without_figures_of_the_paper(self, run: Run, folder: Path) -> None:
        """Then runs are listed, and it is said why there is nothing beside them."""
        record = json.loads((folder / RECORD).read_text("utf-8")) | {"file": "gone", "runs": []}
        Path("copy").mkdir()
        Path("copy", RECORD).write_text(json.dumps(record), "utf-8")
        assert "names figures of the paper" in run("report", "copy").stdout

    def test_options_of_runs_are_refused(self, run: Run, folder: Path) -> None:
        """A reproduction has no baseline."""
        failed = run("report", folder, "--baseline", "direct")
        assert failed.exit_code == 1
        assert "--baseline is for runs" in failed.stderr


@pytest.mark.parametrize("number", [2, 3, 12])
def test_tables_of_all_kinds_are_laid_out(number: int, tmp_path: Path) -> None:
    """By category, with recall, as means of draws: no figure is lost, no row too wide."""
    write_reproduction(tmp_path, read_table(number), limit=24)
    found = compare_reproduction(tmp_path)
    grids = [grid for section in make_sections(found) for grid in section.grids]
    laid = [cell for grid in grids for row in grid.rows.values() for cell in row.values()]
    assert len(laid) == len(found.cells)
    assert max(len(grid.columns) for grid in grids) <= 13
