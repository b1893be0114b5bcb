"""The paper's tables, end to end: miniature benchmarks in their real formats, and tiny models."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.miniatures import make_miniatures
from tests.support.paper_tables import FOLDER, NUMBERS, printed, read_table
from tests.support.running import Run
from tests.support.stand_ins import of_families, that_search
from visualcrop.data.record import Record
from visualcrop.evaluation.reproduction.reader import read_reproduction
from visualcrop.evaluation.reproduction.values import ReproductionRun
from visualcrop.evaluation.run_folder import Store

pytestmark = pytest.mark.torch
_PACKAGES = ("ablations", "seal", "tiny", "vicrop", "zoomeye")


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all benchmarks in miniature."""
    for package in _PACKAGES:
        pytest.importorskip(f"visualcrop_{package}")
    return make_miniatures(tmp_path_factory.mktemp("data"))


def _words(number: int, data: Path, models: Mapping[str, str], *more: object) -> list[object]:
    """Of `visualcrop reproduce`, with these models in the place of the paper's."""
    given = [word for name, spec in models.items() for word in ("--model", f"{name}={spec}")]
    return ["reproduce", number, "--data", data, "--out", "out", *given, *more]


def _records(runs: Sequence[ReproductionRun]) -> Iterator[tuple[str, str, Record]]:
    """Every answer, with the names of its run and of its row."""
    for run in runs:
        folder = Path("out") / run.name
        if folder.is_dir():
            for record in Store.existing(str(folder)).records():
                yield run.name, record.variant, record


def _check_answers(runs: Sequence[ReproductionRun], limit: int) -> None:
    """Every row of every run has that many answers, and none is an error."""
    asked: Counter[tuple[str, str]] = Counter()
    for name, label, record in _records(runs):
        assert record.status in {"ok", "unparsed"}, record.error
        asked[name, label] += 1
    assert asked == {(run.name, label): limit for run in runs for label in run.study.variants}


@pytest.mark.parametrize(("number", "only"), [(13, ()), (12, ("k-llava-1.5-vstar",))])
def test_runs_in_miniature(run: Run, data: Path, number: int, only: Sequence[str]) -> None:
    """Every method of Table 13, and the draws of Table 12; the same command again asks nothing."""
    named = [word for name in only for word in ("--only", name)]
    words = _words(number, data, that_search(number), "--limit", 1, *named)
    done = run(*words)
    assert done.exit_code == 0, done.output
    runs = read_table(number).select(only).runs
    _check_answers(runs, 1)
    written = {path: path.stat().st_size for path in Path("out").glob("*/samples-*")}
    assert len(written) == len(runs)
    assert run(*words).exit_code == 0
    assert {path: path.stat().st_size for path in written} == written


@pytest.mark.proof
@pytest.mark.timeout(1200)  # a busy machine takes minutes for the largest tables
@pytest.mark.parametrize("number", NUMBERS)
class TestEveryTable:
    """Whole, with both sorts of tiny models."""

    def test_with_random_checkpoints(self, run: Run, data: Path, number: int) -> None:
        """Of the paper's own families; resumed with another question, then told by `report`."""
        words = _words(number, data, of_families(number))
        for limit in (1, 2):
            done = run(*words, "--limit", limit)
            assert done.exit_code == 0, done.output
            _check_answers(read_table(number).runs, limit)
        assert run("report", "out").exit_code == 0
        lines = Path("out/report/results.csv").read_text().splitlines()
        figures = [*csv.DictReader(lines)]
        assert len(figures) == len(printed(number))

    def test_with_a_model_that_searches(self, run: Run, data: Path, number: int) -> None:
        """The trained tiny model names targets, so every row searches; SEAL's own may not."""
        if number == 3:
            pytest.skip("its layers are those of a deeper model")
        done = run(*_words(number, data, that_search(number), "--limit", 2))
        assert done.exit_code == 0, done.output
        runs = [each for each in read_table(number).runs if each.model != "seal"]
        _check_answers(runs, 2)
        searched = {
            (name, label)
            for name, label, record in _records(runs)
            if record.counts["focus-paper"] and not record.untargeted
        }
        rows = {(each.name, label) for each in runs for label in each.study.variants}
        assert {row for row in rows if row[1] != "direct"} == searched


@pytest.mark.proof
@pytest.mark.parametrize("number", [4, 12, 15])
def test_tiny_models_own_versions(run: Run, data: Path, number: int) -> None:
    """Each row has an answer to one question, and the report has the paper's figures beside it."""
    del data  # for the packages
    path = FOLDER.parent / f"table-{number}.toml"
    done = run("reproduce", path, "--out", "out", "--limit", 1)
    assert done.exit_code == 0, done.output
    _check_answers(read_reproduction(path).runs, 1)
    assert run("report", "out").exit_code == 0
