"""Captures internals of a model by hooks, and stops its pass as soon as they are complete."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from ...errors import SpecError
from ...utils.forking import after_fork_in_child
from .attention import AttentionCall, intercept_attention
from .decoder import attention_layers, get_decoder, kv_layers, recurrent_layers

if TYPE_CHECKING:
    from types import TracebackType

    import torch
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel

    from ..base import Capture


class StopForward(Exception):  # noqa: N818 - not an error
    """Ends a pass early, when *tap* has captured everything."""

    def __init__(self, tap: Tap) -> None:
        super().__init__("The pass was stopped on purpose; leave it to its tap.")
        self.tap = tap


class Tap:
    """
    Hooks that keep the tensors of *capture*, for one pass inside `with`.

    The pass ends as soon as all is captured: it returns nothing and leaves its cache unfinished,
    unless *fill_cache* lets every layer fill its cache first. After cached tokens, only values and
    keys of the new tokens are captured. With gradients, the pass runs to its end, with
    frozen weights; then call `backward` with its logits.

    Attention is that of the query tokens at *queries*, indices among the new tokens (B or B x Q;
    by default the last token), in float32 or finer; span attention is that of the tokens at
    *span_queries*, B x S.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        capture: Capture,
        queries: Tensor | None = None,
        *,
        span_queries: Tensor | None = None,
        fill_cache: bool = False,
    ) -> None:
        self.values: dict[int, Tensor] = {}  # by layer, B x KV heads x T x D, as in the cache
        # By layer, B x KV heads x T x D. Rotated as in the cache or, with `capture.rotary` off, the
        # input of the rotation, which is after `k_norm` if the model has one (Qwen3-VL, Gemma 3).
        self.keys: dict[int, Tensor] = {}
        self.attention: dict[int, Tensor] = {}  # B (x Q) x H x T
        self.span_attention: dict[int, Tensor] = {}  # B x S x H x T
        self.gradients: dict[int, Tensor] = {}  # as attention
        self._model, self._capture, self._queries = model, capture, queries
        self._span_queries = span_queries
        self._decoder: Any = get_decoder(model)
        self._weights: dict[int, Tensor] = {}  # attention to take gradients with respect to
        self._undo = ExitStack()
        by_kind = _layers_by_kind(capture)
        _check_layers(by_kind, model)
        layers = [n for kind in by_kind.values() for n in kind]
        self._fill_cache = fill_cache and not capture.gradients
        self._recurrent = recurrent_layers(model.config)
        if fill_cache:
            layers += [*kv_layers(model.config), *self._recurrent]
        last = max(layers, default=-1)
        self._last = -1 if capture.gradients else last  # the layer to stop in; -1: run to the end
        self._missing: set[str] = set()  # kinds of the last layer that are not captured yet

    def __enter__(self) -> Self:
        from torch import no_grad

        with ExitStack() as stack:
            stack.enter_context(exclusive(self._decoder))
            stack.enter_context(frozen(self._model) if self._capture.gradients else no_grad())
            hooks = ExitStack()
            stack.enter_context(undone_in_child(hooks.close))
            self._register_hooks(hooks)
            self._undo = stack.pop_all()
        by_kind = _layers_by_kind(self._capture)
        self._missing = {kind for kind, layers in by_kind.items() if self._last in layers}
        self._missing |= {"cache"} if self._fill_cache else set()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._undo.close()
        self._weights.clear()  # and with them the autograd graph
        return isinstance(error, StopForward) and error.tap is self

    def backward(self, logits: Tensor) -> None:
        """
        Fill `gradients`, of the log-probability of each query's most likely next token.

        *logits* are those after the queries only, B x V or B x Q x V.
        """
        import torch

        queries = max((w.shape[:2].numel() for w in self._weights.values()), default=0)
        if not queries or queries != logits.shape[:-1].numel():
            raise RuntimeError(
                f"Of {queries} asked tokens, there are logits of {logits.shape[:-1].numel()}; give "
                "those that a pass inside the tap has of the asked tokens alone."
            )
        likelihood = logits.float().log_softmax(-1).max(-1).values.sum()
        found = torch.autograd.grad(likelihood, list(self._weights.values()))
        for layer, gradient in zip(self._weights, found, strict=True):
            self.gradients[layer] = self._drop_query_axis(gradient)

    def _register_hooks(self, stack: ExitStack) -> None:
        capture, layers = self._capture, self._decoder.layers
        for layer in () if capture.rotary else capture.keys:
            hook = partial(self._keep_keys, layer)
            stack.callback(layers[layer].self_attn.k_proj.register_forward_hook(hook).remove)
        called = {*capture.values, *capture.attention, *capture.gradients}
        called |= {*capture.span_attention}
        called |= {*(capture.keys if capture.rotary else ())}
        if self._fill_cache and self._last in self._recurrent:
            hook = partial(self._finish_layer, self._last)
            stack.callback(layers[self._last].register_forward_hook(hook).remove)
        elif self._fill_cache:
            called.add(self._last)
        for layer in called:
            attend = partial(self._attend, layer)
            stack.enter_context(intercept_attention(layers[layer].self_attn, attend))

    def _keep_keys(self, layer: int, module: Any, args: Any, out: Tensor) -> None:
        attention = self._decoder.layers[layer].self_attn
        norm = getattr(attention, "k_norm", None) or getattr(attention, "k_layernorm", None)  # LFM2
        keys = out.unflatten(-1, (-1, attention.head_dim))
        self._keep("keys", layer, (norm(keys) if norm else keys).transpose(1, 2))

    def _finish_layer(self, layer: int, *_: Any) -> None:
        self._finish("cache", layer)

    def _attend(self, layer: int, call: AttentionCall) -> tuple[Tensor, Tensor | None]:
        """Keep what is asked for, then run the kernel, unless nothing more is needed."""
        capture = self._capture
        if layer in capture.values:
            self._keep("values", layer, call.value[:, :, -call.new :])
        if capture.rotary and layer in capture.keys:
            self._keep("keys", layer, call.key[:, :, -call.new :])
        if layer in capture.span_attention and self._span_queries is not None:
            spans = self._span_queries.to(call.query.device)
            self._keep("span_attention", layer, call.weights(spans))
        if layer not in {*capture.attention, *capture.gradients}:
            self._finish("cache", layer)  # layers cache keys and values before their kernel runs
            return call.run()
        queries = self._query_positions(call)
        weights = call.weights(queries)
        if layer in capture.attention:
            self._keep("attention", layer, self._drop_query_axis(weights))
        self._finish("cache", layer)
        out, all_weights = call.run()
        if layer in capture.gradients:
            self._weights[layer] = weights.requires_grad_()
            out = call.replace_rows(out, queries, weights)
        return out, all_weights

    def _query_positions(self, call: AttentionCall) -> Tensor:
        """Indices of the queries among the new tokens, B x Q."""
        import torch

        if self._queries is None:
            return torch.full((len(call.query), 1), call.new - 1, device=call.query.device)
        return self._queries.to(call.query.device).reshape(len(call.query), -1) % call.new

    def _drop_query_axis(self, found: Tensor) -> Tensor:
        """B x Q x H x T, or B x H x T unless *queries* were given as B x Q."""
        return found if self._queries is not None and self._queries.dim() == 2 else found[:, 0]

    def _keep(self, kind: str, layer: int, tensor: Tensor) -> None:
        getattr(self, kind)[layer] = tensor.detach()
        self._finish(kind, layer)

    def _finish(self, kind: str, layer: int) -> None:
        """Stop the pass if nothing else of the last layer is missing."""
        if layer == self._last:
            self._missing.discard(kind)
            if not self._missing:
                raise StopForward(self)


def _layers_by_kind(capture: Capture) -> dict[str, tuple[int, ...]]:
    kinds = ("values", "keys", "attention", "span_attention", "gradients")
    return {kind: getattr(capture, kind) for kind in kinds}


def _check_layers(by_kind: Mapping[str, Sequence[int]], model: PreTrainedModel) -> None:
    """Refuse layers that do not exist, or that lack what is to be captured."""
    depth = len(get_decoder(model).layers)
    have = {"attention": attention_layers(model.config), "keys and values": kv_layers(model.config)}
    for kind, layers in by_kind.items():
        wanted = "keys and values" if kind in {"keys", "values"} else "attention"
        for layer in layers:
            if not 0 <= layer < depth:
                raise SpecError(f"There is no layer {layer}: the decoder has 0 to {depth - 1}.")
            if layer not in have[wanted]:
                listed = ", ".join(map(str, have[wanted]))
                raise SpecError(f"Layer {layer} has no {wanted} of its own; take some of {listed}.")


def gather_tensors(layers: Mapping[int, Tensor], device: torch.device) -> dict[int, Tensor]:
    """The tensors of all *layers*, which may be on several GPUs, on one *device*."""
    return {layer: tensor.to(device) for layer, tensor in layers.items()}


_in_use: WeakSet[Module] = WeakSet()
_hooked: dict[object, Callable[[], None]] = {}
_lock = threading.Lock()


def _reset_after_fork() -> None:
    """Release all models in a forked child, which lacks the threads that use them."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()
    _in_use.clear()
    while _hooked:
        _hooked.popitem()[1]()


after_fork_in_child(_reset_after_fork)


@contextmanager
def exclusive(module: Module) -> Iterator[None]:
    """Refuse a second tap on *module*: two taps would take each other's tensors."""
    with _lock:
        if module in _in_use:
            raise RuntimeError(
                "This model is being tapped already; let that pass end before the next begins."
            )
        _in_use.add(module)
    try:
        yield
    finally:
        _in_use.discard(module)


@contextmanager
def undone_in_child(remove: Callable[[], None]) -> Iterator[None]:
    """Call *remove*, of hooks, after the block, and in a child that another thread forks in it."""
    key = object()
    _hooked[key] = remove
    try:
        yield
    finally:
        _hooked.pop(key, None)
        remove()


@contextmanager
def frozen(model: Module) -> Iterator[None]:
    """Enable gradients, whatever the grad mode outside, but for no weight of *model*."""
    import torch

    trained = [p for p in model.parameters() if p.requires_grad]
    try:
        for parameter in trained:
            parameter.requires_grad_(False)
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)
