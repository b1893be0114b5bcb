"""What a model says and how it weighs choices, against transformers itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import GenerationConfig

from tests.support.opened import GRIDDED, about, interleaved, opened
from visualcrop import Prompt
from visualcrop.models.huggingface import HuggingFaceModel


@pytest.mark.parametrize("family", GRIDDED)
@pytest.mark.parametrize("memory", [4 << 30, 0], ids=["remembering", "forgetful"])
class TestHuggingFace:
    """Of every family with a token grid, with a memory and without."""

    def test_generates_greedily(self, family: str, memory: int) -> None:
        """Replies are transformers' greedy ones, whatever the checkpoint's config asks for."""
        model = opened(family, memory=memory)
        tokenizer = model.prompt_processor.processor.tokenizer
        greedy = GenerationConfig(
            do_sample=False,
            repetition_penalty=1.0,
            max_new_tokens=7,
            eos_token_id=sorted(model.prompt_processor.stop_tokens),
            pad_token_id=tokenizer.pad_token_id,
        )
        for prompt in (about("mug"), interleaved(), Prompt(("What now?",))):
            inputs = model.prompt_processor.tokenize(prompt).inputs
            generate: Any = model.network.generate
            made = generate(**inputs, generation_config=greedy)[0]
            told = tokenizer.decode(made[inputs["input_ids"].shape[1] :], skip_special_tokens=True)
            (said,) = model.generate([prompt], max_new_tokens=7)
            assert said.text == told.strip()

    def test_weighs_the_next_token(self, family: str, memory: int) -> None:
        """Logits are those of the choices' first tokens after the prompt, tokenised in context."""
        model = opened(family, memory=memory)
        for prompt in (about("mug"), interleaved()):
            prepared = model.prompt_processor.tokenize(prompt)
            with torch.no_grad():
                logits = model.network(**prepared.inputs).logits[0, -1]
            tokens = [
                model.prompt_processor.tokenize_reply(prepared, word)[0, 0]
                for word in ("Yes", "No")
            ]
            (choice,) = model.choose([prompt], ("Yes", "No"))
            assert choice.logits == pytest.approx([float(logits[t]) for t in tokens], abs=1e-4)

    def test_weighs_the_token_where_choices_part(self, family: str, memory: int) -> None:
        """What all choices begin with is read before; else their logits would be equal."""
        model = opened(family, memory=memory)
        prepared = model.prompt_processor.tokenize(about("mug"))
        choices = ("the mug is red", "the mug is blue")
        one, other = (model.prompt_processor.tokenize_reply(prepared, c)[0] for c in choices)
        shared = int((one[: len(other)] == other[: len(one)]).int().cumprod(0).sum())
        assert shared > 1
        ids = torch.cat([prepared.inputs["input_ids"], one[None, :shared]], dim=1)
        inputs = {**prepared.inputs, "input_ids": ids, "attention_mask": torch.ones_like(ids)}
        for key in ("token_type_ids", "mm_token_type_ids"):
            if key in inputs:
                inputs[key] = torch.cat([inputs[key], torch.zeros_like(one[None, :shared])], dim=1)
        with torch.no_grad():
            logits = model.network(**inputs).logits[0, -1]
        wanted = [float(logits[one[shared]]), float(logits[other[shared]])]
        (choice,) = model.choose([about("mug")], choices)
        assert choice.logits == pytest.approx(wanted, abs=1e-4)

    @pytest.mark.parametrize("ended", [False, True], ids=["open", "ended"])
    def test_weighs_whole_sentences(self, family: str, memory: int, *, ended: bool) -> None:
        """By sentence the score is minus the mean cross-entropy of its tokens, or with its end."""
        model = opened(family, memory=memory)
        sentences = ("red", "The key is left of the mug.", "blue key")
        prepared = model.prompt_processor.tokenize(about("mug"))
        stops, wanted = model.prompt_processor.stop_tokens, []
        for sentence in sentences:
            said = model.prompt_processor.tokenize_reply(prepared, sentence)
            assert stops.isdisjoint(said[0].tolist())
            if ended:
                said = torch.cat([said, _end(model)], dim=1)
            whole = model.prompt_processor.tokenize(about("mug")).inputs
            ids = torch.cat([whole["input_ids"], said], dim=1)
            state = torch.ones_like(ids)
            extra = {
                key: torch.cat([whole[key], torch.zeros_like(said)], dim=1)
                for key in ("token_type_ids", "mm_token_type_ids")
                if key in whole
            }
            inputs = {**whole, **extra, "input_ids": ids, "attention_mask": state}
            with torch.no_grad():
                logits = model.network(**inputs).logits[0, -said.shape[1] - 1 : -1]
            wanted.append(-float(cross_entropy(logits, said[0])))
        (choice,) = model.choose([about("mug")], sentences, by="sentence", end_token=ended)
        assert choice.logits == pytest.approx(wanted, abs=1e-4)

    @pytest.mark.parametrize("ended", [False, True])
    def test_weighs_control_tokens_as_text(self, family: str, memory: int, ended: bool) -> None:
        """With a space in them as in a question, whether the end of the reply counts or not."""
        model = opened(family, memory=memory)
        tokenizer = model.prompt_processor.processor.tokenizer
        tokens = (
            tokenizer.eos_token,
            tokenizer.convert_ids_to_tokens(model.prompt_processor.image_token),
        )
        forms = ([f"no{token}" for token in tokens], [f"no{t[0]} {t[1:]}" for t in tokens])
        one, other = (
            model.choose([about("mug")], form, by="sentence", end_token=ended)[0].logits
            for form in forms
        )
        assert one == pytest.approx(other, abs=1e-5)

    def test_counts_image_tokens(self, family: str, memory: int) -> None:
        """All of a prompt's, remembered or not; of one view as many as it is said to take."""
        model = opened(family, memory=memory)
        for prompt in (about("mug"), about("mug"), interleaved(), Prompt(("What now?",))):
            (reply,) = model.generate([prompt], max_new_tokens=1)
            assert reply.usage.image_tokens == len(
                model.prompt_processor.tokenize(prompt).placeholders
            )
        (reading,) = model.forward([about("mug")])
        (view,) = about("mug").views
        scale = model.encoded_size(view)
        assert reading.usage.image_tokens == scale.tokens
        assert reading.patches[0].grid.cell_side == pytest.approx(scale.cell)

    def test_counts_its_passes(self, family: str, memory: int) -> None:
        """A prompt is a pass; by sentence, a prompt and a choice."""
        model = opened(family, memory=memory)
        before = model.passes
        model.forward([about("mug"), about("key")])
        model.choose([about("mug")], ("Yes", "No"))
        model.choose([about("mug")], ("a", "b", "c"), by="sentence")
        model.generate([about("mug")], max_new_tokens=2)
        assert model.passes - before == 2 + 1 + 3 + 1


def _end(model: HuggingFaceModel) -> torch.Tensor:
    """Tokens after a reply in the template, 1 x T; of one that writes no end, the tokenizer's."""
    processor, stops = model.prompt_processor.processor, model.prompt_processor.stop_tokens
    turn = {"role": "assistant", "content": [{"type": "text", "text": "Yes."}]}
    asked = {"role": "user", "content": [{"type": "text", "text": "Well?"}]}
    after = processor.apply_chat_template([asked, turn]).rpartition("Yes.")[2].rstrip(" ")
    tokens = processor.tokenizer(after, add_special_tokens=False)["input_ids"]
    tokens = tokens if stops & {*tokens} else [processor.tokenizer.eos_token_id]
    return torch.tensor([tokens])
