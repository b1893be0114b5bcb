"""A model's internals, taken while it runs, and no more of it run than they need."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from ...errors import SpecError
from .hold import frozen, reserved
from .rows import Call, watched

if TYPE_CHECKING:
    from types import TracebackType

    from torch import Tensor
    from transformers import PreTrainedModel

    from ..base import Capture


class Stop(Exception):  # noqa: N818 - not an error
    """All that *tap* was to take is there."""

    def __init__(self, tap: Tap) -> None:
        super().__init__("The pass was stopped on purpose; leave it to its tap.")
        self.tap = tap


class Tap:
    """
    Keeps what *capture* asks for while the model runs, and stops it as soon as all is there.

    For one pass, run inside `with`: of a whole prompt, or of its end over a cache, and then only
    the end's values and keys are kept. A stopped pass returns nothing and leaves its cache
    unfinished, unless *through* says to go on until every layer has cached its keys and values.
    Asking for gradients runs it to the end, with frozen weights: give the logits to `backward`.
    Attention, which is always worked out in float32 or finer, is that of the tokens at *rows*: one
    place in each row of the batch, or several, batch x places; by default the last.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        capture: Capture,
        rows: Tensor | None = None,
        *,
        through: bool = False,
    ) -> None:
        self.values: dict[int, Tensor] = {}  # batch x KV heads x tokens x width
        # As values. Rotated: as cached. Not rotated: as rotation would find them, which is after
        # `k_norm` where the model has one (Qwen3-VL, Gemma 3).
        self.keys: dict[int, Tensor] = {}
        self.attention: dict[int, Tensor] = {}  # batch (x places) x query heads x tokens
        self.gradients: dict[int, Tensor] = {}  # as attention
        self._model, self._capture, self._rows = model, capture, rows
        self._decoder: Any = model.get_decoder()
        self._weights: dict[int, Tensor] = {}  # attention that gradients are asked of
        self._undo = ExitStack()
        asked = [n for kind in _kinds(capture).values() for n in kind]
        depth = len(self._decoder.layers)
        if wrong := [n for n in asked if not 0 <= n < depth]:
            raise SpecError(f"There is no layer {wrong[0]}: the decoder has 0 to {depth - 1}.")
        self._through = through and not capture.gradients
        last = depth - 1 if through else max(asked, default=-1)
        self._last = -1 if capture.gradients else last
        self._due: set[str] = set()  # what the last layer still has to give

    def __enter__(self) -> Self:
        from torch import no_grad

        with ExitStack() as stack:
            stack.enter_context(reserved(self._decoder))
            stack.enter_context(frozen(self._model) if self._capture.gradients else no_grad())
            self._listen(stack)
            self._undo = stack.pop_all()
        self._due = {kind for kind, layers in _kinds(self._capture).items() if self._last in layers}
        self._due |= {"cache"} if self._through else set()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._undo.close()
        self._weights.clear()  # and with them all that `backward` would need
        return isinstance(error, Stop) and error.tap is self

    def backward(self, logits: Tensor) -> None:
        """
        Fill `gradients` with those of the model's own next token's log-probability.

        *logits*, ... x vocabulary, are of the asked tokens alone: one for each row of the batch, or
        batch x places.
        """
        import torch

        asked = max((w.shape[:2].numel() for w in self._weights.values()), default=0)
        if not asked or asked != logits.shape[:-1].numel():
            raise RuntimeError(
                f"Of {asked} asked tokens, there are logits of {logits.shape[:-1].numel()}; give "
                "those that a pass inside the tap has of the asked tokens alone."
            )
        likelihood = logits.float().log_softmax(-1).max(-1).values.sum()
        found = torch.autograd.grad(likelihood, list(self._weights.values()))
        for layer, gradient in zip(self._weights, found, strict=True):
            self.gradients[layer] = self._shaped(gradient)

    def _listen(self, stack: ExitStack) -> None:
        """Wait at each place that has something of what is asked."""
        capture, layers = self._capture, self._decoder.layers
        for layer in capture.values:
            hook = partial(self._take_values, layer)
            stack.callback(layers[layer].self_attn.v_proj.register_forward_hook(hook).remove)
        for layer in () if capture.rotary else capture.keys:
            hook = partial(self._take_keys, layer)
            stack.callback(layers[layer].self_attn.k_proj.register_forward_hook(hook).remove)
        rotated = capture.keys if capture.rotary else ()
        cached = (self._last,) if self._through else ()
        for layer in {*rotated, *capture.attention, *capture.gradients, *cached}:
            stack.enter_context(watched(layers[layer].self_attn, partial(self._watch, layer)))

    def _take_values(self, layer: int, module: Any, given: Any, out: Tensor) -> None:
        self._keep("values", layer, self._heads(layer, out).transpose(1, 2))

    def _take_keys(self, layer: int, module: Any, given: Any, out: Tensor) -> None:
        norm = getattr(self._decoder.layers[layer].self_attn, "k_norm", None)
        keys = self._heads(layer, out)
        self._keep("keys", layer, (norm(keys) if norm else keys).transpose(1, 2))

    def _watch(self, layer: int, call: Call) -> tuple[Tensor, Tensor | None]:
        """Take keys and attention, then let the kernel run, unless nothing needs it."""
        capture = self._capture
        if capture.rotary and layer in capture.keys:
            self._keep("keys", layer, call.key[:, :, -call.new :])
        if layer not in {*capture.attention, *capture.gradients}:
            self._done("cache", layer)
            return call.run()
        places = self._places(call)
        weights = call.weights(places)
        if layer in capture.attention:
            self._keep("attention", layer, self._shaped(weights))
        self._done("cache", layer)
        out, all_weights = call.run()
        if layer in capture.gradients:
            self._weights[layer] = weights.requires_grad_()
            out = call.with_rows(out, places, weights)
        return out, all_weights

    def _places(self, call: Call) -> Tensor:
        """The asked tokens, batch x places, counted from the first new one."""
        import torch

        if self._rows is None:
            return torch.full((len(call.query), 1), call.new - 1, device=call.query.device)
        return self._rows.to(call.query.device).reshape(len(call.query), -1) % call.new

    def _shaped(self, found: Tensor) -> Tensor:
        """Without the axis of places, if there is but one in each row."""
        return found if self._rows is not None and self._rows.dim() == 2 else found[:, 0]

    def _heads(self, layer: int, projected: Tensor) -> Tensor:
        """Batch x tokens x KV heads x width."""
        width: int = self._decoder.layers[layer].self_attn.head_dim
        heads: Tensor = projected.unflatten(-1, (-1, width))
        return heads

    def _keep(self, kind: str, layer: int, found: Tensor) -> None:
        """Keep it, and stop if that was the last."""
        getattr(self, kind)[layer] = found.detach()
        self._done(kind, layer)

    def _done(self, kind: str, layer: int) -> None:
        """Stop if nothing else is due."""
        if layer == self._last:
            self._due.discard(kind)
            if not self._due:
                raise Stop(self)


def _kinds(capture: Capture) -> dict[str, tuple[int, ...]]:
    """The layers of each kind of thing to keep."""
    kinds = ("values", "keys", "attention", "gradients")
    return {kind: getattr(capture, kind) for kind in kinds}
