"""How a question is put to a model, and how its reply is read: figures hang on it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, get_args

import attrs

from .errors import QuestionError
from .extraction import Extraction, extracted

Inference: TypeAlias = Literal["generate", "letter-logits", "option-logits"]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _names_the_question(protocol: Protocol, field: attrs.Attribute[str], text: str) -> None:
    if "{question}" not in text:
        raise QuestionError(
            f"The {field.name} of the protocol {protocol.name!r} is {text!r}, which has no "
            "{question}; write {question} where the question goes."
        )


def _is_known(words: Sequence[object]) -> Any:
    """Validate that a field holds one of these *words*."""

    def check(protocol: Protocol, field: attrs.Attribute[Any], word: object) -> None:
        if word not in words:
            listed = ", ".join("none" if each is None else str(each) for each in words)
            raise QuestionError(f"There is no {field.name} {word!r}; take one of: {listed}.")

    return check


@attrs.frozen
class Protocol:
    """
    How a question is put, and how the reply is read.

    Results got under different protocols are not compared.
    """

    name: str = "paper"
    choosing: str = attrs.field(
        default="{question}\n{options}\n"
        "Answer with the option's letter from the given choices directly.",
        validator=_names_the_question,
    )  # what is said where there are options
    option: str = "({letter}) {option}"
    between: str = "\n"  # between options
    saying: str = attrs.field(default="{question}", validator=_names_the_question)  # without any
    inference: Inference | None = attrs.field(  # none leaves it to the strategy
        default=None, validator=_is_known((None, *get_args(Inference)))
    )
    extraction: Extraction = attrs.field(  # as A.2 has it: no post-processing
        default="strict", validator=_is_known(get_args(Extraction))
    )

    def asked(self, question: str, choices: Sequence[str] = ()) -> str:
        """The question as the model is to read it."""
        if not choices:
            return _filled(self.saying, question=question)
        options = self.between.join(
            _filled(self.option, letter=letter, option=choice)
            for letter, choice in zip(LETTERS, choices, strict=False)
        )
        return _filled(self.choosing, question=question, options=options)

    def named(self, reply: str, choices: Sequence[str]) -> int | None:
        """Which choice *reply* names; none where it cannot be told, as nothing is guessed."""
        return extracted(reply, choices, self.extraction)

    @property
    def digest(self) -> str:
        """Equal for protocols that do the same, whatever they are called."""
        told = attrs.asdict(self)
        del told["name"]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]


def _filled(template: str, **parts: str) -> str:
    """*template* with its {parts}; braces within a part are left alone."""
    start, brace, rest = template.partition("{")
    name, end, after = rest.partition("}")
    if not brace:
        return template
    if not end or name not in parts:
        return start + brace + _filled(rest, **parts)
    return start + parts[name] + _filled(after, **parts)
