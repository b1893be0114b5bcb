"""What a search asks of a model, timed, beside what the machine could do at best."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import torch

from visualcrop import Box, Capture, Image, Prompt, View
from visualcrop.models import Usage
from visualcrop.plugin import similarity_map

if TYPE_CHECKING:
    from visualcrop.models.huggingface import HuggingFaceModel

_TARGETS = ("mug", "red key", "left mug", "blue key")
_CROPS, _SAID = 8, 33
_EXISTENCE = "Is there a {target} in the image?"
_seeds = count()


@attrs.frozen
class Ceilings:
    """What the machine does at most, in operations and bytes a second."""

    flops: float
    bandwidth: float

    @classmethod
    def measured(cls, device: str, side: int, rounds: int = 10) -> Ceilings:
        """By one product of square matrices in bfloat16, and one copy of as many bytes."""
        one = torch.randn(side, side, device=device, dtype=torch.bfloat16)
        other = torch.empty(side * 8, side, device=device, dtype=torch.bfloat16)
        into = torch.empty_like(other)
        product = seconds(lambda: one @ one, device, rounds)
        copy = seconds(lambda: into.copy_(other), device, rounds)
        return cls(2 * side**3 / product, 2 * other.nbytes / copy)

    def least(self, flops: float, moved: float) -> float:
        """Seconds below which nobody gets, by computing or by moving bytes."""
        return max(flops / self.flops, moved / self.bandwidth)


@attrs.frozen
class Row:
    """One line of the table."""

    measure: str
    seconds: float
    flops: float
    bound: float  # seconds

    @property
    def share(self) -> float:
        """Of the bound: 1 is as fast as can be."""
        return self.bound / self.seconds


@attrs.frozen
class Bench:
    """One model, and another of its kind that remembers nothing."""

    remembering: HuggingFaceModel
    forgetful: HuggingFaceModel
    size: tuple[int, int]
    ceilings: Ceilings
    rounds: int

    def rows(self) -> Iterator[Row]:
        """Everything that is measured, in the order of a search."""
        yield from self._reading()
        yield from self._verifying()
        yield self._row("4 targets, nothing remembered", self._mapped(self.forgetful), 4)
        yield self._row("4 targets, image remembered", self._mapped(self.remembering), 4)
        yield self._decoding()

    @property
    def tokens(self) -> int:
        """Of a prompt that shows the image."""
        return self.forgetful.prompt_processor.tokenize(_asked(self._shown())).length

    @property
    def preparing(self) -> float:
        """Seconds that the CPU takes to make tokens and pixels of a prompt."""
        prompts = iter([_asked(self._shown()) for _ in range(self.rounds + 1)])
        prepare = self.forgetful.prompt_processor.tokenize
        return seconds(lambda: prepare(next(prompts)), "cpu", self.rounds)

    def _reading(self) -> Iterator[Row]:
        """A pass that keeps values, and the map that is made of them."""
        model = self.forgetful
        capture = Capture(values=model.info.span(None))

        def read() -> Usage:
            return model.forward([_asked(self._shown())], capture)[0].usage

        yield self._row("prefill with captured values", self._repeated(read), 1)
        (seen,) = model.forward([_asked(self._shown())], capture)
        spent = seconds(lambda: similarity_map(seen, seen.values), self._device, self.rounds)
        moved = sum(values.nbytes for values in seen.values.values())
        yield Row("the map of one target", spent, 0.0, moved / self.ceilings.bandwidth)

    def _verifying(self) -> Iterator[Row]:
        def one_by_one() -> Usage:
            return _total([model.choose([p], ("Yes", "No"))[0].usage for p in self._crops()])

        def together() -> Usage:
            return _total([choice.usage for choice in model.choose(self._crops(), ("Yes", "No"))])

        model = self.forgetful
        yield self._row("8 crops, one by one", self._repeated(one_by_one), _CROPS)
        yield self._row("8 crops, in one call", self._repeated(together), 1)

    def _mapped(self, model: HuggingFaceModel) -> Usage:
        """The maps of four targets on an image that was not seen before."""
        capture = Capture(values=model.info.span(None))

        def run() -> Usage:
            view, done = self._shown(), []
            for target in _TARGETS:
                (seen,) = model.forward([_asked(view, target)], capture)
                similarity_map(seen, seen.values)
                done.append(seen.usage)
            return _total(done)

        return self._repeated(run)

    def _decoding(self) -> Row:
        """One more token: every weight of the decoder is read for it, and the cache."""
        model, prompt = self.remembering, _asked(self._shown())

        def said(length: int) -> Callable[[], Usage]:
            return lambda: model.generate([prompt], max_new_tokens=length)[0].usage

        self._repeated(said(2))  # the image is read now, and the kernels are warm
        short, long = self._repeated(said(1)), self._repeated(said(_SAID))
        more = max(1, long.decoded_tokens - short.decoded_tokens)
        flops = (long.flops - short.flops) / more
        moved = _weight_bytes(model.network, seen=False) + self.tokens * _cache_bytes(model.network)
        bound = self.ceilings.least(flops, moved)
        return Row("one token decoded", (long.seconds - short.seconds) / more, flops, bound)

    def _row(self, measure: str, usage: Usage, passes: int) -> Row:
        """The weights are read once for each of the *passes* at least."""
        moved = _weight_bytes(self.forgetful.network)
        bound = passes * self.ceilings.least(usage.flops / passes, moved)
        return Row(measure, usage.seconds, usage.flops, bound)

    def _repeated(self, run: Callable[[], Usage]) -> Usage:
        run()
        return _median([run() for _ in range(self.rounds)])

    def _shown(self) -> View:
        """Noise, another each time, so that nothing of it was read before."""
        width, height = self.size
        dice = np.random.default_rng(next(_seeds))
        return View.whole(Image.open(dice.integers(0, 256, (height, width, 3), dtype=np.uint8)))

    def _crops(self) -> Sequence[Prompt]:
        image, (width, height) = self._shown().image, self.size
        side = min(width, height) // 3
        lefts = [round(index * (width - side) / (_CROPS - 1)) for index in range(_CROPS)]
        return [_asked(View(image, Box(left, 0, left + side, side))) for left in lefts]

    @property
    def _device(self) -> str:
        return self.forgetful.network.device.type


def seconds(run: Callable[[], object], device: str, rounds: int) -> float:
    """The median of some runs, after one that does not count."""
    run()
    return statistics.median(_timed(run, device) for _ in range(rounds))


def _timed(run: Callable[[], object], device: str) -> float:
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    wait()
    started = time.perf_counter()
    run()
    wait()
    return time.perf_counter() - started


def _median(usages: Sequence[Usage]) -> Usage:
    """The run in the middle, by the meter's clock: it waits for the GPU, and for nothing else."""
    return sorted(usages, key=lambda usage: usage.seconds)[len(usages) // 2]


def _asked(view: View, target: str = "mug") -> Prompt:
    return Prompt.fill(view, _EXISTENCE, target=target)


def _total(usages: Sequence[Usage]) -> Usage:
    return sum(usages, Usage())


def _weight_bytes(network: Any, *, seen: bool = True) -> int:
    """Weights that a pass reads: not the table of words, and the eye's if an image is *seen*."""
    decoder, head = network.get_decoder(), network.get_output_embeddings()
    table = _bytes(decoder.get_input_embeddings().parameters())
    if seen:
        return _bytes(network.parameters()) - table
    return _bytes(decoder.parameters()) + _bytes(head.parameters()) - table


def _cache_bytes(network: Any) -> int:
    """Keys and values of one token."""
    text = network.config.get_text_config()
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    numbers = 2 * text.num_key_value_heads * width * text.num_hidden_layers
    return int(numbers * network.dtype.itemsize)


def _bytes(parameters: Iterator[torch.nn.Parameter]) -> int:
    return sum(weights.nbytes for weights in parameters)
