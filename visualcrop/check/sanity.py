"""A question that anybody could answer: a drawn red circle on white."""

from __future__ import annotations

from .report import State
from .subject import CIRCLE, Outcome, Subject, about
from .tokens import other_form

_SQUARE = "Is there a square in the image? Answer Yes or No."
_COLOUR = (
    "What colour is the circle in the image?\n(A) red\n(B) blue\nAnswer with the option's letter."
)
_FIX = (
    "untrained weights cannot know; of a trained model, look at the template under files, and at "
    "dtype and bits"
)


def check_sanity(subject: Subject) -> Outcome:
    """Three questions about a red circle, of which a trained model knows the answers."""
    image, model = subject.first, subject.model
    yes, no = model.choose([about(image, CIRCLE), about(image, _SQUARE)], ("Yes", "No"))
    (letter,) = model.choose([about(image, _COLOUR)], ("A", "B"))
    replies = {
        "circle": ("Yes", "No")[yes.best],
        "square": ("Yes", "No")[no.best],
        "colour": ("red", "blue")[letter.best],
    }
    figures = {
        "replies": replies,
        "logits": {"circle": yes.logits, "square": no.logits, "colour": letter.logits},
    }
    shown = (
        f"a red circle was drawn; the model sees a circle: {replies['circle']}; a square: "
        f"{replies['square']}; the colour is {replies['colour']}"
    )
    other = other_form(subject, about(image, CIRCLE))
    if other:
        found = f"{shown}; but the reply begins with {other!r}"
        fix = "report it with this report: another form of Yes and No is read than the model writes"
        return Outcome("note", found, fix, figures)
    right = replies == {"circle": "Yes", "square": "No", "colour": "red"}
    state: State = "ok" if right else "note"
    return Outcome(state, shown, "" if right else _FIX, figures)
