"""The record of one question under one variant: a line of JSON in a shard."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NoReturn, TypeAlias, get_args

import attrs

from ..errors import EvaluationError
from ..output.strict_json import escape_unprintable
from ..utils.fields import is_number
from ..values import DECISIONS

SCHEMA = 1
Status: TypeAlias = Literal["ok", "unparsed", "error", "skipped"]
# Surrogates, and numbers beyond all floats: only JSON with either is checked again.
_SUSPECT = re.compile(r"\\u[dD]|[eE]\+?\d{3}|\d{309}")
_MOST_GAIN = 2.0  # from surely right to surely wrong


def _to_tuple(values: Any) -> Any:
    """Convert a list to a tuple; other types are left for the validators to refuse."""
    return tuple(values) if isinstance(values, Iterable) and not isinstance(values, str) else values


def is_count(value: object) -> bool:
    """Whether *value* is an integer of at least 0."""
    return isinstance(value, int) and is_number(value) and value >= 0


def _is_share(value: object) -> bool:
    """Whether *value* is a number from 0 to 1."""
    return isinstance(value, int | float) and is_number(value) and 0 <= value <= 1


def _is_table(of: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, Mapping)
        and all(isinstance(key, str) and of(each) for key, each in value.items())
    )


def _is_listed(of: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, tuple) and all(map(of, value))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_size(value: object) -> bool:
    """Whether *value* is a width and a height."""
    sides = value if isinstance(value, list | tuple) else ()
    return len(sides) == 2 and all(is_count(side) and side > 0 for side in sides)


def _is_whole(value: object) -> bool:
    return isinstance(value, Mapping) and (
        not value
        or (
            _is_size(value.get("size"))
            and is_number(value.get("tokens"))
            and is_number(value.get("target", 0))
        )
    )


def _is_audit(value: object) -> bool:
    if not isinstance(value, Mapping) or {*value} != {"gain", "rests", "boxes", "reason"}:
        return False
    gain, boxes = value["gain"], value["boxes"]
    return (
        (gain is None or (is_number(gain) and abs(gain) <= _MOST_GAIN))
        and (value["rests"] is None or isinstance(value["rests"], bool))
        and isinstance(value["reason"], str)
        and isinstance(boxes, list | tuple)
        and all(
            isinstance(box, list) and len(box) == 4 and all(map(is_number, box)) for box in boxes
        )
    )


def _make_validator(what: str, fits: Callable[[Any], bool]) -> Any:
    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not fits(value):
            kind = type(value).__name__
            raise EvaluationError(f"The {attribute.name} of a record is {what}, not this {kind}.")

    return check


def _field(what: str, fits: Callable[[Any], bool], **options: Any) -> Any:
    return attrs.field(validator=_make_validator(what, fits), **options)


def _maybe(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


def _text(default: Any = attrs.NOTHING) -> Any:
    return _field("text", _is_text, default=default)


def _numbers(of: Callable[[object], bool] = is_number) -> Any:
    return _field("a table of numbers", _is_table(of), factory=dict)


@attrs.frozen
class Record:
    """
    One question under one variant, in plain values.

    Status *error* is not a wrong answer, nor *unparsed* a guess: each is counted on its own.
    """

    id: str = _text()
    variant: str = _text()
    status: Status = _field("ok, unparsed, error or skipped", lambda v: v in get_args(Status))
    score: float | None = _field(  # none if the reply cannot be scored
        "a number from 0 to 1 or none", _maybe(_is_share), default=None
    )
    text: str = _text("")
    choice: int | None = _field("a whole number or none", _maybe(is_count), default=None)
    answer: Any = None
    question: str = _text("")  # the sample's digest; none in runs that are older than it
    picture: str = _text("")  # its source's fingerprint, likewise
    study: str = _text("")  # the study's digest, likewise
    group: str = _text("")
    category: tuple[str, ...] = _field(
        "a list of texts", _is_listed(_is_text), default=(), converter=_to_tuple
    )
    image: tuple[int, ...] = _field(
        "a width and a height", lambda v: not v or _is_size(v), default=(), converter=_to_tuple
    )
    passes: Mapping[str, int] = _numbers(is_count)  # by stage
    counts: Mapping[str, int] = _numbers(is_count)  # passes under each convention
    work: Mapping[str, float] = _numbers()
    macs: Mapping[str, float] = _numbers()  # by stage; none in runs that are older than it
    seconds: float = _field("a number", is_number, default=0.0)
    alone: bool = _field(  # whether work and seconds include nothing done for other questions
        "true or false", lambda v: isinstance(v, bool), default=False
    )
    exhausted: bool = _field("true or false", lambda v: isinstance(v, bool), default=False)
    evidence: tuple[Any, ...] = _field(
        "a list of tables", _is_listed(_is_table(lambda v: True)), default=(), converter=_to_tuple
    )
    recall: Mapping[str, float] = _numbers()
    whole: Mapping[str, Any] = _field(  # encoded size of the whole image: size in pixels, tokens
        "a table with a size and tokens", _is_whole, factory=dict
    )
    held: int | None = _field(  # peak resident bytes of the process so far, with the model
        "a whole number or none", _maybe(is_count), default=None
    )
    ruling: str | None = _field(  # the judge's reply about the answer, if one was asked
        "text or none", _maybe(_is_text), default=None
    )
    error: str | None = _field("text or none", _maybe(_is_text), default=None)
    untargeted: bool = _field(  # the search found no target: the whole image was asked
        "true or false", lambda v: isinstance(v, bool), default=False
    )
    decision: str = _field(  # a gate's, between the whole image's answer and a search's
        "text", lambda v: v in DECISIONS, default=""
    )
    probabilities: tuple[float, ...] = _field(  # of each choice; none in runs older than it
        "a list of numbers from 0 to 1",
        _is_listed(_is_share),
        default=(),
        converter=_to_tuple,
    )
    confidence: float | None = _field(  # the probability of the choice
        "a number from 0 to 1 or none", _maybe(_is_share), default=None
    )

    abstained: bool = _field(  # the answer says that it cannot tell, and counts as not right
        "true or false", lambda v: isinstance(v, bool), default=False
    )
    audit: Mapping[str, Any] | None = _field(  # what the answer loses without what was found
        "a table with a gain, rests, boxes and a reason, or none", _maybe(_is_audit), default=None
    )

    @property
    def key(self) -> tuple[str, str]:
        return self.variant, self.id

    def line(self) -> str:
        """The record as one line of strict JSON, for `read`; raises if a value has no JSON."""
        values = {"schema": SCHEMA}
        try:
            values |= attrs.asdict(self)
            line = json.dumps(values, ensure_ascii=False, allow_nan=False)
            line.encode()
        except (TypeError, ValueError, RecursionError) as exc:
            reason = str(exc).partition("\n")[0].rstrip(".")
            raise EvaluationError(f"A record cannot be written as JSON: {reason}.") from exc
        return escape_unprintable(line)

    @classmethod
    def read(cls, line: str | bytes) -> Record:
        """Parse a line that `line` wrote."""
        try:
            values = strict_json(line)
            schema = values.pop("schema")
            if schema == SCHEMA:
                return cls(**values)
        except (ValueError, AttributeError, KeyError, TypeError) as exc:
            raise EvaluationError("A line of the run is no record.") from exc
        raise EvaluationError(
            f"The run was written in format {str(schema)[:20]!r}; this visualcrop reads format "
            f"{SCHEMA}."
        )


def strict_json(text: str | bytes) -> Any:
    """Parse JSON; ValueError for NaN, infinity, huge numbers, lone surrogates or deep nesting."""
    decoded = text.decode() if isinstance(text, bytes) else text
    try:
        value = json.loads(decoded, parse_constant=_refuse_constant)
        if _SUSPECT.search(decoded):  # halves of letters, numbers beyond all floats
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
