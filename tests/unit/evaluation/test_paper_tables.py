"""The reproductions of the paper's tables: whole tables, with the paper's own options."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.support.paper_tables import FOLDER, NUMBERS, UNMEASURED, claimed, printed, read_table
from tests.support.tiny.checkpoints import checkpoint
from visualcrop import ModelFamily
from visualcrop.evaluation.measures import measure_records
from visualcrop.evaluation.published.tables import table
from visualcrop.evaluation.reproduction.reader import read_reproduction
from visualcrop.evaluation.reproduction.values import ReproductionRun
from visualcrop.evaluation.study import GUESS
from visualcrop.plugin import Registry
from visualcrop.proposals.anchors import Anchors
from visualcrop.relevance.vv import Vv
from visualcrop.searchers.focus import Focus

_FAMILIES = {"llava-1.5": "llava", "llava-onevision": "llava-onevision"}  # by name in the files
_DEPTHS = {"llava": 32, "llava-onevision": 28}  # of the paper's models


@pytest.mark.parametrize("number", NUMBERS)
class TestEveryTable:
    """Each file is the whole of its table."""

    def test_every_figure_is_claimed_once(self, number: int) -> None:
        """Each figure that is printed stands beside exactly one row of ours, and nothing else."""
        found = claimed(read_table(number).runs)
        assert {*found} == printed(number)
        assert {*found.values()} == {1}

    def test_rows_are_asked(self, number: int) -> None:
        """What stands beside the paper is a variant of the run, or a mean over draws of it."""
        for run in read_table(number).runs:
            beside = run.study.beside
            assert beside
            assert {*beside.rows} <= {*run.study.variants, *run.study.draws, GUESS}
            assert {*(beside.categories.columns if beside.categories else ())} <= {
                *run.study.variants
            }

    def test_figures_have_a_measure(self, number: int) -> None:
        """The name over each of the paper's columns is that of a figure that a run can have."""
        for run in read_table(number).runs:
            assert run.study.beside
            measure_records((), [*run.study.beside.columns.values()])

    def test_costs_are_their_own(self, number: int) -> None:
        """Where seconds or memory are compared, no pass is shared with another row."""
        for run in read_table(number).runs:
            assert run.study.beside
            timed = {"seconds", "peak_gb"} & {*run.study.beside.columns}
            assert not (timed and run.study.sharing)

    def test_searchers_can_be_built(self, number: int) -> None:
        """Every spec names strategies and options that there are."""
        for package in ("ablations", "seal", "vicrop", "zoomeye"):
            pytest.importorskip(f"visualcrop_{package}")
        registry = Registry.load()
        for run in read_table(number).runs:
            for label in run.study.variants:
                assert run.study.build_searcher(label, registry, {})


@pytest.mark.parametrize("number", [4, 12, 15])
def test_tiny_models_own_versions(number: int) -> None:
    """Each has the paper's rows beside its own, for one model alone, and can be built."""
    for package in ("tiny", "vicrop", "zoomeye"):
        pytest.importorskip(f"visualcrop_{package}")
    registry = Registry.load()
    for run in read_reproduction(FOLDER.parent / f"table-{number}.toml").runs:
        beside = run.study.beside
        assert beside
        assert run.model == "tiny-shapes"
        assert {*beside.rows} <= {*run.study.variants, *run.study.draws}
        assert all(any(beside.figures(label)) for label in beside.rows)
        measure_records((), [*beside.columns.values()])
        for label in run.study.variants:
            assert run.study.build_searcher(label, registry, {})


def test_rows_that_cannot_be_measured_are_few() -> None:
    """They exist in the paper, and each has its reason."""
    assert all(table(number).where(method=method) for number, method in UNMEASURED)
    assert all(UNMEASURED.values())


class TestTable7:
    """The two 7B models search with the hyperparameters of the paper's Table 7."""

    @pytest.mark.parametrize("number", [2, 3, 4, 10, 12, 13, 14, 15])
    def test_hyperparameters(self, number: int) -> None:
        """Of every row of FOCUS that says nothing else itself."""
        checked = 0
        for run in read_table(number, _models(number)).runs:
            if run.model in _FAMILIES:
                family, settings = _FAMILIES[run.model], _settings(run.study.model)
                for label in (each for each in run.study.variants if not _changes_it(run, each)):
                    made = run.study.build_searcher(label, Registry.load(), settings)
                    if isinstance(made, Focus):
                        _check(made, family, on_vstar=run.dataset == "vstar")
                        checked += 1
        assert checked

    def test_draws_change_one_option_within_its_range(self) -> None:
        """Table 12 draws k from 10 to 50 and the threshold from 0.3 to 0.7, 50 times each."""
        runs = {run.name: run for run in read_table(12, _models(12)).runs}
        for model in _FAMILIES:
            for option, low, high in (("k", 10, 50), ("threshold", 0.3, 0.7)):
                study = runs[f"{option}-{model}-vstar"].study
                (drawn,) = study.draws.values()
                assert len(drawn) == 50
                assert {*study.variants} == {"direct", "original", *drawn}
                for label in drawn:
                    (given,) = study.options[label]
                    path, _, value = given.partition("=")
                    assert path == f"proposals.{option}"
                    assert low <= float(value) <= high
                    assert study.variants[label] == study.variants["original"]


def _changes_it(run: ReproductionRun, label: str) -> bool:
    """Whether the row is there to have another map, or another option of the proposals."""
    return bool(run.study.options.get(label)) or "relevance=" in run.study.variants[label]


def _check(made: Focus, family: str, *, on_vstar: bool) -> None:
    llava = family == "llava"
    assert made.proposals == Anchors(
        k=15 if llava and made.steps < 4 else 30,
        s_min=3,
        s_max=9 if not llava and on_vstar else 5,
        s_dist=3 if llava and not on_vstar else 2,
        threshold=0.5,
        nms=0.3,
    )
    assert made.relevance == Vv(layers=(14, 32) if llava else (21, 28))
    assert made.t_type2 == (0.6 if llava else 0.5)
    assert made.answer.name == ("crop" if llava else "interleaved")
    assert getattr(made.answer, "t_obj_dist", 1200) == 1200


@cache
def _settings(model: str) -> dict[str, object]:
    registry = Registry.load()
    return dict(registry.build(ModelFamily, model).settings())


def _models(number: int) -> dict[str, str]:
    """Configs of the paper's two models, where the table has them."""
    named = read_table(number).models
    return {name: _seven_billion(family) for name, family in _FAMILIES.items() if name in named}


@cache
def _seven_billion(family: str) -> str:
    """A checkpoint's folder that is all config: as deep as the 7B model."""
    folder = Path(mkdtemp(prefix=f"visualcrop-{family}-"))
    config = json.loads((checkpoint(family) / "config.json").read_text())
    config["text_config"] |= {"num_hidden_layers": _DEPTHS[family], "layer_types": None}
    (folder / "config.json").write_text(json.dumps(config))
    return f'{family}(checkpoint="{folder}")'
