"""What is proven of a family on its tiny random checkpoint, as numbers."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import attrs
import numpy as np
import PIL.Image
import torch
import transformers as tf
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from tests.support.alike import part
from tests.support.metering import CPU_FLOPS, metered
from tests.support.opened import EXISTENCE, noise, opened
from tests.support.published import NEXT_PINPOINTS, ONEVISION_PINPOINTS
from tests.support.published_tiles import wrongly_counted
from tests.support.reference import published_processor
from tests.support.tiny.checkpoints import checkpoint
from tests.support.tiny.native import PUBLISHED
from tests.support.tiny.processors import load_processor, processor_class
from tests.support.tiny.tiled import TILED
from visualcrop import Capture, ModelFamily, Prompt, View, VisualSearch
from visualcrop.check.plain import PlainPasses
from visualcrop.models import Family
from visualcrop.models.huggingface import HuggingFaceModel
from visualcrop.models.layouts.layout import Layout, Size
from visualcrop.models.loaded_network import LoadedParts
from visualcrop.plugin import Registry, Searcher
from visualcrop.testing import HuggingFaceFamilySuite

IMPULSE_SIZES: list[Size] = [
    *((400, 250), (190, 470), (300, 300), (701, 503)),
    *((900, 100), (100, 900)),  # shapes in which wrong layouts differ most
]
SEARCHERS = ("direct", "focus(steps=5)", "zoomeye", "vicrop")
_SHOWN = 24  # sizes, where only the processor's pixels tell
_CONFIGS: dict[str, Callable[[], Any]] = {  # of the published checkpoints, where sizes are counted
    "llava": tf.LlavaConfig,
    "llava-next": lambda: tf.LlavaNextConfig(image_grid_pinpoints=NEXT_PINPOINTS),
    "llava-onevision": lambda: tf.LlavaOnevisionConfig(
        image_grid_pinpoints=ONEVISION_PINPOINTS,
        vision_config={"model_type": "siglip_vision_model", "image_size": 384, "patch_size": 14},
        vision_aspect_ratio="anyres_max_9",
    ),
    "qwen2-5-vl": tf.Qwen2_5_VLConfig,
    "qwen3-vl": tf.Qwen3VLConfig,
    "gemma3": lambda: tf.Gemma3Config(vision_config={"image_size": 896, "patch_size": 14}),
    "internvl": tf.InternVLConfig,
}
# What processors count of an image beside its placeholders.
_MARKS: dict[str, Callable[[Layout], int]] = {
    "internvl": lambda _: 2,  # <img> and </img>
    "mistral3": lambda layout: layout.grid.shape[0],  # one after each row
    "pixtral": lambda layout: layout.grid.shape[0],
}


@attrs.frozen
class Proof:
    """What was found of one family."""

    family: str
    model_types: tuple[str, ...]
    numbers: str  # of which checkpoint the sizes are counted with: published or tiny
    sizes: int
    impulses: int
    difference: float  # of logits and values, the largest
    flops: float  # by the meter, in those of PyTorch
    searchers: int

    @property
    def row(self) -> str:
        """A line of the table."""
        types = ", ".join(f"`{name}`" for name in self.model_types)
        counted = f"{self.sizes} ({self.numbers})" if self.sizes else "no cells"
        seen = str(self.impulses) if self.impulses else "no cells"
        return (
            f"| `{self.family}` | {types} | {counted} | {seen} | {self.difference:.0e} "
            f"| {self.flops:.4f} | {self.searchers} |"
        )


def prove(family: str, sizes: int = 1000) -> Proof:
    """All proofs of *family*; an `AssertionError` where one fails."""
    cls, gridded = family_class(family), family_class(family).has_patches
    shapes = random_sizes(sizes)
    counted, wrong = count_tokens(family, shapes) if gridded else (0, [])
    assert not wrong, f"{family} counts other tokens than its processor of {wrong[:5]}"
    found = list(impulses(family)) if gridded else []
    assert all(found), f"{family}: {found.count(False)} of {len(found)} impulses missed"
    difference = max(differences(family).values()) if gridded else choice_difference(family)
    assert difference < 1e-4, f"{family} differs by {difference}"
    ratio = flop_ratio(family)
    assert abs(ratio - 1) < 0.01, f"{family} counts {ratio} of the FLOPs"
    return Proof(
        family,
        cls.model_types,
        "published" if family in {*_CONFIGS, *PUBLISHED, *TILED} else "tiny",
        counted,
        len(found),
        difference,
        ratio,
        len(list(searched(family))),
    )


def family_class(name: str) -> type[Family]:
    """The family of that name."""
    found: Any = Registry.load().get(ModelFamily, name)
    return found  # type: ignore[no-any-return]


def random_sizes(count: int, seed: int = 0) -> list[Size]:
    """Widths and heights of 28 to 8192 pixels; of ten, one is thin."""
    dice = random.Random(seed)

    def side() -> int:
        return round(math.exp(dice.uniform(math.log(28), math.log(8192))))

    sizes = [(side(), side()) for _ in range(count)]
    thin = [(dice.randint(2000, 8192), dice.randint(28, 40)) for _ in range(count // 10)]
    turned = [(short, long) for long, short in thin[1::2]]
    return [*sizes[len(thin) :], *thin[::2], *turned]


@attrs.frozen
class Picture:
    """A picture of which only the size is asked."""

    size: Size

    def resize(self, size: Size, *_: Any) -> Picture:
        return Picture(size)


@attrs.frozen(eq=False)
class Counter:
    """A family with a processor of transformers, and the config that both are made for."""

    family: Family
    theirs: Any
    config: Any

    @classmethod
    def of(cls, name: str) -> Counter:
        """With the numbers of a published checkpoint, or else with the tiny one's."""
        family = family_class(name)(checkpoint=str(checkpoint(name)))
        own = family.load_config()
        if name in PUBLISHED:
            config, eye, options = PUBLISHED[name]()
            tokenizer = load_processor(name, checkpoint(name)).tokenizer
            theirs: Any = processor_class(name)(image_processor=eye, tokenizer=tokenizer, **options)
        elif name in _CONFIGS:
            config, theirs = _CONFIGS[name](), published_processor(name)
        else:
            return cls(family, load_processor(name, checkpoint(name)), own)
        config.image_token_id = own.image_token_id
        return cls(family, theirs, config)

    def layouts(self, sizes: Sequence[Size]) -> list[Layout]:
        """Of images of these sizes, each alone."""
        processor = self.family.make_processor(LoadedParts(self.theirs), self.config)
        views = [_view(size) for size in sizes]
        return [self.family.layout(view, 1, processor, self.config) for view in views]

    def picture(self, size: Size) -> Any:
        """What the family shows the processor of such an image."""
        return self.family.picture(_view(size))


def _view(size: Size) -> Any:
    """A view of nothing."""
    return SimpleNamespace(size=size, picture=Picture(size))


def count_tokens(name: str, sizes: Sequence[Size]) -> tuple[int, list[Size]]:
    """How many sizes were compared, and those of which the processor has other tokens."""
    if name in TILED:
        return wrongly_counted(name, sizes)
    counter = Counter.of(name)
    count = getattr(counter.theirs, "_get_num_multimodal_tokens", None)
    if count is None:
        sizes = [size for size in sizes if max(size) <= 1500][:_SHOWN]
    layouts = counter.layouts(sizes)
    if count is None:
        theirs = [_count_shown(counter, size) for size in sizes]
    else:
        shown = [counter.picture(size).size[::-1] for size in sizes]
        theirs = count(image_sizes=shown)["num_image_tokens"]
    marks = _MARKS.get(name if count is not None else "", lambda _: 0)
    own = [layout.tokens + marks(layout) for layout in layouts]
    pairs = zip(sizes, own, theirs, strict=True)
    return len(sizes), [size for size, one, other in pairs if one != other]


def _count_shown(counter: Counter, size: Size) -> int:
    """Placeholders of a picture of *size* in a prompt of transformers' own processor."""
    picture = PIL.Image.fromarray(np.zeros((*counter.picture(size).size[::-1], 3), np.uint8))
    inputs = _their_inputs(counter.theirs, "What?", picture)
    return int((inputs["input_ids"] == counter.config.image_token_id).sum())


def _their_inputs(processor: Any, text: str, picture: Any) -> dict[str, Tensor]:
    """A question about a picture, as transformers itself puts it to a network."""
    if processor.chat_template is None:  # PaliGemma's processor writes the prompt itself
        made = processor(images=picture, text=f"<image>answer en {text}", return_tensors="pt")
    else:
        content = [{"type": "image"}, {"type": "text", "text": text}]
        prompt = processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True
        )
        bos = processor.tokenizer.bos_token
        adds = processor.tokenizer("").input_ids[:1] == [processor.tokenizer.bos_token_id]
        prompt = prompt.removeprefix(bos) if bos and adds else prompt
        made = processor(images=[[picture]], text=[prompt], return_tensors="pt")
    return {name: value for name, value in made.items() if isinstance(value, Tensor)}


def impulses(family: str, sizes: Sequence[Size] = IMPULSE_SIZES) -> Iterator[bool]:
    """For each changed place, whether the token of its own cell changed most."""
    suite = HuggingFaceFamilySuite()
    vars(suite)["family"] = lambda: family_class(family)(checkpoint=str(checkpoint(family)))
    for size in sizes:
        yield from suite.impulses(size)


def differences(family: str) -> dict[str, float]:
    """
    The largest differences from transformers' own forward, with its own processor.

    Of logits of prompts that are run one by one, over a remembered image, and in one batch; and of
    captured values from those that the network caches.
    """
    words = ("mug", "small red key with a very long shaft")
    prompts = [Prompt.fill(View.whole(noise()), EXISTENCE, target=word) for word in words]
    prompts.append(part("old bicycle"))
    plain, sharing = opened(family, memory=0), opened(family, memory=1 << 28)
    wanted = [_their_logits(family, plain, prompt) for prompt in prompts]
    sharing.forget()
    return {
        "plain": _apart([_next_logits(plain, [prompt])[0] for prompt in prompts], wanted),
        "remembered": _apart([_next_logits(sharing, [prompt])[0] for prompt in prompts], wanted),
        "batched": _apart(_next_logits(plain, prompts), wanted),
        "packed": _apart(_next_logits(sharing, prompts), wanted),
        "values": _values_apart(plain, prompts[0]),
    }


@torch.no_grad()
def choice_difference(family: str) -> float:
    """As `differences`, of the logits of two replies of a model that tells no others."""
    model: Any = family_class(family)(checkpoint=str(checkpoint(family)), device="cpu").open()
    prompt = Prompt.fill(View.whole(noise()), EXISTENCE, target="mug")
    processor: Any = load_processor(family, checkpoint(family))
    (view,) = prompt.views
    inputs = processor(images=view.picture, text=prompt.text.strip(), return_tensors="pt")
    logits = model.network(**inputs).logits[0, -1]
    ours = model.prompt_processor
    tokenized = ours.tokenize(prompt)
    first = [int(ours.tokenize_reply(tokenized, reply)[0, 0]) for reply in ("Yes", "No")]
    (found,) = model.choose([prompt], ("Yes", "No"))
    return float((torch.tensor(found.logits) - logits[first]).abs().max())


@torch.no_grad()
def _their_logits(family: str, model: HuggingFaceModel, prompt: Prompt) -> Tensor:
    processor: Any = load_processor(family, checkpoint(family))
    (view,) = prompt.views
    if family == "llava":  # as trained: transformers itself crops unless it is told
        eye = processor.image_processor.to_dict() | {"do_pad": True}
        processor.image_processor = tf.LlavaImageProcessorPil(**eye)
    inputs = _their_inputs(processor, prompt.text.strip(), view.picture)
    network: Any = model.network
    logits: Tensor = network(**{k: v for k, v in inputs.items() if k != "labels"}).logits
    return logits[0, -1]


def _next_logits(model: HuggingFaceModel, prompts: Sequence[Prompt]) -> list[Tensor]:
    found = model._run(prompts, lambda planner, group: planner.next_logits(group))
    return [logits[0] for _, logits, _ in found]


def _values_apart(model: HuggingFaceModel, prompt: Prompt) -> float:
    cached = PlainPasses(model).cached(prompt)
    (seen,) = model.forward([prompt], Capture(values=tuple(cached)))
    return _apart([seen.values[n] for n in cached], [values for _, values in cached.values()])


def _apart(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> float:
    pairs = zip(found, wanted, strict=True)
    return max(float((one - other).abs().max()) for one, other in pairs)


def flop_ratio(family: str) -> float:
    """FLOPs of a prompt with its image by our meter, in those that PyTorch counts."""
    counter = FlopCounterMode(display=False, custom_mapping=CPU_FLOPS)
    with metered(family) as bench, bench.meter.measure() as span, counter:
        bench.read()
    return span.usage.flops / counter.get_total_flops()


def searched(family: str) -> Iterator[str]:
    """The searchers, each after it has answered a question."""
    model = family_class(family)(checkpoint=str(checkpoint(family)), device="cpu").open()
    for spec in SEARCHERS:
        search = VisualSearch(model, Registry.load().build(Searcher, spec))
        search.ask(noise(), "What colour is the mug?")
        yield spec
