"""
Counts multiply-accumulates (MACs) in the modules that make them.

A gauge replaces the `forward` of one module: of each matrix, convolution and attention, and of what
else multiplies matrices, such as the experts of a mixture (`products`). So it does
not matter how the model is called, or how far it runs: a pass that is stopped in the middle of a
layer counts up to there. Attention counts as dense, though half of it is masked, and norms,
rotations and activations do not count, as in PyTorch's FlopCounterMode.
"""

from __future__ import annotations

import inspect
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ....utils.forking import after_fork_in_child
from ..decoder import get_decoder
from ..kv_cache import get_cache
from .products import CountProducts, find_count

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel

_Declared: TypeAlias = tuple[int, int | None]  # sequences, reused tokens: see `Meter.count_as`
_MAX_WINDOWS = 64  # bounds whose pairs are not summed yet


class Counters:
    """Sums of passes, tokens and MACs, to which the gauges add from any thread."""

    def __init__(self, formula: Callable[[float], float] = lambda tokens: 0.0) -> None:
        self.calls = self.sequences = self.new = self.reused = self.decoded = 0
        self.macs_by_formula = 0.0  # of each sequence as if nothing were cached
        self._formula = formula
        self._thread = threading.local()  # .declared: what this thread's next pass counts as
        self._lock = threading.Lock()
        self._macs = 0
        self._windows: dict[int, tuple[Tensor, int]] = {}  # by id of the bounds: them, MACs a pair
        after_fork_in_child(self._reset_after_fork)

    def __deepcopy__(self, memo: dict[int, Any]) -> Counters:
        return self  # a copy of a metered model adds to the same sums

    def add_pass(self, rows: int, tokens: int, past: int) -> None:
        """Count *rows* of *tokens* each that enter the decoder, after *past* cached ones."""
        declared = self.declare(None)
        with self._lock:
            self.calls += 1
            if declared is None and past and tokens == 1:
                self.decoded += rows
                return
            sequences, reused = declared or (rows, rows * past)
            length = past + rows * tokens / max(1, sequences)
            self.sequences += sequences
            self.new += rows * tokens
            self.macs_by_formula += sequences * self._formula(length)
            self.reused += sequences * past if reused is None else reused

    def add_macs(self, macs: int, bounds: Tensor | None = None) -> None:
        """Add *macs*; with *bounds* of windows, add them for each pair of tokens in a window."""
        with self._lock:
            if bounds is None:
                self._macs += macs
                return
            _, others = self._windows.get(id(bounds), (bounds, 0))
            self._windows[id(bounds)] = bounds, others + macs
            if len(self._windows) > _MAX_WINDOWS:
                self._sum_windows()

    def declare(self, declared: _Declared | None) -> _Declared | None:
        """Declare sequences and reused tokens of this thread's next pass; return the old values."""
        before: _Declared | None = getattr(self._thread, "declared", None)
        self._thread.declared = declared
        return before

    def retract(self, sequences: int) -> None:
        """Count *sequences* fewer."""
        with self._lock:
            self.sequences -= sequences

    @property
    def flops(self) -> int:
        """Two for each multiply-accumulate."""
        with self._lock:
            self._sum_windows()
            return 2 * self._macs

    def _sum_windows(self) -> None:
        """Count the pairs in all windows: late, since it waits for the device that has them."""
        for bounds, macs in self._windows.values():
            self._macs += macs * int(bounds.diff().long().square().sum())
        self._windows.clear()

    def _reset_after_fork(self) -> None:
        """Make a new lock in a forked child, which lacks the thread that may hold this one."""
        self._lock = threading.Lock()


class Gauge(ABC):
    """Replaces the `forward` of *module*. A copy of the module gets a copy of the gauge."""

    def __init__(self, module: Module, counters: Counters) -> None:
        self.module, self.counters = module, counters
        self.forward = module.forward
        self._before = vars(module).get("forward")  # of another tool that replaced it
        vars(module)["forward"] = self

    @abstractmethod
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    @property
    def installed(self) -> bool:
        return vars(self.module).get("forward") is self

    def remove(self) -> None:
        """Restore the former `forward`, unless something else has replaced the gauge."""
        if self.installed:
            del vars(self.module)["forward"]
            if self._before is not None:
                vars(self.module)["forward"] = self._before

    def arguments(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Arguments of `forward` by name."""
        if len(args) < 2:
            return {"hidden_states": args[0], **kwargs} if args else kwargs
        return inspect.signature(self.forward).bind(*args, **kwargs).arguments


class LinearGauge(Gauge):
    """Counts the products of a matrix or a convolution."""

    def __init__(self, module: Module, counters: Counters, terms: int) -> None:
        super().__init__(module, counters)
        self.terms = terms  # products that are summed for each number of the output
        self.looks_up = hasattr(module, "num_embeddings")  # Ovis2's multiplies, too

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self.forward(*args, **kwargs)
        out: Tensor = result[0] if isinstance(result, tuple) else result  # Llama 4's router has two
        given = args[0] if args else next(iter(kwargs.values()))
        if self.looks_up and not given.is_floating_point():
            return result
        macs = out.numel() * self.terms
        self.counters.add_macs(macs)
        if out.requires_grad:  # as many again for each gradient, of the input and of the weights
            weights = self.module.parameters(recurse=False)
            wanted = [
                any(t.requires_grad for t in ts) for ts in ((*args, *kwargs.values()), weights)
            ]
            out.register_hook(lambda _: self.counters.add_macs(sum(wanted) * macs))
        return result


class AttentionGauge(Gauge):
    """Counts the products of queries with keys, and of weights with values."""

    def __init__(self, module: Module, counters: Counters, width: int) -> None:
        super().__init__(module, counters)
        self.width = width  # H x D of the queries

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = self.arguments(args, kwargs)
        bounds = given.get("cu_seqlens")
        pairs = 1 if bounds is not None else self._pairs(given)  # before the cache grows
        out = self.forward(*args, **kwargs)
        macs = 2 * self.width * pairs
        self.counters.add_macs(macs, bounds)
        mixed: Tensor = out[0] if isinstance(out, tuple) else out
        if mixed.requires_grad:
            back = macs * 2 if self._is_eager else macs * 5 // 2  # fused kernels recompute scores
            mixed.register_hook(lambda _: self.counters.add_macs(back, bounds))
        return out

    @property
    def _is_eager(self) -> bool:
        config = getattr(self.module, "config", None)
        return getattr(config, "_attn_implementation", None) == "eager"

    def _pairs(self, given: Mapping[str, Any]) -> int:
        """The number of queries times the number of keys."""
        if "query" in given:  # SAM's attention has separate arguments for queries and keys
            query, key = given["query"], given["key"]
            return int(query.numel() // query.shape[-1] * key.shape[-2])
        hidden, other = given["hidden_states"], given.get("encoder_hidden_states")
        if getattr(self.module, "is_kv_shared_layer", False):  # Gemma 4's: those of another layer
            keys, _ = given["shared_kv_states"][self.module.layer_type]
            return int(hidden.numel() // hidden.shape[-1] * keys.shape[-2])
        new = hidden.shape[-2] if other is None else other.shape[-2]
        cached = get_cache(given)
        seen = new
        if cached is not None:
            seen = _count_keys(cached, cast("int", self.module.layer_idx), new)
        return int(hidden.numel() // hidden.shape[-1] * seen)


def _count_keys(cache: Any, index: int, new: int) -> int:
    """The number of keys of layer *index* with *new* ones; a sliding layer keeps few old ones."""
    layer: Any = cache.layers[index] if index < len(cache.layers) else None
    if hasattr(layer, "max_cache_len"):  # a static cache attends to its empty slots, too
        return int(layer.max_cache_len) if layer.is_initialized else new
    kept = getattr(layer, "keys", None)
    return new if kept is None else new + int(kept.shape[-2])


class ProductsGauge(Gauge):
    """Counts the products that a module makes by functions."""

    def __init__(self, module: Module, counters: Counters, count: CountProducts) -> None:
        super().__init__(module, counters)
        self.count = count

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = inspect.signature(self.forward).bind(*args, **kwargs).arguments
        macs, back = self.count(self.module, given)  # before the cache grows
        out = self.forward(*args, **kwargs)
        self.counters.add_macs(macs)
        mixed: Tensor = out[0] if isinstance(out, tuple) else out
        if mixed.requires_grad:
            mixed.register_hook(lambda _: self.counters.add_macs(back))
        return out


class DecoderGauge(Gauge):
    """Counts passes and tokens at the decoder's first layer, through which every pass goes."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = self.arguments(args, kwargs)
        rows, tokens, _ = given["hidden_states"].shape
        cache = get_cache(given)
        self.counters.add_pass(rows, tokens, 0 if cache is None else int(cache.get_seq_length()))
        return self.forward(*args, **kwargs)


def install_gauges(model: PreTrainedModel, counters: Counters) -> Iterator[Gauge]:
    """Put a gauge on every module that multiplies matrices, and one on the decoder."""
    yield DecoderGauge(get_decoder(model).layers[0], counters)
    for module in list(model.modules()):
        if terms := _count_terms(module):
            yield LinearGauge(module, counters, terms)
        if count := find_count(module):
            yield ProductsGauge(module, counters, count)
        elif width := _attention_width(module):
            yield AttentionGauge(module, counters, width)


def _attention_width(module: Module) -> int:
    """H x D of the queries of *module*; 0 if it is no attention."""
    for name, parts in (("q_proj", 1), ("query", 1), ("qkv", 3)):
        matrix = getattr(module, name, None)
        matrix = getattr(matrix, "linear", matrix)  # Gemma 4's vision encoder clips its output
        if width := getattr(matrix, "out_features", 0):
            # Where queries come with a gate, as in Qwen3.5, there are twice as many outputs.
            mixed = getattr(getattr(module, "o_proj", None), "in_features", 0)
            return int(mixed or width // parts)
    return 0


def _count_terms(module: Module) -> int:
    """Products that are summed for each number of the output of *module*; 0 if it has none."""
    from torch.nn.modules.conv import _ConvNd

    if isinstance(module, _ConvNd):
        return module.weight[0].numel()
    matrix = getattr(module, "mm_input_projection_weight", None)  # Gemma's, which has no layer
    if matrix is not None:
        return len(matrix)
    if any(module.children()):
        return 0
    return int(getattr(module, "in_features", getattr(module, "num_embeddings", 0)))
