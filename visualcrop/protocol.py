"""How a question is put to a model, and how its reply is read: figures hang on it."""

from __future__ import annotations

import hashlib
import json
import re
import string
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, get_args

import attrs

from .errors import QuestionError

Inference: TypeAlias = Literal["generate", "letter-logits", "option-logits"]
LETTERS = string.ascii_uppercase  # of the choices
Extraction: TypeAlias = Literal["strict", "tolerant"]
Weigh: TypeAlias = Literal["auto", "sentences", "choices"]

_LONGEST = 2000  # characters of a reply that are looked at
_FIRST_LINE = 80
_ANCHORED = re.compile(
    r"\b(?:answer|option|choice)\b(?:\s+is\b)?\s*[:=]?\s*[(\[*]*([A-Z])(?=[)\].,:;!*]|\s*$)",
    re.IGNORECASE | re.MULTILINE,
)
_MARKED = re.compile(r"(?<![\w'])([A-Z])(?=[).,:;]|\s*$)")  # as an article is not
_ALONE = re.compile(r"(?<![\w'])([A-Z])(?![\w'])")


def _names_the_question(protocol: PromptProtocol, field: attrs.Attribute[str], text: str) -> None:
    if "{question}" not in text:
        raise QuestionError(
            f"The {field.name} of the protocol {protocol.name!r} is {text!r}, which has no "
            "{question}; write {question} where the question goes."
        )


def _is_known(words: Sequence[object]) -> Any:
    """Validate that a field holds one of these *words*."""

    def check(protocol: PromptProtocol, field: attrs.Attribute[Any], word: object) -> None:
        if word not in words:
            listed = ", ".join("none" if each is None else str(each) for each in words)
            raise QuestionError(f"There is no {field.name} {word!r}; take one of: {listed}.")

    return check


@attrs.frozen
class PromptProtocol:
    """
    How a question is put, and how the reply is read.

    Results got under different protocols are not compared.
    """

    name: str = "paper"
    choosing: str = attrs.field(
        default="{question}\n{options}\n"
        "Answer with the option's letter from the given choices directly.",
        validator=_names_the_question,
    )  # added where there are options
    option: str = "({letter}) {option}"
    between: str = "\n"  # between options
    saying: str = attrs.field(default="{question}", validator=_names_the_question)  # without any
    inference: Inference | None = attrs.field(  # none leaves it to the strategy
        default=None, validator=_is_known((None, *get_args(Inference)))
    )
    extraction: Extraction = attrs.field(  # as A.2 has it: no post-processing
        default="strict", validator=_is_known(get_args(Extraction))
    )
    # What `option-logits` weighs: each option's sentence, the option alone, or (auto) its sentence
    # where the dataset has one; and whether the reply's end is weighed with it.
    weigh: Weigh = attrs.field(default="auto", validator=_is_known(get_args(Weigh)))
    end_token: bool = attrs.field(default=True, validator=_is_known((True, False)))

    def asked(self, question: str, choices: Sequence[str] = ()) -> str:
        """The question as the model is to read it."""
        if not choices:
            return _fill_template(self.saying, question=question)
        options = self.between.join(
            _fill_template(self.option, letter=letter, option=choice)
            for letter, choice in zip(LETTERS, choices, strict=False)
        )
        return _fill_template(self.choosing, question=question, options=options)

    def weighed(self, choices: Sequence[str], sentences: Sequence[str]) -> Sequence[str]:
        """What `option-logits` compares: the sentences or the choices themselves."""
        if self.weigh == "sentences" and not sentences:
            raise QuestionError(
                "The protocol weighs options as sentences, and this question has none; read a "
                "dataset that has them, such as V*Bench with its .json files, or take --weigh auto."
            )
        return choices if self.weigh == "choices" else sentences or choices

    def named(self, reply: str, choices: Sequence[str]) -> int | None:
        """The index of the choice that *reply* names; none if unclear, as nothing is guessed."""
        return parse_choice(reply, choices, self.extraction)

    @property
    def digest(self) -> str:
        """Equal for protocols that do the same, whatever they are called."""
        fields = attrs.asdict(self)
        del fields["name"]
        weighing = {name: fields.pop(name) for name in ("weigh", "end_token")}
        changed = weighing != {"weigh": "auto", "end_token": True}
        if self.inference == "option-logits" or (self.inference is None and changed):
            fields |= weighing  # elsewhere, digests are those of runs older than the two
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:12]


def _fill_template(template: str, **parts: str) -> str:
    """*template* with its {parts}; other braces, and those within a part, are left alone."""
    blanks = "|".join(f"{{{name}}}" for name in parts)
    return re.sub(blanks, lambda blank: parts[blank[0][1:-1]], template)


def parse_choice(reply: str, choices: Sequence[str], extraction: Extraction) -> int | None:
    """
    The index of the choice that *reply* names, if it names one.

    Strictly, it must be the letter and nothing else. Tolerantly, these are tried in turn: the
    letter alone; a letter after "answer", "option" or "choice"; the only letter that stands alone
    in a short first line; the one choice whose words occur.
    """
    text = reply[:_LONGEST].strip()
    letters = LETTERS[: len(choices)]
    if extraction == "strict":
        return letters.index(text) if len(text) == 1 and text in letters else None
    bare = text.strip("()[].:*\"' \n").upper()
    if len(bare) == 1 and bare in letters:
        return letters.index(bare)
    anchored = [letters.index(x.upper()) for x in _ANCHORED.findall(text) if x.upper() in letters]
    if anchored:
        return anchored[-1]
    alone = _find_lone_letter(text.partition("\n")[0], letters)
    return _find_choice_words(text, choices) if alone is None else alone


def _find_lone_letter(line: str, letters: str) -> int | None:
    """The only letter of a short line, if it does not read like a word."""
    alone = {letter for letter in _ALONE.findall(line) if letter in letters}
    if len(line) > _FIRST_LINE or len(alone) != 1 or not alone & {*_MARKED.findall(line)}:
        return None
    return letters.index(alone.pop())


def _find_choice_words(text: str, choices: Sequence[str]) -> int | None:
    """The one choice whose words occur in *text*; a choice within a longer one does not count."""
    words = [choice.casefold().strip() for choice in choices]
    occurring = [n for n, word in enumerate(words) if has_words(text, word)]
    outermost = [n for n in occurring if not any(words[n] in words[m] for m in occurring if m != n)]
    return outermost[0] if len(outermost) == 1 else None


def has_words(text: str, words: str) -> bool:
    """Whether *words* occur in *text*, in any case, not within longer words."""
    wanted = re.escape(words.casefold().strip())
    return bool(wanted) and re.search(rf"(?<!\w){wanted}(?!\w)", text.casefold()) is not None
