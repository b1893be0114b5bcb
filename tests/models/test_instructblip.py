"""InstructBLIP says and weighs what transformers' own does."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from tests.support.blips import EXAMPLES, TOLD, TURNS, greedy, laid_out, logits, opened, published
from tests.support.opened import about, noise
from visualcrop import BudgetedModel, Ledger, Prompt, Question, View
from visualcrop.models.families.instructblip import InstructBlip
from visualcrop.targets.in_context import InContext


class TestAboutAnImage:
    @pytest.mark.parametrize("target", ["mug", "green coin", "key on the left"])
    def test_generates_greedily(self, target: str) -> None:
        """Replies are transformers' greedy ones."""
        prompt = about(target)
        (said,) = opened().generate([prompt], max_new_tokens=7)

        assert said.text == greedy(opened().network, **laid_out(prompt))
        assert said.text

    def test_weighs_the_next_token(self) -> None:
        """Logits of Yes and No are a plain pass's, for the words as they are after a space."""
        words = published().tokenizer.convert_tokens_to_ids(["▁Yes", "▁No"])
        wanted = logits(**laid_out(about("mug")))[-1, words]
        (choice,) = opened().choose([about("mug")], ("Yes", "No"))

        assert choice.logits == pytest.approx(wanted.tolist(), abs=1e-4)

    @pytest.mark.parametrize("end", ["", "</s>"])
    def test_weighs_whole_sentences(self, end: str) -> None:
        """By sentence the score is minus the mean cross-entropy of its tokens, or with `</s>`."""
        sentences = ("red", "The key is left of the mug.", "blue key")
        start = laid_out(about("mug"))["input_ids"].shape[1]
        wanted = []
        for sentence in sentences:
            inputs = laid_out(about("mug"), sentence + end)
            said = inputs["input_ids"][0, start:]
            wanted.append(-float(cross_entropy(logits(**inputs)[start - 1 : -1], said)))
        how: Any = {"by": "sentence", "end_token": bool(end)}
        (choice,) = opened().choose([about("mug")], sentences, **how)

        assert choice.logits == pytest.approx(wanted, abs=1e-4)

    def test_counts_image_tokens(self) -> None:
        """Its queries stand for the image, which is seen in a square."""
        model, (view,) = opened(), about("mug").views
        config: Any = model.network.config
        scale, eye = model.encoded_size(view), config.vision_config.image_size
        (choice,) = model.choose([about("mug")], ("Yes", "No"))
        assert choice.usage.image_tokens == scale.tokens == config.num_query_tokens
        assert scale.size == (eye, eye)

    def test_the_question_changes_what_is_seen(self) -> None:
        """The Q-Former hears the question, so its tokens differ from one to the next."""
        model = opened()
        seen = []
        for target in ("mug", "key"):
            inputs = dict(model.prompt_processor.tokenize(about(target)).inputs)
            del inputs["input_ids"]
            with torch.no_grad():
                seen.append(model.network.get_image_features(**inputs).pooler_output)

        assert not torch.allclose(seen[0], seen[1], atol=1e-3)

    @pytest.mark.parametrize("size", [(1, 300), (3000, 1), (64, 64)])
    def test_of_any_shape(self, size: tuple[int, int]) -> None:
        """A picture may be as thin as it likes: it is squashed."""
        prompt = Prompt((View.whole(noise(*size)), "What is it?"))
        (said,) = opened().generate([prompt], max_new_tokens=7)

        assert said.text == greedy(opened().network, **laid_out(prompt))

    def test_a_long_question_is_heard_as_far_as_it_can_be(self) -> None:
        """The Q-Former hears the first 512 tokens, and the language model all."""
        text = "Is there a red mug in the image? " * 100
        inputs = opened().prompt_processor.tokenize(Prompt((View.whole(noise()), text))).inputs

        assert inputs["qformer_input_ids"].shape == (1, 512)
        assert inputs["input_ids"].shape[1] > 512
        assert opened().generate([Prompt((View.whole(noise()), text))], max_new_tokens=2)

    def test_words_do_not_steer(self) -> None:
        """The name of a special token in a question is no such token."""
        prompt = Prompt((View.whole(noise()), "Is it <image> or </s>?"))
        ids = opened().prompt_processor.tokenize(prompt).inputs["input_ids"][0].tolist()
        special = published().tokenizer.convert_tokens_to_ids(["<image>", "</s>"])

        assert not {*ids} & {*special}

    def test_examples_come_first(self) -> None:
        """With examples even a question about an image is a turn."""
        prompt = Prompt((View.whole(noise()), "What is black?"), EXAMPLES)

        assert opened().prompt_processor.tokenize(prompt).text == TURNS

    @pytest.mark.parametrize(
        "options", [{"attention": "eager"}, {"dtype": "bfloat16"}], ids=["eager", "bfloat16"]
    )
    def test_runs_as_asked(self, options: dict[str, Any]) -> None:
        """Another kernel or number format leads to the same choice."""
        choices = [
            m.choose([about("mug")], ("Yes", "No"))[0] for m in (opened(), opened(**options))
        ]

        assert choices[0].logits == pytest.approx(choices[1].logits, abs=0.2)
        assert choices[0].best == choices[1].best


class TestWithoutAnImage:
    def test_the_language_model_answers_alone(self) -> None:
        """Without an image the prompt is Vicuna's turns, read by the language model itself."""
        tokens = published().tokenizer(TURNS, return_tensors="pt")["input_ids"]
        language_model = opened().network.language_model
        (said,) = opened().generate([TOLD], max_new_tokens=7)

        assert opened().prompt_processor.tokenize(TOLD).text == TURNS
        assert said.text == greedy(language_model, input_ids=tokens, attention_mask=tokens > -1)

    def test_targets_can_be_extracted(self) -> None:
        """It can be asked by example, as the first stage of FOCUS does, and settings allow it."""
        ledger = Ledger()
        InContext(max_new_tokens=3).extract(
            Question("What colour is the mug?", noise()), BudgetedModel(opened(), ledger)
        )

        assert ledger.passes == 1
        assert InstructBlip().settings()["answer"] == "crop"
