"""The page of a question says how its answer came about."""

from __future__ import annotations

import attrs
import pytest

from visualcrop.report.question_page import Card, render_cards
from visualcrop.searchers.direct import Direct
from visualcrop.testing import Bench
from visualcrop.values import Decision


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        ("not searched", "The whole image was enough: nothing was searched."),
        ("whole image", "What the search found was less sure: the whole image's answer is given."),
        ("search", None),
        ("", None),
    ],
)
def test_says_what_guarded_decided(decision: Decision, said: str | None) -> None:
    """In the words of `ask`; it says nothing where the search's answer is given."""
    bench = Bench.set_up()
    answer = Direct().search(bench.asked.question, bench.model)
    decided = attrs.evolve(answer, decision=decision)
    page = render_cards([Card(bench.asked.question, decided, "guarded", "guarded")], title="?")
    sentences = ("The whole image was enough", "less sure: the whole image")
    assert (said in page) if said else not any(sentence in page for sentence in sentences)
