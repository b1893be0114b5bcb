"""Tiny checkpoints are as on the hub, but for their size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as tf
from transformers.models.auto.image_processing_auto import AutoImageProcessor

from tests.support.reference import picture
from tests.support.tiny.checkpoints import UNTEMPLATED, load_network
from tests.support.tiny.processors import load_processor
from tests.support.tiny.tiled import TILED

_FILES = {
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
}
_QUESTION = "Is the red mug left of the key? Yes or No"


@pytest.fixture
def network(checkpoint_dir: Path) -> Any:
    """The checkpoint's network, as transformers loads it."""
    return load_network(checkpoint_dir)


def _logits(family: str, checkpoint_dir: Path, network: Any, seed: int) -> torch.Tensor:
    """Of the token after a question about noise."""
    processor = load_processor(family, checkpoint_dir)
    if family in UNTEMPLATED:
        inputs = processor(images=picture((90, 60), seed), text=_QUESTION, return_tensors="pt")
    else:
        asked = [{"type": "image"}, {"type": "text", "text": _QUESTION}]
        text = processor.apply_chat_template(
            [{"role": "user", "content": asked}], add_generation_prompt=True
        )
        inputs = processor(images=[[picture((90, 60), seed)]], text=[text], return_tensors="pt")
    with torch.no_grad():
        logits: torch.Tensor = network(**inputs).logits[0, -1]
    return logits


def test_is_laid_out_as_on_the_hub(family: str, checkpoint_dir: Path) -> None:
    """All of version 5's files are there, and a chat template if the family has one."""
    names = {path.name for path in checkpoint_dir.iterdir() if path.is_file()}
    assert names == _FILES | (set() if family in UNTEMPLATED else {"chat_template.jinja"})


def test_loads_whole(checkpoint_dir: Path) -> None:
    """No weight is missing, left over or of another shape, and all are 32 bits wide."""
    load: Any = tf.AutoModelForImageTextToText.from_pretrained
    network, said = load(checkpoint_dir, output_loading_info=True)
    assert not any(said.values())
    assert {weights.dtype for weights in network.parameters()} == {torch.float32}
    assert all(weights.any() for weights in network.parameters())


def test_names_its_processor_without_pil(family: str, checkpoint_dir: Path) -> None:
    """As on the hub: neither the back end nor our class without videos shows."""
    said = json.loads((checkpoint_dir / "processor_config.json").read_text("utf-8"))
    assert hasattr(tf, said["processor_class"])
    assert not said["image_processor"]["image_processor_type"].endswith("Pil")
    if family not in TILED or TILED[family].pil is None:
        assert AutoImageProcessor.from_pretrained(checkpoint_dir, backend="pil")


def test_sees(family: str, checkpoint_dir: Path, network: Any) -> None:
    """Another picture gives other logits, and the same picture the same."""
    one, again, other = (_logits(family, checkpoint_dir, network, seed) for seed in (0, 0, 1))
    assert torch.equal(one, again)
    assert (one - other).abs().max() > 0.05


@pytest.mark.parametrize("word", ["mug", "red", "key", "left", "right", "Yes", "No", *"ABCD"])
def test_common_words_are_one_token(family: str, checkpoint_dir: Path, word: str) -> None:
    """Behind a space, where a reply or an option stands."""
    tokenizer: Any = tf.AutoTokenizer.from_pretrained(checkpoint_dir)
    plain, longer = (tokenizer(text)["input_ids"] for text in ("the", f"the {word}"))
    assert longer[:-1] == plain


@pytest.mark.parametrize("text", ["two\nlines", "naïve 你好", "What's this?"])
def test_any_text_survives(checkpoint_dir: Path, text: str) -> None:
    """Letters that the tokenizer never saw come back from their bytes."""
    tokenizer: Any = tf.AutoTokenizer.from_pretrained(checkpoint_dir)
    assert tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True) == text


def test_qwen_would_sample(family: str, network: Any) -> None:
    """Its generation config penalises repetition and samples, as the published one does."""
    said = network.generation_config
    sampled = (said.repetition_penalty, said.do_sample)
    assert (sampled == (1.05, True)) == family.startswith("qwen")
