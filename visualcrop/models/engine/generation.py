"""
Generate replies: decode a batch token by token, each chosen greedily or sampled.

A sequence leaves the batch when its reply ends, so that a long reply holds up none of the others.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from itertools import compress, takewhile
from typing import TYPE_CHECKING, TypeAlias

import attrs
import numpy as np

from ...errors import ModelError
from ...prompt import RepetitionStop, Sampling
from ..base import NOT_NUMBERS
from .kv_cache import DecodingState
from .prompting import TokenizedPrompt
from .repetition import RepetitionTracker
from .runner import extend
from .transfers import Flags, upload

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel

# Logits, B x V, and the index of the sequence of each row -> tokens, B x 1
ChooseTokens: TypeAlias = "Callable[[Tensor, Sequence[int]], Tensor]"
_OVER = -1  # in place of a token after the end of its reply


@attrs.frozen
class GeneratedReply:
    """A reply in tokens, and what the choices of its prompt were worth at the first one."""

    tokens: list[int]  # without the token that stopped it
    choice_logits: tuple[float, ...] = ()
    token_probabilities: tuple[float, ...] = ()  # with that of the token that stopped it


def read_choice_logits(
    logits: Tensor, prompts: Sequence[TokenizedPrompt]
) -> list[tuple[float, ...]]:
    """Of each prompt's row of *logits*, B x V, those of its choices' first tokens."""
    return [
        tuple(row[list(prompt.choice_tokens)].float().tolist()) if prompt.choice_tokens else ()
        for row, prompt in zip(logits, prompts, strict=True)
    ]


def decode(
    model: PreTrainedModel,
    state: DecodingState,
    stop_tokens: frozenset[int],
    max_new_tokens: int,
    choose: ChooseTokens,
    stops: Sequence[RepetitionStop | None] = (),
) -> list[list[int]]:
    """
    Tokens of each sequence's reply, without the token that stopped it.

    *choose* sees the raw logits of the sequences that go on, and which those are: the checkpoint's
    generation config, with its penalties and sampling, does not apply. *stops* has the rule of each
    sequence, or of none, that ends a reply that repeats itself.

    The host waits for no token. On a GPU it looks one pass behind which have stopped, while the
    next one runs, so that the last pass of each may be one too many.
    """
    going, ended = _Sequences.start(state, stop_tokens, stops, model.device), set[int]()
    replies: list[list[int]] = [[] for _ in state.lengths]
    chosen: list[tuple[Sequence[int], Tensor]] = []
    flags: deque[tuple[Sequence[int], Flags]] = deque()
    broken: list[Tensor] = []  # read at the end
    for left in reversed(range(max_new_tokens)):
        tokens = choose(going.state.next_logits, going.rows).to(model.device)
        broken.append(going.state.next_logits.isnan().any())
        chosen.append((going.rows, going.add(tokens)))
        flags.append((going.rows, Flags(going.stopped)))
        if len(flags) > passes_behind(model.device):
            rows, found = flags.popleft()
            ended.update(compress(rows, found.read()))
        if not left or len(ended) == len(replies):
            break
        going, tokens = going.without(ended, tokens)
        going.state = extend(model, going.state, tokens)
    _append_tokens(replies, chosen, broken)
    return [list(takewhile(lambda token: token not in stop_tokens, reply)) for reply in replies]


def _append_tokens(
    replies: Sequence[list[int]],
    chosen: Sequence[tuple[Sequence[int], Tensor]],
    broken: Sequence[Tensor],
) -> None:
    """Fetch all *chosen* tokens at once, and append each to its reply unless that is over."""
    import torch

    if not chosen:
        return
    if bool(torch.stack(list(broken)).any()):
        raise ModelError(NOT_NUMBERS)
    tokens = iter(torch.cat([tokens for _, tokens in chosen]).tolist())
    for rows, _ in chosen:
        for row, token in zip(rows, tokens, strict=False):
            if token != _OVER:
                replies[row].append(token)


@attrs.define(eq=False)
class _Sequences:
    """Those sequences of a batch whose replies go on."""

    state: DecodingState
    rows: Sequence[int]  # index of each in the whole batch
    stopped: Tensor  # B: whether the reply is over; the host learns of it later
    stop_tokens: Tensor
    tracker: RepetitionTracker | None

    @classmethod
    def start(
        cls,
        state: DecodingState,
        stop_tokens: frozenset[int],
        stops: Sequence[RepetitionStop | None],
        device: torch.device,
    ) -> _Sequences:
        import torch

        rows = range(len(state.lengths))
        stopped = torch.zeros(len(rows), dtype=torch.bool, device=device)
        ends = upload(sorted(stop_tokens), device)
        tracker = RepetitionTracker.start(stops, device) if any(stops) else None
        return cls(state, rows, stopped, ends, tracker)

    def add(self, tokens: Tensor) -> Tensor:
        """Follow each reply by one of *tokens*, B x 1; return B, `_OVER` after the end of one."""
        import torch

        kept = tokens[:, 0].masked_fill(self.stopped, _OVER)
        self.stopped = self.stopped | torch.isin(tokens[:, 0], self.stop_tokens)
        if self.tracker is not None:
            self.stopped = self.stopped | self.tracker.add(tokens)
        return kept

    def without(self, ended: set[int], tokens: Tensor) -> tuple[_Sequences, Tensor]:
        """Drop the sequences that have *ended*, and their *tokens*, B x 1."""
        kept = [index for index, row in enumerate(self.rows) if row not in ended]
        if len(kept) == len(self.rows):
            return self, tokens
        index = upload(kept, tokens.device)
        going = attrs.evolve(
            self,
            state=self.state.select(kept),
            rows=[self.rows[n] for n in kept],
            stopped=self.stopped[index],
            tracker=None if self.tracker is None else self.tracker.select(index),
        )
        return going, tokens[index]


def passes_behind(device: torch.device) -> int:
    """How many passes of decoding a host is ahead of what it knows to be over."""
    return int(device.type == "cuda")


def make_chooser(prompts: Sequence[TokenizedPrompt]) -> ChooseTokens:
    """A function that chooses the next token of each of *prompts*, by its own sampling."""
    samplers = [Sampler(p.sampling, p) if p.sampling else choose_greedily for p in prompts]

    def choose(logits: Tensor, rows: Sequence[int]) -> Tensor:
        import torch

        pairs = zip(rows, logits.split(1), strict=True)
        return torch.cat([samplers[row](each) for row, each in pairs])

    return choose if any(prompt.sampling for prompt in prompts) else choose_greedily


class ProbabilityRecorder:
    """Chooses tokens as *choose* does, and keeps their probabilities by the raw logits."""

    def __init__(self, choose: ChooseTokens) -> None:
        self._choose = choose
        self._kept: list[tuple[Sequence[int], Tensor, Tensor]] = []  # rows; B x 1 each

    def __call__(self, logits: Tensor, rows: Sequence[int]) -> Tensor:
        tokens, raw = self._choose(logits, rows), logits.float()
        logs = raw.gather(-1, tokens) - raw.logsumexp(-1, keepdim=True)
        self._kept.append((rows, tokens, logs.exp().clamp(max=1)))
        return tokens

    def read(
        self, replies: Sequence[Sequence[int]], stop_tokens: frozenset[int]
    ) -> list[tuple[float, ...]]:
        """Probabilities of each reply's tokens, and of the token that stopped it, if one did."""
        import torch

        if not self._kept:
            return [() for _ in replies]
        found: list[list[float]] = [[] for _ in replies]
        rows = [row for some, *_ in self._kept for row in some]
        tokens = torch.cat([tokens for _, tokens, _ in self._kept])[:, 0].tolist()
        chances = torch.cat([chances for *_, chances in self._kept])[:, 0].tolist()
        for row, token, chance in zip(rows, tokens, chances, strict=True):
            known, length = found[row], len(replies[row])
            if len(known) < length or (len(known) == length and token in stop_tokens):
                known.append(chance)
        return [*map(tuple, found)]


def choose_greedily(logits: Tensor, rows: Sequence[int] = ()) -> Tensor:
    """The token with the highest logit, B x 1."""
    del rows  # each by itself
    return logits.argmax(-1, keepdim=True)


class Sampler:
    """Samples the tokens of one reply, seeded by the prompt, so that the batch does not matter."""

    def __init__(self, sampling: Sampling, prompt: TokenizedPrompt) -> None:
        key = f"{sampling.seed}/{prompt.views}/{prompt.text}"
        seed = hashlib.blake2b(key.encode(), digest_size=8).digest()
        self.sampling = sampling
        self.random = np.random.default_rng(int.from_bytes(seed, "little"))

    def __call__(self, logits: Tensor) -> Tensor:
        """One token from *logits*, 1 x V: 1 x 1."""
        probabilities = (logits[0].double() / self.sampling.temperature).softmax(-1)
        ordered = probabilities.sort(descending=True, stable=True)
        sums = ordered.values.cumsum(0)
        last = (sums < self.sampling.top_p).sum(0, keepdim=True).clamp(max=len(sums) - 1)
        drawn = sums.gather(0, last) * self.random.random()
        rank = (sums <= drawn).sum(0, keepdim=True).minimum(last)
        return ordered.indices.gather(0, rank)[None]
