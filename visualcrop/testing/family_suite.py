"""What holds for every family of Hugging Face checkpoints, on a tiny checkpoint of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np
import numpy.typing as npt
import pytest

from ..geometry import Box
from ..image import Image
from ..models.base import Capture, Internals
from ..models.engine.attention import AttentionCall, intercept_attention
from ..models.engine.decoder import get_decoder
from ..models.engine.kv_cache import cache_argument, new_cache
from ..models.families.base import Family
from ..models.huggingface import HuggingFaceModel
from ..prompt import Prompt
from ..values import View
from .model_suite import ModelFamilySuite
from .strategy_suite import installed

if TYPE_CHECKING:
    from torch import Tensor

_QUESTION = "Is there a {target} in the image?"
_SIZES = ((400, 250), (190, 470), (300, 300), (701, 503), (61, 37))  # width, height
_LONG = ((900, 100), (100, 900))  # shapes in which wrong layouts differ most
_FEWEST_PIXELS = 2  # on a side of the corner of a cell; one pixel may change too little
_FEWEST = 3  # tokens on a side; rows and columns of two tokens hide a wrong layout
_CHOICES = ("Yes", "No", "The mug is red.")


class HuggingFaceFamilySuite(ModelFamilySuite):
    """
    Set `strategy` to a `Family`, and let `family` give it a tiny random checkpoint.

        class TestMine(HuggingFaceFamilySuite):
            strategy = Mine

            def family(self) -> Mine:
                return Mine(checkpoint=str(tiny_checkpoint()))
    """

    strategy: ClassVar[type[Family]]
    encoder_outputs: ClassVar[tuple[str, ...]] = (
        *("out_proj", "o_proj", "projection_layer", "attn.proj", "o_proj.linear"),
    )
    """How names of the vision encoder's attention outputs end; the impulse test sets them to 0."""

    def family(self) -> Family:
        """The family on a tiny checkpoint."""
        raise NotImplementedError("Override family() to give the family a tiny checkpoint.")

    def opened(self, **options: Any) -> HuggingFaceModel:
        """The tiny model, opened once for each set of options."""
        return _opened(attrs.evolve(self.family(), device="cpu", **options))

    def test_auto_finds_it(self) -> None:
        """The checkpoint's `model_type` leads `auto` to the family, and to no other."""
        family = self.family()
        if not self.strategy.model_types:
            pytest.skip("the family is opened by its name only")
        names = [name for name in family.source.read_model_types() if self.strategy.reads(name)]
        assert names, f"{self.strategy.name!r} does not read this checkpoint"
        model_type = names[0]
        assert installed().families().find(model_type, family.checkpoint) is self.strategy

    @pytest.mark.parametrize("size", _SIZES, ids=str)
    def test_layout_has_as_many_tokens_as_the_processor(self, size: tuple[int, int]) -> None:
        """Images alone and among others: each has the placeholders that its layout counts."""
        model, views = self.opened(), [View.whole(_noise(size)), View.whole(_noise((90, 70)))]
        for shown in (views[:1], views, views[::-1]):
            tokenized = model.prompt_processor.tokenize(Prompt((*shown, "What is this?")))
            counted = [model.layout(view, len(shown)).tokens for view in shown]
            assert len(tokenized.placeholders) == sum(counted)

    def test_checkpoint_has_enough_tokens(self) -> None:
        """The tests of the layout can tell a right one from a wrong one."""
        shapes = [self.opened().layout(View.whole(_noise(size)), 1).grid.shape for size in _SIZES]
        assert max(min(shape) for shape in shapes) >= _FEWEST, (
            f"Give the tiny checkpoint at least {_FEWEST} x {_FEWEST} tokens of an image, better "
            "6 x 6; on fewer, a wrong layout can pass."
        )

    @pytest.mark.parametrize("size", [*_SIZES[:-1], *_LONG], ids=str)
    def test_each_cell_reacts_to_its_own_pixels(self, size: tuple[int, int]) -> None:
        """Invert the middle of a cell or a corner of it: no other cell's token changes as much."""
        assert all(self.impulses(size))

    def impulses(self, size: tuple[int, int]) -> Iterator[bool]:
        """For each place of an image that is changed, whether its own cell's token changes most."""
        model = _without_attention(self.family(), self.encoder_outputs)
        base = _noise(size)
        layout = model.layout(View.whole(base), 1)
        cells = _cells(layout.grid.shape)
        places = [(cell, box) for cell in cells for box in _parts(layout.grid.cell(*cell))]
        tried = [cell for cell, _ in places]
        changed = [_inverted(base, box) for _, box in places]
        before, *after = (self._embeddings(model, image) for image in (base, *changed))
        # Beside local crops, tokens of the whole image react too, some more than those of a cell.
        heard = layout.cells.ravel() if layout.local else np.arange(layout.tokens)
        for cell, embeddings in zip(tried, after, strict=True):
            changes = (embeddings - before).norm(dim=-1)[heard.tolist()]
            yield bool(heard[int(changes.argmax())] == layout.cells[cell])

    def test_captures_are_the_cache(self) -> None:
        """Values and keys that are captured are those that the network itself caches."""
        import torch

        model, layers = self.opened(memory=0), self._layers()
        prompt = _about("mug")
        (seen,) = model.forward([prompt], Capture(values=layers, keys=layers))
        inputs = self._inputs(model, prompt)
        cache: Any = new_cache(model.network)
        with torch.no_grad():
            model.network(**inputs, **{cache_argument(model.network): cache}, use_cache=True)
        for layer in layers:
            _assert_close(seen.values[layer], cache.layers[layer].values[0])
            _assert_close(seen.keys[layer], cache.layers[layer].keys[0])

    def test_a_cached_prefix_changes_nothing(self) -> None:
        """Prompts on one image share its KV cache, and are answered as each from its start."""
        plain, sharing = self.opened(memory=0), self.opened(memory=1 << 30)
        prompts = [_about("mug"), _about("green coin"), _about("mug")]
        _assert_same(self._answers(sharing, prompts), self._answers(plain, prompts))

    def test_packed_prompts_are_answered_as_alone(self) -> None:
        """Prompts of different images and lengths in one pass do not see one another."""
        model = self.opened(memory=0)
        other = Prompt.fill(View(_noise(), Box(40, 0, 300, 170)), _QUESTION, target="key")
        prompts = [_about("mug"), other, _about("small red key with a very long shaft")]
        alone = [self._answers(model, [prompt])[0] for prompt in prompts]
        _assert_same(self._answers(model, prompts), alone)

    def test_replies_are_the_same_with_a_cached_prefix(self) -> None:
        """Word by word, the second time as the first."""
        plain, sharing = self.opened(memory=0), self.opened(memory=1 << 30)
        prompts = [_about("mug"), _about("green coin")]
        (first, second), wanted = sharing.generate(prompts), plain.generate(prompts)
        assert [first.text, second.text] == [reply.text for reply in wanted]

    def test_choices_are_weighed_beside_a_reply(self) -> None:
        """In the same pass, their logits are those by next token, and the reply stays the same."""
        model, plain = self.opened(memory=0), [_about("mug"), _about("green coin")]
        before = model.passes
        asked = [attrs.evolve(prompt, choices=("Yes", "No")) for prompt in plain]
        replies = model.generate(asked, max_new_tokens=2)
        assert model.passes - before == len(asked)
        wanted = [choice.logits for choice in model.choose(plain, ("Yes", "No"))]
        for prompt, reply, logits in zip(plain, replies, wanted, strict=True):
            tokenized = model.prompt_processor.tokenize(prompt)
            forked, _ = model.prompt_processor.fork_at_replies(tokenized, ("Yes", "No"))
            apart = forked.length == tokenized.length  # else both begin with the same token
            assert reply.choice_logits == (
                pytest.approx(logits, rel=1e-3, abs=1e-4) if apart else ()
            )
        texts = [reply.text for reply in model.generate(plain, max_new_tokens=2)]
        assert [reply.text for reply in replies] == texts

    def test_meter_counts_what_pytorch_counts(self) -> None:
        """Within 1 % of `torch.utils.flop_counter`, for a pass over an image and a question."""
        import torch
        from torch.utils.flop_counter import FlopCounterMode

        model = self.opened(memory=0)
        inputs = self._inputs(model, _about("mug"))
        counter = FlopCounterMode(display=False, custom_mapping=_cpu_formulas())
        with torch.no_grad(), model.meter.measure() as span, counter:
            model.network(**inputs)
        assert span.usage.flops == pytest.approx(counter.get_total_flops(), rel=0.01)

    def test_is_causal_says_whether_tokens_attend_to_later_ones(self) -> None:
        """Where they do, flash attention would drop that part of the mask, and is refused."""
        import torch

        model, masks = self.opened(memory=0), list[Any]()

        def keep(call: AttentionCall) -> Any:
            masks.append(call.mask)
            return call.run()

        layers: Any = get_decoder(model.network).layers
        attending = [layer.self_attn for layer in layers if hasattr(layer, "self_attn")]
        with ExitStack() as stack, torch.no_grad():
            for module in attending:
                stack.enter_context(intercept_attention(module, keep))
            model.network(**self._inputs(model, _about("mug")))
        later = [_visible(mask).triu(1).any() for mask in masks if mask is not None]
        assert masks
        assert self.family().is_causal(model.network.config) == (not any(later))

    def test_spans_are_the_tokens_of_the_words(self) -> None:
        """Decoded, the tokens of a marked word are that word."""
        model, words = self.opened(), "small red key"
        tokenized = model.prompt_processor.tokenize(_about(words))
        tokens = tokenized.inputs["input_ids"][0][tokenized.spans["target"]]
        decoded = model.prompt_processor.processor.tokenizer.decode(tokens)
        assert decoded.strip() == words

    def _layers(self) -> tuple[int, ...]:
        """Layers that keep keys and values."""
        return self.opened(memory=0).info.kv_layers

    def _inputs(self, model: HuggingFaceModel, prompt: Prompt) -> dict[str, Tensor]:
        """What the network's `forward` takes for *prompt*."""
        tokenized = model.prompt_processor.tokenize(prompt)
        return dict(tokenized.to(model.network.device, model.network.dtype).inputs)

    def _embeddings(self, model: HuggingFaceModel, image: Image) -> Tensor:
        """What the decoder's first layer is given at each placeholder: placeholders x width."""
        given: list[Tensor] = []

        def keep(_: Any, args: tuple[Any, ...], named: dict[str, Any]) -> None:
            given.append(args[0] if args else named["hidden_states"])

        first: Any = get_decoder(model.network).layers[0]
        hook = first.register_forward_pre_hook(keep, with_kwargs=True)
        try:
            prompt = Prompt((View.whole(image), "What is this?"))
            model.forward([prompt], Capture(values=self._layers()[:1]))
        finally:
            hook.remove()
        placeholders = model.prompt_processor.tokenize(prompt).placeholders
        return given[0][0, [int(place) for place in placeholders]].float()

    def _answers(self, model: HuggingFaceModel, prompts: Sequence[Prompt]) -> list[list[Any]]:
        """Of each prompt, logits of choices and all that can be captured."""
        layers = self._layers()
        chosen = model.choose(prompts, _CHOICES)
        weighed = model.choose(prompts, _CHOICES, by="sentence", end_token=True)
        seen = model.forward(prompts, Capture(values=layers, keys=layers, attention=layers))
        return [
            [one.logits, two.logits, *(tensor for kind in _kinds(three) for tensor in kind)]
            for one, two, three in zip(chosen, weighed, seen, strict=True)
        ]


@lru_cache(maxsize=16)
def _opened(family: Family) -> HuggingFaceModel:
    model = family.open()
    assert isinstance(model, HuggingFaceModel), f"open() gave a {type(model).__name__}"
    return model


@lru_cache(maxsize=4)
def _without_attention(family: Family, endings: tuple[str, ...]) -> HuggingFaceModel:
    """The model, whose vision encoder keeps each patch to itself."""
    import torch

    model: Any = attrs.evolve(family, device="cpu", memory=0).open()
    encoder = model.network.get_encoder(modality="image")
    outputs = [module for name, module in encoder.named_modules() if name.endswith(endings)]
    assert outputs, f"no module of the vision encoder ends in {endings}; set encoder_outputs"
    for module in outputs:
        for weights in module.parameters():
            torch.nn.init.zeros_(weights)
    return model  # type: ignore[no-any-return]


def _noise(size: tuple[int, int] = (300, 200)) -> Image:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.open(pixels)


def _about(target: str) -> Prompt:
    return Prompt.fill(View.whole(_noise()), _QUESTION, target=target)


def _cells(shape: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The corners of the grid, and some cells within."""
    rows, columns = shape
    corners = {(row, column) for row in (0, rows - 1) for column in (0, columns - 1)}
    drawn = np.random.default_rng(0).permutation(rows * columns)[:6]
    yield from sorted({*corners, *(divmod(int(cell), columns) for cell in drawn)})


def _parts(cell: Box) -> Iterator[Box]:
    """The middle of *cell* and its corners, as far from its edges as resizing smears."""
    xs, ys = _marks(cell.left, cell.width), _marks(cell.top, cell.height)
    yield Box(xs[0], ys[0], max(xs[3], xs[0] + 1), max(ys[3], ys[0] + 1))
    for i, j in product((0, 2), (0, 2)):
        if min(xs[i + 1] - xs[i], ys[j + 1] - ys[j]) >= _FEWEST_PIXELS:
            yield Box(xs[i], ys[j], xs[i + 1], ys[j + 1])


def _marks(start: float, length: float) -> list[int]:
    """Where the first corner of a cell starts and ends, and the last one."""
    return [round(start + part * length) for part in (0.2, 0.4, 0.6, 0.8)]


def _inverted(image: Image, box: Box) -> Image:
    """The image, with what *box* holds inverted."""
    pixels: npt.NDArray[np.uint8] = np.array(image.pixels)
    left, top, right, bottom = box.whole_pixels()
    inside = pixels[top:bottom, left:right]
    inside[:] = np.where(inside > 127, 0, 255)
    return Image.open(pixels)


def _visible(mask: Tensor) -> Tensor:
    """Whether a token attends to another, from a boolean or an additive mask."""
    import torch

    return mask if mask.dtype == torch.bool else mask > torch.finfo(mask.dtype).min / 2


def _kinds(seen: Internals) -> Iterator[list[Tensor]]:
    for kind in (seen.values, seen.keys, seen.attention):
        yield [kind[layer] for layer in sorted(kind)]


def _assert_same(found: Sequence[Sequence[Any]], wanted: Sequence[Sequence[Any]]) -> None:
    for one, other in zip(found, wanted, strict=True):
        for part, same in zip(one, other, strict=True):
            _assert_close(part, same)


def _assert_close(found: Any, wanted: Any) -> None:
    """Equal but for rounding."""
    import torch

    torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-3)


def _cpu_formulas() -> dict[Any, Any]:
    """FLOPs of attention on a CPU, and of experts, which PyTorch does not count."""
    import torch

    def attention(q: Any, k: Any, v: Any, *_: Any, **__: Any) -> int:
        batch, heads, queries, width = q  # shapes come in place of tensors
        return int(2 * batch * heads * queries * k[-2] * (width + v[-1]))

    def experts(tokens: Any, weights: Any, *_: Any, **__: Any) -> int:
        return int(2 * tokens[0] * weights[-2] * weights[-1])

    aten = torch.ops.aten
    flash = aten._scaled_dot_product_flash_attention_for_cpu  # noqa: SLF001
    return {flash: attention, aten._grouped_mm: experts}  # noqa: SLF001
