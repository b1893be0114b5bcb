"""What FOCUS's passes in Table 10 are made of; `docs/explanation/protocols.md` argues it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from .tables import table

_UNCHECKED, _TWO = "Steps-1 (without overrun)", "Steps-2 (without overrun)"
_MORE_ANCHORS = {"llava-1.5": 4}  # from so many steps on, k is 30 and not 15 (Table 7)


@attrs.frozen
class PassAccounting:
    """Means of a question, for one model on one dataset."""

    model: str
    passes: Mapping[str, float]  # as printed, by setting

    @classmethod
    def read(cls, model: str, dataset: str) -> PassAccounting:
        """From Table 10."""
        rows = table(10).where(method="focus", model=model, dataset=dataset)
        return cls(model, {row["setting"]: float(row["passes"]) for row in rows})

    @property
    def one_step(self) -> float:
        """Passes of one step without overrun, which checks no box of a type-1 target."""
        return self.passes[_UNCHECKED]

    @property
    def targets(self) -> float:
        """
        Type-1 targets, each with one map, and one box checked at each step.

        Without overrun, two steps differ from one by two checks for each of them, and nothing else.
        """
        return (self.passes[_TWO] - self.one_step) / 2

    @property
    def type_2(self) -> float:
        """Maps and checks of type-2 targets: what one step without overrun has beside type 1."""
        return self.one_step - self.targets

    def overrun(self, steps: int) -> tuple[float, float]:
        """
        Passes beyond the first *steps* boxes: at least, and at most.

        At most, if checks of type 2 are as many as at one step; at least, if they double with k.
        """
        most = self.passes[f"Steps-{steps} (overrun)"] - self.one_step - steps * self.targets
        doubles = steps >= _MORE_ANCHORS.get(self.model, steps + 1)
        return most - (self.type_2 if doubles else 0), most
