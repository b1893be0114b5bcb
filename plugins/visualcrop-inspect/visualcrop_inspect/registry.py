"""What Inspect finds by the entry point; visualcrop itself is imported when a model is opened."""

from __future__ import annotations

from inspect_ai.model import ModelAPI, modelapi

from .solving import ask_choices
from .tasks import needles, questions, shapes

__all__ = ["ask_choices", "needles", "questions", "shapes", "visualcrop"]


@modelapi(name="visualcrop")
def visualcrop() -> type[ModelAPI]:
    """`visualcrop/MODEL` and `visualcrop/MODEL@SEARCHER`."""
    from .provider import VisualcropAPI

    return VisualcropAPI
