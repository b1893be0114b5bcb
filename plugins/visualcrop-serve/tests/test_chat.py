"""Chat completions, asked with the `openai` client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.serving import QUESTION, Live, drawn, drawn_url, own, serving, toy, user


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with serving(toy()) as live:
        yield live


def test_an_answer_is_that_of_ask(live: Live) -> None:
    """Text, boxes and passes are those of `VisualSearch.ask`."""
    answer = toy().ask(drawn(), QUESTION)
    messages = [user(QUESTION, drawn_url())]
    reply = live.client().chat.completions.create(model="toy", messages=messages)
    assert reply.choices[0].message.content == answer.text
    assert own(reply)["passes"] == answer.passes
