"""Reads the fields of a JSON object, each of one type, and says what is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from .errors import RequestError, invalid

T = TypeVar("T")
_NAMES = {str: "a text", bool: "true or false", list: "a list", dict: "an object"}


@attrs.frozen
class Fields:
    """The fields of *held*; null is as if a field was not there."""

    held: Mapping[str, Any] = attrs.field(repr=False)
    path: str = ""  # of the object, with a dot at its end

    def wrong(self, name: str, wanted: str) -> RequestError:
        """The error of a field that does not hold what is *wanted*."""
        param = f"{self.path}{name}"
        return invalid(f"{param} has to be {wanted}.", param, code="invalid_type")

    def _get(self, name: str, kind: type[T]) -> T | None:
        value = self.held.get(name)
        if value is not None and not isinstance(value, kind):
            raise self.wrong(name, _NAMES[kind])
        return value

    def text(self, name: str) -> str:
        """A text that has to be there."""
        if (found := self.optional_text(name)) is None:
            param = f"{self.path}{name}"
            raise invalid(f"{param} is missing.", param, code="missing_field")
        return found

    def optional_text(self, name: str) -> str | None:
        """A text, or none."""
        return self._get(name, str)

    def truth(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        found = self._get(name, bool)
        return default if found is None else found

    def inner(self, name: str) -> Fields:
        """An object within; an empty one, if there is none."""
        return Fields(self._get(name, dict) or {}, f"{self.path}{name}.")

    def check_names(self, known: Collection[str]) -> Fields:
        """These fields, if they have no others than the *known* ones."""
        for name in self.held:
            if name not in known:
                param, listed = f"{self.path}{name[:80]}", ", ".join(known)
                sentence = f"There is no {param}; {self.path.rstrip('.')} takes {listed}."
                raise invalid(sentence, param, code="unknown_field")
        return self

    def items(self, name: str) -> Sequence[Any]:
        """A list."""
        return self._get(name, list) or []

    def number(self, name: str, *, least: float) -> float | None:
        """A number from *least* up, or none."""
        found = self.held.get(name)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int | float) or not found >= least:
            raise self.wrong(name, f"a number from {least:g} up")
        return float(min(found, 1e9))

    def whole_number(self, name: str, *, least: int) -> int | None:
        """A whole number from *least* up, or none."""
        found = self.held.get(name)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int) or found < least:
            raise self.wrong(name, f"a whole number from {least} up")
        return min(found, 10**9)

    def texts(self, name: str, *, most: int) -> tuple[str, ...]:
        """A text, or a list of some."""
        found = self.held.get(name)
        listed = [found] if isinstance(found, str) else found or []
        if not isinstance(listed, list) or not all(isinstance(e, str) and e for e in listed):
            raise self.wrong(name, "a text, or a list of texts, none of them empty")
        if len(listed) > most:
            raise self.wrong(name, f"a list of at most {most} texts")
        return tuple(listed)
