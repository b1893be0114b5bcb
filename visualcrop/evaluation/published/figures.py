"""Points of the paper's figures 3 and 4, as far as its tables have them."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from .tables import table

_UNVERIFIED = ("no ranking", "Steps-1 (without overrun)")  # one search under two names: see tests
_DEFAULT = ("focus", "Steps-8 (overrun)")


@attrs.frozen
class FigurePoint:
    """One setting of a method, as a figure shows it."""

    figure: int
    method: str
    model: str
    dataset: str
    setting: str
    x: float  # search passes in Figure 3, steps in Figure 4
    accuracy: float  # in percent
    recall: float | None = None  # in percent; in Figure 4 where Table 3 has it


def figure_points() -> list[FigurePoint]:
    """Of both figures. Figure 3 shows *a limited set* of these, and does not say which."""
    return [*_accuracy_over_passes(), *_accuracy_over_steps()]


def _accuracy_over_passes() -> Iterator[FigurePoint]:
    """Figure 3: all of Table 10."""
    for row in table(10).rows:
        where = row["method"], row["model"], row["dataset"], row["setting"]
        yield FigurePoint(3, *where, float(row["passes"]), float(row["accuracy"]))


def _accuracy_over_steps() -> Iterator[FigurePoint]:
    """Figure 4: FOCUS on V*Bench, accuracy from Table 10 and recall from Table 3."""
    recalls = {
        setting: float(table(3).row(variant=variant)["vstar_recall"])
        for variant, setting in (_UNVERIFIED, _DEFAULT)
    }
    for row in table(10).where(method="focus", dataset="vstar"):
        steps, recall = steps_of(row["setting"]), None
        if row["model"] == "llava-1.5":
            recall = recalls.get(row["setting"])
        where = row["method"], row["model"], row["dataset"], row["setting"]
        yield FigurePoint(4, *where, steps, float(row["accuracy"]), recall)


def steps_of(setting: str) -> int:
    """The number in a setting such as `Steps-8 (overrun)`."""
    return int(setting.removeprefix("Steps-").partition(" ")[0])
