"""`check_model`: green on sound models, and each check fails where its one thing is broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import pytest
import torch

from tests.support.tiny.checkpoints import checkpoint, published
from visualcrop import CheckReport, CheckResult, Model, ModelFamily, Prompt, View, check_model
from visualcrop.check import CHECKS
from visualcrop.check.pictures import SIZES
from visualcrop.check.plain import PlainPasses
from visualcrop.models import from_transformers
from visualcrop.models.base import NOTHING, Capture
from visualcrop.models.engine.attention import AttentionCall
from visualcrop.models.engine.batch import PackedSequence, PaddedBatch
from visualcrop.models.engine.byte_lru import ByteLRU
from visualcrop.models.engine.capture import Tap
from visualcrop.models.engine.chat_template import ChatTemplate
from visualcrop.models.engine.prompting import PromptProcessor
from visualcrop.models.families.blip import PlainPromptProcessor
from visualcrop.plugin import Registry

pytestmark = pytest.mark.torch

IN_FULL = ("llava", "qwen3-5", "gemma4", "qwen3-vl-moe", "llama4", "instructblip")  # not quick
Broken = Callable[[Any, pytest.MonkeyPatch], None]


@pytest.fixture(autouse=True)
def no_large_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest of the drawn pictures is small: preparing it takes longest."""
    monkeypatch.setitem(SIZES, "large", (700, 500))


def _family(spec: str) -> ModelFamily:
    return Registry.load().build(ModelFamily, spec)


def _of(family: str, **options: Any) -> ModelFamily:
    """The family on its tiny checkpoint."""
    given = "".join(f", {key}={value}" for key, value in options.items())
    return _family(f'{family}(checkpoint="{checkpoint(family)}"{given})')


def _states(report: CheckReport) -> dict[str, str]:
    return {result.name: result.state for result in report}


def _left(model: Any) -> tuple[object, ...]:
    """What a check changes for a while, and an open model has to have again."""
    decoder, cache = model.network.get_decoder(), getattr(model, "prefix_cache", None)
    kernel = decoder.config._attn_implementation
    limit, kept = getattr(model, "max_tokens", None), 0 if cache is None else len(cache)
    return id(cache), kept, limit, kernel, model.network.generation_config, model.meter.installed()


def _failed(report: CheckReport) -> list[CheckResult]:
    return [result for result in report if result.state == "fail"]


class TestSoundModels:
    """Nothing fails, and what cannot be checked says why."""

    def test_every_family(self, family: str) -> None:
        """On its tiny checkpoint every check is made, or skipped as the family has to."""
        recipe, quick = _of(family), family not in IN_FULL
        model: Any = recipe.open()
        before = _left(model)
        report = check_model(model, family=recipe, quick=quick)
        assert _left(model) == before
        assert [result.name for result in report] == list(CHECKS)
        assert not _failed(report), _failed(report)
        skipped = {name for name, state in _states(report).items() if state == "skipped"}
        wanted = {"attention", "flops"} if quick else set[str]()
        if not recipe.has_patches:
            wanted |= {"order", "values", "decoded", "attention", "flops"}
        elif model.prefix_cache is None:
            wanted |= {"remembered"}
        assert skipped == wanted

    @pytest.mark.parametrize("name", ["tiny-shapes", "tiny"])
    def test_models_that_come_along(self, name: str) -> None:
        """Trained in bfloat16, where numbers are equal but for rounding; one attends in blocks."""
        recipe = _family(name)
        report = check_model(recipe.open(), family=recipe)
        assert not _failed(report), _failed(report)
        assert report["flops"].state == "ok"
        assert report["hardware"].figures["dtype"] == "bfloat16"
        assert report["batched"].figures["largest_difference"] < 1

    def test_published_layout(self) -> None:
        """The file that the template comes from is named, and what the files call by old names."""
        recipe = _family(f'auto(checkpoint="{published("llava", "object")}")')
        report = check_model(recipe.open(), family=recipe, quick=True)
        assert not _failed(report), _failed(report)
        figures = report["files"].figures
        assert figures["template"] == "chat_template.json"
        assert figures["weight_files"] == 3
        assert "config.json: torch_dtype" in figures["legacy_fields"]

    def test_a_network_that_the_user_loaded(self) -> None:
        """Without a checkpoint's files the template is still rendered."""
        made: Any = _of("qwen2-5-vl").open()
        model = from_transformers(made.network, made.prompt_processor.processor)
        report = check_model(model, quick=True)
        assert not _failed(report), _failed(report)
        assert report["files"].figures["template"] == "the processor's"
        assert report.model["fingerprint"]

    def test_little_memory_is_a_note(self) -> None:
        """An image that does not fit is not remembered, which the user can change."""
        recipe = _of("llava", memory=30_000)
        report = check_model(recipe.open(), family=recipe, quick=True)
        assert report["memory"].state == report["remembered"].state == "note"
        assert report["memory"].fix == "raise memory=, so that an image is remembered"

    def test_toy(self) -> None:
        """A model without a network is checked through its interface, and the rest is skipped."""
        recipe = _family("toy")
        states = _states(check_model(recipe.open(), family=recipe))
        made = {"image-tokens", "order", "plain", "remembered", "batched", "packed"}
        assert {name for name, state in states.items() if state == "ok"} == made
        assert {name for name, state in states.items() if state == "note"} == {"sanity"}

    def test_steps_are_announced(self) -> None:
        """Each by its name, before it runs."""
        started: list[str] = []
        check_model(_family("toy").open(), on_start=started.append)
        assert started == list(CHECKS)


class _LastOnly(ByteLRU[Any]):
    """A cache that returns what it was given last, whatever is asked for."""

    def get(self, key: Any) -> Any:
        entries = [value for value, _ in self._entries.values()]
        return entries[-1] if entries else None


def _shift_layout(model: Any, patch: pytest.MonkeyPatch) -> None:
    own = model.layout
    model.layout = lambda view, among: attrs.evolve(
        own(view, among), tokens=own(view, among).tokens + 1
    )


def _miscount(model: Any, patch: pytest.MonkeyPatch) -> None:
    model.prompt_processor.processor.num_additional_image_tokens += 1


def _images_first(model: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ChatTemplate, "_keeps_order", True)


def _one_reply(model: Any, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(PromptProcessor, "tokenize_reply", lambda *_: torch.tensor([[7]]))


def _not_numbers(model: Any, patch: pytest.MonkeyPatch) -> None:
    model.network.lm_head.weight.data[5:].fill_(float("nan"))


def _wrong_values(model: Any, patch: pytest.MonkeyPatch) -> None:
    keep = Tap._keep

    def shifted(tap: Tap, kind: str, layer: int, tensor: torch.Tensor) -> None:
        keep(tap, kind, layer, tensor.roll(1, dims=-2) if kind == "values" else tensor)

    patch.setattr(Tap, "_keep", shifted)


def _another_image(model: Any, patch: pytest.MonkeyPatch) -> None:
    model.prefix_cache = _LastOnly(1 << 30)


def _read_padding(model: Any, patch: pytest.MonkeyPatch) -> None:
    def last(batch: PaddedBatch) -> torch.Tensor:
        ids = batch.inputs["input_ids"]
        return torch.full((len(ids), 1), ids.shape[1] - 1)

    patch.setattr(PaddedBatch, "last_positions", property(last))


def _see_one_another(model: Any, patch: pytest.MonkeyPatch) -> None:
    def mask(row: PackedSequence) -> torch.Tensor:
        return torch.ones(row.length, row.length).tril().bool()

    patch.setattr(PackedSequence, "mask", property(mask))


def _wrong_words(model: Any, patch: pytest.MonkeyPatch) -> None:
    from visualcrop.models.engine import generation

    def choose(logits: torch.Tensor, rows: Sequence[int]) -> torch.Tensor:
        return logits.argmin(-1, keepdim=True)

    patch.setattr(generation, "choose_greedily", choose)


def _wrong_attention(model: Any, patch: pytest.MonkeyPatch) -> None:
    weights = AttentionCall.weights
    patch.setattr(AttentionCall, "weights", lambda call, queries: weights(call, queries - 1))


def _no_end(model: Any, patch: pytest.MonkeyPatch) -> None:
    model.prompt_processor = attrs.evolve(model.prompt_processor, stop_tokens=frozenset())


def _no_question(model: Any, patch: pytest.MonkeyPatch) -> None:
    def render(processor: Any, prompt: Prompt) -> str:
        return "What?"

    patch.setattr(PlainPromptProcessor, "_render", render)


BROKEN: dict[str, tuple[str, Broken, str, str]] = {  # family, how, the check, its sentence
    "layout": ("llava", _shift_layout, "image-tokens", "landscape has 36, the layout 37"),
    "processor": ("llava", _miscount, "image-tokens", "landscape has 37, the layout 36"),
    "template": ("llava", _images_first, "order", "before image 1 stands nothing"),
    "replies": ("llava", _one_reply, "replies", "Yes and No do not begin with tokens of their own"),
    "weights": ("llava", _not_numbers, "plain", "logits that are not numbers"),
    "tap": ("llava", _wrong_values, "values", "values and keys differ from the network's cache"),
    "cache": ("llava", _another_image, "remembered", "more than rounding"),
    "padding": ("llava", _read_padding, "batched", "more than rounding"),
    "mask": ("llava", _see_one_another, "packed", "more than rounding"),
    "decoding": ("llava", _wrong_words, "decoded", "leaves that of generate of transformers"),
    "attention": ("llava", _wrong_attention, "attention", "differs from eager's by"),
    "no end": ("llava", _no_end, "files", "no token ends a reply"),
    "no question": ("instructblip", _no_question, "files", "leaves out the question"),
}


class TestBrokenModels:
    """One thing is broken in turn."""

    @pytest.mark.parametrize(
        ("family", "break_it", "name", "sentence"), BROKEN.values(), ids=BROKEN
    )
    def test_one_check_fails(
        self,
        family: str,
        break_it: Broken,
        name: str,
        sentence: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """That one and no other, with what is wrong and what to do."""
        model = _of(family).open()
        break_it(model, monkeypatch)
        report = check_model(model, quick=name != "attention")
        assert [result.name for result in _failed(report)] == [name]
        assert sentence in report[name].found
        assert report[name].fix

    def test_what_needs_a_failed_check_is_skipped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With the reason, so that one fault is one failure."""
        model = _of("llava").open()
        _shift_layout(model, monkeypatch)
        report = check_model(model, quick=True)
        assert report["values"] == attrs.evolve(
            report["values"], state="skipped", found="needs image tokens, which failed"
        )

    def test_flops_that_are_not_counted_are_a_note(self) -> None:
        """Answers are right all the same, so nothing fails."""
        model: Any = _of("llava").open()
        for gauge in model.meter._gauges[2:20]:
            gauge.remove()
        report = check_model(model)
        assert not _failed(report), _failed(report)
        assert report["flops"].state == "note"
        assert "where PyTorch counts" in report["flops"].found

    def test_another_form_of_yes_is_a_note(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The network begins with a token that is read as Yes by people, not by the engine."""
        model: Any = _of("llava").open()
        tokenizer = model.prompt_processor.processor.tokenizer
        other = tokenizer.convert_tokens_to_ids("▁yes")
        assert tokenizer.decode([other]).strip() == "yes"
        logits = PlainPasses.next_logits

        def biased(plain: PlainPasses, prompt: Prompt, after: Sequence[int] = ()) -> torch.Tensor:
            found = logits(plain, prompt, after)
            return found.index_fill(0, torch.tensor([other]), 100.0)

        monkeypatch.setattr(PlainPasses, "next_logits", biased)
        found = check_model(model, quick=True)["sanity"]
        assert found.state == "note"
        assert "but the reply begins with" in found.found

    def test_a_model_that_raises(self) -> None:
        """The other checks run, and the message is told without the path in it."""

        class Raises(type(_family("toy").open())):  # type: ignore[misc]
            def choose(self, prompts: Any, choices: Any, **how: Any) -> Any:
                raise RuntimeError("cannot read /home/alice/secret/weights.bin\nand more")

            def forget(self) -> None:
                raise RuntimeError("cannot forget")

        toy: Any = Raises()
        report = check_model(toy)
        assert report["image-tokens"].found == "it raised RuntimeError: cannot read .../weights.bin"
        assert report["preparation"].state == "skipped"

    def test_a_stranger_that_cannot_show_its_inside(self) -> None:
        """A sentence of the model's own is a reason to skip, not a failure."""
        from visualcrop.errors import ModelError

        class Closed(type(_family("toy").open())):  # type: ignore[misc]
            def forward(self, prompts: Any, capture: Capture = NOTHING) -> Any:
                raise ModelError("This model shows nothing of its inside.")

            def encoded_size(self, view: View) -> None:
                return None

        closed: Model = Closed()
        report = check_model(closed)
        assert report["order"].found == "This model shows nothing of its inside"
        assert _states(report)["image-tokens"] == _states(report)["order"] == "skipped"
        assert not report.failed
