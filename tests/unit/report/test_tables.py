"""Results as CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import attrs
import pytest

from tests.support.studies import manifest_of, toy_study
from visualcrop import VisualcropError
from visualcrop.data.record import Record
from visualcrop.evaluation.comparison import Comparison, compare
from visualcrop.evaluation.resume import open_run
from visualcrop.evaluation.run_folder import Store
from visualcrop.evaluation.summary import Tally, summary_rows
from visualcrop.report.tables import (
    COLUMNS,
    FORMATS,
    as_latex,
    as_markdown,
    csv_cells,
    parse_columns,
    reader_cells,
    summary,
)

_WHOLE = {"size": [336, 252], "tokens": 576, "target": 0.5}
_LABEL = r'a|b "50 %" {x_1}, $y$ & #z~^\w'


def _tally(*scores: float) -> Tally:
    tally = Tally()
    for number, score in enumerate(scores):
        covered = {"covered": int(score), "boxes": 1 + number % 2}
        recall = {"recall": score / covered["boxes"], "cover": score, "iou": score, **covered}
        counts = {"all": 3, "focus-paper": 2, "pops": 4, "zoomeye-paper": 12}
        tally.add(Record(str(number), "a", "ok", score, counts=counts, recall=recall, seconds=0.25,
                         work={"flops": 3e12, "macs": 1.25e11, "image_tokens": 576}, alone=True,
                         macs={"targets": 5e9, "relevance": 7e10, "answer": 5e10},
                         image=(640, 480), whole=_WHOLE))  # fmt: skip
    return tally


def _comparison() -> Comparison:
    tallied = {"direct": _tally(0, 0, 0, 1), _LABEL: _tally(1, 1, 1, 1), "c": _tally(1, 1, 0, 0)}
    return Comparison("direct", summary_rows(tallied, "direct"), notes=("Forced: by hand.",))


@pytest.fixture(name="stores")
def _stores(tmp_path: Path) -> list[Store]:
    """A run without answers, whose study the captions name."""
    study = toy_study("focus")
    with open_run(tmp_path, study, manifest_of(study)) as (store, _):
        return [store]


class TestCsv:
    """All figures, for programs."""

    def test_shares_are_percent(self) -> None:
        """Bounds, counts and costs stand beside them; the baseline has no gain."""
        heading, direct, ours, _ = csv_cells(_comparison())
        told = dict(zip(heading, ours, strict=True))
        assert (told["accuracy"], told["recall"], told["gain"]) == ("100.00", "75.00", "75.00")
        assert float(told["low"]) < 100 == float(told["high"])
        assert float(told["gain low"]) < 75 < float(told["gain high"])
        assert (told["n"], told["errors"], told["unparsed"]) == ("4", "0", "0")
        assert (told["passes"], told["search passes"]) == ("3.00", "2.00")
        told = dict(zip(heading, direct, strict=True))
        assert (told["gain"], told["p"], told["p Holm"]) == ("", "", "")

    def test_p_is_there_as_it_is_and_corrected(self) -> None:
        """Of two comparisons the smaller p counts twice."""
        heading, _, ours, _ = csv_cells(_comparison())
        told = dict(zip(heading, ours, strict=True))
        assert (told["p"], told["p Holm"]) == ("0.2500", "0.5000")

    def test_where_all_failed_nothing_is_right_or_wrong(self, stores: list[Store]) -> None:
        """Share and bounds are empty, as what is not known; readers see who failed, and of what."""
        failed = Tally()
        failed.add(Record("0", "a", "error", error="ImageError: It is cut short."))
        whole = Comparison("a", summary_rows({"a": failed}, "a"))
        for form in FORMATS.values():
            assert "\na" in form(stores, whole, ()).replace("| ", "")
        assert reader_cells(whole) == [["variant"], ["a"]]
        assert "cut short" in as_markdown(stores, whole, ())
        heading, row = csv_cells(whole)
        told = dict(zip(heading, row, strict=True))
        assert [told[name] for name in ("accuracy", "low", "high", "errors")] == ["", "", "", "1"]

    def test_costs_have_their_units(self) -> None:
        """True FLOPs beside the MACs of papers, image tokens, and how images were shown."""
        heading, _, ours, _ = csv_cells(_comparison())
        told = dict(zip(heading, ours, strict=True))
        assert (told["TFLOPs"], told["TMACs"], told["image tokens"]) == ("3", "0.125", "576")
        seen = ("whole image tokens", "shrunk", "below a token", "GPU GiB", "GPU GiB most")
        assert [told[name] for name in seen] == ["576", "4", "4", "", ""]

    def test_macs_are_split(self) -> None:
        """By stage; and of the search, which has no target extraction, with and without answer."""
        heading, _, ours, _ = csv_cells(_comparison())
        told = dict(zip(heading, ours, strict=True))
        assert (told["TMACs search"], told["TMACs search and answer"]) == ("0.07", "0.12")
        stages = [name for name in heading if name.startswith("TMACs ")][2:]
        assert [told[name] for name in stages] == ["0.005", "0.07", "0.05"]
        assert stages == ["TMACs targets", "TMACs relevance", "TMACs answer"]

    def test_a_method_is_counted_twice(self) -> None:
        """As its own paper counts, beside the calls of the model."""
        heading, _, ours, _ = csv_cells(_comparison())
        told = dict(zip(heading, ours, strict=True))
        assert (told["own paper's passes"], told["search passes"], told["passes"]) == (
            "12.00", "2.00", "3.00",
        )  # fmt: skip

    def test_recall_is_over_questions_and_over_boxes(self) -> None:
        """Of 4 questions with 1, 2, 1 and 2 boxes, each with one found: 75 %, and 4 of 6."""
        heading, _, ours, _ = csv_cells(_comparison())
        told = dict(zip(heading, ours, strict=True))
        assert (told["recall"], told["pooled recall"]) == ("75.00", "66.67")

    def test_comes_back(self, stores: list[Store]) -> None:
        """Commas and quotes are kept."""
        told = csv.reader(StringIO(FORMATS["csv"](stores, _comparison(), ())))
        assert [*told] == [[*row] for row in csv_cells(_comparison())]


class TestColumns:
    """The tables for readers."""

    def test_numbers_have_bounds_and_units_that_fit(self) -> None:
        """Shares and gains in brackets; seconds and FLOPs by the size of the largest."""
        heading, direct, ours, _ = reader_cells(_comparison())
        assert heading == [
            "variant", "accuracy [%]", "recall [%]", "search passes", "TFLOPs", "time [ms]",
            "gain over direct [points]", "p",
        ]  # fmt: skip
        told = dict(zip(heading, ours, strict=True))
        assert told["accuracy [%]"].startswith("100.0 [")
        assert told["gain over direct [points]"].startswith("+75.0 [")
        assert (told["TFLOPs"], told["time [ms]"], told["p"]) == ("3.0", "250.0", "0.500")
        assert direct[-2:] == ["", ""]

    def test_are_chosen_by_name(self) -> None:
        """In their order, also where they are empty; one that there is not is refused."""
        chosen = parse_columns("macs, n,memory")
        assert reader_cells(_comparison(), chosen)[0] == [
            "variant", "GMACs", "questions", "GPU memory [MiB]",
        ]  # fmt: skip
        assert parse_columns(None) == []
        with pytest.raises(VisualcropError, match="no column 'gains'; did you mean 'gain'"):
            parse_columns("gains")
        assert all(name == name.lower() and "," not in name for name in COLUMNS)


class TestMarkdown:
    """For pages."""

    def test_keeps_its_columns(self, stores: list[Store]) -> None:
        """A bar within a cell would add one."""
        lines = as_markdown(stores, _comparison(), ()).splitlines()
        assert {line.count("|") for line in lines[:5]} == {9}

    def test_has_bounds_of_gains_and_notes(self, stores: list[Store]) -> None:
        """That p is corrected, and that a run was forced."""
        told = as_markdown(stores, _comparison(), ())
        assert "+75.0 [" in told
        assert "corrected for 2 comparisons with direct (Holm)" in told
        assert "Forced: by hand." in told


class TestLatex:
    """For papers."""

    def test_is_escaped(self, stores: list[Store]) -> None:
        """Whatever LaTeX takes for its own, the backslash too, and each once."""
        latex = as_latex(stores, _comparison(), ())
        escaped = (
            r'a\textbar{}b "50 \%" \{x\_1\}, \$y\$ \& \#z\textasciitilde{}\textasciicircum{}'
            r"\textbackslash{}w"
        )
        assert f"\n{escaped} & 100.0 [" in latex
        assert latex.count(r" \\") == 4

    def test_is_a_table_with_its_notes(self, stores: list[Store]) -> None:
        """With caption and label; what is below a gain of nought has a minus sign, no hyphen."""
        latex = as_latex(stores, _comparison(), ())
        assert latex.count(r"\begin{") == latex.count(r"\end{") == 2
        assert r"\caption{Accuracy and cost on 4 questions of toy" in latex
        assert r"\label{tab:results}" in latex
        assert "corrected for 2 comparisons with direct (Holm)" in latex
        assert "$-$" in latex


class TestSummary:
    """Below the table of variants, one by category."""

    @staticmethod
    def _told(folder: Path, kinds: str) -> str:
        study = attrs.evolve(toy_study(), variants={"direct": "direct", "focus": "focus"})
        with open_run(folder, study, manifest_of(study)) as (store, shard):
            for number, kind in enumerate(kinds):
                place = ("harbour", "park")[number % 2]
                for variant, score in (("direct", 0.5), ("focus", float(number > 0))):
                    path = (kind, place) if kind != " " else ()
                    shard.append(Record(str(number), variant, "ok", score, category=path))
        whole, *parts = compare([store])
        return summary(store, whole, parts)

    def test_says_what_is_right_of_each_category(self, tmp_path: Path) -> None:
        """A row for each, first those that stand first in records; halves of a score, too."""
        told = self._told(tmp_path, "aab")
        assert told.rpartition("\n\n")[2].splitlines() == [
            "| right | direct | focus |",
            "| --- | --: | --: |",
            "| a | 1 of 2 | 1 of 2 |",
            "| b | 0.5 of 1 | 1 of 1 |",
            "| harbour | 1 of 2 | 1 of 2 |",
            "| park | 0.5 of 1 | 1 of 1 |",
        ]

    @pytest.mark.parametrize("kinds", ["   ", "abcdefghijklmnopqrstuvwxyz"])
    def test_without_categories_or_with_too_many_there_is_none(
        self, kinds: str, tmp_path: Path
    ) -> None:
        """Nobody reads a table of 28 rows for what one column says."""
        assert "| right | direct |" not in self._told(tmp_path, kinds)
