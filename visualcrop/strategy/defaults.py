"""Values that suit a model or a dataset, and how `explain` accounts for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import attrs


@attrs.frozen
class ConditionalDefault:
    """
    A setting with an exception: `ConditionalDefault(30, but=15, below=("steps", 4))`.

    Args:
        value: What suits in general.
        but: What suits in the exception.
        below: An option of the searcher, and a number: the exception holds below it.
        on: Names of datasets on which the exception holds.
    """

    value: object
    but: object = attrs.field(kw_only=True)
    below: tuple[str, float] | None = attrs.field(default=None, kw_only=True)
    on: tuple[str, ...] = attrs.field(default=(), kw_only=True)

    def where(self, option: Callable[[str], object], dataset: str = "") -> object:
        """The value that suits, where *option* tells how the searcher's options are set."""
        return self.but if dataset in self.on or self._is_below(option) else self.value

    def __str__(self) -> str:
        low = [f"where {self.below[0]} < {self.below[1]:g}"] if self.below else []
        cases = low + ([f"on {', '.join(self.on)}"] if self.on else [])
        return f"{self.but} {' or '.join(cases)}, {self.value} otherwise"

    def _is_below(self, option: Callable[[str], object]) -> bool:
        if self.below is None:
            return False
        path, limit = self.below
        chosen = option(path)
        return isinstance(chosen, int | float) and chosen < limit


@attrs.frozen
class DatasetDefault:
    """
    An option's own default, where it depends on what is searched.

    Args:
        value: What suits in general.
        on: What suits instead, by the dataset's name.
    """

    value: object
    on: Mapping[str, object]

    def where(self, option: Callable[[str], object], dataset: str = "") -> object:
        """The value that suits the *dataset*, whatever the searcher's options."""
        return self.on.get(dataset, self.value)

    def __str__(self) -> str:
        return "differs by dataset"


@attrs.frozen
class OwnDefault:
    """
    A setting that departs from the paper: `OwnDefault("text-boxes", paper="interleaved")`.

    Args:
        value: What suits.
        paper: What the paper has for models of the kind.
    """

    value: object
    paper: object = attrs.field(kw_only=True)

    def where(self, option: Callable[[str], object], dataset: str = "") -> object:
        """The value."""
        return self.value

    def __str__(self) -> str:
        return f"ours (paper: {self.paper})"


Default: TypeAlias = ConditionalDefault | DatasetDefault | OwnDefault
