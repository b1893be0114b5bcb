"""Ask box by box until one is accepted or the others hardly matter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain, repeat
from typing import TYPE_CHECKING

import attrs

from ..budget import BudgetedModel
from ..calibration import Calibrated, read_calibration
from ..errors import SpecError
from ..interfaces import SequentialVerifier, Verifier
from ..strategy.base import at_least, between, option
from ..values import Target, View
from .existence import Existence

if TYPE_CHECKING:
    from .densities import Densities


@attrs.frozen
class Adaptive(SequentialVerifier, Calibrated):
    """Ask in small batches, until a box is accepted or the others hardly matter."""

    name = "adaptive"

    verification: Verifier = option(Existence(), help="what is asked about each box")
    densities: str = option(
        "", help="file of visualcrop calibrate; without, a box is accepted by its confidence alone"
    )
    alpha: float = option(
        0.02,
        help="most often that a box is accepted of a thing that is not there",
        validator=between(1e-6, 1),
    )
    beta: float = option(
        0.01,
        help="most often that the boxes with the thing are left out",
        validator=between(0, 1),
    )
    accept: float = option(
        0.9,
        help="without densities, confidence at which a box is accepted",
        validator=between(-1, 1),
    )
    batches: tuple[int, ...] = option(
        (1, 2, 4), help="boxes in each batch; the last number is repeated", validator=at_least(1)
    )

    def __attrs_post_init__(self) -> None:
        if not self.batches:
            raise SpecError("There are no sizes in batches; give one at least, as in batches=[1].")

    def calibration_file(self) -> str:
        return self.densities

    def count_next(self, confidences: Sequence[float | None], target: Target, views: int) -> int:
        at = len(confidences)
        if at and ({*confidences} == {None} or self._is_over(confidences, every=target.every)):
            return 0
        sizes = chain(self.batches, repeat(self.batches[-1]))
        until = next(end for end in accumulate(sizes) if end > at)
        return min(until, views) - at

    def ask(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[float | None, ...]:
        if self.densities:
            found = read_calibration(self.densities)
            found.check_model(self.densities, model.fingerprint or model.id)
        return self.verification.verify(views, target, model)

    def _is_over(self, confidences: Sequence[float | None], *, every: bool) -> bool:
        if not self.densities:
            return not every and any(c is not None and c >= self.accept for c in confidences)
        from .ratio_test import RatioTest  # which no start-up needs

        test = RatioTest(self._read_densities(), self.alpha, self.beta)
        return test.is_over_for_all(confidences) if every else test.is_over(confidences)

    def _read_densities(self) -> Densities:
        from .densities import Densities

        values = read_calibration(self.densities).densities
        if values is None:
            raise SpecError(
                f"{self.densities!r} has no densities; run visualcrop calibrate on runs that "
                "verified boxes, of datasets with annotated boxes."
            )
        return Densities.from_dict(values)
