"""A chat as a question: the last picture is searched, what came before it is context."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias, get_args

import attrs

from .errors import QuestionError
from .image import Image
from .prompt_parsing import parse_prompt
from .values import Question, View

Role: TypeAlias = Literal["system", "user", "assistant"]
TurnPart: TypeAlias = str | Image
_ROLES = get_args(Role)
_SPEAKERS = {"user": "User: ", "assistant": "Assistant: "}


def _role(turn: Turn, field: attrs.Attribute[Any], role: object) -> None:
    if role not in _ROLES:
        raise QuestionError(f"A turn has the role {role!r}; give one of: {', '.join(_ROLES)}.")


def _parts(held: Iterable[TurnPart]) -> tuple[TurnPart, ...]:
    """The parts, with texts that follow each other joined, a line each."""
    if isinstance(held, str | bytes) or not isinstance(held, Iterable):
        raise QuestionError(f"The parts of a turn are {held!r}; give a list of texts and images.")
    listed = [*held]
    for part in listed:
        if not isinstance(part, str | Image):
            raise QuestionError(
                f"A part of a turn is {part!r}; give a text, or a picture as Image.open(...)."
            )
    joined: list[TurnPart] = []
    for part in listed:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += "\n" + part
        elif not isinstance(part, str) or part.strip():
            joined.append(part)
    return tuple(joined)


@attrs.frozen
class Turn:
    """What one side of a chat says: texts and pictures in their order."""

    role: Role = attrs.field(validator=_role)
    parts: tuple[TurnPart, ...] = attrs.field(converter=_parts)


def read_conversation(turns: Sequence[Turn]) -> Question:
    """
    Read a chat as a question about its last picture.

    The last picture of the user's turns is searched, and the user's last text is the question, with
    the choices that `parse_prompt` finds in it. Everything else goes to the question's context, in
    its order: system texts, other pictures, earlier turns, which are marked `User:` and
    `Assistant:`. The last turn must be the user's.
    """
    for turn in turns:
        if not isinstance(turn, Turn):
            raise QuestionError(
                f"A turn of the conversation is a {type(turn).__name__}; give a Turn, as in "
                'Turn("user", [image, "What colour is it?"]).'
            )
    if not turns or turns[-1].role != "user":
        whose = f"the {turns[-1].role}'s" if turns else "nobody's"
        raise QuestionError(
            f"The last turn of the conversation is {whose}; end it with a turn of the user, which "
            "asks the question."
        )
    spoken = [(turn, part) for turn in turns for part in turn.parts]
    of_user = [(n, part) for n, (turn, part) in enumerate(spoken) if turn.role == "user"]
    pictures = [(n, part) for n, part in of_user if isinstance(part, Image)]
    texts = [(n, part) for n, part in of_user if isinstance(part, str)]
    if not pictures:
        raise QuestionError(
            "The conversation has no picture; put the one to search into a turn of the user."
        )
    if not texts:
        raise QuestionError(
            "The conversation has no question; write one into a turn of the user, after the "
            "picture."
        )
    (at_picture, searched), (at_text, asked) = pictures[-1], texts[-1]
    parsed = parse_prompt(asked)
    earlier = len(spoken) - len(turns[-1].parts)
    context = [
        _context_part(part, speaker=_SPEAKERS.get(turn.role, "") if n < earlier else "")
        for n, (turn, part) in enumerate(spoken)
        if n not in {at_picture, at_text}
    ]
    return Question(parsed.text, searched, parsed.choices, parsed.protocol, context=context)


def _context_part(part: TurnPart, speaker: str) -> str | View:
    return View.whole(part) if isinstance(part, Image) else speaker + part
