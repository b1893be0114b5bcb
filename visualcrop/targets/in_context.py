"""The model names the targets, after examples of how to name them."""

from __future__ import annotations

import json
import re
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs

from ..budget import BudgetedModel
from ..errors import FileError, nearest
from ..interfaces import TargetExtractor
from ..prompt import Prompt
from ..strategy.base import at_least, between, option
from ..utils.paths import expand_path, read_limited
from ..values import Question, Target
from .rules import find_noun_phrases, has_pronoun, is_counting, make_targets

_SHIPPED = ("general", "aokvqa", "gqa", "hr-bench", "mme-realworld", "vstar")
_BY_DATASET = {  # sets in the style of a benchmark's questions, by the dataset's name
    "vstar": "vstar",
    "hrbench": "hr-bench",
    "mme-realworld-lite": "mme-realworld",
    "aokvqa": "aokvqa",
    "gqa": "gqa",
}
_EXAMPLE_REPLY = (
    "To answer the question, I need know the location of {where} so that I can {why}. "
    "So I need the information about the following objects: {objects}."
)
_REPLY = re.compile(r"So I need the information about the following objects: (.+)")
_ASK = (
    "Question: {question}\n"
    "If you want to answer the question, which objects' information do you need?"
)


@attrs.frozen
class InContext(TargetExtractor):
    """Ask the model, by example, which things the question is about. One pass, text only."""

    name = "in-context"

    examples: str = option(
        "general",
        on=_BY_DATASET,
        help="general, or in a benchmark's style: aokvqa, gqa, hr-bench, mme-realworld, vstar; or "
        "a TOML or JSON file of pairs",
    )
    pronouns: bool = option(False, help="keep targets that hold a pronoun, such as 'his bag'")
    limit: int = option(8, help="most targets to take from one reply", validator=at_least(1))
    max_new_tokens: int = option(256, help="longest reply", validator=between(1, 65_536))

    def extract(self, question: Question, model: BudgetedModel) -> tuple[Target, ...]:
        shown = tuple((_fill_question(q), reply) for q, reply in read_examples(self.examples))
        prompt = Prompt((_fill_question(question.text),), examples=shown)
        model.expect(1)
        (reply,) = model.generate([prompt], max_new_tokens=self.max_new_tokens)
        named = parse_reply(reply.text)
        targets = make_targets(
            [n for n in named if self.pronouns or not has_pronoun(n)], limit=self.limit
        )
        if targets or not is_counting(question.text):
            return targets
        return make_targets(find_noun_phrases(question.text)[:1], limit=self.limit, every=True)


def targets_option() -> Any:
    """
    The option of a searcher for its target extractor: the one that suits the model.

    That is what the model's settings name for `targets`, as `ModelFamily.settings` has it, and
    `in-context` where they name none.
    """
    return option(InContext(), help="what to look for")


def parse_reply(reply: str) -> list[str]:
    """Phrases after the reply's fixed words, split at commas and at "and"."""
    found = _REPLY.search(reply)
    return re.split(r" and |, ", found[1].removesuffix(".")) if found else []


def _fill_question(question: str) -> str:
    return _ASK.replace("{question}", question)


def read_examples(source: str) -> tuple[tuple[str, str], ...]:
    """Pairs of a set that ships with visualcrop, or of a file."""
    if source in _SHIPPED:
        return _read_shipped(source)
    path = Path(source)
    if path.suffix not in {".toml", ".json"}:
        known = nearest(source, _SHIPPED, called="shipped")
        raise FileError(
            f"There are no examples called {source!r}; {known}, or give a .toml or .json file."
        )
    try:
        text = read_limited(expand_path(path), called="The examples").decode()
        table = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
        return tuple(map(_parse_pair, table["examples"] if isinstance(table, dict) else table))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as exc:
        raise FileError(
            f"The examples {source!r} must be a list called 'examples' of tables with "
            f"a question and a reply, or with question, where, why and objects ({exc})."
        ) from exc


@cache
def _read_shipped(name: str) -> tuple[tuple[str, str], ...]:
    text = files(__package__).joinpath("examples.toml").read_text(encoding="utf-8")
    return tuple(map(_parse_pair, tomllib.loads(text)[name]))


def _parse_pair(example: dict[str, str]) -> tuple[str, str]:
    question = example["question"]
    reply = example.get("reply") or _EXAMPLE_REPLY.format(
        where=example["where"], why=example["why"], objects=example["objects"]
    )
    if not (isinstance(question, str) and isinstance(reply, str)):
        raise TypeError("question and reply must be text")
    return question, reply
