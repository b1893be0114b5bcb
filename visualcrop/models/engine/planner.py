"""
Decides which prompts run in one forward pass.

Prompts that are the same up to their last image share a prefix. One of them, the leader, is run
whole, in a batch with other leaders; the others run as suffixes over its KV cache. If the cache of
an earlier call has the prefix, all run as suffixes. Without a prefix cache, or without an image,
every prompt is a leader.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import attrs

from ..base import Capture
from .batch import LayerTensors, PackedBatch, PackedSequence, takes_packed_masks
from .byte_lru import ByteLRU, Key
from .decoder import get_decoder
from .kv_cache import DecodingState
from .metering.meter import Meter
from .prompting import TokenizedPrompt
from .runner import ModelRunner, decode, make_chooser, run_in_halves

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

MAX_ROW_TOKENS = 2048  # in a longer packed row, too much of the attention is masked
_MAX_PADDING = 128  # tokens of a row; more padding costs more than another pass
_T = TypeVar("_T")
Prompts: TypeAlias = Sequence[TokenizedPrompt]
RunWhole: TypeAlias = Callable[[Prompts], Iterable[tuple[_T | None, DecodingState | None]]]
RunPacked: TypeAlias = Callable[[PackedBatch], Iterable[_T]]


@attrs.frozen(eq=False)
class BatchPlanner:
    """
    Runs prompts in few passes, with the results of running each alone.

    Each prompt counts as one of the meter's sequences, or as one for each of its replies.
    """

    network: PreTrainedModel
    meter: Meter
    prefix_cache: ByteLRU[DecodingState] | None
    max_tokens: int  # in a pass, padding included
    many_images: bool = False  # whether the prompts show different images

    def next_logits(self, prompts: Prompts) -> list[Tensor]:
        """Logits of each prompt's next token, 1 x V."""
        runner = self._runner

        def whole(leaders: Prompts) -> Iterator[tuple[Tensor, DecodingState]]:
            return ((state.next_logits, state) for state in runner.prefill(leaders))

        def packed(batch: PackedBatch) -> Iterator[Tensor]:
            return (first for first, *_ in runner.score_suffixes(batch))

        return self._run(prompts, whole, packed)

    def reply_logits(self, prompts: Prompts) -> list[Sequence[Tensor]]:
        """For each prompt, logits of its next token, 1 x V, and inside its replies, T x V each."""
        if not takes_packed_masks(self.network) and any(len(p.replies) > 1 for p in prompts):
            return self._reply_logits_one_by_one(prompts)
        runner = self._runner

        def whole(leaders: Prompts) -> Iterator[tuple[None, DecodingState]]:
            lengths = [p.prefix_length if self._shares(p) else p.length - 1 for p in leaders]
            return ((None, state) for state in runner.prefill_prefixes(leaders, lengths))

        return self._run(prompts, whole, runner.score_suffixes, leaders_rerun=True)

    def _reply_logits_one_by_one(self, prompts: Prompts) -> list[Sequence[Tensor]]:
        """As `reply_logits`, for kernels that cannot mask replies from one another."""
        single = [attrs.evolve(p, replies=(reply,)) for p in prompts for reply in p.replies]
        logits = iter(self.reply_logits(single))
        found: list[Sequence[Tensor]] = []
        for prompt in prompts:
            own = [next(logits) for _ in prompt.replies]
            found.append((own[0][0], *(inside for _, inside in own)))
        return found

    def capture(self, prompts: Prompts, capture: Capture) -> list[LayerTensors]:
        """Each prompt's tensors of *capture*: heads x T (x D) by kind and layer."""
        runner = self._runner
        if capture.gradients:
            return [runner.capture_gradients(prompt, capture) for prompt in prompts]
        if capture.keys and not capture.rotary and self.prefix_cache is not None:
            # The cache holds rotated keys only.
            return attrs.evolve(self, prefix_cache=None).capture(prompts, capture)
        if self.many_images:  # a map is followed by more questions about the image: keep its prefix
            return attrs.evolve(self, many_images=False).capture(prompts, capture)

        def whole(leaders: Prompts) -> list[tuple[LayerTensors, DecodingState | None]]:
            fill_cache = any(map(self._shares, leaders))
            return runner.capture(leaders, capture, fill_cache=fill_cache)

        return self._run(prompts, whole, partial(runner.capture_suffixes, capture=capture))

    def generate(
        self, prompts: Prompts, stop_tokens: frozenset[int], max_new_tokens: int
    ) -> list[list[int]]:
        """Tokens of a reply to each prompt."""
        runner = self._runner

        def whole(leaders: Prompts) -> Iterator[tuple[DecodingState, DecodingState]]:
            return ((state, state) for state in runner.prefill(leaders))

        def decode_batch(pairs: Sequence[tuple[DecodingState, TokenizedPrompt]]) -> list[list[int]]:
            choose = make_chooser([prompt for _, prompt in pairs])  # a retry samples from the start
            merged = DecodingState.merge([state for state, _ in pairs])
            return decode(self.network, merged, stop_tokens, max_new_tokens, choose)

        states = self._run(prompts, whole, runner.prefill_suffixes, one_per_row=True)
        replies: dict[int, list[int]] = {}
        for batch in batch_by_length([state.width for state in states], self.max_tokens):
            tokens = run_in_halves(decode_batch, [(states[n], prompts[n]) for n in batch])
            replies.update(zip(batch, tokens, strict=True))
        return [replies[index] for index in range(len(prompts))]

    def _run(
        self,
        prompts: Prompts,
        whole: RunWhole[_T],
        packed: RunPacked[_T],
        *,
        leaders_rerun: bool = False,
        one_per_row: bool = False,
    ) -> list[_T]:
        """
        The result of each prompt: leaders run by *whole*, the rest by *packed*.

        *whole* also returns the states whose prefixes the rest runs over. With *leaders_rerun* it
        returns no results, and *packed* runs the leaders, too.
        """
        results: dict[TokenizedPrompt, _T] = {}
        index = PrefixIndex.of(
            prompts, self.prefix_cache, leaders_rerun=leaders_rerun, many_images=self.many_images
        )
        leaders = index.leaders
        for batch in batch_by_length([p.length for p in leaders], self.max_tokens):
            group = [leaders[n] for n in batch]
            for prompt, (result, state) in zip(group, run_in_halves(whole, group), strict=True):
                results |= {} if result is None else {prompt: result}
                if state is not None:
                    index.add(prompt, state, own_tensors=len(group) == 1)
        rest = [prompt for prompt in prompts if prompt not in results]
        max_row = 0 if one_per_row or not takes_packed_masks(self.network) else MAX_ROW_TOKENS
        rows = index.pack(rest, max_row)
        for stack in stack_rows(rows, self.max_tokens, self._weight_bytes // 2):
            found = run_in_halves(lambda rows: packed(PackedBatch(rows)), stack.rows)
            results.update(zip(stack.prompts, found, strict=True))
        return [results[prompt] for prompt in prompts]

    @property
    def _weight_bytes(self) -> int:
        """Bytes of the decoder's weights, all of which every pass reads."""
        return sum(weights.nbytes for weights in get_decoder(self.network).parameters())

    def _shares(self, prompt: TokenizedPrompt) -> bool:
        """Whether the prefix of *prompt* is cached, for others to share."""
        return self.prefix_cache is not None and prompt.prefix_length > 0

    @property
    def _runner(self) -> ModelRunner:
        return ModelRunner(self.network, self.meter)


@attrs.frozen(eq=False)
class PrefixIndex:
    """
    Prompts by their prefix, and the states of the prefixes that have been run.

    If prompts show many images, a prefix of one prompt only, such as a crop that is checked once,
    will hardly be used again: it is cached only if there is room, and evicted first.
    """

    cache: ByteLRU[DecodingState] | None
    leaders_rerun: bool  # whether leaders run again over their own prefix
    many_images: bool  # whether the prompts show different images
    keys: dict[TokenizedPrompt, Key]  # equal for prompts that share a prefix
    counts: Counter[Key]  # prompts with each prefix
    states: dict[Key, DecodingState]  # after each prefix that has been run

    @classmethod
    def of(
        cls,
        prompts: Prompts,
        cache: ByteLRU[DecodingState] | None,
        *,
        leaders_rerun: bool,
        many_images: bool,
    ) -> PrefixIndex:
        """Index *prompts*, with the states of their prefixes in *cache*."""
        states: dict[Key, DecodingState] = {}
        keys: dict[TokenizedPrompt, Key] = {}
        for prompt in prompts:
            shared = cache is not None and prompt.prefix_length > 0
            keys[prompt] = prompt.prefix_key if shared else (id(prompt),)
        if cache is not None:
            known = {key: cache.get(key) for key in dict.fromkeys(keys.values())}
            states = {key: state for key, state in known.items() if state is not None}
        return cls(cache, leaders_rerun, many_images, keys, Counter(keys.values()), states)

    @property
    def leaders(self) -> list[TokenizedPrompt]:
        """The first prompt with each prefix that has not been run."""
        first: dict[Key, TokenizedPrompt] = {}
        for prompt, key in self.keys.items():
            if key not in self.states:
                first.setdefault(key, prompt)
        return list(first.values())

    def add(self, prompt: TokenizedPrompt, state: DecodingState, *, own_tensors: bool) -> None:
        """
        Add the prefix of *prompt*, from the *state* after all of it.

        Unless the state has its *own_tensors*, the prefix is copied into the cache: a view would
        keep the whole batch in memory.
        """
        key, shared = self.keys[prompt], self.cache is not None and prompt.prefix_length > 0
        once = self.counts[key] == 1
        prefix = state.truncate(prompt.prefix_length if shared else prompt.length - 1)
        if not once or self.leaders_rerun:
            self.states[key] = prefix
        if self.cache is None or not shared:
            return
        evict_first = self.many_images and once
        room = self.cache.max_bytes - (self.cache.bytes if evict_first else 0)
        if prefix.kv_bytes <= room:
            kept = prefix if own_tensors else prefix.copy()
            self.cache.put(key, kept, evict_first=evict_first)

    def pack(self, prompts: Prompts, max_tokens: int) -> list[PackedSequence]:
        """Rows of *prompts* with the same prefix, of at most *max_tokens* or of one prompt."""
        together: dict[Key, list[TokenizedPrompt]] = {}
        for prompt in prompts:
            together.setdefault(self.keys[prompt], []).append(prompt)
        return [
            PackedSequence(self.states[key], row)
            for key, alike in together.items()
            for row in split_rows(alike, self.states[key].width, max_tokens)
        ]


def split_rows(
    prompts: Prompts, prefix_length: int, max_tokens: int
) -> Iterator[list[TokenizedPrompt]]:
    """Split *prompts* into rows of at most *max_tokens* after the prefix, or of one prompt."""
    row: list[TokenizedPrompt] = []
    tokens = 0
    for prompt in prompts:
        more = prompt.length - prefix_length + sum(reply.shape[1] - 1 for reply in prompt.replies)
        if row and tokens + more > max_tokens:
            yield row
            row, tokens = [], 0
        row.append(prompt)
        tokens += more
    if row:
        yield row


def stack_rows(
    rows: Sequence[PackedSequence], max_tokens: int, max_bytes: int
) -> Iterator[PackedBatch]:
    """Batches of at most *max_tokens*, with *max_bytes* of merged prefixes, or of one row."""
    batch: list[PackedSequence] = []
    for row in sorted(rows, key=lambda row: -row.prefix_length):
        count = len(batch) + 1
        longest = max(each.length for each in (*batch, row))
        too_large = batch and count * batch[0].prefix.kv_bytes > max_bytes
        if too_large or (batch and count * longest > max_tokens):
            yield PackedBatch(batch)
            batch = []
        batch.append(row)
    if batch:
        yield PackedBatch(batch)


def batch_by_length(lengths: Sequence[int], max_tokens: int) -> Iterator[list[int]]:
    """Batches of indices of similar *lengths*, of at most *max_tokens* with their padding."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        longest = lengths[batch[0]] if batch else 0
        full = longest * (len(batch) + 1) > max_tokens
        if batch and (full or longest - lengths[index] > _MAX_PADDING):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
