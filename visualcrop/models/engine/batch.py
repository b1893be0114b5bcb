"""
Batches for the model's forward: whole prompts, or suffixes after cached prefixes.

Whole prompts (`PaddedBatch`) are right-padded: the causal mask hides the padding, so that no kernel
needs another. Suffixes of one prefix are packed into one row (`PackedBatch`) over its KV cache,
which is neither copied nor changed. A mask lets each token attend to the prefix and its own
sequence only, and its position is the one that it would have alone. Rows over several prefixes are
left-padded in the cache and right-padded in the new tokens, so that a row's tokens are adjacent and
sliding windows reach as far as they would alone. Flash attention takes no such mask, and no mask
keeps sequences apart in a recurrent state, so there every suffix has a row of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from .block_attention import BLOCKS
from .decoder import get_decoder
from .kv_cache import DecodingState, cache_argument, cached_layers, fork_cache, slice_cache
from .placeholders import is_of_tokens
from .prompting import TokenizedPrompt

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import DynamicCache, PreTrainedModel

    from .capture import Tap

LayerTensors: TypeAlias = "Mapping[str, Mapping[int, Tensor]]"  # by kind ("keys", ...) and layer


@attrs.frozen(eq=False)
class PaddedBatch:
    """Whole prompts, right-padded."""

    inputs: Mapping[str, Any]  # arguments of the model's forward, without the cache
    lengths: tuple[int, ...]  # tokens of each prompt
    rope_deltas: Tensor | None  # B x 1, added to later positions (Qwen's M-RoPE)

    @classmethod
    def of(cls, model: PreTrainedModel, prompts: Sequence[Mapping[str, Any]]) -> PaddedBatch:
        """A batch of the forward arguments of single *prompts*, which are on the model's device."""
        lengths = tuple(prompt["input_ids"].shape[1] for prompt in prompts)
        pad = int(model.config.image_token_id == 0)  # any token but the image token
        inputs: dict[str, Any] = {"input_ids": pad_right([p["input_ids"] for p in prompts], pad)}
        for name, parts in _group_by_name(prompts):
            if is_of_tokens(name, parts[0][1], parts[0][0]):
                inputs[name] = pad_right([_type_ids(prompt, name) for prompt in prompts], 0)
            else:
                inputs[name] = _stack_images([part for _, part in parts])
        placed = [_mrope_positions(model, prompt) for prompt in prompts]
        if placed[0] is None:
            return cls(inputs, lengths, None)
        import torch

        found = [each for each in placed if each is not None]
        inputs["position_ids"] = pad_right([positions for positions, _ in found])
        return cls(inputs, lengths, torch.cat([deltas for _, deltas in found]))

    @property
    def last_positions(self) -> Tensor:
        """Index of each prompt's last token, B x 1."""
        import torch

        lengths = torch.tensor(self.lengths, device=self.inputs["input_ids"].device)
        return lengths[:, None] - 1


@attrs.frozen(eq=False)
class PackedSequence:
    """
    One row of a `PackedBatch`: suffixes of prompts that share *prefix*, each with its replies.

    A prompt's suffix is the part after the prefix. Its replies follow it; each attends to the
    suffix and itself only.
    """

    prefix: DecodingState  # of one sequence
    prompts: Sequence[TokenizedPrompt]

    @cached_property
    def prefix_length(self) -> int:
        """Tokens of the prefix."""
        return self.prefix.width

    @cached_property
    def pieces(self) -> list[list[Tensor]]:
        """For each prompt its suffix, then its replies without their last tokens, 1 x T each."""
        start = self.prefix_length
        suffixes = [p.inputs["input_ids"][:, start:] for p in self.prompts]
        replies = [[reply[:, :-1] for reply in p.replies] for p in self.prompts]
        return [[suffix, *each] for suffix, each in zip(suffixes, replies, strict=True)]

    @cached_property
    def lengths(self) -> list[list[int]]:
        """The number of tokens of each of `pieces`."""
        return [[piece.shape[1] for piece in pieces] for pieces in self.pieces]

    @property
    def sequences(self) -> int:
        """The number of prompts in the row; a prompt counts once for each of its replies."""
        return sum(max(1, len(prompt.replies)) for prompt in self.prompts)

    @property
    def has_branches(self) -> bool:
        """Whether some token must not attend to an earlier one, so that the row needs a mask."""
        return len(self.prompts) > 1 or any(len(prompt.replies) > 1 for prompt in self.prompts)

    @property
    def tokens(self) -> Tensor:
        """All pieces, 1 x T."""
        import torch

        return torch.cat([piece for pieces in self.pieces for piece in pieces], dim=1)

    @property
    def length(self) -> int:
        """T of the row."""
        return sum(map(sum, self.lengths))

    @property
    def suffix_spans(self) -> list[tuple[int, int]]:
        """Start and stop of each suffix in the row, without its replies."""
        starts = accumulate(map(sum, self.lengths), initial=0)
        return [(at, at + each[0]) for at, each in zip(starts, self.lengths, strict=False)]

    @property
    def last_positions(self) -> list[int]:
        """Index in the row of each suffix's last token."""
        return [stop - 1 for _, stop in self.suffix_spans]

    @property
    def span_positions(self) -> list[list[int]]:
        """Indices in the row of the span tokens of each suffix."""
        starts = (start for start, _ in self.suffix_spans)
        pairs = zip(self.prompts, starts, strict=True)
        return [[*(p.span_tokens - self.prefix_length + start)] for p, start in pairs]

    @property
    def logit_positions(self) -> list[int]:
        """Indices in the row whose logits are kept: a suffix's last, and all of its replies."""
        spans = zip(self.suffix_spans, self.lengths, strict=True)
        return [n for (start, stop), each in spans for n in range(stop - 1, start + sum(each))]

    def split_logits(self, logits: Tensor) -> Iterator[Sequence[Tensor]]:
        """Split logits at `logit_positions`: for each prompt 1 x V, then T x V for each reply."""
        sizes = [[1, *replies] for _, *replies in self.lengths]
        shares = logits.split([sum(each) for each in sizes])
        yield from (share.split(each) for share, each in zip(shares, sizes, strict=True))

    def split_captured(self, tap: Tap, row: int, width: int) -> Iterator[LayerTensors]:
        """
        For each prompt, its tensors that *tap* captured in *row*, prefix included: heads x T (x D).

        In the batch, prefixes are left-padded to *width*.
        """
        prefix = cached_layers(self.prefix.cache)
        cut = slice(width - self.prefix_length, width)
        for index, (start, stop) in enumerate(self.suffix_spans):
            own, after = slice(start, stop), slice(width + start, width + stop)
            keys = {n: (prefix[n][0][0], new[row, :, own]) for n, new in tap.keys.items()}
            values = {n: (prefix[n][1][0], new[row, :, own]) for n, new in tap.values.items()}
            rows = {n: found[row, index] for n, found in tap.attention.items()}  # H x T
            attention = {n: (r[:, cut], r[:, after]) for n, r in rows.items()}
            found = {"keys": keys, "values": values, "attention": attention}
            joined = {kind: _join_tokens(parts) for kind, parts in found.items()}
            yield {**joined, "span_attention": self._split_spans(tap, row, index, cut, after)}

    def _split_spans(
        self, tap: Tap, row: int, index: int, cut: slice, after: slice
    ) -> Mapping[int, Tensor]:
        """Span attention of the prompt at *index*, H x S x T by layer."""
        counts = [len(prompt.span_tokens) for prompt in self.prompts]
        own = slice(sum(counts[:index]), sum(counts[: index + 1]))
        rows = {n: found[row, own].transpose(0, 1) for n, found in tap.span_attention.items()}
        return {n: _cat(r[..., cut], r[..., after]) for n, r in rows.items()}

    @cached_property
    def positions(self) -> Tensor:
        """Position of each token in its own sequence, T."""
        import torch

        start, positions = self.prefix_length, []
        for suffix, *replies in self.lengths:
            positions.append(torch.arange(start, start + suffix))
            positions += [torch.arange(start + suffix, start + suffix + r) for r in replies]
        return torch.cat(positions)

    @property
    def mask(self) -> Tensor:
        """Whether a token (first axis) attends to another (second), T x T: own suffix and reply."""
        import torch

        piece: list[int] = []  # of each token, its piece
        parents: list[int] = []  # of each piece, its prompt's suffix
        for each in self.lengths:
            parent = len(parents)
            piece += [parent + n for n, length in enumerate(each) for _ in range(length)]
            parents += [parent] * len(each)
        own, above = torch.tensor(piece), torch.tensor(parents)[piece]
        seen: Tensor = (own[:, None] == own) | (above[:, None] == own)
        return seen & (self.positions[:, None] >= self.positions)


@attrs.frozen(eq=False)
class PackedBatch:
    """Rows of packed suffixes, each row over its own prefix."""

    rows: Sequence[PackedSequence]

    @property
    def prompts(self) -> list[TokenizedPrompt]:
        """The prompts of all rows, in the order of all results."""
        return [prompt for row in self.rows for prompt in row.prompts]

    @property
    def sequences(self) -> int:
        return sum(row.sequences for row in self.rows)

    @property
    def reused_tokens(self) -> int:
        """Tokens that come from the cache, counted once for each sequence."""
        return sum(row.sequences * row.prefix_length for row in self.rows)

    @cached_property
    def prefix_width(self) -> int:
        """T of the longest prefix."""
        return max(row.prefix_length for row in self.rows)

    def model_inputs(self, model: PreTrainedModel) -> dict[str, Any]:
        """Arguments of the model's forward, without `logits_to_keep`."""
        past = DecodingState.merge([row.prefix for row in self.rows])
        token_mask, cache = past.token_mask, fork_cache(past.cache)
        positions = pad_right([row.positions[None] for row in self.rows]).to(model.device)
        inputs: dict[str, Any] = {
            "input_ids": pad_right([row.tokens for row in self.rows]).to(model.device),
            "position_ids": past.position_ids(positions),
            cache_argument(model): cache,
            "use_cache": True,
        }
        if any(row.has_branches for row in self.rows):
            mask = self._mask(positions, token_mask)
            inputs["attention_mask"] = _additive_masks(model, mask, positions)
        elif token_mask is not None:
            new = token_mask.new_ones(positions.shape)
            inputs["attention_mask"] = _cat(token_mask, new).long()
        return inputs

    def last_positions(self, device: Any) -> Tensor:
        """Index of each suffix's last token among the new ones, B x suffixes."""
        return pad_indices([row.last_positions for row in self.rows], device)

    def span_positions(self, device: Any) -> Tensor:
        """Indices among the new tokens of the span tokens of all suffixes, B x S."""
        rows = [[at for each in row.span_positions for at in each] for row in self.rows]
        return pad_indices(rows, device)

    def logit_positions(self, device: Any) -> Tensor:
        """Indices among the new tokens whose logits are kept, B x indices."""
        return pad_indices([row.logit_positions for row in self.rows], device)

    def split_logits(self, logits: Tensor) -> Iterator[Sequence[Tensor]]:
        """Logits at `logit_positions` for each prompt: 1 x V, then T x V for each reply."""
        for row, found in zip(self.rows, logits, strict=True):
            yield from row.split_logits(found[: len(row.logit_positions)])

    def split_captured(self, tap: Tap) -> Iterator[LayerTensors]:
        """For each prompt, its tensors that *tap* captured, as if it had been run alone."""
        for index, row in enumerate(self.rows):
            yield from row.split_captured(tap, index, self.prefix_width)

    def split_states(self, cache: DynamicCache, logits: Tensor) -> Iterator[DecodingState]:
        """The state after each row, of one prompt each; *logits* are those of `logit_positions`."""
        width = self.prefix_width
        for index, row in enumerate(self.rows):
            tokens = slice(width - row.prefix_length, width + row.length)
            lengths, deltas = (row.prefix_length + row.length,), row.prefix.rope_deltas
            rows = slice(index, index + 1)
            yield DecodingState(slice_cache(cache, index, tokens), lengths, deltas, logits[rows])

    def _mask(self, positions: Tensor, token_mask: Tensor | None) -> Tensor:
        """Whether a new token attends to one of prefix and row, B x T x (prefix + T)."""
        rows, length = positions.shape
        seen = positions.new_zeros((rows, length, length)).bool()
        for index, row in enumerate(self.rows):
            seen[index, : row.length, : row.length] = row.mask
        prefix = seen.new_ones(rows, length, self.prefix_width)
        return _cat(prefix if token_mask is None else prefix & token_mask[:, None], seen)


def takes_packed_masks(model: PreTrainedModel) -> bool:
    """Whether the kernel takes a mask over pairs of tokens; flash attention does not."""
    kernel = get_decoder(model).config._attn_implementation  # noqa: SLF001 - it has no other name
    return kernel in {"sdpa", "eager", BLOCKS}


def extended_mask(model: PreTrainedModel, token_mask: Tensor, positions: Tensor) -> Any:
    """
    The mask of new tokens after a left-padded cache.

    Args:
        model: The network.
        token_mask: False at padding in the cache, B x prefix.
        positions: Position of each new token in its own sequence, B x T.
    """
    new = token_mask.new_ones(positions.shape)
    if not takes_packed_masks(model):
        return _cat(token_mask, new).long()
    # Whether a mask over tokens has padding is asked of the device, pass by pass.
    causal = new[:, None] & (positions[:, :, None] >= positions[:, None])
    prefix = token_mask[:, None].expand(-1, positions.shape[1], -1)
    return _additive_masks(model, _cat(prefix, causal), positions)


def pad_right(rows: Sequence[Tensor], value: int | None = None) -> Tensor:
    """*rows*, ... x 1 x T, as ... x B x T, padded with *value* or each row's last element."""
    import torch

    width = max(row.shape[-1] for row in rows)
    whole = []
    for row in rows:
        last = row[..., -1:] if value is None else row.new_full((1,), value)
        padding = last.expand(*row.shape[:-1], width - row.shape[-1])
        whole.append(torch.cat([row, padding], dim=-1))
    return torch.cat(whole, dim=-2)


def pad_indices(rows: Sequence[list[int]], device: Any) -> Tensor:
    """B x indices; shorter rows repeat their last index, and empty ones 0."""
    import torch

    most = max(map(len, rows))
    padded = [row + [*row[-1:], 0][:1] * (most - len(row)) for row in rows]
    return torch.tensor(padded, dtype=torch.long, device=device)


def _additive_masks(model: PreTrainedModel, seen: Tensor, positions: Tensor) -> Any:
    """
    The decoder's masks, to add to attention scores, from the boolean *seen*, B x T x (prefix + T).

    B x 1 x T x (prefix + T); if layers see different tokens, one for each type of layer. Sliding
    windows and chunks are measured in positions, not in indices in the cache, since the sequences
    of a row share positions.
    """
    import torch

    def additive(seen: Tensor) -> Tensor:
        lowest = torch.finfo(model.dtype).min
        return torch.zeros_like(seen, dtype=model.dtype).masked_fill(~seen, lowest)[:, None]

    config = get_decoder(model).config
    window = getattr(config, "sliding_window", None)
    chunk = getattr(config, "attention_chunk_size", None)
    if window is None and chunk is None:
        return additive(seen)
    width = seen.shape[-1] - positions.shape[-1]
    padding = width - seen[:, 0, :width].sum(-1, keepdim=True)
    before = torch.arange(width, device=positions.device) - padding  # positions in the prefix
    own, others = positions[..., None], _cat(before, positions)[:, None]
    masks = {"full_attention": additive(seen)}
    if window is not None:
        masks["sliding_attention"] = additive(seen & (own - others < window))
    if chunk is not None:
        masks["chunked_attention"] = additive(seen & (own // chunk == others // chunk))
    return masks if getattr(config, "layer_types", None) else masks["sliding_attention"]


def _mrope_positions(
    model: PreTrainedModel, inputs: Mapping[str, Tensor]
) -> tuple[Tensor, Tensor] | None:
    """
    M-RoPE `position_ids`, 3 x 1 x T, and deltas, 1 x 1; none for models without.

    Computed per prompt: the model itself would include the batch's padding, and keep the deltas
    for its next call, even of another prompt.
    """
    get_rope_index: Any = getattr(getattr(model, "model", None), "get_rope_index", None)
    if get_rope_index is None:
        return None
    taken = set(inspect.signature(get_rope_index).parameters) - {"attention_mask"}
    positions, deltas = get_rope_index(**{name: inputs[name] for name in taken & set(inputs)})
    return positions, deltas


def _group_by_name(
    prompts: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[str, list[tuple[int, Any]]]]:
    """Each input but tokens and their mask, which padding on the right needs not: T, and it."""
    for name in dict.fromkeys(name for prompt in prompts for name in prompt):
        if name not in {"input_ids", "attention_mask"}:
            yield name, [(p["input_ids"].shape[1], p[name]) for p in prompts if name in p]


def _type_ids(prompt: Mapping[str, Tensor], name: str) -> Tensor:
    """The type of each token; without types, all tokens are text, which is 0."""
    import torch

    return prompt[name] if name in prompt else torch.zeros_like(prompt["input_ids"])


def _stack_images(parts: Sequence[Any]) -> Any:
    """
    The inputs of several prompts of one kind, concatenated along the first axis.

    Images of fewer tiles, or of fewer pixels on a side, get empty ones: the network knows their
    sizes from another input, or by their being empty.
    """
    import torch

    if isinstance(parts[0], list):
        return [each for part in parts for each in part]
    longest = [max(lengths) for lengths in zip(*(p.shape[1:] for p in parts), strict=True)]
    return torch.cat([_pad_axes(part, longest) for part in parts])


def _pad_axes(part: Tensor, lengths: Sequence[int]) -> Tensor:
    """*part* with zeros at the end of each axis but the first, up to *lengths*."""
    from torch.nn.functional import pad

    missing = [(0, want - have) for want, have in zip(lengths, part.shape[1:], strict=True)]
    return pad(part, [n for pair in reversed(missing) for n in pair])


def _join_tokens(parts: Mapping[int, tuple[Tensor, Tensor]]) -> Mapping[int, Tensor]:
    """Join cached and new tokens of each layer along the token axis: heads x T (x D)."""
    import torch

    return {layer: torch.cat(both, dim=1) for layer, both in parts.items()}


def _cat(*parts: Tensor) -> Tensor:
    import torch

    return torch.cat(parts, dim=-1)
