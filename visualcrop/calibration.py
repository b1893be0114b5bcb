"""
What `visualcrop calibrate` learns from runs, and the file that holds it.

The file is read as data: its size is limited, and every field is checked.
"""

from __future__ import annotations

import json
import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import attrs

from .errors import FileError, ResultError, SpecError
from .output.strict_json import json_text
from .utils.fields import is_number
from .utils.paths import expand_path, read_limited

FORMAT, VERSION = "visualcrop-calibration", 1
_MOST_BYTES = 64 << 20  # a digest of each question is most of it
_MOST_ITEMS = 1_000_000
_LONGEST_TEXT = 10_000
_LARGEST = 1e12  # above any weight or count


def _in(low: float, high: float) -> Any:
    """A validator: a number from *low* to *high*."""

    def check(_: object, attribute: attrs.Attribute[Any], value: Any) -> None:
        if not (is_number(value) and low <= value <= high):
            raise ResultError(
                f"The {attribute.name} of a calibration is a number from {low:g} to {high:g}, not "
                f"{str(value)[:40]!r}; calibrate again."
            )

    return check


def _is_short(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """A validator: a text of bounded length."""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise ResultError(
            f"The {attribute.name} of a calibration is a short text, not a "
            f"{type(value).__name__}; calibrate again."
        )


def _texts(values: Any) -> tuple[str, ...]:
    listed = isinstance(values, list | tuple | frozenset) and len(values) <= _MOST_ITEMS
    if not listed or not all(isinstance(value, str) for value in values):
        raise ResultError("A part of the calibration is no list of texts; calibrate again.")
    return tuple(values)


def _text_set(values: Any) -> frozenset[str]:
    return frozenset(_texts(values))


def _weights(values: Any) -> dict[str, float]:
    is_table = isinstance(values, Mapping) and 0 < len(values) < 100
    if not is_table or not all(
        isinstance(name, str) and is_number(value) for name, value in values.items()
    ):
        raise ResultError("The weights of a calibration are no table of numbers; calibrate again.")
    return {name: float(value) for name, value in values.items()}


@attrs.frozen
class Logistic:
    """A logistic regression: the probability that searching, or its answer, is the better one."""

    bias: float = attrs.field(validator=_in(-_LARGEST, _LARGEST))
    weights: Mapping[str, float] = attrs.field(converter=_weights)  # by the name of a feature
    # least probability at which the search is run, or its answer believed; above 1: never
    threshold: float = attrs.field(validator=_in(0, 2))

    def probability(self, features: Mapping[str, float]) -> float:
        """The probability, from 0 to 1."""
        total = self.bias + sum(w * features[name] for name, w in self.weights.items())
        return 1 / (1 + math.exp(-max(-700.0, min(total, 700.0))))

    def passes(self, features: Mapping[str, float]) -> bool:
        """Whether the probability reaches the threshold."""
        return self.probability(features) >= self.threshold


@attrs.frozen
class Gate:
    """When to search, and after a search, which of the two answers to believe."""

    before: Logistic = attrs.field(validator=attrs.validators.instance_of(Logistic))
    after: Logistic = attrs.field(validator=attrs.validators.instance_of(Logistic))

    def __attrs_post_init__(self) -> None:
        for logistic, known in ((self.before, BEFORE), (self.after, AFTER)):
            if unknown := {*logistic.weights} - {*known}:
                raise ResultError(
                    f"A gate has weights for {min(unknown)!r}, which this version does not "
                    "know; calibrate again."
                )


@attrs.frozen
class Calibration:
    """What was learned from runs with one model under one protocol."""

    name: str = attrs.field(validator=_is_short)  # of the model, for people
    # the model's fingerprint, or its spec where there is none
    model: str = attrs.field(validator=_is_short)
    protocol: str = attrs.field(validator=_is_short)  # the protocol's digest
    # spec of the search whose answers were compared
    searcher: str = attrs.field(validator=_is_short)
    datasets: tuple[str, ...] = attrs.field(converter=_texts)  # specs
    # digests of the questions with their pictures: a measurement on them would flatter
    items: frozenset[str] = attrs.field(converter=_text_set)
    # questions on which the threshold was set
    n: int = attrs.field(validator=_in(0, _MOST_ITEMS))
    # bound of the share of questions whose right answer of the whole image a search spoils
    alpha: float = attrs.field(validator=_in(0, 1))
    gate: Gate | None = None
    # fields of `Densities`, for the verifier `adaptive`, which checks them
    densities: Mapping[str, Any] | None = None

    def check_model(self, path: str, model: str, protocol: str | None = None) -> None:
        """Refuse another model than that of the fingerprint or spec, or another protocol."""
        if model != self.model:
            raise SpecError(
                f"{path!r} was calibrated with the model {self.name!r}, and this is another; run "
                "visualcrop calibrate on runs of this one."
            )
        if protocol is not None and protocol != self.protocol:
            raise SpecError(
                f"{path!r} was calibrated under another protocol; run visualcrop calibrate on runs "
                "under this one."
            )

    def require_gate(self, path: str) -> Gate:
        """The gate; an error if the runs that were calibrated on had no two answers to compare."""
        if self.gate is None:
            raise SpecError(
                f"{path!r} has no gate; run visualcrop calibrate on runs with direct and searched "
                "answers."
            )
        return self.gate

    def write(self, path: str | Path) -> None:
        """Write the file, for `read_calibration`."""
        values = attrs.asdict(self, recurse=True)
        values["items"] = sorted(self.items)
        text = json_text({"format": FORMAT, "version": VERSION, **values}, indent=1)
        try:
            expand_path(path).write_text(text + "\n", "utf-8")
        except OSError as exc:
            raise FileError(
                f"{str(path)!r} cannot be written ({exc.strerror}); give another file."
            ) from exc


class Calibrated:
    """A strategy that may read a calibration: `evaluate` then refuses the questions in it."""

    __slots__ = ()

    @abstractmethod
    def calibration_file(self) -> str:
        """The path of its calibration; empty if it has none."""


# What the gate knows: of the whole image's answer, and then of the search as well.
BEFORE = ("direct-odds", "direct-margin", "direct-entropy", "two-choices")
AFTER = (
    *BEFORE,
    *("searched-odds", "searched-margin", "existence-odds", "area"),
    *("direct-odds-of-searched", "searched-odds-of-direct"),  # what each gives the other's answer
)


def read_calibration(path: str) -> Calibration:
    """The calibration in the file at *path*; an error of one sentence if it is none."""
    file = expand_path(path)
    try:
        found = file.stat()
        if found.st_size > _MOST_BYTES:
            raise FileError(
                f"{path!r} has {found.st_size:,} bytes, over the limit of {_MOST_BYTES:,} for a "
                "calibration; give a file of visualcrop calibrate."
            )
        return _read(file, found.st_mtime_ns, found.st_size)
    except OSError as exc:
        raise FileError(
            f"The calibration {path!r} cannot be read ({exc.strerror}); make one with visualcrop "
            "calibrate."
        ) from exc


@lru_cache(maxsize=4)
def _read(file: Path, changed: int, size: int) -> Calibration:
    del changed, size  # which are there so that another file of the same name is read
    try:
        content = read_limited(file, _MOST_BYTES, called="The calibration")
        values = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise ResultError(
            f"{str(file)!r} is no JSON file ({str(exc)[:80]}); make one with visualcrop calibrate."
        ) from None
    known = isinstance(values, dict) and values.pop("format", None) == FORMAT
    if not known or values.pop("version", None) != VERSION:
        raise ResultError(
            f"{str(file)!r} is no calibration of version {VERSION}; make one with visualcrop "
            "calibrate."
        )
    gate = values.get("gate")
    if gate is not None:
        values["gate"] = _structure(Gate, gate, before=_logistic, after=_logistic)
    densities = values.get("densities")
    if densities is not None and not isinstance(densities, dict):
        raise ResultError("The densities of a calibration are no table; calibrate again.")
    calibration: Calibration = _structure(Calibration, values)
    return calibration


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _logistic(values: object) -> Logistic:
    logistic: Logistic = _structure(Logistic, values)
    return logistic


def _structure(cls: type[Any], values: object, **convert: Callable[[object], object]) -> Any:
    """An instance of *cls* from a table with exactly its fields."""
    names = [field.name for field in attrs.fields(cls)]
    if not isinstance(values, Mapping) or {*values} != {*names}:
        raise ResultError(
            f"A calibration's {cls.__name__.lower()} is a table with {', '.join(names)}, and this "
            "is another; calibrate again."
        )
    return cls(**{name: convert.get(name, _same)(value) for name, value in values.items()})


def _same(value: object) -> object:
    return value
