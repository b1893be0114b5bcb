"""Single passes through the network, each counted as the prompts that it reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from ..base import NOTHING, Capture
from .capture import Stop, Tap
from .engine import State, begin, parted
from .metering.meter import Meter
from .packing import LayerTensors
from .padding import Padded
from .prompting import Prepared
from .sheets import Sheet

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import DynamicCache, PreTrainedModel

_KINDS = ("values", "keys", "attention", "gradients")


@attrs.frozen(eq=False)
class Passes:
    """What can be asked of *network* in one go."""

    network: PreTrainedModel
    meter: Meter

    def states(self, batch: Sequence[Prepared]) -> list[State]:
        """After each prompt, with the logits of what comes next."""
        with self._counted(len(batch)):
            return begin(self.network, self._whole(batch))

    def beginnings(self, batch: Sequence[Prepared], cuts: Sequence[int]) -> list[State]:
        """After so many tokens of each prompt. They count with each end that follows."""
        from transformers import DynamicCache

        placed = [prepared.to(self.network.device, self.network.dtype) for prepared in batch]
        pairs = zip(placed, cuts, strict=True)
        padded = Padded.of(self.network, [prepared.until(cut) for prepared, cut in pairs])
        cache = DynamicCache()
        with Tap(self.network, NOTHING, through=True), self._counted(0):
            self.network.model(**padded.inputs, past_key_values=cache, use_cache=True)
        return parted(cache, padded)

    def internals(
        self, batch: Sequence[Prepared], capture: Capture, *, through: bool
    ) -> list[tuple[LayerTensors, State | None]]:
        """What *capture* asks for of each prompt, and if it is read *through*, its state."""
        from transformers import DynamicCache

        padded, cache = self._whole(batch), DynamicCache()
        caching = {"past_key_values": cache} if through else {}
        with (
            Tap(self.network, capture, padded.last, through=through) as tap,
            self._counted(len(batch)),
        ):
            self.network.model(**padded.inputs, **caching, use_cache=through)
        found = [_taken(tap, row, length) for row, length in enumerate(padded.lengths)]
        states = parted(cache, padded) if through else [None] * len(batch)
        return list(zip(found, states, strict=True))

    def gradients(self, prepared: Prepared, capture: Capture) -> LayerTensors:
        """What *capture* asks for, gradients among it."""
        with Tap(self.network, capture) as tap, self._counted(1):
            (state,) = begin(self.network, self._whole([prepared]))
            tap.backward(state.next)
        return {kind: {n: t[0] for n, t in getattr(tap, kind).items()} for kind in _KINDS}

    def told(self, sheet: Sheet) -> Iterator[Sequence[Tensor]]:
        """For each end, logits of what comes next, and after each token of each reply."""
        return sheet.dealt(self._read(sheet)[1])

    def after(self, sheet: Sheet) -> Iterator[State]:
        """The state after each row, which has to be of one end."""
        return sheet.states(*self._read(sheet))

    def taken(self, sheet: Sheet, capture: Capture) -> Iterator[LayerTensors]:
        """What *capture* asks for of each end, and of what comes before it."""
        inputs, last = sheet.inputs(self.network), sheet.last(self.network.device)
        with (
            Tap(self.network, capture, last) as tap,
            self._counted(sheet.sequences, sheet.reused),
        ):
            self.network.model(**inputs)
        return sheet.internals(tap)

    def _read(self, sheet: Sheet) -> tuple[DynamicCache, Tensor]:
        inputs, telling = sheet.inputs(self.network), sheet.telling(self.network.device)
        with self._counted(sheet.sequences, sheet.reused):
            out = self.network(**inputs, logits_to_keep=telling)
        return inputs["past_key_values"], out.logits

    def _whole(self, batch: Sequence[Prepared]) -> Padded:
        placed = [prepared.to(self.network.device, self.network.dtype) for prepared in batch]
        return Padded.of(self.network, [prepared.inputs for prepared in placed])

    @contextmanager
    def _counted(self, sequences: int, reused: int | None = None) -> Iterator[None]:
        """Count the next pass as *sequences*, unless it fails: then it will be tried again."""
        before = self.meter.sequences
        try:
            with self.meter.packed(sequences, reused):
                yield
        except Exception as error:
            if not isinstance(error, Stop):
                self.meter.retract(self.meter.sequences - before)
            raise


def _taken(tap: Tap, row: int, length: int) -> LayerTensors:
    """Of one row, without its padding."""
    found = {kind: getattr(tap, kind) for kind in ("values", "keys")}
    taken = {kind: {n: t[row, :, :length] for n, t in ts.items()} for kind, ts in found.items()}
    attention = {n: t[row, 0, :, :length] for n, t in tap.attention.items()}
    return {**taken, "attention": attention}
