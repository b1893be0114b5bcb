"""
A strategy and its options, as text: `focus(relevance=kk-norope(layers=[8, 14]), steps=4)`.

    spec   = name [ "(" [ option { "," option } ] ")" ]
    option = key "=" value
    value  = spec | number | text | true | false | none | list
    text   = a string of JSON, or of Python: "tea spoon", 'tea spoon'
    list   = "[" [ value { "," value } ] "]", or with "(" and ")" as Python writes a tuple

A name or bare word starts with a letter, `~`, `/`, `./` or `../`, or as `4k` does, and may hold
`- . / : ~ _` and digits, so paths and checkpoint names need no quotes. A bare word is a strategy
where the option wants one, else text. Numbers keep their type: `4` is not `4.0`. Python's `True`,
`False` and `None` are read as well, so a value can be pasted from code; specs are written in one
way.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Generic, NoReturn, TypeAlias, TypeVar

import attrs

from ..errors import SpecError, nearest
from ..strategy.base import Strategy

S = TypeVar("S")
Value: TypeAlias = "Spec | str | int | float | bool | tuple[Value, ...] | None"


@attrs.frozen
class Spec:
    """A strategy's name and those of its options that are given."""

    name: str
    options: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Spec:
        return SpecParser(text, cls).whole()

    @classmethod
    def of(cls, strategy: Strategy) -> Spec:
        """Everything about *strategy*, defaults included, as a spec that rebuilds it."""
        fields = attrs.fields(type(strategy))
        return cls(
            strategy.name, tuple((f.name, to_value(getattr(strategy, f.name))) for f in fields)
        )

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
        return f"{self.name}({', '.join(f'{k}={format_value(v)}' for k, v in self.options)})"


def read_value(text: str) -> Value:
    """Read one value in the grammar above."""
    value: Value = SpecParser(text, Spec).value_alone()
    return value


def format_value(value: Value) -> str:
    """One value in the grammar above."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(format_value, value))}]"
    if isinstance(value, Spec):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise SpecError(f"A spec cannot hold the number {value}; give a finite one.")
    try:
        return "none" if value is None else json.dumps(value)
    except ValueError:
        raise SpecError("A spec cannot hold a number of more than 4,300 digits.") from None
    except TypeError:  # a date of a TOML file
        raise SpecError(f"A spec cannot hold {str(value)!r}; give a text or a number.") from None


def to_value(value: object) -> Value:
    """A value of Python as one of a spec."""
    if isinstance(value, Strategy):
        return Spec.of(value)
    if isinstance(value, tuple | list):
        return tuple(to_value(item) for item in value)
    if value is None or isinstance(value, Spec | str | int | float | bool):
        return value
    return str(value)


DEEPEST = 32  # specs within specs, and lists within lists
LONGEST = 100_000  # characters of a spec
WORD = re.compile(r"(?:\d+[A-DF-Za-df-z]|[A-Za-z~/]|\.\.?/)[\w./:~-]*", re.ASCII)
_TOKEN = re.compile(
    rf"""\s*(?:(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w./:~-])
           |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
           |(?P<word>{WORD.pattern})
           |(?P<mark>[()\[\],=]))""",
    re.VERBOSE | re.ASCII,
)
# A literal whose escapes Python knows: octal ones end at 377, and other letters have none.
_PYTHON_TEXT = re.compile(r"""'(?:[^'\\]|\\(?![4-7][0-7][0-7])[\n\\'"abfnrtvxNuU0-7])*'""")
_WORDS = {"true": True, "false": False, "none": None, "True": True, "False": False, "None": None}
_BLANK = " \t\n\r\f\v"
_SHOWN = 60  # characters of a long spec on either side of the caret


class SpecParser(Generic[S]):
    """One descent through the text, a token ahead; *make* joins a name and its options."""

    def __init__(self, text: str, make: Callable[[str, tuple[tuple[str, Any], ...]], S]) -> None:
        if len(text) > LONGEST:
            raise SpecError(
                f"A spec has {LONGEST:,} characters at most, not {len(text):,}; give fewer options."
            )
        self.text, self.make, self.at, self.depth = text, make, 0, 0
        self._look()

    def whole(self) -> S:
        spec = self._spec()
        if self.kind or self.text[self.at :].strip(_BLANK):
            self._fail("the end")
        return spec

    def value_alone(self) -> Any:
        value = self._value()
        if self.kind or self.text[self.at :].strip(_BLANK):
            self._fail("the end")
        return value

    def _look(self) -> None:
        self.found = _TOKEN.match(self.text, self.at)
        self.kind = (self.found and self.found.lastgroup) or ""
        self.token = self.found[self.kind] if self.found else ""

    def _take(self, kind: str, wanted: str = "") -> str:
        if not self.found or self.kind != kind or (wanted and self.token != wanted):
            self._fail(f"{wanted!r}" if wanted else f"a {kind}")
        token, self.at = self.token, self.found.end() if self.found else self.at
        self._look()
        return token

    def _fail(self, wanted: str) -> NoReturn:
        gap = self.text[self.at :]
        place = self.at + len(gap) - len(gap.lstrip(_BLANK))
        start = max(0, place - _SHOWN)
        line = "".join(c if c.isprintable() else " " for c in self.text[start : place + _SHOWN])
        raise SpecError(f"Expected {wanted} here:\n  {line}\n  {' ' * (place - start)}^")

    def _spec(self) -> S:
        name = self._take("word")
        if (self.kind, self.token) != ("mark", "("):
            return self.make(name, ())
        options: dict[str, Any] = {}
        for _ in self._items("(", ")"):
            key = self.token
            if not key.isidentifier():
                self._fail("an option's name")
            if key in options:
                self._fail(f"another option (or an end), for {name!r} has {key!r} already,")
            self._take("word")
            self._take("mark", "=")
            options[key] = self._value()
        return self.make(name, tuple(options.items()))

    def _items(self, opening: str, closing: str) -> Iterator[None]:
        """Step through a comma-separated run; the caller reads each item."""
        self._take("mark", opening)
        self.depth += 1
        if self.depth > DEEPEST:
            self._fail(f"at most {DEEPEST} levels of brackets")
        while (self.kind, self.token) != ("mark", closing):
            yield
            if (self.kind, self.token) != ("mark", closing):
                self._take("mark", ",")
        self._take("mark", closing)
        self.depth -= 1

    def _value(self) -> Any:
        if self.kind == "number":
            return self._number()
        if self.kind == "text":
            return self._text()
        if (self.kind, self.token) == ("mark", "["):
            return tuple(self._value() for _ in self._items("[", "]"))
        if (self.kind, self.token) == ("mark", "("):
            return self._tuple()
        if self.kind == "word" and self.token in _WORDS:
            return _WORDS[self._take("word")]
        if self.kind != "word":
            self._fail("a value")
        return self._spec()

    def _tuple(self) -> Any:
        """As Python has it: `(8)` is 8 in brackets, `(8,)` a list of one."""
        start = self.at
        items = tuple(self._value() for _ in self._items("(", ")"))
        has_comma = self.text[start : self.at].rstrip(_BLANK)[:-1].rstrip(_BLANK).endswith(",")
        return items[0] if len(items) == 1 and not has_comma else items

    def _number(self) -> int | float:
        try:
            number = int(self.token) if re.fullmatch(r"[+-]?\d+", self.token) else float(self.token)
        except ValueError:
            number = math.inf
        if isinstance(number, float) and not math.isfinite(number):
            self._fail("a smaller number")
        self._take("number")
        return number

    def _text(self) -> str:
        is_json = self.token.startswith('"')
        try:
            text = str(json.loads(self.token) if is_json else _unquote(self.token))
        except ValueError:
            self._fail(f"text with {'JSON' if is_json else 'Python'}'s escapes")
        self._take("text")
        return text


def _unquote(token: str) -> str:
    """The text of a Python string literal; nothing is evaluated but its escapes."""
    if not _PYTHON_TEXT.fullmatch(token):  # an escape that Python reads, but with a warning
        raise ValueError(token)
    try:
        return str(ast.literal_eval(token))
    except SyntaxError as exc:
        raise ValueError(token) from exc
