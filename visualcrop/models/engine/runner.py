"""
Forward passes: prefill whole prompts, extend a state with more tokens, score a reply.

A `DecodingState` is never changed: `extend` writes into a fork of its cache. When memory runs out,
`run_in_halves` retries with half the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from ..base import NOTHING, Capture
from .batch import LayerTensors, PackedBatch, PaddedBatch, extended_mask, pad_indices
from .capture import StopForward, Tap, undone_in_child
from .decoder import run_without_head
from .kv_cache import DecodingState, cache_argument, fork_cache, new_cache, slice_cache
from .metering.meter import Meter
from .prompting import TokenizedPrompt
from .transfers import upload

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import DynamicCache, PreTrainedModel


_T = TypeVar("_T")
_R = TypeVar("_R")
_KINDS = ("values", "keys", "attention", "gradients")


@attrs.frozen(eq=False)
class ModelRunner:
    """Single forward passes of *network*, each counted by *meter* as the prompts in it."""

    network: PreTrainedModel
    meter: Meter

    def prefill(self, prompts: Sequence[TokenizedPrompt]) -> list[DecodingState]:
        """The state after each prompt, with the logits of its next token."""
        with self._count(len(prompts)):
            return prefill(self.network, self._pad(prompts))

    def prefill_prefixes(
        self, prompts: Sequence[TokenizedPrompt], lengths: Sequence[int]
    ) -> list[DecodingState]:
        """
        The state after the first *lengths* tokens of each prompt, without logits.

        The pass counts as no sequence, since those of the suffixes will.
        """
        pairs = zip(self._on_device(prompts), lengths, strict=True)
        batch = PaddedBatch.of(self.network, [prompt.prefix_inputs(n) for prompt, n in pairs])
        cache = new_cache(self.network)
        caching = {cache_argument(self.network): cache}
        with Tap(self.network, NOTHING, fill_cache=True), self._count(0):
            run_without_head(self.network, **batch.inputs, **caching, use_cache=True)
        return _split_states(cache, batch)

    def capture(
        self, prompts: Sequence[TokenizedPrompt], capture: Capture, *, fill_cache: bool
    ) -> list[tuple[LayerTensors, DecodingState | None]]:
        """Each prompt's tensors of *capture*, and with *fill_cache* the state after it."""
        batch, cache = self._pad(prompts), new_cache(self.network)
        caching = {cache_argument(self.network): cache} if fill_cache else {}
        spans = pad_indices([[*p.span_tokens] for p in prompts], self.network.device)
        tap = Tap(
            self.network,
            capture,
            batch.last_positions,
            span_queries=spans,
            fill_cache=fill_cache,
        )
        with tap, self._count(len(prompts)):
            run_without_head(self.network, **batch.inputs, **caching, use_cache=fill_cache)
        found = [_take_row(tap, row, prompt) for row, prompt in enumerate(prompts)]
        states = _split_states(cache, batch) if fill_cache else [None] * len(prompts)
        return list(zip(found, states, strict=True))

    def capture_gradients(self, prompt: TokenizedPrompt, capture: Capture) -> LayerTensors:
        """The tensors of *capture* with gradients: one pass forward and one backward."""
        spans = pad_indices([[*prompt.span_tokens]], self.network.device)
        with Tap(self.network, capture, span_queries=spans) as tap, self._count(1):
            (state,) = prefill(self.network, self._pad([prompt]))
            tap.backward(state.next_logits)
        found = {kind: {n: t[0] for n, t in getattr(tap, kind).items()} for kind in _KINDS}
        # H x S x T
        of_spans = {n: t[0].transpose(0, 1) for n, t in tap.span_attention.items()}
        return {**found, "span_attention": of_spans}

    def score_suffixes(self, batch: PackedBatch) -> Iterator[Sequence[Tensor]]:
        """For each prompt, logits of its next token, 1 x V, and inside each reply, T x V."""
        return batch.split_logits(self._run_packed(batch)[1])

    def prefill_suffixes(self, batch: PackedBatch) -> Iterator[DecodingState]:
        """The state after each prompt, each in a row of its own."""
        return batch.split_states(*self._run_packed(batch))

    def capture_suffixes(self, batch: PackedBatch, capture: Capture) -> Iterator[LayerTensors]:
        """Each prompt's tensors of *capture*, prefix included."""
        inputs, device = batch.model_inputs(self.network), self.network.device
        last, spans = batch.last_positions(device), batch.span_positions(device)
        with (
            Tap(self.network, capture, last, span_queries=spans) as tap,
            self._count(batch.sequences, batch.reused_tokens),
        ):
            run_without_head(self.network, **inputs)
        return batch.split_captured(tap)

    def _run_packed(self, batch: PackedBatch) -> tuple[DynamicCache, Tensor]:
        inputs, kept = batch.model_inputs(self.network), batch.logit_positions(self.network.device)
        with self._count(batch.sequences, batch.reused_tokens):
            logits = logits_at(self.network, inputs, kept)
        return inputs[cache_argument(self.network)], logits

    def _pad(self, prompts: Sequence[TokenizedPrompt]) -> PaddedBatch:
        return PaddedBatch.of(self.network, [p.inputs for p in self._on_device(prompts)])

    def _on_device(self, prompts: Sequence[TokenizedPrompt]) -> list[TokenizedPrompt]:
        return [prompt.to(self.network.device, self.network.dtype) for prompt in prompts]

    @contextmanager
    def _count(self, sequences: int, reused: int | None = None) -> Iterator[None]:
        """Count the pass in the block as *sequences*; a failed pass does not count."""
        before = self.meter.sequences
        try:
            with self.meter.count_as(sequences, reused):
                yield
        except Exception as error:
            if not isinstance(error, StopForward):
                self.meter.retract(self.meter.sequences - before)
            raise


def prefill(model: PreTrainedModel, batch: PaddedBatch) -> list[DecodingState]:
    """Run whole prompts; return the state after each, with the logits of its next token."""
    cache = new_cache(model)
    inputs = {**batch.inputs, cache_argument(model): cache, "use_cache": True}
    return _split_states(cache, batch, logits_at(model, inputs, batch.last_positions))


def logits_at(model: PreTrainedModel, inputs: Mapping[str, Any], positions: Tensor) -> Tensor:
    """
    Logits after the new tokens at *positions*, B x N, of a forward on *inputs*: B x N x V.

    Other hidden states are dropped before the head. `logits_to_keep` takes one list of positions
    for each row only since transformers 5.21, and not of every model.
    """
    import torch

    def drop_others(head: Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        hidden, *others = args
        return torch.take_along_dim(hidden, positions.to(hidden.device)[..., None], 1), *others

    hook = model.get_output_embeddings().register_forward_pre_hook(drop_others)
    with undone_in_child(hook.remove):
        logits: Tensor = model(**inputs).logits
    if logits.shape[1] == positions.shape[1]:
        return logits
    return torch.take_along_dim(logits, positions.to(logits.device)[..., None], 1)  # of a compiled


def extend(
    model: PreTrainedModel, state: DecodingState, tokens: Tensor, *, keep: int = 1
) -> DecodingState:
    """Run *tokens*, B x T, after *state*; keep the logits of the last *keep* tokens, 0: of all."""
    import torch

    tokens = tokens.to(model.device)  # logits may be on another device than embeddings
    new, cache = tokens.shape[1], fork_cache(state.cache)
    starts = upload(state.lengths, model.device)[:, None]
    positions = starts + torch.arange(new, device=model.device)
    inputs: dict[str, Any] = {"input_ids": tokens, cache_argument(model): cache}
    inputs["position_ids"] = state.position_ids(positions)
    if (mask := state.token_mask) is not None:
        inputs["attention_mask"] = extended_mask(model, mask, positions)
    out = model(**inputs, use_cache=True, logits_to_keep=keep)
    return DecodingState(
        cache, tuple(n + new for n in state.lengths), state.rope_deltas, out.logits
    )


def mean_log_likelihood(first: Tensor, inside: Tensor, reply: Tensor) -> float:
    """
    Mean log-probability of a reply.

    Args:
        first: Logits of its first token, 1 x V.
        inside: Logits of its other tokens, (T - 1) x V.
        reply: Its tokens, 1 x T.
    """
    import torch

    scores = torch.cat([first, inside]).float().log_softmax(-1)
    return float(scores.gather(1, reply[0, :, None].to(scores.device)).mean())


def score_reply(model: PreTrainedModel, state: DecodingState, reply: Tensor) -> float:
    """Mean log-probability of *reply*, 1 x T, after the *state* of one sequence."""
    first = state.next_logits
    inside = first[:0]
    if reply.shape[1] > 1:
        inside = extend(model, state, reply[:, :-1], keep=0).kept_logits[0]
    return mean_log_likelihood(first, inside, reply)


def run_in_halves(run: Callable[[Sequence[_T]], Iterable[_R]], items: Sequence[_T]) -> list[_R]:
    """*run* all *items* at once or, if memory runs out, one half after the other."""
    try:
        return list(run(items))
    except Exception as error:
        if len(items) == 1 or not _is_out_of_memory(error):
            raise
    _free_cached_memory()  # after the handler, whose traceback holds the failed pass's tensors
    half = len(items) // 2
    return run_in_halves(run, items[:half]) + run_in_halves(run, items[half:])


def _is_out_of_memory(error: Exception) -> bool:
    from torch import OutOfMemoryError

    return isinstance(error, OutOfMemoryError | MemoryError) or "can't allocate" in str(error)


def _free_cached_memory() -> None:
    """Return PyTorch's cached blocks to CUDA: they have the sizes of the failed pass."""
    from torch import cuda

    if cuda.is_available():
        cuda.empty_cache()


def _split_states(
    cache: DynamicCache, batch: PaddedBatch, logits: Tensor | None = None
) -> list[DecodingState]:
    """The state after each prompt, as views of *cache*, B x KV heads x T x D."""
    if len(batch.lengths) == 1:
        return [DecodingState(cache, batch.lengths, batch.rope_deltas, logits)]
    return [
        DecodingState(
            slice_cache(cache, row, slice(length)),
            (length,),
            None if batch.rope_deltas is None else batch.rope_deltas[row : row + 1],
            None if logits is None else logits[row : row + 1],
        )
        for row, length in enumerate(batch.lengths)
    ]


def _take_row(tap: Tap, row: int, prompt: TokenizedPrompt) -> LayerTensors:
    """The tensors that *tap* captured of one row, without its padding: heads x T (x D)."""
    length, spans = prompt.length, len(prompt.span_tokens)
    found = {kind: getattr(tap, kind) for kind in ("values", "keys")}
    taken = {kind: {n: t[row, :, :length] for n, t in ts.items()} for kind, ts in found.items()}
    attention = {n: t[row, 0, :, :length] for n, t in tap.attention.items()}
    rows = {n: t[row, :spans, :, :length].transpose(0, 1) for n, t in tap.span_attention.items()}
    return {**taken, "attention": attention, "span_attention": rows}
