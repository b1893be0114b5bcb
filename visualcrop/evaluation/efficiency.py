"""How many passes an accuracy costs: the arithmetic of the efficiency ratio (A.2 of the paper)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers: TypeAlias = npt.NDArray[np.float64]


@attrs.frozen(eq=False)
class Curve:
    """
    The settings of one method, by their passes: of each, its accuracy.

    Both arrays are settings, or draws x settings. Of what a property or a method returns there is
    one for each draw.
    """

    passes: Numbers
    accuracy: Numbers

    @classmethod
    def of(cls, passes: npt.ArrayLike, accuracy: npt.ArrayLike) -> Curve:
        """Sort the settings: the cheapest first, and of equally cheap ones the worse."""
        import numpy as np

        costs, shares = (np.asarray(each, np.float64) for each in (passes, accuracy))
        order = np.lexsort((shares, costs))
        return cls(*(np.take_along_axis(each, order, axis=-1) for each in (costs, shares)))

    @property
    def best(self) -> Numbers:
        """The best accuracy of any setting."""
        import numpy as np

        return np.asarray(self.accuracy.max(axis=-1))

    def passes_at(self, accuracy: Numbers | np.float64) -> Numbers:
        """
        Passes at which the method first reaches *accuracy*, which is at most its best.

        Between two settings, one next to the other in passes, the straight line counts. A method
        whose cheapest setting is better than *accuracy* costs what that does.
        """
        import numpy as np

        above = (self.accuracy >= np.expand_dims(accuracy, -1)).argmax(axis=-1)
        below = np.maximum(above - 1, 0)
        (low, high), (cheap, dear) = (
            [_at(values, place) for place in (below, above)]
            for values in (self.accuracy, self.passes)
        )
        share = (accuracy - low) / np.where(above > 0, high - low, 1.0)
        return np.asarray(np.where(above > 0, cheap + share * (dear - cheap), dear))

    def reaches_at_once(self, accuracy: Numbers) -> bool:
        """Whether the cheapest setting is better than *accuracy*: fewer passes might do, too."""
        return bool(self.accuracy[..., 0] > accuracy)


def reference_accuracy(one: Curve, other: Curve) -> Numbers:
    """The lower of the two best accuracies, which both methods reach."""
    import numpy as np

    return np.minimum(one.best, other.best)


def passes_ratio(ours: Curve, theirs: Curve) -> Numbers:
    """
    Passes that *theirs* needs for each of *ours*, at the reference accuracy.

    Not a number, or infinite, where ours needs none.
    """
    import numpy as np

    reference = reference_accuracy(ours, theirs)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(theirs.passes_at(reference) / ours.passes_at(reference))


def _at(values: Numbers, places: npt.NDArray[np.intp]) -> Numbers:
    import numpy as np

    return np.take_along_axis(values, np.expand_dims(places, -1), axis=-1)[..., 0]
