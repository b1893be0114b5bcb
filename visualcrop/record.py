"""What became of one question: one line of a run's file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import attrs

from .errors import EvaluationError

SCHEMA = 1
Status: TypeAlias = Literal["ok", "unparsed", "error", "skipped"]


def _listed(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(values)


@attrs.frozen
class Record:
    """
    One question under one variant, in plain values.

    An *error* is no wrong answer, and an *unparsed* reply no guess: both are counted apart.
    """

    id: str
    variant: str
    status: Status
    score: float | None = None  # from 0 to 1; none if it cannot be told
    text: str = ""
    choice: int | None = None
    answer: Any = None
    question: str = ""  # the sample's digest; none in runs that are older than it
    group: str = ""
    category: tuple[str, ...] = attrs.field(default=(), converter=_listed)
    image: tuple[int, ...] = attrs.field(default=(), converter=_listed)  # width and height
    passes: Mapping[str, int] = attrs.field(factory=dict)  # by stage
    counts: Mapping[str, int] = attrs.field(factory=dict)  # passes under each convention
    work: Mapping[str, float] = attrs.field(factory=dict)
    seconds: float = 0.0
    exhausted: bool = False
    evidence: tuple[Any, ...] = attrs.field(default=(), converter=_listed)
    recall: Mapping[str, float] = attrs.field(factory=dict)
    whole: Mapping[str, Any] = attrs.field(factory=dict)  # how the model is shown all of the image
    held: int | None = None  # most bytes that the process had held by then, model and all
    ruling: str | None = None  # what a judge said of the answer, if one was asked
    error: str | None = None
    untargeted: bool = False  # the search found no target: the whole image was asked

    @property
    def key(self) -> tuple[str, str]:
        return self.variant, self.id

    def line(self) -> str:
        return json.dumps({"schema": SCHEMA, **attrs.asdict(self)}, ensure_ascii=False)

    @classmethod
    def read(cls, line: str | bytes) -> Record:
        """The record of a line."""
        try:
            told = json.loads(line)
            schema = told.pop("schema")
        except (ValueError, AttributeError, KeyError, TypeError) as exc:
            raise EvaluationError("A line of the run is no record.") from exc
        if schema != SCHEMA:
            raise EvaluationError(
                f"The run was written in format {schema}; this visualcrop reads format {SCHEMA}."
            )
        return cls(**told)
