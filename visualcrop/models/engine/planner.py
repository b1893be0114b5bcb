"""
Decides which prompts run in one forward pass.

Prompts that are the same up to their last image share a prefix. One of them, the leader, is run
whole, in a batch with other leaders; the others run as suffixes over its KV cache. If the cache of
an earlier call has the prefix, all run as suffixes. Without a prefix cache, or without an image,
every prompt is a leader.

A network with a recurrent state has it only where a pass ended. So there the leader's prefix is run
by itself, and the leader too as a suffix; sequences whose states are kept are padded by nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import attrs

from ..base import Capture
from .batch import LayerTensors, PackedBatch, PackedSequence, takes_packed_masks
from .byte_lru import ByteLRU, Key
from .decoder import get_decoder, has_recurrent_state
from .generation import (
    GeneratedReply,
    ProbabilityRecorder,
    decode,
    make_chooser,
    read_choice_logits,
)
from .kv_cache import DecodingState
from .metering.meter import Meter
from .prompting import TokenizedPrompt
from .runner import ModelRunner, run_in_halves

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
        if not self._packs and any(len(p.replies) > 1 for p in prompts):
            return self._reply_logits_one_by_one(prompts)
        return self._run(prompts, None, self._runner.score_suffixes)

    def _reply_logits_one_by_one(self, prompts: Prompts) -> list[Sequence[Tensor]]:
        """As `reply_logits`, where replies cannot be masked from one another."""
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
        textual = any(not prompt.prefix_length for prompt in prompts)
        if capture.span_attention and textual and self.prefix_cache is not None:
            # Without an image, the spans of a prompt would be in its prefix.
            return attrs.evolve(self, prefix_cache=None).capture(prompts, capture)
        if self.many_images:  # a map is followed by more questions about the image: keep its prefix
            return attrs.evolve(self, many_images=False).capture(prompts, capture)

        def whole(leaders: Prompts) -> list[tuple[LayerTensors, DecodingState | None]]:
            fill_cache = any(map(self._shares, leaders))
            return runner.capture(leaders, capture, fill_cache=fill_cache)

        return self._run(prompts, whole, partial(runner.capture_suffixes, capture=capture))

    def generate(
        self, prompts: Prompts, stop_tokens: frozenset[int], max_new_tokens: int
    ) -> list[GeneratedReply]:
        """A reply to each prompt, with the logits of its choices and its tokens' probabilities."""
        runner = self._runner

        def whole(leaders: Prompts) -> Iterator[tuple[DecodingState, DecodingState]]:
            return ((state, state) for state in runner.prefill(leaders))

        def decode_batch(
            pairs: Sequence[tuple[DecodingState, TokenizedPrompt]],
        ) -> list[GeneratedReply]:
            # A retry samples from the start.
            choose = ProbabilityRecorder(make_chooser([prompt for _, prompt in pairs]))
            merged = DecodingState.merge([state for state, _ in pairs])
            stops, first = [prompt.stop for _, prompt in pairs], merged.next_logits
            tokens = decode(self.network, merged, stop_tokens, max_new_tokens, choose, stops)
            logits = read_choice_logits(first, [prompt for _, prompt in pairs])
            return [*map(GeneratedReply, tokens, logits, choose.read(tokens, stop_tokens))]

        states = self._run(prompts, whole, runner.prefill_suffixes, one_per_row=True)
        replies: dict[int, GeneratedReply] = {}
        for batch in batch_by_length([state.width for state in states], self.max_tokens):
            found = run_in_halves(decode_batch, [(states[n], prompts[n]) for n in batch])
            replies.update(zip(batch, found, strict=True))
        return [replies[index] for index in range(len(prompts))]

    def _run(
        self,
        prompts: Prompts,
        whole: RunWhole[_T] | None,
        packed: RunPacked[_T],
        *,
        one_per_row: bool = False,
    ) -> list[_T]:
        """
        The result of each prompt: leaders run by *whole*, the rest by *packed*.

        *whole* also returns the states whose prefixes the rest runs over. Without it only the
        prefixes of leaders are run, and *packed* runs the leaders, too.
        """
        if self._recurrent and any(map(self._shares, prompts)):
            whole = None
        results: dict[TokenizedPrompt, _T] = {}
        index = PrefixIndex.of(
            prompts, self.prefix_cache, leaders_rerun=whole is None, many_images=self.many_images
        )
        for group in self._batch_leaders(index.leaders, prefixes=whole is None):
            run: RunWhole[_T] = whole or self._prefill_prefixes
            for prompt, (result, state) in zip(group, run_in_halves(run, group), strict=True):
                results |= {} if result is None else {prompt: result}
                if state is not None:
                    index.add(prompt, state, own_tensors=len(group) == 1)
        rest = [prompt for prompt in prompts if prompt not in results]
        if not rest:
            return [results[prompt] for prompt in prompts]
        rows = index.pack(rest, MAX_ROW_TOKENS if self._packs and not one_per_row else 0)
        # To sum up the weights' bytes takes a millisecond, and one row is a batch in any case.
        max_bytes = self._weight_bytes // 2 if len(rows) > 1 else 0
        states_kept = one_per_row and self._recurrent
        for stack in stack_rows(rows, self.max_tokens, max_bytes, equal_lengths=states_kept):
            found = run_in_halves(lambda rows: packed(PackedBatch(rows)), stack.rows)
            results.update(zip(stack.prompts, found, strict=True))
        return [results[prompt] for prompt in prompts]

    def _batch_leaders(self, leaders: Prompts, *, prefixes: bool) -> Iterator[Prompts]:
        """Batches of *leaders*, to run whole or only their prefixes."""
        lengths = [self._prefix_length(p) if prefixes else p.length for p in leaders]
        max_padding = 0 if self._recurrent else _MAX_PADDING
        for batch in batch_by_length(lengths, self.max_tokens, max_padding):
            yield [leaders[n] for n in batch]

    def _prefill_prefixes(self, leaders: Prompts) -> Iterator[tuple[None, DecodingState]]:
        lengths = [self._prefix_length(prompt) for prompt in leaders]
        return ((None, state) for state in self._runner.prefill_prefixes(leaders, lengths))

    def _prefix_length(self, prompt: TokenizedPrompt) -> int:
        """Tokens that run before the suffix: all but the last where nothing is shared."""
        return prompt.prefix_length if self._shares(prompt) else prompt.length - 1

    @property
    def _packs(self) -> bool:
        """Whether a mask can keep sequences in one row apart."""
        return takes_packed_masks(self.network) and not self._recurrent

    @cached_property
    def _recurrent(self) -> bool:
        return has_recurrent_state(self.network)

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
        if not shared and once and not self.leaders_rerun:
            return
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
    rows: Sequence[PackedSequence], max_tokens: int, max_bytes: int, *, equal_lengths: bool = False
) -> Iterator[PackedBatch]:
    """
    Batches of at most *max_tokens*, with *max_bytes* of merged prefixes, or of one row.

    With *equal_lengths*, the rows of a batch are equally long after their prefixes.
    """
    batch: list[PackedSequence] = []
    for row in sorted(rows, key=lambda row: (row.length * equal_lengths, -row.prefix_length)):
        grown = [*batch, row]
        longest = max(each.length for each in grown)
        most_bytes = len(grown) * grown[0].prefix.kv_bytes
        too_large = most_bytes > max_bytes or len(grown) * longest > max_tokens
        if batch and (too_large or (equal_lengths and row.length > batch[0].length)):
            yield PackedBatch(batch)
            batch = []
        batch.append(row)
    if batch:
        yield PackedBatch(batch)


def batch_by_length(
    lengths: Sequence[int], max_tokens: int, max_padding: int = _MAX_PADDING
) -> Iterator[list[int]]:
    """Batches of indices of similar *lengths*, of at most *max_tokens* with their padding."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        longest = lengths[batch[0]] if batch else 0
        full = longest * (len(batch) + 1) > max_tokens
        if batch and (full or longest - lengths[index] > max_padding):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
