"""The record of one question under one variant: a line of JSON in a shard."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NoReturn, TypeAlias, get_args

import attrs

from ..errors import EvaluationError
from ..output.strict_json import escape_unprintable

SCHEMA = 1
Status: TypeAlias = Literal["ok", "unparsed", "error", "skipped"]
_SUSPECT = re.compile(r"\\u[dD]|[eE]\+?\d{3}|\d{309}")  # in JSON; only then is it looked at twice
_MOST = 1e30  # more than anybody could have counted or measured


def _listed(values: Any) -> Any:
    """A list as a tuple; what is none is left to the validators."""
    return tuple(values) if isinstance(values, Iterable) and not isinstance(values, str) else values


def is_number(value: object) -> bool:
    """Whether it is one that may have been measured: finite, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST


def is_count(value: object) -> bool:
    """Whether it is a whole number from 0 up."""
    return isinstance(value, int) and is_number(value) and value >= 0


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
    """Whether it is a width and a height."""
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


def _be(what: str, fits: Callable[[Any], bool]) -> Any:
    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not fits(value):
            kind = type(value).__name__
            raise EvaluationError(f"The {attribute.name} of a record is {what}, not this {kind}.")

    return check


def _field(what: str, fits: Callable[[Any], bool], **options: Any) -> Any:
    return attrs.field(validator=_be(what, fits), **options)


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

    An *error* is no wrong answer, and an *unparsed* reply no guess: both are counted apart.
    """

    id: str = _text()
    variant: str = _text()
    status: Status = _field("ok, unparsed, error or skipped", lambda v: v in get_args(Status))
    score: float | None = _field(  # none if the reply cannot be scored
        "a number from 0 to 1 or none", _maybe(lambda v: is_number(v) and 0 <= v <= 1), default=None
    )
    text: str = _text("")
    choice: int | None = _field("a whole number or none", _maybe(is_count), default=None)
    answer: Any = None
    question: str = _text("")  # the sample's digest; none in runs that are older than it
    picture: str = _text("")  # its source's fingerprint, likewise
    study: str = _text("")  # the study's digest, likewise
    group: str = _text("")
    category: tuple[str, ...] = _field(
        "a list of texts", _is_listed(_is_text), default=(), converter=_listed
    )
    image: tuple[int, ...] = _field(
        "a width and a height", lambda v: not v or _is_size(v), default=(), converter=_listed
    )
    passes: Mapping[str, int] = _numbers(is_count)  # by stage
    counts: Mapping[str, int] = _numbers(is_count)  # passes under each convention
    work: Mapping[str, float] = _numbers()
    seconds: float = _field("a number", is_number, default=0.0)
    alone: bool = _field(  # whether work and seconds are its own: nothing was read for others, too
        "true or false", lambda v: isinstance(v, bool), default=False
    )
    exhausted: bool = _field("true or false", lambda v: isinstance(v, bool), default=False)
    evidence: tuple[Any, ...] = _field(
        "a list of tables", _is_listed(_is_table(lambda v: True)), default=(), converter=_listed
    )
    recall: Mapping[str, float] = _numbers()
    whole: Mapping[str, Any] = _field(  # how the model is shown all of the image
        "a table with a size and tokens", _is_whole, factory=dict
    )
    held: int | None = _field(  # most bytes that the process had held by then, model and all
        "a whole number or none", _maybe(is_count), default=None
    )
    ruling: str | None = _field(  # the judge's reply about the answer, if one was asked
        "text or none", _maybe(_is_text), default=None
    )
    error: str | None = _field("text or none", _maybe(_is_text), default=None)
    untargeted: bool = _field(  # the search found no target: the whole image was asked
        "true or false", lambda v: isinstance(v, bool), default=False
    )

    @property
    def key(self) -> tuple[str, str]:
        return self.variant, self.id

    def line(self) -> str:
        """Strict JSON, which `read` makes the record of again; refused if there is none."""
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
        """The record of a line."""
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
    """What JSON says; a ValueError if it is none, or names what no number or text can be."""
    decoded = text.decode() if isinstance(text, bytes) else text
    try:
        value = json.loads(decoded, parse_constant=_refused)
        if _SUSPECT.search(decoded):  # halves of letters, numbers beyond all floats
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
