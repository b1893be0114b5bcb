"""What a prompt asks: its question, its lettered choices, and the words around them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

import attrs

from .errors import QuestionError
from .protocol import LETTERS, PromptProtocol
from .values import MOST_TEXT

_PLAIN = PromptProtocol("prompt", choosing="{question}\n{options}", extraction="tolerant")
_LONGEST_LINE = 400  # characters of a line that can be an instruction
# "A. red", "(A) red", "A) red", "A: red", "[A] red", with a bullet or without, each on its line
_OPTION_LINE = re.compile(
    r"^(?P<opening>[ \t]*(?:[-*] )?[(\[]?)(?P<letter>[A-Z])(?P<closing>[.):\]][ \t])", re.MULTILINE
)
_OPTION_INLINE = re.compile(r"(?P<opening>\()(?P<letter>[A-Z])(?P<closing>\)[ \t])")
_NEWLINE = re.compile(r"\r?\n")
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n")
_LABEL = re.compile(r"^(?:question|q)[ \t]*:[ \t]*", re.IGNORECASE | re.MULTILINE)
_CUE = re.compile(r"(?:your |short |final |the |best )*answer(?: is)?:", re.IGNORECASE)
_LEAD_IN = re.compile(
    r"(?:(?:here are )?(?:the |your )?(?:answer |possible |available )?"
    r"(?:options|choices|answers|alternatives)(?: are)?(?: listed)?(?: as follows| below)?"
    r"|(?:select|choose|pick) [^.?:]+:):?",
    re.IGNORECASE,
)
_INSTRUCTION = re.compile(
    r"(?:please )?(?:answer|select|choose|pick|respond|reply|give|provide|output|return|think)\b",
    re.IGNORECASE,
)
_ABOUT_THE_REPLY = re.compile(
    r"\b(?:letters?|options?|choices?|multiple[- ]choice|word|words|phrase|yes or no|step by step|"
    r"format|directly|briefly)\b",
    re.IGNORECASE,
)


@attrs.frozen
class ParsedPrompt:
    """A prompt in parts: `protocol.asked(text, choices)` is the prompt, to the letter."""

    text: str  # the question
    choices: tuple[str, ...]  # without their letters; none if no options were recognised
    protocol: PromptProtocol  # with the prompt's other words, such as instructions


def parse_prompt(prompt: str) -> ParsedPrompt:
    """
    Find the question and the lettered choices of a prompt, as harnesses and people write them.

    Options have capital letters from A on, each on its line: `A. red`, `(A) red`, `A) red` or
    `A: red`. On one line, they are written `(A) red (B) blue`. Of several lists, the last counts.
    Instructions before or after, labels such as `Options:`, and paragraphs before the question
    become part of the protocol. Where no options are recognised, there are no choices.

    Nothing is lost or changed: `protocol.asked(text, choices) == prompt`, whatever the prompt is.
    """
    if not isinstance(prompt, str):
        raise QuestionError(f"The prompt is a {type(prompt).__name__}; give a text.")
    parsed = None
    if len(prompt) <= MOST_TEXT:  # a longer one is no question
        parsed = _parse_choosing(prompt) or _parse_saying(prompt)
    if parsed is None or parsed.protocol.asked(parsed.text, parsed.choices) != prompt:
        return ParsedPrompt(prompt, (), _PLAIN)
    return parsed


def _parse_choosing(prompt: str) -> ParsedPrompt | None:
    """Parse a prompt with options; none if there are none, or no question before them."""
    options = _last_list(_OPTION_LINE, prompt) or _last_list(_OPTION_INLINE, prompt)
    if not options:
        return None
    before, question, lead_in = _split_question(prompt[: options[0].start()])
    if _is_template(before):  # what looks like a template's blank is left where nothing fills it
        before, question = "", before + question
    end = prompt.find("\n", options[-1].end())
    stop = len(prompt) if end < 0 else end
    choices, after_choice, between = _split_options(prompt[:stop], options)
    kept = choices[-1].rstrip()
    after = choices[-1][len(kept) :] + prompt[stop:]
    if not question.strip() or _is_template(lead_in) or _is_template(after):
        return None
    first = options[0]
    protocol = attrs.evolve(
        _PLAIN,
        choosing=f"{before}{{question}}{lead_in}{{options}}{after}",
        option=f"{first['opening']}{{letter}}{first['closing']}{{option}}{after_choice}",
        between=between,
    )
    return ParsedPrompt(question, (*choices[:-1], kept), protocol)


def _parse_saying(prompt: str) -> ParsedPrompt | None:
    """Parse a prompt without options; none if it is empty."""
    asked, after = _split_trailing_instructions(prompt)
    before, question = _split_leading_instructions(asked)
    if not question.strip() or _is_template(before) or _is_template(after):
        return None
    return ParsedPrompt(question, (), attrs.evolve(_PLAIN, saying=f"{before}{{question}}{after}"))


def _is_template(text: str) -> bool:
    """Whether *text* has what a protocol would fill."""
    return "{question}" in text or "{options}" in text


def _last_list(marker: re.Pattern[str], prompt: str) -> Sequence[re.Match[str]]:
    """The markers of the last list of options, A, B, C and so on, in one style; or none."""
    last: Sequence[re.Match[str]] = ()
    for options in _lists(marker, prompt):
        if len(options) > 1:
            last = options
    return last


def _lists(marker: re.Pattern[str], prompt: str) -> Iterator[Sequence[re.Match[str]]]:
    running: list[re.Match[str]] = []
    for match in marker.finditer(prompt):
        style = match.group("opening", "closing")
        follows = (
            0 < len(running) < len(LETTERS)
            and match["letter"] == LETTERS[len(running)]
            and style == running[0].group("opening", "closing")
        )
        if not follows:
            yield running
            running = []
        if follows or match["letter"] == LETTERS[0]:
            running.append(match)
    yield running


def _split_options(prompt: str, options: Sequence[re.Match[str]]) -> tuple[Sequence[str], str, str]:
    """The choices, what ends each option, and what stands between two."""
    ends = [*(after.start() for after in options[1:]), len(prompt)]
    raw = [prompt[option.end() : end] for option, end in zip(options, ends, strict=True)]
    *inner, last = raw
    between = _common_end([_separator(text) for text in inner])
    texts = [*(text[: len(text) - len(between)] for text in inner), last]
    after_choice = _common_end([text[len(text.rstrip(" \t")) :] for text in texts])
    if after_choice and all(text.endswith("." + after_choice) for text in texts):
        after_choice = "." + after_choice
    return [text[: len(text) - len(after_choice)] for text in texts], after_choice, between


def _separator(text: str) -> str:
    """What ends *text* before the next option: from its line's end on, or a comma and spaces."""
    spaces = text[len(text.rstrip()) :]
    if newline := _NEWLINE.search(spaces):
        return spaces[newline.start() :]
    mark = text.rstrip()[-1:]
    return mark + spaces if mark in {",", ";"} else spaces


def _common_end(texts: Sequence[str]) -> str:
    """The longest end that all *texts* share."""
    columns = zip(*(reversed(text) for text in texts), strict=False)
    shared = takewhile(lambda column: len({*column}) == 1, columns)
    return "".join(column[0] for column in shared)[::-1]


def _split_question(text: str) -> tuple[str, str, str]:
    """What stands before the question, the question, and what leads from it to the options."""
    asked, lead_in = _split_trailing_instructions(text)
    paragraph = max((blank.end() for blank in _PARAGRAPH_END.finditer(asked)), default=0)
    before, question = _split_leading_instructions(asked[paragraph:])
    return asked[:paragraph] + before, question, lead_in


def _split_leading_instructions(text: str) -> tuple[str, str]:
    """Instructions and a label such as `Question:`, and what is left: a line at least."""
    start = max((label.end() for label in _LABEL.finditer(text)), default=0)
    while (end := text.find("\n", start)) >= 0 and _is_instruction(text[start:end]):
        start = end + 1
    return text[:start], text[start:]


def _split_trailing_instructions(text: str) -> tuple[str, str]:
    """What is asked, a line at least, and the instructions and labels after it."""
    stop = len(text)
    while stop >= 0:
        start = text.rfind("\n", 0, stop) + 1
        if not _is_instruction(text[start:stop]):
            break
        stop = start - 1
    if stop < 0:  # all of it reads like instructions: the last one is what is asked
        stop = len(text.rstrip())
        return text[:stop], text[stop:]
    stop = _find_sentence_end(text, start, len(text[:stop].rstrip()))
    return text[:stop], text[stop:]


def _find_sentence_end(text: str, start: int, stop: int) -> int:
    """Where the line's question ends if "The choices are listed below:" stands behind it."""
    end = max((text.rfind(mark, start, stop) for mark in (". ", "? ", "! ")), default=-1)
    short = 0 <= stop - end < _LONGEST_LINE
    return end + 1 if end > start and short and _LEAD_IN.fullmatch(text, end + 2, stop) else stop


def _is_instruction(line: str) -> bool:
    """Whether a line is about how to reply, or leads to the options; a blank one is, too."""
    line = line.strip()
    if len(line) > _LONGEST_LINE or line.endswith("?"):
        return False
    if not line or _LEAD_IN.fullmatch(line) or _CUE.fullmatch(line):
        return True
    return bool(_INSTRUCTION.match(line) and _ABOUT_THE_REPLY.search(line))
