"""Figures that the paper states in its text, beside its tables."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources

import attrs


@attrs.frozen
class StatedFigure:
    """A figure, and the section of the paper that states it."""

    value: float
    place: str


@cache
def stated_figures() -> Mapping[str, StatedFigure]:
    """All of them by name, in the order of `stated.csv`."""
    text = resources.files(__package__).joinpath("stated.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["figure"]: StatedFigure(float(row["value"]), row["place"]) for row in rows}


def stated(figure: str) -> float:
    """The value that the paper states."""
    return stated_figures()[figure].value
