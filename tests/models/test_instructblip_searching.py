"""InstructBLIP can be searched with as far as it goes, and is clear about what it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest
import transformers as tf

from tests.support.blips import NAME, TOLD, greedy, laid_out, opened
from tests.support.opened import about, interleaved, noise
from tests.support.refusals import refused
from tests.support.tiny.checkpoints import checkpoint
from visualcrop import (
    BudgetedModel,
    Capture,
    Ledger,
    ModelFamily,
    Prompt,
    Question,
    View,
    VisualSearch,
)
from visualcrop.errors import ModelError
from visualcrop.models.families.blip import BlipModel
from visualcrop.models.families.instructblip import InstructBlip
from visualcrop.plugin import Registry
from visualcrop.searchers.direct import Direct
from visualcrop.searchers.focus import Focus

LACKS = (
    "InstructBLIP's image tokens have no position in the image; take rel-att, grad-att or "
    "pure-grad of visualcrop-vicrop, which look through its Q-Former, or a model of another family."
)


class TestLacks:
    def test_a_token_grid(self) -> None:
        """Reading for a map says that there is none, and what to do instead."""
        assert (
            refused(ModelError, opened().forward, [about("mug")], Capture(values=(2, 3))) == LACKS
        )

    def test_a_relevance_for_focus(self) -> None:
        """FOCUS with its own relevance ends in that sentence, too."""
        model = BudgetedModel(opened(), Ledger())
        question = Question("Is the 'mug' red?", noise())
        focus = Registry.load().build(Focus, "focus(targets=quoted)")

        assert refused(ModelError, focus.search, question, model) == LACKS

    @pytest.mark.parametrize("relevance", ["rel-att", "grad-att", "pure-grad"])
    def test_no_relevance_that_is_named(self, relevance: str) -> None:
        """With what the sentence says to take, FOCUS answers."""
        pytest.importorskip("visualcrop_vicrop")
        model = BudgetedModel(opened(), Ledger())
        question = Question("Is the 'mug' red?", noise())
        spec = f"focus(targets=quoted, answer=crop, relevance={relevance})"
        answer = Registry.load().build(Focus, spec).search(question, model)

        assert relevance in LACKS
        assert answer.findings

    def test_a_map_of_two_images(self) -> None:
        """Attention to the image is of one view at a time."""
        qformer = Capture(attention=(1,), qformer=True)

        assert "one image at a time, not 2" in refused(
            ModelError, opened().forward, [interleaved()], qformer
        )

    def test_an_encoder_decoder(self, tmp_path: Path) -> None:
        """A checkpoint on Flan-T5 is refused, and one on Vicuna named."""
        tf.InstructBlipConfig(text_config={"model_type": "t5"}).save_pretrained(tmp_path)

        said = refused(ModelError, InstructBlip(checkpoint=str(tmp_path)).open)
        assert said == (
            f"The language model of {str(tmp_path)!r} is t5, an encoder-decoder, which cannot be "
            "asked here; use a checkpoint on Vicuna, such as Salesforce/instructblip-vicuna-7b."
        )

    def test_another_familys_weights(self) -> None:
        """A checkpoint of another family is sent to `auto`."""
        other = str(checkpoint("llava"))

        said = refused(ModelError, InstructBlip(checkpoint=other).open)
        assert said == (
            f"{other!r} is a llava checkpoint, which 'instructblip' cannot read; use "
            f'-m "auto(checkpoint={other})".'
        )

    def test_a_checkpoint(self) -> None:
        """The recipe is built without a checkpoint, and says that it needs one."""
        family = Registry.load().build(ModelFamily, NAME)

        assert refused(ModelError, family.open) == (
            "The model 'instructblip' needs a checkpoint: -m \"instructblip(checkpoint=...)\"."
        )


class TestSearching:
    def test_answers_directly(self) -> None:
        """`direct` gives the model's greedy answer for one pass."""
        ledger, model = Ledger(), opened()
        before = model.passes
        question = Question("Is there a mug in the image?", noise())
        answer = Direct(max_new_tokens=7).search(question, BudgetedModel(model, ledger))
        prompt = Prompt((View.whole(noise()), question.text))

        assert answer.text == greedy(model.network, **laid_out(prompt))
        assert ledger.passes == model.passes - before == 1

    @pytest.mark.parametrize("inference", ["generate", "letter-logits", "option-logits"])
    @pytest.mark.parametrize("family", [NAME, "auto"])
    def test_is_opened_by_its_spec(self, family: str, inference: str) -> None:
        """By its name or by its config, and asked with choices in every way there is."""
        spec = f'{family}(checkpoint="{checkpoint(NAME)}")'
        search = VisualSearch.open(spec, f"direct(inference={inference})")
        answer = search.ask(noise().picture, "What colour is it?", ["red", "pale blue"])

        assert isinstance(search.model, BlipModel)
        assert answer.passes == {"answer": 1 if inference != "option-logits" else 2}

    def test_counts_its_passes(self) -> None:
        """A prompt is a pass; by sentence, a prompt and a choice."""
        model = opened()
        before = model.passes
        model.choose([about("mug"), about("key")], ("Yes", "No"))
        model.choose([about("mug")], ("a", "b", "c"), by="sentence")
        model.generate([about("mug"), TOLD], max_new_tokens=2)

        assert model.passes - before == 2 + 3 + 2

    def test_together_as_alone(self) -> None:
        """Neither a batch nor what was asked before changes an answer."""
        prompts = [about("mug"), about("green coin"), TOLD]
        together = opened().choose(prompts, ("Yes", "No"))
        alone = [opened().choose([prompt], ("Yes", "No"))[0] for prompt in reversed(prompts)]

        assert list(together) == alone[::-1]


class TestWork:
    def test_counts_tokens(self) -> None:
        """Image tokens and words are read once, and each further word of a reply decoded."""
        length = laid_out(about("mug"))["input_ids"].shape[1]
        (said,) = opened().generate([about("mug")], max_new_tokens=4)

        assert (said.usage.new_tokens, said.usage.decoded_tokens) == (length, 3)
        assert said.usage.flops > 0
        assert said.usage.seconds > 0

    def test_counts_sentences_as_read(self) -> None:
        """A choice's tokens but the last are read after the prompt, even if they are one."""
        tokenized = opened().prompt_processor.tokenize(about("mug"))
        length = laid_out(about("mug"))["input_ids"].shape[1]
        sentences = ("red", "blue key", "The key is left of the mug.")
        more = [
            opened().prompt_processor.tokenize_reply(tokenized, one).shape[1] - 1
            for one in sentences
        ]
        (choice,) = opened().choose([about("mug")], sentences, by="sentence")

        assert choice.usage.new_tokens == length + sum(more)
        assert choice.usage.reused_tokens == length * sum(1 for count in more if count)
        assert choice.usage.decoded_tokens == 0
