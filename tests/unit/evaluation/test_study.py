"""What is to be measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.refusals import refused
from tests.support.studies import toy_study
from visualcrop import Budget, VisualcropError
from visualcrop.errors import EvaluationError
from visualcrop.evaluation.study import Study, label_specs
from visualcrop.evaluation.study_toml import read_study
from visualcrop.plugin import Registry


class TestStudy:
    """A study in words."""

    def test_comes_back_from_json(self) -> None:
        """Written down and read again it is the same, and so is its digest."""
        options = {"focus(steps=2)": ["steps=1"]}
        study = toy_study("focus(steps=2)", budget=Budget(4), options=options)
        again = Study.from_json(study.as_json())
        assert (again, again.digest) == (study, study.digest)

    def test_options_are_of_a_searcher(self) -> None:
        """A label that is mistyped would measure another setting without a word."""
        message = refused(EvaluationError, toy_study, "focus", options={"focuss": ["steps=1"]})
        assert "did you mean 'focus'?" in message

    @pytest.mark.parametrize(
        "other",
        [
            toy_study("focus(steps=2)"),
            toy_study(scenes=3),
            toy_study(protocol="vlmevalkit"),
            toy_study(inference="letter-logits"),
            toy_study(weigh="choices"),
            toy_study(end_token=False),
            toy_study(budget=Budget(3)),
            toy_study(options={"focus": ["steps=1"]}),
        ],
    )
    def test_another_study_has_another_digest(self, other: Study) -> None:
        """Whatever may change a result counts."""
        assert other.digest != toy_study().digest

    @pytest.mark.parametrize(
        ("other", "told"),
        [
            (toy_study(), ""),
            (toy_study("focus(steps=2)"), "its variants.focus is 'focus', and now there is none"),
            (toy_study(budget=Budget(3)), "its budget.passes is none, not 3"),
            (toy_study(scenes=3), "its dataset is 'toy(scenes=2)', not 'toy(scenes=3)'"),
        ],
    )
    def test_names_what_differs(self, other: Study, told: str) -> None:
        """The first setting, with both values; nothing between studies of one digest."""
        assert toy_study().first_difference(other) == told

    def test_options_are_set_one_by_one(self) -> None:
        """As -o does for ask; the rest stays as the model's settings have it."""
        study = toy_study(options={"focus": ["steps=3", "proposals.k=7"]})
        searcher = study.build_searcher("focus", Registry.load(), {"focus": {"t_type2": 0.25}})
        told = str(searcher)
        assert "steps=3" in told
        assert "k=7" in told
        assert "t_type2=0.25" in told

    @pytest.mark.parametrize(
        ("make", "error"),
        [
            (lambda: toy_study(inference="loud"), "There is no inference 'loud'; ways: generate"),
            (lambda: toy_study(weigh="words"), "There is no weigh 'words'"),
            (lambda: toy_study(end_token="yes"), "end_token"),
            (lambda: Study("toy", "toy", {}), "A study needs a searcher; give one with -s"),
            (lambda: label_specs(["=focus"]), "has no label before its spec; write label=spec"),
            (lambda: label_specs(["a=focus", "a=direct"]), "Two searchers are called 'a'"),
        ],
    )
    def test_what_cannot_be_measured_is_one_sentence(self, make: object, error: str) -> None:
        """It says what would be right."""
        with pytest.raises(VisualcropError, match=error):
            make()  # type: ignore[operator]


class TestLabelled:
    """Searchers by their labels."""

    def test_asking_directly_is_always_there(self) -> None:
        """It comes first, once."""
        assert list(label_specs(["focus", "direct"])) == ["direct", "focus"]

    def test_a_label_may_be_given(self) -> None:
        """Before an equals sign that is not an option's."""
        specs = ["no map=focus(relevance=random)", "focus(steps=2)"]
        assert label_specs(specs) == {
            "direct": "direct",
            "no map": "focus(relevance=random)",
            "focus(steps=2)": "focus(steps=2)",
        }


class TestReadStudy:
    """A study from a TOML file."""

    def test_reads_searchers_in_a_table(self, tmp_path: Path) -> None:
        """Labels and specs, and a budget."""
        path = tmp_path / "study.toml"
        path.write_text(
            'dataset = "toy"\nmodel = "toy"\n[searchers]\nfour = "focus(steps=4)"\n'
            "[budget]\npasses = 9\n"
        )
        study = read_study(path)
        assert study.variants == {"direct": "direct", "four": "focus(steps=4)"}
        assert study.budget == Budget(9)

    @pytest.mark.parametrize(
        ("text", "error"),
        [
            ("= 1", "is not TOML"),
            ('dataset = "toy"', "needs a dataset and a model"),
            ('dataset = "toy"\nmodle = "toy"', "has a key 'modle'; did you mean 'model'"),
        ],
    )
    def test_a_broken_file_is_one_sentence(self, text: str, error: str, tmp_path: Path) -> None:
        """It names the file and what is wrong in it."""
        path = tmp_path / "study.toml"
        path.write_text(text)
        with pytest.raises(VisualcropError, match=error):
            read_study(path)
