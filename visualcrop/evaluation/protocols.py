"""Protocols that others published figures under, by harness and dataset."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ..errors import EvaluationError, nearest
from ..protocol import PromptProtocol

_LETTER = "Answer with the option's letter from the given choices directly."
_WORD = "{question}\nAnswer the question using a single word or phrase."
_MME = (
    "Select the best answer to the above multiple-choice question based on the image. Respond with "
    "only the letter (A, B, C, D, or E) of the correct option.\nThe best answer is:"
)
_VLMEVALKIT = (
    "Question: {question}\nOptions:\n{options}\n"
    "Please select the correct answer from the options above. \n"
)
_ANY = ""  # for datasets that the harness does not treat apart

_tolerant = partial(
    PromptProtocol, extraction="tolerant"
)  # these harnesses search the reply for a letter

_NAMED: Mapping[str, Mapping[str, PromptProtocol]] = {
    "paper": {
        _ANY: PromptProtocol("paper", saying=_WORD),
    },
    "zoomeye": {
        "vstar": _tolerant("zoomeye", inference="option-logits", weigh="sentences"),
        "hrbench": _tolerant(
            "zoomeye",
            choosing="{question}\n{options}Answer the option letter directly.",
            option="{letter}. {option}\n",
            between="",
        ),
        "mme-realworld-lite": _tolerant("zoomeye", choosing="{question}\n{options}\n" + _MME),
    },
    "hr-bench": {  # what its authors show LLaVA; other models see the text of vlmevalkit
        "hrbench": _tolerant(
            "hr-bench", choosing="{question}\n{options}\n" + _LETTER, option="{letter}. {option}"
        ),
    },
    "lmms-eval": {
        "vstar": _tolerant(
            "lmms-eval",  # its last option holds the instruction too, which so stands there twice
            choosing="{question}\n{options}\n" + _LETTER + "\n" + _LETTER,
            option="{letter}. {option}",
        ),
        "hrbench": _tolerant(
            "lmms-eval",
            choosing="{question}\n{options}\nAnswer the option letter directly.",
            option="{letter}. {option}",
        ),
        "mme-realworld-lite": _tolerant(
            "lmms-eval",
            choosing="{question} The choices are listed below:\n{options}\n" + _MME + " ",
        ),
        "gqa": _tolerant("lmms-eval", saying=_WORD),
    },
    "vlmevalkit": {
        "mme-realworld-lite": _tolerant(
            "vlmevalkit",
            choosing="{question} The choices are listed below:\n{options}\n" + _MME,
            option="({letter}) {option}. ",
        ),
        "gqa": _tolerant("vlmevalkit", saying=_WORD),
        _ANY: _tolerant("vlmevalkit", choosing=_VLMEVALKIT, option="{letter}. {option}"),
    },
}


def get_protocol(name: str, dataset: str) -> PromptProtocol:
    """The protocol of the harness *name* for the dataset of that name."""
    if name not in _NAMED:
        known = nearest(name, list(_NAMED), called="protocols")
        raise EvaluationError(f"There is no protocol called {name!r}; {known}.")
    found = _NAMED[name].get(dataset) or _NAMED[name].get(_ANY)
    if found is None:
        datasets = ", ".join(sorted(_NAMED[name]))
        raise EvaluationError(
            f"The protocol {name!r} is not known for the dataset {dataset!r}, only for {datasets}; "
            "take --protocol paper."
        )
    return found


def protocol_names() -> list[str]:
    """Names of all protocols."""
    return list(_NAMED)
