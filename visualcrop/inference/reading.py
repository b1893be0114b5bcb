"""How prompts with one beginning are read: what they share once, and their ends together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

import attrs

from ..metering.meter import Meter
from ..model import Capture, Work
from .capture import Tap
from .engine import State, begin, go_on
from .packing import Ending, Row, packs, rows
from .prompting import Prepared
from .remembering import Memory

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

Internals: TypeAlias = "Mapping[str, Mapping[int, Tensor]]"  # by kind and layer


@attrs.frozen(eq=False)
class Reader:
    """
    Reads prompts that are the same up to their last image.

    Without a memory, or without an image, each is read from its start. Either way a prompt is one
    of the meter's sequences; if replies are weighed, it is one for each of them.
    """

    network: PreTrainedModel
    meter: Meter
    memory: Memory[State] | None

    def state(self, prepared: Prepared, sequences: int = 1) -> State:
        """The state after a prompt."""
        if not self._shares(prepared):
            return self._begun(prepared, sequences)
        prefix = self._prefix(prepared)
        with self.meter.packed(sequences):
            return go_on(self.network, prefix, self._end(prepared))

    def logits(
        self, asked: Sequence[Prepared], replies: Sequence[Sequence[Tensor]]
    ) -> list[Sequence[Tensor]]:
        """For each prompt, logits of what comes next, and after each token of each reply."""
        pairs = zip(asked, replies, strict=True)
        if not (self._shares(asked[0]) and packs(self.network)):
            return [self._one_by_one(prepared, after) for prepared, after in pairs]
        endings = [Ending(self._end(prepared), after) for prepared, after in pairs]
        together = rows(self.network, self._prefix(asked[0]), endings)
        return [logits for row in together for logits in self._told(row)]

    def internals(self, asked: Sequence[Prepared], capture: Capture) -> list[Internals]:
        """What *capture* asks for of each prompt."""
        deep = capture.gradients or (capture.keys and not capture.rotary)  # no cache has them
        if deep or not self._shares(asked[0]):
            return [self._whole(prepared, capture) for prepared in asked]
        endings = [Ending(self._end(prepared)) for prepared in asked]
        together = rows(self.network, self._prefix(asked[0]), endings)
        return [internals for row in together for internals in self._taken(row, capture)]

    def _told(self, row: Row) -> Iterator[Sequence[Tensor]]:
        import torch

        kept = torch.tensor(row.telling, device=self.network.device)
        with self.meter.packed(row.sequences):
            out = self.network(**row.inputs(self.network), logits_to_keep=kept)
        return row.dealt(out.logits[0])

    def _taken(self, row: Row, capture: Capture) -> Iterator[Internals]:
        import torch

        last = torch.tensor([row.last], device=self.network.device)
        with Tap(self.network, capture, last) as tap, self.meter.packed(row.sequences):
            self.network.model(**row.inputs(self.network))
        return row.internals(tap)

    def _one_by_one(self, prepared: Prepared, replies: Sequence[Tensor]) -> Sequence[Tensor]:
        state = self.state(prepared, max(1, len(replies)))
        return [state.next, *(self._after(state, reply) for reply in replies)]

    def _after(self, state: State, reply: Tensor) -> Tensor:
        if not reply.shape[1]:
            return state.next[:0]
        with self.meter.packed(0):  # it was counted with its prompt
            return go_on(self.network, state, reply, keep=0).predicted[0]

    def _whole(self, prepared: Prepared, capture: Capture) -> Internals:
        with Tap(self.network, capture) as tap:
            state = self._begun(prepared, head=bool(capture.gradients))
            if capture.gradients:
                tap.backward(state.next)
        kinds = ("values", "keys", "attention", "gradients")
        return {kind: {n: t[0] for n, t in getattr(tap, kind).items()} for kind in kinds}

    def _shares(self, prepared: Prepared) -> bool:
        return self.memory is not None and prepared.cut > 0

    def _prefix(self, prepared: Prepared) -> State:
        """The state after the last image; it is read where it is not known."""

        def read() -> State:
            placed = prepared.to(self.network.device, self.network.dtype)
            with self.meter.packed(0):  # it counts with each prompt that it begins
                return begin(self.network, placed.until(prepared.cut), head=False)

        return self.memory.get(prepared.beginning, read) if self.memory is not None else read()

    def _begun(self, prepared: Prepared, sequences: int = 1, *, head: bool = True) -> State:
        """The state after a prompt, which is read from its start."""
        placed = prepared.to(self.network.device, self.network.dtype)
        with self.meter.packed(sequences):
            return begin(self.network, placed.inputs, head=head)

    def _end(self, prepared: Prepared) -> Tensor:
        """What comes after the last image: 1 x tokens."""
        return prepared.inputs["input_ids"][:, prepared.cut :].to(self.network.device)


def shared(work: Work, weights: Sequence[int]) -> Iterator[Work]:
    """*work* dealt out by weight, to the last token. Peak memory is everybody's."""
    total = sum(weights)
    for weight, upto in zip(weights, accumulate(weights), strict=True):
        share = partial(_share, start=upto - weight, stop=upto, total=total)
        yield Work(
            new_tokens=share(work.new_tokens),
            reused_tokens=share(work.reused_tokens),
            decoded_tokens=share(work.decoded_tokens),
            flops=share(int(work.flops)),
            seconds=work.seconds * weight / total,
            peak_bytes=work.peak_bytes,
        )


def _share(amount: int, *, start: int, stop: int, total: int) -> int:
    return amount * stop // total - amount * start // total
