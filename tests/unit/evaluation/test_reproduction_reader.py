"""The file of a reproduction: several models, several datasets, settings of their own."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from visualcrop import VisualcropError
from visualcrop.evaluation.measures import MEASURES
from visualcrop.evaluation.reproduction import reader
from visualcrop.evaluation.reproduction.reader import read_reproduction
from visualcrop.evaluation.reproduction.values import Reproduction
from visualcrop.evaluation.study import BASELINE, Study

ROOT = Path(__file__).parents[3]
_HEAD = """
table = 10
[models."llava-1.5"]
spec = "llava-hf/llava-1.5-7b-hf"
gib = 13.2
[models]
llava-onevision = "toy"
[datasets]
vstar = "vstar"
hrbench_4k = "hrbench(split=4k)"
none = "toy"
"""
_STUDY = """
[[study]]
name = "focus"
datasets = ["vstar", "hrbench_4k"]
sharing = true
budget = { passes = 9 }
[study.searchers]
one = "focus(steps=1)"
two = "focus(steps=2)"
[study.on.vstar]
protocol = "zoomeye"
searchers = { two = "" }
[study.with.llava-onevision]
searchers = { one = "focus(steps=3)" }
inference = "letter-logits"
[study.paper]
where = { method = "focus" }
columns = { accuracy = "accuracy", passes = "search passes" }
[study.paper.rows]
one = { setting = "Steps-1 (without overrun)" }
"""


def _read(text: str, folder: Path, **given: object) -> Reproduction:
    path = folder / "table.toml"
    path.write_text(text)
    return read_reproduction(path, **given)  # type: ignore[arg-type]


def _studies(found: Reproduction) -> dict[str, Study]:
    return {run.name: run.study for run in found.runs}


class TestExpansion:
    """One run for each model on each dataset."""

    def test_names_every_pair_with_runs_of_a_model_together(self, tmp_path: Path) -> None:
        """Its weights are then loaded once; two studies are interleaved for that."""
        text = _HEAD + _STUDY + '[[study]]\nname = "b"\ndatasets = ["none"]\nsearchers = {}\n'
        found = _read(text, tmp_path)
        assert [run.name for run in found.runs] == [
            "focus-llava-1.5-vstar",
            "focus-llava-1.5-hrbench_4k",
            "b-llava-1.5-none",
            "focus-llava-onevision-vstar",
            "focus-llava-onevision-hrbench_4k",
            "b-llava-onevision-none",
        ]
        assert found.title == "Accuracy and forward passes of every method"
        assert found.models["llava-1.5"].gib == 13.2

    def test_settings_on_a_dataset_and_with_a_model_replace_key_by_key(
        self, tmp_path: Path
    ) -> None:
        """What stays is the study's; an empty text takes a row out; the model goes before."""
        studies = _studies(_read(_HEAD + _STUDY, tmp_path))
        other = studies["focus-llava-1.5-hrbench_4k"]
        here = studies["focus-llava-onevision-vstar"]
        direct = {BASELINE: BASELINE}
        assert other.variants == direct | {"one": "focus(steps=1)", "two": "focus(steps=2)"}
        assert here.variants == direct | {"one": "focus(steps=3)"}
        assert (other.protocol, other.inference) == ("paper", None)
        assert (here.protocol, here.inference) == ("zoomeye", "letter-logits")
        assert {study.budget.passes for study in studies.values()} == {9}
        assert {study.sharing for study in studies.values()} == {True}

    def test_names_of_model_and_dataset_select_the_papers_row(self, tmp_path: Path) -> None:
        """Each run stands beside its own figures, as the table has them."""
        studies = _studies(_read(_HEAD + _STUDY, tmp_path))
        figures = {
            name: study.beside.figures("one") for name, study in studies.items() if study.beside
        }
        assert figures == {
            "focus-llava-1.5-vstar": ["51.30", "1.47"],
            "focus-llava-1.5-hrbench_4k": ["41.13", "3.14"],
            "focus-llava-onevision-vstar": ["83.24", "1.47"],
            "focus-llava-onevision-hrbench_4k": ["69.00", "3.84"],
        }

    def test_rows_that_the_paper_has_for_some_pairs_stand_beside_those(
        self, tmp_path: Path
    ) -> None:
        """SEAL was run on V* alone."""
        text = _HEAD + (
            '[[study]]\nname = "seal"\nmodels = ["llava-1.5"]\ndatasets = ["vstar", "none"]\n'
            '[study.paper]\nwhere = { method = "focus" }\ncolumns = { accuracy = "accuracy" }\n'
            'rows = { direct = { setting = "Steps-1 (without overrun)" } }\n'
        )
        studies = _studies(_read(text, tmp_path))
        assert studies["seal-llava-1.5-vstar"].beside
        assert studies["seal-llava-1.5-none"].beside is None

    def test_datasets_in_files_lie_in_the_callers_folder(self, tmp_path: Path) -> None:
        """As in $VISUALCROP_DATA, under their own names; one without files is left alone."""
        text = _HEAD.replace('"vstar"\n', '"vstar(path=elsewhere)"\n') + '[[study]]\nname = "a"\n'
        specs = {run.dataset: run.study.dataset for run in _read(text, tmp_path, data="there").runs}
        assert specs == {
            "vstar": "vstar(path=elsewhere)",
            "hrbench_4k": 'hrbench(split=4k, path="there/hrbench")',
            "none": "toy",
        }

    def test_a_searcher_may_name_a_model(self, tmp_path: Path) -> None:
        """Its spec is put in once: a model that names another makes no spec without end."""
        chain = "\n".join(f'm{n} = "{{m{n + 1}}}{{m{n + 1}}}"' for n in range(40))
        text = (
            f'[models]\n{chain}\nm40 = "toy"\n[datasets]\nd = "toy"\n[[study]]\nname = "a"\n'
            'models = ["m40"]\nsearchers = { one = "seal(locator={m40})", two = "{m0}{m99}" }\n'
        )
        (run,) = _read(text, tmp_path).runs
        assert run.study.variants["one"] == "seal(locator=toy)"
        assert run.study.variants["two"] == "{m1}{m1}{m99}"

    def test_a_model_may_be_replaced(self, tmp_path: Path) -> None:
        """Its name stays, and so do the paper's figures beside it."""
        found = _read(_HEAD + _STUDY, tmp_path, models={"llava-1.5": "toy"})
        study = _studies(found)["focus-llava-1.5-vstar"]
        assert study.model == "toy"
        assert study.beside
        assert found.models["llava-1.5"].replaced == "llava-hf/llava-1.5-7b-hf"


def test_the_format_is_stated_as_it_is_read(tmp_path: Path) -> None:
    """The listing that heads the reader is a file that it reads."""
    lines = (reader.__doc__ or "").splitlines()
    listing = "\n".join(line[4:] for line in lines if line.startswith("    "))
    (run,) = _read(listing, tmp_path, data="there").runs
    assert run.name == "focus-llava-1.5-vstar"
    assert run.study.variants == {BASELINE: BASELINE, "with tiny": "seal(locator=tiny)"}
    assert (run.study.dataset, run.study.protocol) == ('vstar(path="there/vstar")', "paper")
    assert run.study.beside
    assert run.study.beside.figures("Steps-1") == ["64.40"]


class TestSelection:
    """Only some of the runs."""

    @pytest.mark.parametrize(
        ("only", "count"),
        [
            ([], 6),
            (["focus"], 4),
            (["vstar", "hrbench_4k"], 4),
            (["focus", "llava-1.5"], 2),
            (["focus", "llava-1.5", "vstar"], 1),
            (["focus-llava-1.5-vstar", "b-llava-1.5-none"], 2),
        ],
    )
    def test_names_of_one_kind_add_up_and_of_several_fit(
        self, only: list[str], count: int, tmp_path: Path
    ) -> None:
        """A study's name with a model's are the runs of both."""
        text = _HEAD + _STUDY + '[[study]]\nname = "b"\ndatasets = ["none"]\n'
        assert len(_read(text, tmp_path).select(only).runs) == count

    @pytest.mark.parametrize(
        ("only", "error"),
        [
            (["focuss"], "no run, study, model or dataset 'focuss'; did you mean 'focus'"),
            (["b", "vstar"], "No run has all of 'b', 'vstar'"),
        ],
    )
    def test_a_name_that_fits_nothing_is_refused(
        self, only: list[str], error: str, tmp_path: Path
    ) -> None:
        """The nearest is named."""
        text = _HEAD + _STUDY + '[[study]]\nname = "b"\ndatasets = ["none"]\n'
        with pytest.raises(VisualcropError, match=error):
            _read(text, tmp_path).select(only)


_MANY = "\n".join(f'm{n} = "toy"' for n in range(150))
_TOO_MANY = f'[models]\n{_MANY}\n[datasets]\n{_MANY}\n[[study]]\nname = "a"\n'
_NAMED = '[models]\n"{0}" = "toy"\n[datasets]\nd = "toy"\n[[study]]\nname = "a"\n'
_TWICE = '[models]\nm = "toy"\n[datasets]\nd = "toy"\n' + 2 * '[[study]]\nname = "a"\n'


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("tables = 3", "has a key 'tables'; did you mean 'table'"),
        ("table = 'ten'", "the table is 'ten', and no number such as 10"),
        ("table = 99", "Table 99 of the paper is not here"),
        ("table = true", "the table is 'True'"),
        ("study = 3", r"it has no \[\[study\]\]"),
        ("study = []", r"it has no \[\[study\]\]"),
        ("study = [1]", r"it has no \[\[study\]\]"),
        ("[[study]]", "it names no models; add a table"),
        ('[[study]]\n[models]\na = "toy"', "it names no datasets"),
        ("models = 3\n[[study]]", r"it is not a table, \[models\]"),
        ("[models]\na = 3\n[[study]]", r"it is not a table, \[models.a\]"),
        ("[models.a]\n[[study]]", "the model 'a' has no spec"),
        ('[models.a]\nspec = "toy"\nGiB = 3\n[datasets]\nd = "toy"\n[[study]]', "has a key 'GiB'"),
        ('[models.a]\nspec = "toy"\ngib = -1\n[[study]]', "the gib of 'a' is '-1'"),
        ('[models.llava-1.5]\nspec = "toy"\n[[study]]', r"\[models.llava-1.5\] is .* needs quotes"),
        (_HEAD + "[[study]]", "study 1 of it has no name; give it one"),
        (_HEAD + '[[study]]\nname = "../x"', "the study is called '../x'; give it a name"),
        (_HEAD + '[[study]]\nname = "a."', "the study is called 'a.'"),
        (_HEAD + f'[[study]]\nname = "{"a" * 61}"', "60 at most"),
        (_NAMED.format(".."), r"the model is called '\.\.'"),
        (_NAMED.format("a/b"), "the model is called 'a/b'"),
        (_NAMED.format(r"a\u0000"), r"the model is called 'a\\x00'"),
        (_NAMED.format(r"\u00e9"), "the model is called 'é'"),
        (_HEAD + '[[study]]\nname = "a"\nmodels = "llava-1.5"', "are no list of names"),
        (_HEAD + '[[study]]\nname = "a"\nmodels = []', "are no list of names"),
        (_HEAD + '[[study]]\nname = "a"\ndatasets = ["vsta"]', "did you mean 'vstar'"),
        (
            _HEAD + '[[study]]\nname = "a"\nmodel = "toy"',
            "The study 'a' has a key 'model'; did you mean",
        ),
        (_HEAD + '[[study]]\nname = "a"\nserchers = {}', "did you mean 'searchers'"),
        (
            _HEAD + '[[study]]\nname = "a"\ninference = "letters-logits"',
            "'letters-logits' cannot be used; did you mean 'letter-logits'",
        ),
        (_HEAD + '[[study]]\nname = "a"\non = { vsta = {} }', "did you mean 'vstar'"),
        (_HEAD + '[[study]]\nname = "a"\non = { vstar = 3 }', "is not a table"),
        (_HEAD + '[[study]]\nname = "a"\nwith = 3', "is not a table"),
        (_HEAD + '[[study]]\nname = "a"\non = { vstar = { on = {} } }', "has a key 'on'"),
        (
            _HEAD + '[[study]]\nname = "a"\ninference = "guess"',
            "'guess' cannot be used; allowed: generate",
        ),
        (_HEAD + '[[study]]\nname = "a"\nsharing = "yes"', "is not true or false @ sharing"),
        (_HEAD + _STUDY.replace("Steps-1 (w", "Steps-0 (w"), "has no row that fits 'one' of the"),
        (
            _HEAD + _STUDY.replace('{ setting = "Steps-1 (without overrun)" }', "{}"),
            "rows that fit",
        ),
        (_HEAD.replace("table = 10", "") + _STUDY, "names no table, and neither does the file"),
        (_TOO_MANY, "it has 22,500 runs, and 200 are the most"),
        (_TWICE, "two of its runs would be called 'a-m-d'"),
        (_TWICE.replace('"a"', '"A"', 1), "two of its runs would be called 'a-m-d'"),
        ("a = " + 2000 * "[", "is not TOML"),
        ('title = ["Toys"]\n[[study]]', "the title is .* and no text"),
        (_HEAD + '[[study]]\nname = "a"\nprotocol = 1979-05-27', "cannot hold '1979-05-27'"),
        (
            _HEAD + _STUDY.replace('"search passes"', '"pases"'),
            "no measure 'pases'; measures: accuracy",
        ),
        (_HEAD + _STUDY.replace('passes = "s', 'setting = "s'), "which is no number to compare"),
        (
            _HEAD + _STUDY.replace("rows]\none", "rows]\nonce"),
            "no row 'once' to stand beside the paper's; did you mean 'one'",
        ),
    ],
)
def test_what_cannot_be_read_is_one_sentence(text: str, error: str, tmp_path: Path) -> None:
    """It says what is wrong, and nothing is expanded."""
    with pytest.raises(VisualcropError, match=error) as caught:
        _read(text, tmp_path)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value).partition(" (")[0]


def test_the_guide_names_every_measure() -> None:
    """And none that there is not, in the table of what `study.paper.columns` may hold."""
    lines = (ROOT / "docs/how-to/reproduce.md").read_text().splitlines()
    start = lines.index("| text | figure |") + 2
    table = itertools.takewhile(lambda line: line.startswith("|"), lines[start:])
    named = [name for line in table for name in re.findall("`([^`]+)`", line.split("|")[1])]
    pattern = named.pop()
    assert pattern == "of PATTERN"
    assert sorted(named) == sorted(MEASURES)
