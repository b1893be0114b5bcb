"""Attention of the words of a prompt is that of an eager pass, however the prompt is run."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.support.alike import assert_alike, part, plain, remembering
from tests.support.opened import GRIDDED, about, interleaved, opened
from tests.support.refusals import refused
from visualcrop import Capture, Internals, Prompt
from visualcrop.errors import ModelError
from visualcrop.models.huggingface import HuggingFaceModel
from visualcrop.testing import Bench

pytestmark = pytest.mark.torch


def prompts() -> list[Prompt]:
    """With three beginnings and of several lengths, one with words before its last view."""
    return [
        about("mug"),
        about("small red key"),
        part("old bicycle"),
        interleaved(),
        about("key", "Search for the {target} in the image:"),
    ]


def last_layer(model: HuggingFaceModel) -> int:
    return model.info.attention_layers[-1]


def eager_rows(family: str, prompt: Prompt, layer: int) -> torch.Tensor:
    """Heads x target tokens x tokens of transformers' own attention."""
    model = opened(family, attention="eager")
    tokenized = model.prompt_processor.tokenize(prompt)
    with torch.no_grad():
        out = model.network(**tokenized.inputs, output_attentions=True)
    index = model.info.attention_layers.index(layer)
    rows: torch.Tensor = out.attentions[index][0][:, tokenized.spans["target"]]
    return rows


class TestRows:
    """Of families with a token grid."""

    @pytest.mark.parametrize("family", GRIDDED)
    def test_are_those_of_eager_attention(self, family: str) -> None:
        """Of transformers' own pass over the prompt alone, in whole passes and in packed ones."""
        some = [about("small red key"), interleaved()]
        for model in (plain(family), remembering(family)):
            layer = last_layer(model)
            seen = model.forward([about("mug"), *some], Capture(span_attention=(layer,)))[1:]
            for prompt, found in zip(some, seen, strict=True):
                wanted = eager_rows(family, prompt, layer)
                assert_alike(found.attention_of("target", layer), wanted)

    @pytest.mark.parametrize("family", ["llava", "qwen2-5-vl", "qwen3-5", "gemma3"])
    def test_do_not_depend_on_company(self, family: str) -> None:
        """Alone, in one batch, after a cached prefix, and beside other captures."""
        layers = plain(family).info.attention_layers
        capture, model = Capture(span_attention=layers), remembering(family)
        alone = [plain(family).forward([prompt], capture)[0] for prompt in prompts()]
        more = Capture(values=model.info.kv_layers[-1:], span_attention=layers)
        for together in (
            model.forward(prompts(), capture),
            model.forward(prompts(), more),
            plain(family).forward(prompts(), capture),
        ):
            for one, other in zip(together, alone, strict=True):
                assert np.array_equal(one.span_tokens, other.span_tokens)
                assert_alike(dict(one.span_attention), dict(other.span_attention))


def test_text_alone_has_rows_too() -> None:
    """Without an image nothing is shared, and all of the text can be asked for."""
    for family in ("llava", "qwen3-5"):
        model = remembering(family)
        layer = last_layer(model)
        text = Prompt.fill("Where is the {target}?", target="small red key")
        (_, found) = model.forward([about("mug"), text], Capture(span_attention=(layer,)))
        assert_alike(found.attention_of("target", layer), eager_rows(family, text, layer))


def test_gradients_may_be_taken_beside_it() -> None:
    """The pass with gradients gives the same rows."""
    model = plain("llava")
    both = Capture(gradients=(1,), span_attention=(1,))
    (found,), (wanted,) = (
        model.forward([about("red mug")], capture)
        for capture in (both, Capture(span_attention=(1,)))
    )
    assert_alike(found.attention_of("target", 1), wanted.attention_of("target", 1))
    assert found.gradients


class TestRefusals:
    """One sentence where there are no rows."""

    @pytest.mark.parametrize("span", ["target", "nothing"])
    def test_of_what_was_not_captured(self, span: str) -> None:
        """Another layer, another span, or a model that gives none."""
        (seen,) = plain("llava").forward([about("mug")], Capture(attention=(1,)))
        said = refused(ModelError, seen.attention_of, span, 1)
        assert said.startswith(f"The model gave no attention of {span!r} in layer 1; ")
        assert refused(ModelError, Internals((), {}).attention_of, span, 1) == said


def test_the_toy_model_looks_at_what_a_word_names() -> None:
    """Each word's row is high where its own thing is, and so is the row of no other word."""
    bench = Bench.set_up()
    (thing, other, *_) = bench.scene.things
    prompt = Prompt.fill(bench.whole, "A {target} and a {noise}.", target=thing.kind, noise="cloud")
    (seen,) = bench.model.forward([prompt], Capture(span_attention=(2,)))
    (patches,) = seen.patches
    named, cloud = (
        seen.attention_of(name, 2).mean(0)[0][patches.tokens] for name in ("target", "noise")
    )
    at = np.unravel_index(int(named.argmax()), patches.grid.shape)
    cell = patches.grid.cells(int(at[0]), int(at[1]), int(at[0]) + 1, int(at[1]) + 1)
    assert cell.common(thing.box)
    assert not cell.common(other.box)
    assert float(cloud.max() - cloud.min()) == 0


def test_a_response_cache_gives_the_rows_of_the_layers_asked_for() -> None:
    """Wider captures of earlier prompts are cut to what was asked."""
    from visualcrop.models.engine.response_cache import ResponseCache

    bench = Bench.set_up()
    cached = ResponseCache(bench.toy)
    prompt = Prompt.fill(bench.whole, "Is there a {target}?", target="mug")
    for layers in ((1,), (2,), (1, 2)):
        (seen,) = cached.forward([prompt], Capture(span_attention=layers))
        assert tuple(seen.span_attention) == layers
        (alone,) = Bench.set_up().toy.forward([prompt], Capture(span_attention=layers))
        assert_alike(dict(seen.span_attention), dict(alone.span_attention))
