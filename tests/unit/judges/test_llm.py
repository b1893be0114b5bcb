"""A language model that rules on answers in words."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import attrs
import pytest
import torch
import transformers as tf

from tests.support.tiny.tokenizers import byte_level
from visualcrop import ModelFamily, Sample
from visualcrop.errors import ModelError
from visualcrop.judges import llm
from visualcrop.judges.llm import Llm
from visualcrop.models.toy.dataset import SceneSource
from visualcrop.plugin import Judge
from visualcrop.testing import JudgeSuite

pytestmark = pytest.mark.torch
_CHAT = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_SAMPLE = Sample("1", SceneSource(0), "What colour?", answer=("green", "green", "light green"))


@cache
def _checkpoint() -> str:
    """A tiny random language model with a chat template, as Qwen 2.5's."""
    folder = Path(mkdtemp(prefix="visualcrop-judge-"))
    tokenizer = byte_level(["<|endoftext|>", "<|im_start|>", "<|im_end|>"], {})
    tokenizer.chat_template = _CHAT
    tokenizer.save_pretrained(folder)
    config = tf.Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = tf.Qwen2ForCausalLM(config)
    network.generation_config.do_sample = True  # as Qwen's own; a ruling is not drawn
    network.save_pretrained(folder)
    return str(folder)


class TestLlm(JudgeSuite):
    """A tiny one, which knows nothing."""

    strategy = Llm

    def judge(self) -> Judge:
        """On a checkpoint of its own."""
        return Llm(checkpoint=_checkpoint())


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("Yes", True),
        ("yes, they agree.", True),
        ("**No**, it says red.", False),
        ("Yesterday", None),
        ("The reply is right.", None),
        ("", None),
    ],
)
def test_reads_yes_or_no(said: str, right: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the first word; anything else is no ruling. The truth is the sentence, if there is one."""
    asked: list[str] = []

    def generate(tokenizer: Any, network: Any, prompt: str, longest: int) -> str:
        asked.append(prompt)
        return said

    monkeypatch.setattr(llm, "_generate", generate)
    verdict = Llm(checkpoint=_checkpoint()).open()(_SAMPLE, "light {answer}\n")
    assert (verdict.right, verdict.reply) == (right, said)
    assert "\nRight answer: green / light green\nReply: light {answer}\n" in asked[0]
    told = attrs.evolve(_SAMPLE, sentences=("The mug is green.",))
    Llm(checkpoint=_checkpoint()).open()(told, "light {answer}\n")
    assert "\nRight answer: The mug is green.\nReply: light {answer}\n" in asked[1]


@pytest.mark.parametrize(
    ("judge", "kind", "error"),
    [
        (Llm(), Exception, "The judge 'llm' needs a language model: --judge"),
        (Llm(checkpoint="no/where/at/all"), ModelError, "There is no folder 'no/where/at/all'"),
    ],
)
def test_what_cannot_be_opened_is_one_sentence(
    judge: Judge, kind: type[Exception], error: str
) -> None:
    """It shows how to name one."""
    with pytest.raises(kind, match=error):
        judge.open()


def test_is_no_model_family() -> None:
    """It sees no image, and its passes are not the search's."""
    assert not issubclass(Llm, ModelFamily)
