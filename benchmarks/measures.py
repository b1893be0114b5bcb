"""What a search asks of a model, timed, beside what the machine could do at best."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import torch

from visualcrop import Box, Capture, Image, Prompt, View
from visualcrop.models import Usage
from visualcrop.plugin import similarity_map

if TYPE_CHECKING:
    from benchmarks.shapes import Shape
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
    device: str = "cpu"

    @classmethod
    def measured(cls, device: str, side: int, rounds: int = 10) -> Ceilings:
        """By one product of square matrices in bfloat16, and one copy of as many bytes."""
        one = torch.randn(side, side, device=device, dtype=torch.bfloat16)
        other = torch.empty(side * 8, side, device=device, dtype=torch.bfloat16)
        into = torch.empty_like(other)
        product = timed(lambda: one @ one, device, rounds, float("inf"))
        copy = timed(lambda: into.copy_(other), device, rounds, float("inf"))
        flops = 2 * side**3 / statistics.median(product)
        return cls(flops, 2 * other.nbytes / statistics.median(copy), device)

    def least(self, flops: float, moved: float) -> float:
        """Seconds below which nobody gets, by computing or by moving bytes."""
        return max(flops / self.flops, moved / self.bandwidth)


@attrs.frozen
class Row:
    """What a measurement found."""

    seconds: float  # of the model; where it does not run, of what runs
    total: float  # seconds with the preparation of images
    rounds: int
    flops: float = 0.0
    bound: float = 0.0  # seconds; 0: there is none


@attrs.frozen
class Bench:
    """One model, and another of its kind that remembers nothing."""

    remembering: HuggingFaceModel
    forgetful: HuggingFaceModel
    shape: Shape
    ceilings: Ceilings
    rounds: int
    until: float = float("inf")  # by time.perf_counter: then one round has to do

    def measurements(self) -> Mapping[str, Callable[[], Row]]:
        """Everything that is measured by its name, in the order of a search."""
        capture = Capture(values=self.forgetful.info.span(None))

        def read() -> Usage:
            return self.forgetful.forward([_asked(self._shown())], capture)[0].usage

        image, large = self.shape.image, self.shape.large
        return {
            f"preparing {image[0]} x {image[1]}": partial(self._preparing, image),
            "preparing it for another prompt": partial(self._preparing, image, again=True),
            f"preparing {large[0]} x {large[1]}": partial(self._preparing, large),
            "prefill with captured values": lambda: self._row(read, passes=1),
            "the map of one target": lambda: self._mapping(capture),
            "8 crops, one by one": lambda: self._row(self._verify_alone, _CROPS),
            "8 crops, in one call": lambda: self._row(self._verify_together, passes=1),
            "4 targets, nothing remembered": lambda: self._targets(self.forgetful, capture),
            "4 targets, image remembered": lambda: self._targets(self.remembering, capture),
            "one token decoded": self._decoding,
        }

    @property
    def tokens(self) -> int:
        """Of a prompt that shows the image."""
        return self.forgetful.prompt_processor.tokenize(_asked(self._shown())).length

    def _preparing(self, size: tuple[int, int], *, again: bool = False) -> Row:
        """Tokens and pixels of a prompt, made by the CPU."""
        views = [self._shown(size) for _ in range(self.rounds + 1)]
        prompts = iter([_asked(views[0] if again else view) for view in views])
        prepare = self.forgetful.prompt_processor.tokenize
        spent = timed(lambda: prepare(next(prompts)), "cpu", self.rounds, self.until)
        median = statistics.median(spent)
        return Row(median, median, len(spent))

    def _mapping(self, capture: Capture) -> Row:
        (seen,) = self.forgetful.forward([_asked(self._shown())], capture)
        run = partial(similarity_map, seen, seen.values)
        spent = timed(run, self.ceilings.device, self.rounds, self.until)
        moved = sum(values.nbytes for values in seen.values.values())
        median = statistics.median(spent)
        return Row(median, median, len(spent), bound=moved / self.ceilings.bandwidth)

    def _verify_alone(self) -> Usage:
        choose = self.forgetful.choose
        return _total([choose([prompt], ("Yes", "No"))[0].usage for prompt in self._crops()])

    def _verify_together(self) -> Usage:
        choices = self.forgetful.choose(self._crops(), ("Yes", "No"))
        return _total([choice.usage for choice in choices])

    def _targets(self, model: HuggingFaceModel, capture: Capture) -> Row:
        """The maps of four targets on an image that was not seen before."""

        def run() -> Usage:
            view, done = self._shown(), []
            for target in _TARGETS:
                (seen,) = model.forward([_asked(view, target)], capture)
                similarity_map(seen, seen.values)
                done.append(seen.usage)
            return _total(done)

        return self._row(run, passes=len(_TARGETS))

    def _decoding(self) -> Row:
        """One more token: every weight of the decoder is read for it, and the cache."""
        model, prompt = self.remembering, _asked(self._shown())

        def said(length: int) -> Callable[[], Usage]:
            return lambda: model.generate([prompt], max_new_tokens=length)[0].usage

        self._repeated(said(2))  # the image is read now, and the kernels are warm
        (short, before), (long, after) = (self._median(said(n)) for n in (1, _SAID))
        more = max(1, long.decoded_tokens - short.decoded_tokens)
        flops = (long.flops - short.flops) / more
        moved = _weight_bytes(model.network, seen=False) + self.tokens * _cache_bytes(model.network)
        bound = self.ceilings.least(flops, moved)
        spent, total = (long.seconds - short.seconds) / more, (after - before) / more
        return Row(spent, total, self.rounds, flops, bound)

    def _row(self, run: Callable[[], Usage], passes: int) -> Row:
        """The weights are read once for each of the *passes* at least."""
        done = self._repeated(run)
        usage, total = _middle(done)
        moved = _weight_bytes(self.forgetful.network)
        bound = passes * self.ceilings.least(usage.flops / passes, moved)
        return Row(usage.seconds, total, len(done), usage.flops, bound)

    def _median(self, run: Callable[[], Usage]) -> tuple[Usage, float]:
        return _middle(self._repeated(run))

    def _repeated(self, run: Callable[[], Usage]) -> list[tuple[Usage, float]]:
        """What each of some runs used, and its seconds with all that the CPU did."""
        used: list[Usage] = []
        device = self.ceilings.device
        spent = timed(lambda: used.append(run()), device, self.rounds, self.until)
        return list(zip(used[1:], spent, strict=True))

    def _shown(self, size: tuple[int, int] | None = None) -> View:
        """Noise, another each time, so that nothing of it was read before."""
        width, height = size or self.shape.image
        dice = np.random.default_rng(next(_seeds))
        return View.whole(Image.open(dice.integers(0, 256, (height, width, 3), dtype=np.uint8)))

    def _crops(self) -> Sequence[Prompt]:
        image, (width, height) = self._shown().image, self.shape.image
        side = min(width, height) // 3
        lefts = [round(index * (width - side) / (_CROPS - 1)) for index in range(_CROPS)]
        return [_asked(View(image, Box(left, 0, left + side, side))) for left in lefts]


def timed(run: Callable[[], object], device: str, rounds: int, until: float) -> list[float]:
    """Seconds of each of some runs, after one that does not count; one if *until* is over."""
    run()
    spent = [_time(run, device)]
    while len(spent) < rounds and time.perf_counter() + spent[-1] < until:
        spent.append(_time(run, device))
    return spent


def _time(run: Callable[[], object], device: str) -> float:
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    wait()
    started = time.perf_counter()
    run()
    wait()
    return time.perf_counter() - started


def _middle(done: Sequence[tuple[Usage, float]]) -> tuple[Usage, float]:
    """The run in the middle, by the meter's clock: it waits for the GPU, and for nothing else."""
    return sorted(done, key=lambda each: each[0].seconds)[len(done) // 2]


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
