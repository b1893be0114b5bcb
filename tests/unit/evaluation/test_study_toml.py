"""Sweeps, and the paper's figures, in a study's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from visualcrop import VisualcropError
from visualcrop.evaluation.study import Study
from visualcrop.evaluation.study_toml import read_study

_HEAD = 'dataset = "toy"\nmodel = "toy"\n'
_PAPER = '[paper]\ntable = 3\ncolumns = { vstar = "V*" }\n'


def _read(text: str, folder: Path) -> Study:
    path = folder / "study.toml"
    path.write_text(_HEAD + text)
    return read_study(path)


class TestSweep:
    """One search under many settings."""

    def test_makes_variants_of_all_points(self, tmp_path: Path) -> None:
        """Beside those that are named, each with its options."""
        study = _read(
            '[sweep]\nsearcher = "focus(overrun=false)"\nset = ["proposals.nms=0.1,0.3"]\n'
            '[searchers]\nother = "focus"\n',
            tmp_path,
        )
        assert list(study.variants) == ["direct", "other", "nms=0.1", "nms=0.3"]
        assert study.variants["nms=0.1"] == "focus(overrun=false)"
        assert study.options["nms=0.3"] == ["proposals.nms=0.3"]

    def test_draws_as_the_command_does(self, tmp_path: Path) -> None:
        """As many as are wanted, the same for a seed."""
        text = '[sweep]\ndraw = ["proposals.threshold=0.3:0.7"]\ndraws = 5\nseed = 2\n'
        study = _read(text, tmp_path)
        assert len(study.variants) == 1 + 5
        assert study == _read(text, tmp_path)


class TestPaper:
    """What stands beside our figures."""

    def test_changes_no_result(self, tmp_path: Path) -> None:
        """The study is the same, and goes on where it was; it comes back from JSON."""
        study = _read(_PAPER + '[paper.rows]\ndirect = { variant = "direct" }\n', tmp_path)
        assert study.beside
        assert study.beside.figures("direct") == ["47.64"]
        assert study.beside.figures("focus") == [""]
        assert study.digest == _read("", tmp_path).digest
        assert Study.from_json(study.as_json()) == study


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[sweep]\nsets = []", "has a key 'sets'; did you mean 'set'"),
        ('[sweep]\nset = "steps=1"', r"is not a list .* @ sweep.set"),
        ("[sweep]", "A sweep needs options"),
        ('[sweep]\nset = ["steps=1"]\ndraws = "many"', "is not a whole number @ sweep.draws"),
        ("[budget]\npasses = -1", r"are none or a whole number from 0 up, not -1\.$"),
        ("[paper]\ntable = 3", "needs a table, columns and rows @ paper"),
        (_PAPER.replace("vstar", "xstar") + "rows = {}", "has no column 'xstar'; its columns are"),
        (_PAPER + '[paper.rows]\na = { variant = "b" }', "has 0 rows that fit 'a', and one is"),
        (_PAPER + "[paper.rows]\na = {}", "has 8 rows that fit 'a', and one is wanted"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(text: str, error: str, tmp_path: Path) -> None:
    """It names what is wrong."""
    with pytest.raises(VisualcropError, match=error):
        _read(text, tmp_path)
