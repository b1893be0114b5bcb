"""Networks that the user has loaded."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers as tf

from tests.support.opened import GRIDDED, about, opened
from tests.support.refusals import is_one_sentence, refused
from tests.support.tiny.checkpoints import NETWORKS, checkpoint
from tests.support.tiny.processors import load_processor
from visualcrop import Auto, Capture, Focus, Ledger, VisualSearch
from visualcrop.errors import ModelError
from visualcrop.models import Family, HuggingFaceModel, from_transformers
from visualcrop.models.families.llava import Llava
from visualcrop.models.families.llava_next import LlavaNext

pytestmark = pytest.mark.torch


def network(family: str = "llava", kernel: str = "sdpa") -> Any:
    """The family's tiny network, loaded anew as a user would."""
    folder: Any = checkpoint(family)
    return NETWORKS[family].from_pretrained(folder, attn_implementation=kernel)


def processor(family: str = "llava") -> Any:
    """The family's processor, as transformers loads it."""
    return load_processor(family, checkpoint(family))


class Adapted:
    """PEFT's wrapper, as far as it is looked at."""

    def __init__(self, inner: Any, *, prompts: bool = False) -> None:
        self.inner = inner
        config = SimpleNamespace(is_prompt_learning=prompts, r=4)
        self.peft_config = {"default": config}

    def get_base_model(self) -> Any:
        return self.inner


class TestFromTransformers:
    """A network and a processor become a model."""

    @pytest.mark.parametrize("family", [*GRIDDED, "instructblip"])
    def test_answers_as_the_opened_checkpoint(self, family: str) -> None:
        """The same weights, by whatever way they were loaded, weigh choices the same."""
        model = from_transformers(network(family), processor(family))
        theirs = Auto(checkpoint=str(checkpoint(family))).open()
        (ours,) = model.choose([about("mug")], ("Yes", "No"))
        (wanted,) = theirs.choose([about("mug")], ("Yes", "No"))
        assert ours.logits == pytest.approx(wanted.logits, abs=1e-5)

    def test_is_searched_with(self) -> None:
        """It stands wherever a model may stand, and its passes are billed."""
        model, ledger = from_transformers(network(), processor()), Ledger()
        image = about("mug").views[0].image
        VisualSearch(model, Focus(steps=2)).ask(image, "Is there a mug?", ledger=ledger)
        assert sum(ledger.by_stage().values()) == model.passes > 0

    def test_brings_the_settings_of_its_family(self) -> None:
        """As if the checkpoint had been opened, layers by the network's own depth."""
        model = from_transformers(network(), processor())
        assert model.settings == opened("llava").settings

    def test_takes_a_family_with_options(self) -> None:
        """The processor is put together as they say, and the network reads what they set."""
        family = LlavaNext(max_tiles=2, memory=0)
        model = from_transformers(network("llava-next"), processor("llava-next"), family=family)
        assert isinstance(model, HuggingFaceModel)
        assert model.prefix_cache is None
        assert model.network.config.image_grid_pinpoints == [[56, 112], [112, 56]]
        model.forward([about("mug")], Capture(values=(0,)))

    def test_freezes_the_weights_and_leaves_the_processor(self) -> None:
        """Gradients flow to no weight; the user's processor is as it was."""
        loaded, theirs = network("llava-next"), processor("llava-next")
        before = theirs.image_processor.to_dict()
        from_transformers(loaded, theirs, family=LlavaNext(max_tiles=2))
        assert not any(weights.requires_grad for weights in loaded.parameters())
        assert theirs.image_processor.to_dict() == before

    def test_is_called_as_it_was_loaded(self) -> None:
        """Records name the folder, or what the user says."""
        assert from_transformers(network(), processor()).id == str(checkpoint("llava"))
        assert from_transformers(network(), processor(), id="mine").id == "mine"

    def test_adapters_stay_in(self) -> None:
        """PEFT's wrapper is taken off, and what it changed inside stays."""
        inner = network()
        model = from_transformers(Adapted(inner), processor())
        assert isinstance(model, HuggingFaceModel)
        assert model.network is inner

    def test_a_tokenizer_without_a_template_takes_the_processors(self) -> None:
        """Where only the processor knows the chat template, that one is used."""
        theirs = processor()
        assert theirs.chat_template
        theirs.tokenizer.chat_template = None
        model = from_transformers(network(), theirs)
        assert model.choose([about("mug")], ("Yes", "No"))


class TestCompiled:
    """`torch.compile`, which would drop the hooks of taps and the gauges of the meter."""

    @pytest.mark.parametrize("where", ["whole", "replaced", "part"])
    def test_is_undone(self, where: str) -> None:
        """Everything is captured and counted as of a network that was never compiled."""
        loaded = network()
        layers = loaded.get_decoder().layers
        if where == "whole":
            loaded.compile(backend="eager")
        elif where == "part":
            layers[1] = torch.compile(layers[1], backend="eager")
            with torch.no_grad():
                loaded(input_ids=torch.tensor([[5, 6, 7]]))
        given = torch.compile(loaded, backend="eager") if where == "replaced" else loaded
        model, plain = (from_transformers(each, processor()) for each in (given, network()))
        found, wanted = (
            m.forward([about("mug")], Capture(values=(1, 3), attention=(2,)))[0]
            for m in (model, plain)
        )
        for layer in (1, 3):
            torch.testing.assert_close(found.values[layer], wanted.values[layer])
        torch.testing.assert_close(found.attention[2], wanted.attention[2])
        assert found.usage.flops == wanted.usage.flops > 0


class TestFingerprint:
    """What tells one loaded network from another."""

    def test_is_the_same_for_the_same_weights(self) -> None:
        """However often they are loaded."""
        one, two = (from_transformers(network(), processor()) for _ in range(2))
        assert one.fingerprint == two.fingerprint
        assert one.fingerprint

    def test_is_another_for_other_weights_or_adapters(self) -> None:
        """Any layer counts, and so do the configs of adapters."""
        changed = network()
        with torch.no_grad():
            changed.get_decoder().layers[-1].mlp.up_proj.weight.mul_(3)
        loaded = (network(), changed, Adapted(network()))
        models = [from_transformers(each, processor()) for each in loaded]
        assert len({model.fingerprint for model in models}) == 3


class TestRefusals:
    """One sentence that says what to do."""

    def test_of_an_unknown_architecture(self) -> None:
        """It names the model type, and asks for a family."""
        loaded = network()
        loaded.config.model_type = "nobody"
        message = refused(ModelError, lambda: from_transformers(loaded, processor()))
        assert "'nobody', of no family here" in message
        assert "give family=" in message
        assert is_one_sentence(message)

    def test_unless_a_family_is_given(self) -> None:
        """Then the user vouches for it."""
        loaded = network()
        loaded.config.model_type = "nobody"
        assert from_transformers(loaded, processor(), family=Llava).choose([about("mug")], ["No"])

    @pytest.mark.parametrize(
        ("made", "said"),
        [
            (lambda: network().train(), "training mode"),
            (lambda: Adapted(network(), prompts=True), "learned prompts"),
            (lambda: torch.nn.Linear(2, 2), "is a Linear"),
            (lambda: network(kernel="flex_attention"), "kernel is 'flex_attention'"),
        ],
        ids=["training", "prompts", "module", "kernel"],
    )
    def test_of_what_would_answer_wrongly(self, made: Any, said: str) -> None:
        """Dropout, learned prompts, no network at all, a kernel that nobody tried."""
        message = refused(ModelError, lambda: from_transformers(made(), processor()))
        assert said in message
        assert is_one_sentence(message)

    def test_of_flash_attention_on_tokens_that_look_ahead(self) -> None:
        """Gemma 3's image tokens attend to one another, which that kernel would leave out."""
        loaded = network("gemma3")
        loaded.config.text_config._attn_implementation = "flash_attention_2"
        message = refused(ModelError, lambda: from_transformers(loaded, processor("gemma3")))
        assert "attend to later ones" in message
        assert is_one_sentence(message)

    @pytest.mark.parametrize("family", [5, "llava", Family, object, LlavaNext, LlavaNext()])
    def test_of_what_is_no_family_of_it(self, family: Any) -> None:
        """Names, classes of other things, and the family of another architecture."""
        loaded = network()
        refused(ModelError, lambda: from_transformers(loaded, processor(), family=family))

    def test_of_a_part_in_training_mode(self) -> None:
        """The dropout of a tower alone changes answers as well."""
        loaded = network()
        loaded.model.vision_tower.train()
        refused(ModelError, lambda: from_transformers(loaded, processor()))

    def test_of_a_network_without_a_head(self) -> None:
        """It writes no text."""
        message = refused(ModelError, lambda: from_transformers(network().model, processor()))
        assert "without a head" in message

    def test_of_a_processor_without_its_parts(self) -> None:
        """A tokenizer alone is no processor."""
        tokenizer = tf.AutoTokenizer.from_pretrained(checkpoint("llava"))
        message = refused(ModelError, lambda: from_transformers(network(), tokenizer))
        assert "without image_processor" in message
        assert is_one_sentence(message)
