"""`visualcrop compare`, `visualcrop report` and `visualcrop show`."""

from __future__ import annotations

import csv
import json
import re
import shutil
import xml.etree.ElementTree as ET
from io import StringIO
from pathlib import Path

import pytest

from tests.support.running import Run
from visualcrop.cli.report import _make_file_name
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.result_tables import notes
from visualcrop.evaluation.study import Study

_SEARCHERS = {"direct": "direct", "s1": "focus(steps=1)", "steps=8": "focus"}


def _study(protocol: str = "paper", dataset: str = "toy(scenes=2)") -> Study:
    return Study(dataset, "toy", _SEARCHERS, protocol, sharing=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run under the paper's protocol, one under another, and one on another dataset."""
    place = tmp_path_factory.mktemp("runs")
    run_study(_study(), place / "run")
    run_study(_study("vlmevalkit"), place / "other")
    run_study(_study(dataset="toy(scenes=1)"), place / "fewer")
    return place


class TestCompare:
    """Variants, question by question."""

    def test_holds_each_against_one(self, run: Run, folder: Path) -> None:
        """Asking directly, unless another is named; with a table for each category if wanted."""
        whole, *parts = json.loads(run("compare", folder / "run", "--by-category", "--json").stdout)
        assert whole["baseline"] == "direct"
        assert whole["rows"][1]["gain"]["only_ours"] > 0
        assert {part["category"] for part in parts} >= {"count"}
        words = ("compare", folder / "run", "--baseline", "s1", "--json")
        (other,) = json.loads(run(*words).stdout)
        assert other["baseline"] == "s1"

    def test_people_see_tables(self, run: Run, folder: Path) -> None:
        """The baseline is named in the heading, and so is each category."""
        printed = run("compare", folder / "run", "--baseline", "s1", "--by-category").output
        assert "against s1" in printed
        assert "\ncount\n" in printed

    def test_few_questions_need_what_each_variant_needs(self) -> None:
        """Where several are not told apart, the points that would show for any of them."""
        plain = {
            "errors": 0,
            "n": 9,
            "alone": True,
            "asked": 9,
            "wanted": None,
            "chosen": None,
            "untargeted": 0,
            "exhausted": 0,
            "whole": None,
            "memory": {"process": 0},
        }
        gains = {"a": {"p": 0.5, "smallest": 0.09}, "b": {"p": 0.4, "smallest": 0.31}}
        told, _ = notes([{"searcher": name, "gain": gains[name], **plain} for name in gains])
        assert told.startswith("No clear difference from direct: a, b. ")
        assert "only a gain of about 31 points or more" in told

    @pytest.mark.parametrize(
        ("others", "error"),
        [
            (("run", "other"), "differ in their protocol"),
            (("run", "fewer"), "differ in their dataset"),
            (("run", "--baseline", "s9"), "No variant is called 's9'"),
            (("nothing",), "holds no run; give the --out of an evaluation"),
        ],
    )
    def test_what_cannot_be_compared_is_refused(
        self, run: Run, folder: Path, others: tuple[str, ...], error: str
    ) -> None:
        """One sentence says why."""
        words = [folder / word if word.isalpha() else word for word in others]
        failed = run("compare", *words)
        assert failed.exit_code == 1
        assert error in failed.stderr

    def test_force_compares_all_the_same(self, run: Run, folder: Path) -> None:
        """Runs are told apart by their folders."""
        words = ("compare", folder / "run", folder / "other", "--force", "--json")
        (found,) = json.loads(run(*words).stdout)
        names = [row["searcher"] for row in found["rows"]]
        assert "run: s1" in names
        assert "other: s1" in names


@pytest.fixture(name="changed")
def _changed(folder: Path, tmp_path: Path) -> Path:
    """The run, as if it had been forced on, and resumed with another torch."""
    place = Path(shutil.copytree(folder / "run", tmp_path / "changed"))
    manifest = json.loads((place / "manifest.json").read_text("utf-8"))
    made = {name: manifest[name] for name in ("packages", "plugins", "machine", "commit")}
    later = made | {"packages": made["packages"] | {"torch": "9.0"}}
    manifest |= {"changes": ["Forced: the picture of 'a' has changed."], "resumed": [later]}
    (place / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return place


class TestChanged:
    """A run that is not of one piece."""

    def test_is_named_beside_its_figures(self, run: Run, changed: Path, folder: Path) -> None:
        """On the terminal, on the page and in the tables; a run of one piece has no such note."""
        printed = run("compare", changed).stdout
        assert "Forced: the picture of 'a' has changed." in printed
        assert re.search(r"Resumed with other software .*: torch \S+ -> 9\.0\.", printed)
        run("report", changed, "--pages", 0, "--out", "mine")
        for name in ("index.html", "summary.md", "results.md", "results.tex"):
            text = Path("mine", name).read_text("utf-8")
            assert "Forced: the picture" in text, name
            assert "Resumed with other software" in text, name
        assert not re.search("Forced|Resumed", run("compare", folder / "run").stdout)

    def test_runs_that_are_compared_by_force(self, run: Run, folder: Path) -> None:
        """In what they differ stands below the table."""
        printed = run("compare", folder / "run", folder / "other", "--force").stdout
        assert "Compared by force:" in printed
        assert "differ in their protocol" in printed


@pytest.fixture(name="broken_off")
def _broken_off(folder: Path, tmp_path: Path) -> Path:
    """The run of six questions, as if stopped after the second was asked under one variant."""
    place = tmp_path / "broken-off"
    place.mkdir()
    for name in ("study.json", "manifest.json"):
        (place / name).write_text((folder / "run" / name).read_text())
    lines = (folder / "run" / "samples-1of1.jsonl").read_text().splitlines(keepends=True)
    (place / "samples-1of1.jsonl").write_text("".join(lines[:4]))
    return place


_UNFINISHED = (
    "Unfinished: 2 of 6 asked (direct); 1 of 6 asked (s1, steps=8). 14 answers are missing: the "
    "same command, and those of other shards, ask only these."
)


class TestUnfinished:
    """A run that has not come to its end."""

    def test_is_told_under_the_table(self, run: Run, broken_off: Path, folder: Path) -> None:
        """How many were asked, by variant; one that is finished says nothing."""
        assert f"\n{_UNFINISHED}\n" in run("compare", broken_off).stdout
        assert "Unfinished" not in run("compare", folder / "run").output

    def test_is_told_in_the_report(self, run: Run, broken_off: Path) -> None:
        """On the page, and in the table for a page."""
        run("report", broken_off, "--pages", 0, "--out", "mine")
        for name in ("index.html", "summary.md"):
            assert _UNFINISHED in Path("mine", name).read_text()

    def test_is_told_without_its_dataset(self, run: Run, broken_off: Path) -> None:
        """How many there should be is not known then."""
        study = broken_off / "study.json"
        study.write_text(study.read_text().replace("toy(scenes=2)", "folder(path=gone)"))
        told = "Unfinished: only 2 asked (direct); only 1 asked (s1, steps=8)."
        assert told in run("compare", broken_off).stdout

    def test_every_part_counts(self, run: Run) -> None:
        """A shard that nobody began is missing, one that came to its end is not."""
        words = ("evaluate", "toy(scenes=1)", "-m", "toy", "-s", "direct", "--out", "run")
        run(*words, "--shard", "1/2")
        assert "Unfinished: 2 of 3 asked (direct)." in run("compare", "run").stdout
        run(*words, "--shard", "2/2")
        assert "Unfinished" not in run("compare", "run").output


class TestReport:
    """A page, and its table in three forms."""

    def test_writes_page_and_tables(self, run: Run, folder: Path) -> None:
        """Each variant has a row in all of them; the page needs nothing from outside."""
        done, page = run("report", folder / "run", "--pages", 2), folder / "run" / "report"
        assert done.exit_code == 0, done.output
        html = (page / "index.html").read_text()
        assert not re.search(r'(src|href)="(http|//)', html)
        rows = list(csv.DictReader(StringIO((page / "results.csv").read_text())))
        names = ["direct", "s1", "steps=8"]
        assert [row["searcher"] for row in rows] == names
        markdown, latex = ((page / f"results.{end}").read_text() for end in ("md", "tex"))
        assert all(f"| {name} |" in markdown and f"\n{name} & " in latex for name in names)
        assert all(f"<b>{name}</b>" in html for name in names)
        assert rows[2]["accuracy"] == "100.00"

    def test_writes_figures_to_be_pasted(self, run: Run, folder: Path) -> None:
        """As SVG, which is XML, and as PDF; the page shows the same."""
        printed = run("report", folder / "run", "--pages", 0, "--out", "mine").stdout
        assert "Accuracy against passes: mine/accuracy-passes.svg, .pdf" in printed
        root = ET.fromstring(Path("mine/accuracy-passes.svg").read_text("utf-8"))
        texts = {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
        assert texts >= {"direct", "s1", "steps=8", "accuracy [%]", "search passes"}
        assert Path("mine/accuracy-passes.pdf").read_bytes().startswith(b"%PDF-")
        assert "accuracy [%]" in Path("mine/index.html").read_text("utf-8")

    def test_columns_are_chosen(self, run: Run, folder: Path) -> None:
        """Of the tables for readers; the CSV has all of them."""
        run("report", folder / "run", "--pages", 0, "--out", "mine", "--columns", "gain,n")
        latex, markdown = (Path(f"mine/results.{end}").read_text("utf-8") for end in ("tex", "md"))
        assert "\nvariant & gain over direct [points] & questions \\\\\n" in latex
        assert "| variant | gain over direct [points] | questions |" in markdown
        assert "TFLOPs" in Path("mine/results.csv").read_text("utf-8")
        failed = run("report", folder / "run", "--columns", "gian")
        assert (failed.exit_code, "no column 'gian'" in failed.stderr) == (1, True)

    def test_an_answer_that_failed_has_a_card(self, run: Run, folder: Path, tmp_path: Path) -> None:
        """Headed by its variant, with the error as it is."""
        place = Path(shutil.copytree(folder / "run", tmp_path / "failed"))
        samples = place / "samples-1of1.jsonl"
        lines = [json.loads(line) for line in samples.read_text("utf-8").splitlines()]
        for line in lines:
            if line["variant"] == "s1":
                line |= {"status": "error", "score": None, "error": "MemoryError: It was full."}
        samples.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
        assert run("show", place, lines[0]["id"], "--page", "one.html").exit_code == 0
        html = Path("one.html").read_text("utf-8")
        assert re.findall("<h2>(.*)</h2>", html) == ["s1", "steps=8"]
        assert '<p class="error">It failed: MemoryError: It was full.</p>' in html

    def test_pages_of_questions_are_linked(self, run: Run, folder: Path) -> None:
        """As many as were asked for, and each is there."""
        run("report", folder / "run", "--pages", 2, "--out", "mine")
        links = re.findall(r'href="(questions/\d+\.html)"', Path("mine/index.html").read_text())
        assert len(links) == 2
        assert all("data:image" in Path("mine", link).read_text() for link in links)

    def test_disk_that_cannot_be_written_is_one_sentence(self, run: Run, folder: Path) -> None:
        """The path is in it."""
        Path("file").write_text("")
        failed = run("report", folder / "run", "--out", "file")
        assert failed.exit_code == 1
        assert "cannot be written" in failed.stderr


class TestEfficiency:
    """Passes for the same accuracy."""

    _GROUPS = ("--method", "one=s1", "--method", "all=steps=*")

    def test_is_compared(self, run: Run, folder: Path) -> None:
        """With other methods where they are named; within one searcher there is nothing to."""
        assert "ratio" not in run("compare", folder / "run").stdout
        printed = run("compare", folder / "run", *self._GROUPS, "--ours", "all").stdout
        assert re.search(r"\none +100\.0 %.* 0\.\d\d", printed)
        whole, *_ = json.loads(run("compare", folder / "run", *self._GROUPS, "--json").stdout)
        (row,) = whole["efficiency"]["rows"]
        assert (whole["efficiency"]["ours"], row["method"]) == ("one", "all")
        assert row["ratio"] == pytest.approx(row["passes"] / row["ours"])
        failed = run("compare", folder / "run", "--ours", "focus")
        assert (failed.exit_code, "Only focus searches" in failed.stderr) == (1, True)

    def test_is_reported(self, run: Run, folder: Path) -> None:
        """On the page, in the summary, and in tables of its own."""
        words = ("report", folder / "run", "--pages", 0, "--out", "mine")
        assert "efficiency.csv" in run(*words, *self._GROUPS).stdout
        assert "<h2>Passes for the same accuracy</h2>" in Path("mine/index.html").read_text("utf-8")
        (own, row) = csv.DictReader(StringIO(Path("mine/efficiency.csv").read_text("utf-8")))
        assert (own["method"], row["method"], row["count"]) == ("one", "all", "focus-paper")
        assert float(row["ratio"]) > 1
        for name in ("summary.md", "efficiency.md"):
            assert "| method | best |" in Path("mine", name).read_text("utf-8")
        assert "label{tab:efficiency}" in Path("mine/efficiency.tex").read_text("utf-8")
        run(*words)
        assert "same accuracy" not in Path("mine/index.html").read_text("utf-8")


class TestShow:
    """One question of a run."""

    def test_tells_what_every_variant_said(self, run: Run, folder: Path) -> None:
        """With its page, which shows the map and the truth."""
        printed = run("show", folder / "run", "0-count").output
        assert all(f"  {name}: " in printed for name in ("direct", "s1", "steps=8"))
        assert "passes)" in printed
        assert Path("0-count.html").read_text().count("data:image") > 2

    def test_every_question_has_a_page_of_its_own(self) -> None:
        """Ids that differ in letters that no file name should have are told apart."""
        ids = ("0-count", "a/b", "a b", "a-b", "../a", "é", "e" * 81, "e" * 82)
        names = [_make_file_name(id) for id in ids]
        assert (names[0], names[3]) == ("0-count", "a-b")
        assert len({*names}) == len(ids)
        assert all(name.isascii() and len(name) < 100 and "/" not in name for name in names)

    def test_an_unknown_question_is_one_sentence(self, run: Run, folder: Path) -> None:
        """The nearest that there is is named."""
        failed = run("show", folder / "run", "0-counts")
        assert failed.exit_code == 1
        assert "did you mean '0-count'" in failed.stderr
