"""Compares numbers of the engine with those of plain passes, within rounding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from .subject import Outcome, Subject

if TYPE_CHECKING:
    from torch import Tensor

Logits = Sequence[float]


@attrs.frozen
class Comparison:
    """Logits of replies against those of plain passes."""

    pairs: Sequence[tuple[Logits, Logits]]  # found and wanted, of each prompt
    tolerance: float  # a share of `scale`
    largest: float = 1.0  # logit of any token after these prompts

    @property
    def scale(self) -> float:
        """The largest logit of all, at least 1."""
        return max(self.largest, *(abs(logit) for _, wanted in self.pairs for logit in wanted))

    @property
    def difference(self) -> float:
        """The largest difference; infinite if something is not a number."""
        pairs = [(a, b) for found, wanted in self.pairs for a, b in zip(found, wanted, strict=True)]
        largest = max((abs(a - b) for a, b in pairs), default=0.0)
        return largest if all(a - a == 0 for a, _ in pairs) else float("inf")

    @property
    def decisions(self) -> tuple[int, int]:
        """How many decisions are equal, of how many: the best reply, and the first two."""
        kinds = [slice(None), slice(2)]
        equal = [
            _best(found[kind]) == _best(wanted[kind])
            for found, wanted in self.pairs
            for kind in kinds
        ]
        return sum(equal), len(equal)

    @property
    def figures(self) -> dict[str, Any]:
        """Plain values for the report."""
        equal, decisions = self.decisions
        return {
            "largest_difference": self.difference,
            "scale": self.scale,
            "tolerance": self.tolerance,
            "decisions": decisions,
            "equal_decisions": equal,
        }

    def outcome(self, subject: Subject, fix: str) -> Outcome:
        """Ok where logits equal plain passes within rounding; else a failure, with its *fix*."""
        equal, decisions = self.decisions
        within = f"logits up to {self.scale:.3g} differ by {self.difference:.2g}"
        if self.difference > self.tolerance * self.scale:
            found = (
                f"{decisions - equal} of {decisions} decisions differ from "
                f"{subject.compared_with}; {within}, more than rounding"
            )
            return Outcome("fail", found, fix, self.figures)
        ties = "" if equal == decisions else " (the others are ties)"
        found = f"{equal} of {decisions} decisions{ties} as in {subject.compared_with}; {within}"
        return Outcome("ok", found, figures=self.figures)


def relative_difference(found: Tensor, wanted: Tensor) -> float:
    """Norm of the difference as a share of the norm; infinite where shapes or numbers are wrong."""
    if found.shape != wanted.shape:
        return float("inf")
    wanted = wanted.float()
    difference = (found.float().to(wanted.device) - wanted).norm() / wanted.norm().clamp_min(1e-12)
    return float(difference) if bool(difference.isfinite()) else float("inf")


def worst(differences: Iterable[tuple[int, float]]) -> tuple[int, float]:
    """The layer with the largest difference, and that difference."""
    return max(differences, key=lambda pair: pair[1])


def _best(logits: Logits) -> int:
    return max(range(len(logits)), key=logits.__getitem__)
