"""Where `explain` says that each value comes from."""

from __future__ import annotations

import json

import pytest

from tests.support.running import Run


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
        assert sorted(found) == given
        assert set(found.values()) <= {"given"}

    def test_only_what_a_setting_names_is_the_models(self, run: Run) -> None:
        """Not what comes with a strategy that a setting puts in."""
        found = _origins(run, "focus", "-m", "toy(local=true)", "-o", "answer.max_new_tokens=9")
        assert found == {
            "answer": "the model's setting",
            "t_type2": "the model's setting",
            "answer.max_new_tokens": "given",
        }
