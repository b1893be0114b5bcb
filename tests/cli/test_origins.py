"""Where `explain` says that each value comes from."""

from __future__ import annotations

import json

import pytest

from tests.support.running import Run

_BY_DATASET = "differs by dataset"


def _origins(run: Run, *words: object) -> dict[str, str]:
    rows = json.loads(run("explain", *words, "--json").stdout)["options"]
    return {row["path"]: row["origin"] for row in rows if row["origin"]}


class TestOrigins:
    """Given, the model's setting, or nothing."""

    @pytest.mark.parametrize(
        ("words", "given"),
        [
            (["focus"], []),
            (["focus(relevance=attention)"], ["relevance"]),
            (["focus(relevance=attention(layers=[2, 4]))"], ["relevance", "relevance.layers"]),
            (["focus", "-o", "relevance=attention"], ["relevance"]),
            (["focus", "-o", "relevance.clip=false"], ["relevance.clip"]),
            (["focus(steps=8, relevance=vv)"], ["relevance", "steps"]),
            (["focus(relevance=vv(pool=3))", "-o", "relevance=attention"], ["relevance"]),
            (["seal(locator=internal(checks=2))"], ["locator", "locator.checks"]),
        ],
    )
    def test_only_what_the_user_gave_is_given(
        self, run: Run, words: list[str], given: list[str]
    ) -> None:
        """Not the options that come with a strategy that was given; a default that was, is."""
        found = _origins(run, *words)
        assert sorted(path for path, origin in found.items() if origin == "given") == given
        assert {*found} - {*given} <= {"targets.examples"}

    def test_only_what_a_setting_names_is_the_models(self, run: Run) -> None:
        """Not what comes with a strategy that a setting puts in."""
        found = _origins(run, "focus", "-m", "toy(local=true)", "-o", "answer.max_new_tokens=9")
        assert found == {
            "answer": "the model's setting",
            "t_type2": "the model's setting",
            "answer.max_new_tokens": "given",
            "targets.examples": _BY_DATASET,
        }

    @pytest.mark.parametrize("searcher", ["focus", "zoomeye"])
    def test_a_default_by_dataset_says_so(self, run: Run, searcher: str) -> None:
        """Whether a dataset is named or not; what is given hides it."""
        told = run("explain", searcher, "--dataset", "hrbench", "--json").stdout
        (row,) = [row for row in json.loads(told)["options"] if row["path"] == "targets.examples"]
        assert (row["value"], row["origin"]) == ('"hr-bench"', _BY_DATASET)
        found = _origins(run, searcher, "-o", "targets.examples=gqa")
        assert found["targets.examples"] == "given"
