"""
A strategy and its options, as text: `focus(relevance=kk-norope(layers=[8, 14]), steps=4)`.

    spec   = name [ "(" [ option { "," option } ] ")" ]
    option = key "=" value
    value  = spec | number | "text" | true | false | none | "[" [ value { "," value } ] "]"

A name or bare word starts with a letter, `~` or `/`, or as `4k` does, and may hold `- . / : ~ _`
and digits, so paths and checkpoint names need no quotes. A bare word is a strategy where the
option wants one, else text. Numbers keep their type: `4` is not `4.0`.
"""

from __future__ import annotations

import json
import math
from typing import TypeAlias

import attrs

from .errors import SpecError, nearest
from .spec_text import Reader
from .strategy import Strategy

Value: TypeAlias = "Spec | str | int | float | bool | tuple[Value, ...] | None"


@attrs.frozen
class Spec:
    """A strategy's name and those of its options that are given."""

    name: str
    options: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Spec:
        return Reader(text, cls).whole()

    @classmethod
    def of(cls, strategy: Strategy) -> Spec:
        """Everything about *strategy*, defaults included, as a spec that rebuilds it."""
        fields = attrs.fields(type(strategy))
        return cls(strategy.name, tuple((f.name, plain(getattr(strategy, f.name))) for f in fields))

    def get(self, key: str) -> Value:
        """One option's value; none if it is not given."""
        return dict(self.options).get(key)

    def with_option(self, path: str, value: Value) -> Spec:
        """Copy with one option set; *path* may be dotted: `relevance.layers`."""
        key, _, rest = path.partition(".")
        options = dict(self.options)
        if rest:
            inner = options.get(key)
            if key not in options:
                known = nearest(key, options, called="options")
                raise SpecError(
                    f"Cannot set {path!r}: {self.name!r} has no option {key!r}; {known}."
                )
            if not isinstance(inner, Spec):
                raise SpecError(f"Cannot set {path!r}: {key!r} of {self.name!r} is not a strategy.")
            value = inner.with_option(rest, value)
        options[key] = value
        return Spec(self.name, tuple(options.items()))

    def __str__(self) -> str:
        if not self.options:
            return self.name
        return f"{self.name}({', '.join(f'{k}={written(v)}' for k, v in self.options)})"


def read_value(text: str) -> Value:
    """Read one value in the grammar above."""
    value: Value = Reader(text, Spec).value_alone()
    return value


def written(value: Value) -> str:
    """One value in the grammar above."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, Spec):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise SpecError(f"A spec cannot hold the number {value}; give a finite one.")
    try:
        return "none" if value is None else json.dumps(value)
    except ValueError:
        raise SpecError("A spec cannot hold a number of more than 4,300 digits.") from None


def plain(value: object) -> Value:
    """A value of Python as one of a spec."""
    if isinstance(value, Strategy):
        return Spec.of(value)
    if isinstance(value, tuple | list):
        return tuple(plain(item) for item in value)
    if value is None or isinstance(value, Spec | str | int | float | bool):
        return value
    return str(value)
