"""The map's prompt says what the question's choices are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from visualcrop import Answer, BudgetedModel, Focus, Question
from visualcrop.errors import SpecError
from visualcrop.plugin import RelevanceSource, Searcher, Strategy, option

S = TypeVar("S", bound=Strategy)


def _has_both_blanks(_: object, field: attrs.Attribute[str], text: str) -> None:
    if not ("{choices}" in text and "{prompt}" in text):
        raise SpecError(f"{field.name} needs {{choices}} and {{prompt}}; say where both go")


@attrs.frozen
class OptionsInPrompt(Searcher):
    """
    Another search, in the prompt of whose map the choices stand before the target. No pass more.

    A relevance source sees no question, so this is a searcher. Of a question without choices it is
    the other search.
    """

    name = "options-in-prompt"

    searcher: Searcher = option(Focus(), help="the search; its map has a prompt")
    text: str = option(
        "The choices are: {choices}. {prompt}",
        help="text of the map, in which {prompt} is the map's own; the model reads from left to "
        "right, so only what stands before the target changes its values",
        validator=_has_both_blanks,
    )

    def __attrs_post_init__(self) -> None:
        if _change_prompts(self.searcher, lambda prompt: f"{prompt} ") == self.searcher:
            raise SpecError(
                f"The search {self.searcher.name!r} has no relevance source with a prompt; take "
                "focus or another that has."
            )

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        if not question.choices:
            return self.searcher.search(question, model)
        # A choice is data: what looks like a blank in it must not be filled.
        choices = ", ".join(question.choices).translate({ord("{"): "(", ord("}"): ")"})
        around = self.text.replace("{choices}", choices)
        searcher = _change_prompts(self.searcher, lambda own: around.replace("{prompt}", own))
        return searcher.search(question, model)


def _change_prompts(strategy: S, change: Callable[[str], str]) -> S:
    """*strategy*, with the prompt of every relevance source in it changed."""
    changes: dict[str, Any] = {}
    for field in attrs.fields(type(strategy)):
        value = getattr(strategy, field.name)
        if isinstance(value, RelevanceSource | Searcher):
            changes[field.name] = _change_prompts(value, change)
        elif field.name == "prompt" and isinstance(strategy, RelevanceSource):
            changes[field.name] = change(value)
    return attrs.evolve(strategy, **changes)
