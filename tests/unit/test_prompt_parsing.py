"""Prompts in parts: the same prompt, with its question and its choices known."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.solver import Choices, MultipleChoiceTemplate
from inspect_ai.solver._multiple_choice import prompt as inspect_prompt

from tests.support.refusals import refused
from visualcrop import ParsedPrompt, PromptProtocol, parse_prompt
from visualcrop.errors import EvaluationError, QuestionError
from visualcrop.evaluation.protocols import get_protocol, protocol_names

_QUESTION = "What colour is the mug?"
_CHOICES = ("red", "light blue", "dark green")
_DATASETS = ("", "vstar", "hrbench", "mme-realworld-lite", "gqa")
_LETTER = "Answer with the option's letter from the given choices directly."


def _parse(prompt: str) -> ParsedPrompt:
    """Parse a prompt, which must stay as it is."""
    parsed = parse_prompt(prompt)
    assert parsed.protocol.asked(parsed.text, parsed.choices) == prompt
    return parsed


def _parts(prompt: str) -> tuple[str, tuple[str, ...]]:
    parsed = _parse(prompt)
    return parsed.text, parsed.choices


def _our_protocols() -> list[PromptProtocol]:
    known = [PromptProtocol()]
    for name in protocol_names():
        for dataset in _DATASETS:
            with suppress(EvaluationError):  # no harness knows all of them
                known.append(get_protocol(name, dataset))
    return known


class TestOptions:
    """How options are written."""

    @pytest.mark.parametrize(
        "prompt",
        [
            "What colour is the mug?\nA. red\nB. light blue\nC. dark green",
            "What colour is the mug?\n(A) red\n(B) light blue\n(C) dark green",
            "What colour is the mug?\nA) red\nB) light blue\nC) dark green\n",
            "What colour is the mug?\nA: red\nB: light blue\nC: dark green",
            "What colour is the mug?\n[A] red\n[B] light blue\n[C] dark green",
            "What colour is the mug?\n- A. red\n- B. light blue\n- C. dark green",
            "What colour is the mug?\n  A. red\n  B. light blue\n  C. dark green",
            "What colour is the mug?\nOptions:\nA. red\nB. light blue\nC. dark green",
            "What colour is the mug?\n\nOptions:\n\nA. red\n\nB. light blue\n\nC. dark green",
            "What colour is the mug?\nAnswer choices:\n(A) red\n(B) light blue\n(C) dark green",
            "What colour is the mug? (A) red (B) light blue (C) dark green",
            "What colour is the mug? (A) red, (B) light blue, (C) dark green",
            "What colour is the mug?\n(A) red; (B) light blue; (C) dark green\n" + _LETTER,
            "What colour is the mug? The options:\n(A) red. \n(B) light blue. \n(C) dark green. ",
            "What colour is the mug?\r\nA. red\r\nB. light blue\r\nC. dark green",
            "What colour is the mug?\nChoose one:\nA. red\nB. light blue\nC. dark green\nAnswer:",
        ],
    )
    def test_are_found(self, prompt: str) -> None:
        """Each on its line, or on one, without letters, labels and marks between them."""
        assert _parts(prompt) == (_QUESTION, _CHOICES)

    def test_may_have_several_lines(self) -> None:
        """Up to the next letter; the last one has one line, as a hint may follow it."""
        prompt = "What is written?\nA. one\ntwo\nB. three\nAnswer:"
        assert _parts(prompt) == ("What is written?", ("one\ntwo", "three"))

    def test_may_be_equal_or_empty(self) -> None:
        """Some datasets have such; they stay in their places."""
        assert _parts("Which?\nA. \nB. x\nC. x") == ("Which?", ("", "x", "x"))

    def test_are_at_most_26(self) -> None:
        """All letters, and no more lists than one."""
        letters = [chr(ord("A") + n) for n in range(26)]
        lines = "\n".join(f"{letter}. number {n}" for n, letter in enumerate(letters))
        assert _parts(f"Which?\n{lines}")[1] == tuple(f"number {n}" for n in range(26))
        _, choices = _parts(f"Which?\n{lines}\nA. more\nB. most")
        assert choices == ("more", "most")

    def test_the_last_list_counts(self) -> None:
        """The others are examples, which stay in the prompt."""
        example = "What is it?\nA. cat\nB. dog\nAnswer: A\n\n"
        assert _parts(f"{example}{_QUESTION}\nA. red\nB. blue") == (_QUESTION, ("red", "blue"))

    @pytest.mark.parametrize(
        "prompt",
        [
            "What is on sign A. Only that.",
            "A. Smith wrote it.\nWho?",
            "What is it?\n1. cat\n2. dog",
            "What is it?\na. cat\nb. dog",
            "What is it?\nA. cat\nC. dog",
            "What is it?\nA. cat\nB) dog",
            "What is it?\nB. cat\nC. dog",
            "A. cat\nB. dog",
            "\n\nA. cat\nB. dog\nWhich of them?",
        ],
    )
    def test_others_are_text(self, prompt: str) -> None:
        """One alone, in another style or order, or without a question before them."""
        assert _parts(prompt)[1] == ()


class TestWordsAround:
    """Instructions, labels and paragraphs: part of the protocol, not of the question."""

    @pytest.mark.parametrize(
        "before",
        [
            "Answer the following question with the letter of the right option.\n",
            "Answer with a single letter.\n\n",
            "You are looking at a photograph.\nIt is large.\n\n",
            "Question: ",
            "Hint: it is on the shelf.\nQuestion: ",
            "Q: ",
        ],
    )
    @pytest.mark.parametrize("lead_in", ["\n", "\nOptions:\n", "\nAnswer by letter:\n\nChoices:\n"])
    @pytest.mark.parametrize("after", ["", "\n", f"\n{_LETTER}", "\n\nAnswer:\n", "\n{a} {0} {"])
    def test_are_kept(self, before: str, lead_in: str, after: str) -> None:
        """Before the question, between it and the options, and after those."""
        prompt = f"{before}{_QUESTION}{lead_in}A. red\nB. blue{after}"
        assert _parts(prompt) == (_QUESTION, ("red", "blue"))

    def test_a_question_may_read_like_an_instruction(self) -> None:
        """If it is all there is before the options, it is what is asked."""
        assert _parts("Select the best option:\nA. x\nB. y")[0] == "Select the best option:"

    def test_a_question_may_have_several_lines(self) -> None:
        """In one paragraph, they belong together."""
        assert _parts("Look at the mug.\nWhat colour is it?\nA. x\nB. y")[0] == (
            "Look at the mug.\nWhat colour is it?"
        )

    @pytest.mark.parametrize(
        ("prompt", "text"),
        [
            (_QUESTION, _QUESTION),
            (f"{_QUESTION}\nAnswer the question using a single word or phrase.", _QUESTION),
            (f"Answer with yes or no.\n{_QUESTION}\n", _QUESTION),
            (f"Question: {_QUESTION}\nAnswer:", _QUESTION),
            ("Read this.\n\nThen that.", "Read this.\n\nThen that."),
            ("", ""),
            (" \n ", " \n "),
        ],
    )
    def test_without_options(self, prompt: str, text: str) -> None:
        """Instructions are not asked about either; paragraphs stay together."""
        assert _parts(prompt) == (text, ())


class TestHarnesses:
    """The prompts of harnesses."""

    @pytest.mark.parametrize("protocol", _our_protocols())
    @pytest.mark.parametrize("choices", [(), _CHOICES, ("Yes", "No"), ("{option}", "{", "}")])
    def test_our_protocols_are_read_back(
        self, protocol: PromptProtocol, choices: tuple[str, ...]
    ) -> None:
        """Under each protocol of each harness, for each dataset."""
        assert _parts(protocol.asked(_QUESTION, choices)) == (_QUESTION, choices)

    @pytest.mark.parametrize("template", [*MultipleChoiceTemplate])
    def test_inspects_multiple_choice(self, template: MultipleChoiceTemplate) -> None:
        """Its own function writes the prompt, with each of its templates."""
        prompt = inspect_prompt(_QUESTION, Choices([*_CHOICES]), template.value)
        assert _parts(prompt) == (_QUESTION, _CHOICES)

    def test_replies_are_read_tolerantly(self) -> None:
        """As harnesses do: a sentence that names the letter will do."""
        parsed = _parse(f"{_QUESTION}\nA. red\nB. blue")
        assert parsed.protocol.named("The answer is B.", parsed.choices) == 1


class TestHostile:
    """What nobody should send."""

    @pytest.mark.parametrize(
        "prompt",
        [
            "{" * 20_000,
            "{question}" * 2_000,
            "{question}\n{options}\nA. {option}\nB. {letter}\n",
            "{options}\n\nWhat?\nA. x\nB. {",
            "What?\nA. x\nB. y\n{question}",
            "What?\nA. x{options}\nB. y {options}",
            "{question\n\nWhat?\n}\nA. x\nB. y",
            " " * 20_000,
            "\n" * 20_000,
            "\n \t" * 6_000,
            "A. " * 6_000,
            "A. \n" * 5_000,
            "(A) (B) " * 2_500,
            "A. x\nB. y\n" * 2_000,
            "Which?\nA. " + " " * 9_000 + "\nB. " + " " * 9_000 + "\t",
            "Answer: letter\n" * 1_300,
            "Select " + "option " * 2_800,
            "Select " * 2_800 + "option:",
            "Question: " * 2_000,
            "Question:\n" * 2_000,
            "? The options: " * 1_300,
            "-" * 19_000 + "\nA. x\nB. y",
            "- " * 9_000 + "\nA. x\nB. y",
            "What?\nA. \ud800\nB. \x00",
            "x" * 2_000_000 + "\nA. x\nB. y",
        ],
        ids=range(25),
    )
    def test_stays_as_it_is(self, prompt: str) -> None:
        """In no time worth a word, even where patterns have much to try."""
        _parse(prompt)

    @pytest.mark.parametrize("prompt", [None, b"What?", ["What?"]])
    def test_is_text(self, prompt: Any) -> None:
        """Anything else is refused."""
        message = f"The prompt is a {type(prompt).__name__}; give a text."
        assert refused(QuestionError, parse_prompt, prompt) == message

    @given(st.text(alphabet="AB(). :,\n{}?letor", max_size=200))
    def test_any_text_stays_as_it_is(self, prompt: str) -> None:
        """Whatever is made of the characters that count."""
        _parse(prompt)

    @given(
        st.lists(
            st.sampled_from(
                ["A. ", "B. ", "(A) ", "(B) ", "C. ", "\n", "\n\n", " ", "{question}", "{options}",
                 "Options:", "Question: ", "Answer by letter.", "red", "blue", "What?", ", ", "."]
            ),
            max_size=30,
        ).map("".join)
    )  # fmt: skip
    def test_any_prompt_stays_as_it_is(self, prompt: str) -> None:
        """Whatever is made of the words that count."""
        _parse(prompt)

    @given(
        st.from_regex(r"[A-Za-z ]{1,30}\?", fullmatch=True),
        st.lists(
            st.from_regex(r"[a-z{}.][a-z{} ]{0,15}[a-z{}]", fullmatch=True), min_size=2, max_size=26
        ),
        st.sampled_from(["({letter}) {option}", "{letter}. {option}", "{letter}) {option}"]),
    )
    def test_any_choices_are_read_back(
        self, question: str, choices: list[str], option: str
    ) -> None:
        """Of plain words and braces, in each style."""
        asked = PromptProtocol(option=option).asked(question, choices)
        assert _parts(asked) == (question, tuple(choices))
