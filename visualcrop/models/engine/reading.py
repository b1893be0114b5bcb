"""What is read together: each beginning once, others beside it, then all that follows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import attrs

from ..base import Capture, Usage
from .beginnings import Beginnings
from .choosing import chooser
from .engine import State, speak
from .halving import in_halves
from .metering.meter import Meter
from .packing import MOST_IN_ROW, Ending, LayerTensors, packs, rows
from .padding import batches
from .passing import Passes
from .prompting import Prepared
from .remembering import Key, Memory
from .sheets import Sheet, sheets

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

_T = TypeVar("_T")
Lead: TypeAlias = Callable[[Sequence[int]], Iterable[tuple[_T | None, State | None]]]
Follow: TypeAlias = Callable[[Sheet], Iterable[_T]]


@attrs.frozen(eq=False)
class Reader:
    """
    Reads prompts that may be the same up to their last image.

    Of those that begin alike one leads: it is read whole, beside the leads of others, and the rest
    follow on its beginning. Without a memory, or without an image, every prompt leads. Either way
    it is one of the meter's sequences; if replies are weighed, one for each of them.
    """

    network: PreTrainedModel
    meter: Meter
    memory: Memory[State] | None
    most_tokens: int  # in a pass, with padding
    many: bool = False  # whether other images are asked about at the same time

    def next(self, asked: Sequence[Prepared]) -> list[Tensor]:
        """For each prompt, logits of what comes next: 1 x vocabulary."""
        passes = self._passes

        def lead(places: Sequence[int]) -> Iterator[tuple[Tensor, State]]:
            return ((s.next, s) for s in passes.states([asked[place] for place in places]))

        return self._each(asked, lead, lambda sheet: (told[0] for told in passes.told(sheet)))

    def replies(
        self, asked: Sequence[Prepared], replies: Sequence[Sequence[Tensor]]
    ) -> list[Sequence[Tensor]]:
        """For each prompt, logits of what comes next, and after each token of each reply."""
        passes = self._passes
        if not packs(self.network) and any(len(each) > 1 for each in replies):
            return self._one_by_one(asked, replies)

        def lead(places: Sequence[int]) -> Iterator[tuple[None, State]]:
            leading = [asked[place] for place in places]
            cuts = [p.cut if self._shares(p) else p.length - 1 for p in leading]
            return ((None, state) for state in passes.beginnings(leading, cuts))

        return self._each(asked, lead, passes.told, replies)

    def _one_by_one(
        self, asked: Sequence[Prepared], replies: Sequence[Sequence[Tensor]]
    ) -> list[Sequence[Tensor]]:
        """As above, where a kernel would let replies see one another."""
        pairs = [(p, reply) for p, each in zip(asked, replies, strict=True) for reply in each]
        told = iter(self.replies([p for p, _ in pairs], [(reply,) for _, reply in pairs]))
        own = [[next(told) for _ in each] for each in replies]
        return [(first[0], *(inside for _, inside in each)) for each in own for first in each[:1]]

    def internals(self, asked: Sequence[Prepared], capture: Capture) -> list[LayerTensors]:
        """What *capture* asks for of each prompt."""
        passes = self._passes
        if capture.gradients:
            return [passes.gradients(prepared, capture) for prepared in asked]
        if capture.keys and not capture.rotary and self.memory is not None:  # it has no such keys
            return attrs.evolve(self, memory=None).internals(asked, capture)
        if self.many:  # an image whose map is made will be seen again, whatever stands beside it
            return attrs.evolve(self, many=False).internals(asked, capture)

        def lead(places: Sequence[int]) -> list[tuple[LayerTensors, State | None]]:
            leading = [asked[place] for place in places]
            return passes.internals(leading, capture, through=any(map(self._shares, leading)))

        return self._each(asked, lead, partial(passes.taken, capture=capture))

    def said(
        self, asked: Sequence[Prepared], ends: frozenset[int], max_new_tokens: int
    ) -> list[list[int]]:
        """Tokens of a reply to each prompt."""
        passes = self._passes

        def lead(places: Sequence[int]) -> Iterator[tuple[State, State]]:
            return ((s, s) for s in passes.states([asked[place] for place in places]))

        def go_on(begun: Sequence[tuple[State, Prepared]]) -> list[list[int]]:
            states, prompts = zip(*begun, strict=True)
            choose = chooser(prompts)  # from the first word on, if memory ran out on the way
            return speak(self.network, State.together(states), ends, max_new_tokens, choose)

        states = self._each(asked, lead, passes.after, packed=False)
        said: dict[int, list[int]] = {}
        for batch in batches([state.width for state in states], self.most_tokens):
            replies = in_halves(go_on, [(states[place], asked[place]) for place in batch])
            said.update(zip(batch, replies, strict=True))
        return [said[place] for place in range(len(asked))]

    def _each(
        self,
        asked: Sequence[Prepared],
        lead: Lead[_T],
        follow: Follow[_T],
        replies: Sequence[Sequence[Tensor]] | None = None,
        *,
        packed: bool = True,
    ) -> list[_T]:
        """What *lead* and *follow* find for each prompt: *lead* may find but a state."""
        found: dict[int, _T] = {}
        reread = replies is not None
        beginnings = Beginnings.of(asked, self.memory, reread=reread, many=self.many)
        for places in self._batches(asked, beginnings.unknown):
            for place, (answer, state) in zip(places, in_halves(lead, places), strict=True):
                found |= {} if answer is None else {place: answer}
                if state is not None:
                    beginnings.learn(place, state, alone=len(places) == 1)
        left = [place for place in range(len(asked)) if place not in found]
        endings = [
            Ending(self._end(asked[n], beginnings.cut(n)), replies[n] if replies else (), n)
            for n in left
        ]
        for sheet in self._sheets(beginnings, endings, packed=packed):
            self._follow(sheet, follow, found)
        return [found[place] for place in range(len(asked))]

    def _follow(self, sheet: Sheet, follow: Follow[_T], found: dict[int, _T]) -> None:
        """Note what *follow* finds for each end on *sheet*."""
        answers = in_halves(lambda rows: follow(Sheet(rows)), sheet.rows)
        endings = [ending for row in sheet.rows for ending in row.endings]
        for ending, answer in zip(endings, answers, strict=True):
            found[ending.place] = answer

    def _batches(self, asked: Sequence[Prepared], places: Sequence[int]) -> Iterator[list[int]]:
        for batch in batches([asked[place].length for place in places], self.most_tokens):
            yield [places[index] for index in batch]

    def _sheets(
        self, beginnings: Beginnings, endings: Sequence[Ending], *, packed: bool
    ) -> Iterator[Sheet]:
        """Ends of one beginning in one row, if they may be *packed*, and rows below each other."""
        alike: dict[Key, list[Ending]] = {}
        for ending in endings:
            alike.setdefault(beginnings.keys[ending.place], []).append(ending)
        most = MOST_IN_ROW if packed and packs(self.network) else 0
        together = [
            row for key, ends in alike.items() for row in rows(beginnings.states[key], ends, most)
        ]
        yield from sheets(together, self.most_tokens, self._weights // 2)

    @property
    def _weights(self) -> int:
        """Bytes that every pass has to read, however little is asked."""
        return sum(weights.nbytes for weights in self.network.get_decoder().parameters())

    def _end(self, prepared: Prepared, cut: int) -> Tensor:
        """What comes after a beginning: 1 x tokens."""
        return prepared.inputs["input_ids"][:, cut:].to(self.network.device)

    def _shares(self, prepared: Prepared) -> bool:
        return self.memory is not None and prepared.cut > 0

    @property
    def _passes(self) -> Passes:
        return Passes(self.network, self.meter)


def shared(usage: Usage, weights: Sequence[int]) -> Iterator[Usage]:
    """*work* dealt out by weight, to the last token. Peak memory is everybody's."""
    total = sum(weights)
    for weight, upto in zip(weights, accumulate(weights), strict=True):
        share = partial(_share, start=upto - weight, stop=upto, total=total)
        yield Usage(
            new_tokens=share(usage.new_tokens),
            reused_tokens=share(usage.reused_tokens),
            decoded_tokens=share(usage.decoded_tokens),
            flops=share(int(usage.flops)),
            seconds=usage.seconds * weight / total,
            peak_bytes=usage.peak_bytes,
            macs=usage.macs * weight / total,
        )


def _share(amount: int, *, start: int, stop: int, total: int) -> int:
    return amount * stop // total - amount * start // total
