"""
Passes of a network as transformers runs it, to compare the engine with.

One prompt at a time, from its start, without a tap or a remembered prefix. All that a check needs
to know of the inside of a `HuggingFaceModel` is in this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import attrs

from ..models.engine.block_attention import BLOCKS
from ..models.engine.decoder import get_decoder
from ..models.engine.kv_cache import DecodingState, cache_argument
from ..models.engine.prompting import TokenizedPrompt
from ..models.families.blip import BlipModel
from ..models.families.prefix_lm import PrefixLanguageModel
from ..models.huggingface import HuggingFaceModel
from ..prompt import Prompt

if TYPE_CHECKING:
    from torch import Tensor

_FULL = frozenset({"full_attention", "sliding_attention", "chunked_attention"})
_IDS = (
    "token_type_ids",
    "mm_token_type_ids",
)  # of input tokens; of text they are 0, or 1 after a prefix
_MOST_TOKENS = 1 << 16  # in a pass, so that a batch is not split


@attrs.frozen(eq=False)
class PlainPasses:
    """Plain passes of the network of *model*."""

    model: HuggingFaceModel

    @property
    def network(self) -> Any:
        """The network, of transformers' own class."""
        return self.model.network

    @property
    def decoder(self) -> Any:
        return get_decoder(self.network)

    @property
    def kernel(self) -> str:
        """The name of the decoder's attention kernel."""
        return str(self.decoder.config._attn_implementation)  # noqa: SLF001 - no other name

    @property
    def dtype(self) -> str:
        """The name of the dtype that is computed in, such as bfloat16."""
        return str(self.network.dtype).removeprefix("torch.")

    @property
    def is_quantised(self) -> bool:
        """Whether the weights are packed in fewer than 16 bits."""
        return getattr(self.network, "hf_quantizer", None) is not None

    def tokenize(self, prompt: Prompt) -> TokenizedPrompt:
        """The prompt's tokens and pixels, on the network's device."""
        tokenized = self.model.prompt_processor.tokenize(prompt)
        return tokenized.to(self.network.device, self.network.dtype)

    def next_logits(self, prompt: Prompt, after: Sequence[int] = ()) -> Tensor:
        """Logits of the token after *prompt* and the tokens *after* it: V, float32, on the CPU."""
        inputs = self._append(self.tokenize(prompt).inputs, after)
        logits = self._run(inputs, use_cache=False, logits_to_keep=1).logits
        return logits[0, -1].float().cpu()  # type: ignore[no-any-return]

    def mean_log_probability(self, prompt: Prompt, reply: str) -> float:
        """Of the tokens of *reply*, each after those before it, by one pass over all."""
        import torch

        tokenized = self.tokenize(prompt)
        own = self.model.prompt_processor.tokenize_reply(tokenized, reply)[0].tolist()
        inputs = self._append(tokenized.inputs, own)
        logits = self._run(inputs, use_cache=False, logits_to_keep=len(own) + 1).logits
        scores = torch.log_softmax(logits[0, :-1].float(), -1)
        return float(scores[range(len(own)), own].mean())

    def generate(self, prompt: Prompt, max_new_tokens: int) -> list[int]:
        """Tokens of a greedy reply by transformers' own `generate`, without what stopped it."""
        import torch

        stops = sorted(self.model.prompt_processor.stop_tokens)
        tokenized = self.tokenize(prompt)
        with torch.no_grad(), self._default_generation():
            whole = self.network.generate(
                **tokenized.inputs,
                max_new_tokens=max_new_tokens,
                eos_token_id=stops,
                do_sample=False,
            )
        tokens = whole[0, tokenized.length :].tolist()
        return [*takewhile(lambda token: token not in stops, tokens)]

    def margin_after(self, prompt: Prompt, tokens: Sequence[int]) -> tuple[float, float]:
        """How far the likeliest token after *tokens* is above the next, and the largest logit."""
        logits = self.next_logits(prompt, tokens)
        first, second = logits.topk(2).values.tolist()
        return first - second, float(logits.abs().max())

    def cached(self, prompt: Prompt) -> Mapping[int, tuple[Tensor, Tensor]]:
        """
        Keys and values that the network itself caches, by layer: KV heads x T x D each.

        Layers that keep none of their own, such as those of linear attention, are left out.
        """
        from transformers import DynamicCache

        tokenized = self.tokenize(prompt)
        kinds = {*(getattr(self.decoder.config, "layer_types", None) or ())}
        name = cache_argument(self.network)
        # Without a config, layers with a sliding window keep every token; but then no layer can
        # keep another kind of state.
        own = {name: DynamicCache()} if kinds <= _FULL else {}
        out = self._run(tokenized.inputs, use_cache=True, logits_to_keep=1, **own)
        layers = enumerate(getattr(out, name).layers)
        found = {n: (_tensor(layer, "keys"), _tensor(layer, "values")) for n, layer in layers}
        return {
            n: (keys[0], values[0])
            for n, (keys, values) in found.items()
            if keys is not None and values is not None and values.shape[2] == tokenized.length
        }

    def attention(self, prompt: Prompt, layers: Sequence[int]) -> dict[int, Tensor]:
        """Weights of the last token in each of *layers* under eager attention: H x T."""
        rows: dict[int, Tensor] = {}

        def keep(_: Any, args: Any, out: Any, *, layer: int) -> None:
            rows[layer] = out[1][0, :, -1].float()

        hooks = [
            self.decoder.layers[n].self_attn.register_forward_hook(partial(keep, layer=n))
            for n in layers
        ]
        try:
            with self._kernel("eager"):
                self._run(self.tokenize(prompt).inputs, use_cache=False, logits_to_keep=1)
        finally:
            for hook in hooks:
                hook.remove()
        return rows

    def attention_layers(self) -> list[int]:
        """Decoder layers that attend by a module `self_attn`."""
        layers = enumerate(self.decoder.layers)
        return [n for n, layer in layers if hasattr(layer, "self_attn")]

    def flops(self, prompt: Prompt) -> tuple[float, float]:
        """
        FLOPs of one pass: by the meter in the network's modules, and by PyTorch's operators.

        The meter counts every pair of tokens, and blocks leave out most that the mask does.
        """
        from ..models.engine.metering.operators import measure_usage

        inputs = self.tokenize(prompt).inputs
        kernel, device = "sdpa" if self.kernel == BLOCKS else self.kernel, self.network.device
        with (
            self._kernel(kernel),
            self.model.meter.measure() as metered,
            measure_usage(device) as counted,
        ):
            self._run(inputs, use_cache=False, logits_to_keep=1)
        return metered.usage.flops, counted.usage.flops

    def _append(self, inputs: Mapping[str, Tensor], after: Sequence[int]) -> dict[str, Tensor]:
        """*inputs* of a prompt, with the tokens of a reply *after* it."""
        return _append(inputs, after, kind=int(isinstance(self.model, PrefixLanguageModel)))

    def _run(self, inputs: Mapping[str, Any], **options: Any) -> Any:
        import torch

        with torch.no_grad():
            return self.network(**inputs, **options)

    @contextmanager
    def _default_generation(self) -> Iterator[None]:
        """Hide the checkpoint's generation config, whose penalties `generate` would apply."""
        from transformers import GenerationConfig

        own = self.network.generation_config
        self.network.generation_config = GenerationConfig(pad_token_id=own.pad_token_id)
        try:
            yield
        finally:
            self.network.generation_config = own

    @contextmanager
    def _kernel(self, name: str) -> Iterator[None]:
        """Let the decoder attend by the kernel of that *name*."""
        config = self.decoder.config
        own = config._attn_implementation  # noqa: SLF001 - it has no other name
        config._attn_implementation = name  # noqa: SLF001
        try:
            yield
        finally:
            config._attn_implementation = own  # noqa: SLF001


def blip_logits(model: BlipModel, prompt: Prompt, after: Sequence[int] = ()) -> Tensor:
    """As `PlainPasses.next_logits`, in a plain pass of InstructBLIP's whole network."""
    import torch

    network = model.network
    tokenized = model.prompt_processor.tokenize(prompt).to(network.device, network.dtype)
    text = _append(tokenized.inputs, after)["input_ids"]
    queries = text.new_full((1, network.config.num_query_tokens), network.config.image_token_id)
    inputs = {**tokenized.inputs, "input_ids": torch.cat([queries, text], dim=1)}
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    with torch.no_grad():
        logits: Tensor = network(**inputs).logits
    return logits[0, -1].float().cpu()


@contextmanager
def one_batch(model: HuggingFaceModel) -> Iterator[None]:
    """Run the prompts of a call whole and in one pass, without remembered prefixes."""
    cache, most = model.prefix_cache, model.max_tokens
    model.prefix_cache, model.max_tokens = None, most or _MOST_TOKENS  # a limit that is set holds
    try:
        yield
    finally:
        model.prefix_cache, model.max_tokens = cache, most


def remembered(model: HuggingFaceModel) -> list[DecodingState]:
    """The states of prefixes that the model keeps."""
    cache = model.prefix_cache
    return [] if cache is None else [state for state, _ in cache._entries.values()]  # noqa: SLF001


def _append(
    inputs: Mapping[str, Tensor], after: Sequence[int], *, kind: int = 0
) -> dict[str, Tensor]:
    """*inputs* of a prompt, with tokens of text *after* it, which are of a *kind*."""
    import torch

    longer = dict(inputs)
    tokens = inputs["input_ids"].new_tensor([[*after]])
    for name, ids in inputs.items() if after else ():
        if name == "input_ids":
            longer[name] = torch.cat([ids, tokens], dim=1)
        elif name == "attention_mask":
            longer[name] = torch.cat([ids, torch.ones_like(tokens)], dim=1)
        elif name == "position_ids":
            later = torch.arange(1, len(after) + 1, device=ids.device)
            longer[name] = torch.cat([ids, ids[:, -1:] + later], dim=1)
        elif name in _IDS:
            longer[name] = torch.cat([ids, torch.full_like(tokens, kind)], dim=1)
    return longer


def _tensor(layer: Any, name: str) -> Tensor | None:
    """The tensor of a layer of a cache, B x KV heads x T x D; none if it has none."""
    found = getattr(layer, name, None)
    return found if getattr(found, "ndim", 0) == 4 else None
