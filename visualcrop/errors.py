"""
What can go wrong, as one tree.

VisualcropError
├── SpecError                  a spec or an option cannot be read or used
│   ├── UnknownStrategyError   no plug-in offers a strategy of that name
│   └── DuplicateStrategyError two plug-ins offer one name
├── PluginError                a plug-in does not load, or does not keep to its interface
├── ImageError                 not an image that can be used
├── ModelError                 a model that cannot be loaded or asked
├── QuestionError              a question that cannot be asked
├── DatasetError               a dataset, or a row of it, that cannot be used
├── EvaluationError            a study that cannot be run, or runs that cannot be compared
├── GeometryError              a box or grid that is empty or inside out
├── ResultError                an invalid finding, proposal or answer
├── FileError                  a file that cannot be read or written
└── BudgetExceededError        the next pass would exceed the budget
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class VisualcropError(Exception):
    """Base of everything that visualcrop raises on purpose."""


class SpecError(VisualcropError):
    """A spec or an option cannot be read or used."""


class UnknownStrategyError(SpecError):
    """No plug-in offers a strategy of that name."""


class DuplicateStrategyError(SpecError):
    """Two plug-ins offer one name."""


class PluginError(VisualcropError):
    """A plug-in does not load, or does not keep to its interface."""


class ImageError(VisualcropError):
    """Not an image that can be used."""


class ModelError(VisualcropError):
    """A model that cannot be loaded or asked."""


class QuestionError(VisualcropError):
    """A question that cannot be asked."""


class DatasetError(VisualcropError):
    """A dataset, or a row of it, that cannot be used."""


class EvaluationError(VisualcropError):
    """A study that cannot be run, or runs that cannot be compared."""


class GeometryError(VisualcropError, ValueError):
    """A box or grid that is empty or inside out."""


class ResultError(VisualcropError, ValueError):
    """A finding, a proposal or an answer that is invalid."""


class FileError(VisualcropError):
    """A file that cannot be read or written."""


class BudgetExceededError(VisualcropError):
    """The next pass would exceed the budget."""


def nearest(wrong: str, known: Iterable[str], *, called: str) -> str:
    """End a message with the nearest known word, and with all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(wrong, names, n=1)
    listed = f"{called}: {', '.join(names) or 'none'}"
    return f"did you mean {close[0]!r}? ({listed})" if close else listed
