"""
Multiply-accumulates, counted where they are made.

A gauge stands in for the `forward` of one module: of each matrix, convolution and attention. So
nothing is assumed about how the model is called, nor about how far: a pass that is stopped in the
middle of a layer has cost what it had done by then. Attention counts as dense, though half of it is
masked, and norms, rotations and activations do not count: as in PyTorch's FlopCounterMode.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel


class Counters(Protocol):
    """Where gauges write: see `meter.Counters`."""

    def add_pass(self, rows: int, tokens: int, past: int) -> None: ...

    def add_macs(self, macs: int, bounds: Tensor | None = None) -> None: ...


class Gauge(ABC):
    """Stands in for the `forward` of *module*. A copy of the module gets a copy of it."""

    def __init__(self, module: Module, counters: Counters) -> None:
        self.module, self.counters = module, counters
        self.forward = module.forward
        self._before = vars(module).get("forward")  # of another tool that stands in
        vars(module)["forward"] = self

    @abstractmethod
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    @property
    def installed(self) -> bool:
        return vars(self.module).get("forward") is self

    def remove(self) -> None:
        """Restore what was there, unless something else stands in by now."""
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
    """Of a matrix or a convolution."""

    def __init__(self, module: Module, counters: Counters, terms: int) -> None:
        super().__init__(module, counters)
        self.terms = terms  # products summed for each number of the output

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        out: Tensor = self.forward(*args, **kwargs)
        macs = out.numel() * self.terms
        self.counters.add_macs(macs)
        if out.requires_grad:  # then as many for the gradient of the input, and of the weights
            weights = self.module.parameters(recurse=False)
            wanted = [
                any(t.requires_grad for t in ts) for ts in ((*args, *kwargs.values()), weights)
            ]
            out.register_hook(lambda _: self.counters.add_macs(sum(wanted) * macs))
        return out


class AttentionGauge(Gauge):
    """Of queries x keys, and of weights x values."""

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
            back = macs * 2 if self._is_eager else macs * 5 // 2  # fused kernels score once more
            mixed.register_hook(lambda _: self.counters.add_macs(back, bounds))
        return out

    @property
    def _is_eager(self) -> bool:
        config = getattr(self.module, "config", None)
        return getattr(config, "_attn_implementation", None) == "eager"

    def _pairs(self, given: Mapping[str, Any]) -> int:
        """Queries times keys."""
        if "query" in given:  # SAM's attention is given queries and keys apart
            query, key = given["query"], given["key"]
            return int(query.numel() // query.shape[-1] * key.shape[-2])
        hidden, other = given["hidden_states"], given.get("encoder_hidden_states")
        new = hidden.shape[-2] if other is None else other.shape[-2]
        cached = given.get("past_key_values")
        seen = new
        if cached is not None:
            seen = _count_keys(cached, cast("int", self.module.layer_idx), new)
        return int(hidden.numel() // hidden.shape[-1] * seen)


def _count_keys(cache: Any, index: int, new: int) -> int:
    """How many keys layer *index* will see with *new* ones; a sliding layer keeps few old ones."""
    layer: Any = cache.layers[index] if index < len(cache.layers) else None
    if hasattr(layer, "max_cache_len"):  # a static cache attends to its empty slots, too
        return int(layer.max_cache_len) if layer.is_initialized else new
    kept = getattr(layer, "keys", None)
    return new if kept is None else new + int(kept.shape[-2])


class DecoderGauge(Gauge):
    """Of the decoder's first layer: every pass goes through it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = self.arguments(args, kwargs)
        rows, tokens, _ = given["hidden_states"].shape
        cache = given.get("past_key_values")
        self.counters.add_pass(rows, tokens, 0 if cache is None else int(cache.get_seq_length()))
        return self.forward(*args, **kwargs)


def install_gauges(model: PreTrainedModel, counters: Counters) -> Iterator[Gauge]:
    """Put a gauge on every module that multiplies matrices, and one on the decoder."""
    yield DecoderGauge(model.get_decoder().layers[0], counters)
    for module in list(model.modules()):
        if terms := _count_terms(module):
            yield LinearGauge(module, counters, terms)
        for name, parts in (("q_proj", 1), ("query", 1), ("qkv", 3)):
            if width := getattr(getattr(module, name, None), "out_features", 0):
                yield AttentionGauge(module, counters, width // parts)


def _count_terms(module: Module) -> int:
    """Products summed for each number that *module* puts out; 0 if it is no product."""
    from torch.nn.modules.conv import _ConvNd

    if isinstance(module, _ConvNd):
        return module.weight[0].numel()
    matrix = getattr(module, "mm_input_projection_weight", None)  # Gemma's, which has no layer
    if matrix is not None:
        return len(matrix)
    return 0 if any(module.children()) else int(getattr(module, "in_features", 0))
