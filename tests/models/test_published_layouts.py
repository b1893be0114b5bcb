"""Checkpoints in the layouts in which they are published answer as in plain transformers."""

from __future__ import annotations

import json
import shutil
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as tf

from tests.support.opened import noise
from tests.support.refusals import refused
from tests.support.tiny.checkpoints import (
    FAMILIES,
    UNTEMPLATED,
    checkpoint,
    load_network,
    published,
)
from tests.support.tiny.processors import load_processor
from tests.support.tiny.publishing import LAYOUTS, TEXT_ONLY, edit
from tests.support.tiny.tokenizers import train_sentence_piece
from visualcrop import Auto, Prompt, View
from visualcrop.errors import FileError, ModelError
from visualcrop.models import from_transformers

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
QUESTION = "Is there a mug in the image?"
PADDED = {"llava"}  # to a square, as trained: transformers itself crops
EVERY = [(family, layout) for layout in LAYOUTS for family in FAMILIES]
SAMPLE = {*zip(FAMILIES, cycle(LAYOUTS), strict=False)}
PAIRS = [pytest.param(*p, marks=() if p in SAMPLE else pytest.mark.proof) for p in EVERY]
TEMPLATED = [
    family for family in FAMILIES if (checkpoint(family) / "chat_template.jinja").is_file()
]


def _prompt(family: str) -> Prompt:
    size = (120, 120) if family in PADDED else (150, 100)
    return Prompt((View.whole(noise(*size)), QUESTION))


def _plain_inputs(family: str, folder: Path, tmp_path: Path) -> Any:
    """
    The prompt as transformers alone prepares it.

    It finds the template in a chat_template.jinja, since it fails if a chat_template.json is a
    text, and its processors look for none among the tokenizer's settings.
    """
    place = shutil.copytree(folder, tmp_path / "plain", ignore=lambda *_: ["chat_template.json"])
    (view,), text = _prompt(family).views, UNTEMPLATED.get(family, "") + QUESTION
    if template := (checkpoint(family) / "chat_template.jinja").is_file():
        shutil.copy(checkpoint(family) / "chat_template.jinja", place)
    processor: Any = load_processor(family, place)
    if template:
        parts: Any = [{"type": "image"}, {"type": "text", "text": QUESTION}]
        text = processor.apply_chat_template(
            [{"role": "user", "content": parts}], add_generation_prompt=True
        )
        bos = processor.tokenizer.bos_token
        if bos and processor.tokenizer("").input_ids[:1] == [processor.tokenizer.bos_token_id]:
            text = text.removeprefix(bos)
    made = processor(text=[text], images=[view.picture], return_tensors="pt")
    made.pop("labels", None)  # PaliGemma's, for training
    return made


@pytest.mark.parametrize(("family", "layout"), PAIRS)
def test_answers_as_plain_transformers(family: str, layout: str, tmp_path: Path) -> None:
    """Tokens are the same, and so are the logits of a reply's first token, to 1e-4."""
    folder = published(family, layout)
    model, prompt = Auto(checkpoint=str(folder)).open(), _prompt(family)
    inputs = _plain_inputs(family, folder, tmp_path)
    network = load_network(folder).eval()
    with torch.no_grad():
        logits = network(**inputs).logits[0, -1]
    processor: Any = model.prompt_processor  # type: ignore[attr-defined]
    tokenized = processor.tokenize(prompt)
    if tokenized.placeholders.size:  # InstructBLIP has none in its text
        assert tokenized.inputs["input_ids"].equal(inputs["input_ids"])
    first = [int(processor.tokenize_reply(tokenized, reply)[0, 0]) for reply in ("Yes", "No")]
    (found,) = model.choose([prompt], ("Yes", "No"))
    assert found.logits == pytest.approx(logits[first].tolist(), abs=1e-4)


class TestSentencePiece:
    """A checkpoint whose tokenizer is a tokenizer.model alone."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """LLaVA-1.5's, as it was first published."""
        folder = shutil.copytree(published("llava", "object"), tmp_path / "mine")
        train_sentence_piece(folder / "tokenizer.model")
        for name in ("tokenizer.json", "special_tokens_map.json"):
            (folder / name).unlink()
        added = {"<image>": 400, "<pad>": 401}
        (folder / "added_tokens.json").write_text(json.dumps(added))
        fields = {"lstrip": False, "rstrip": False, "normalized": False, "single_word": False}
        tokens = {
            str(at): {"content": token, "special": True, **fields} for token, at in added.items()
        }
        edit(folder / "tokenizer_config.json", partial(_add, added_tokens_decoder=tokens))
        edit(folder / "config.json", partial(_add, image_token_index=400))
        return folder

    def test_is_read(self, folder: Path, tmp_path: Path) -> None:
        """By the packages that read such files, as by plain transformers."""
        pytest.importorskip("google.protobuf")
        model: Any = Auto(checkpoint=str(folder)).open()
        inputs = _plain_inputs("llava", folder, tmp_path)
        tokenized = model.prompt_processor.tokenize(_prompt("llava"))
        assert tokenized.inputs["input_ids"].equal(inputs["input_ids"])

    def test_needs_its_packages(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without them, they are named."""
        monkeypatch.setattr("visualcrop.models.checkpoints.validation.find_spec", lambda name: None)
        message = refused(ModelError, Auto(checkpoint=str(folder)).open)
        assert message.endswith("pip install sentencepiece protobuf.")


class TestTemplates:
    """Where a chat template is found, and what is said where there is none."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """A checkpoint whose only template is the text model's."""
        folder = shutil.copytree(checkpoint("llava"), tmp_path / "mine")
        (folder / "chat_template.jinja").unlink()
        edit(folder / "tokenizer_config.json", lambda table: table | {"chat_template": TEXT_ONLY})
        return folder

    def test_the_first_file_wins(self, folder: Path) -> None:
        """The jinja file, chat_template.json, the processor's, then the tokenizer's."""
        template = "<image>{number}: {{{{ messages[0].content[1].text }}}}"
        places = ("processor_config.json", "chat_template.json", "chat_template.jinja")
        for number, name in enumerate(places):
            text = template.format(number=number)
            if name == "processor_config.json":
                edit(folder / name, partial(_add, chat_template=text))
            else:
                (folder / name).write_text(text if name.endswith("jinja") else json.dumps(text))
            model: Any = Auto(checkpoint=str(folder)).open()
            assert f"{number}: {QUESTION}" in model.prompt_processor.tokenize(_prompt("llava")).text

    @pytest.mark.parametrize("name", ["mine.jinja", "mine.json"])
    def test_a_file_of_the_users_overrides_them(
        self, folder: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`template=FILE`, with `~` for the home, whatever the checkpoint has."""
        monkeypatch.setenv("HOME", str(tmp_path))
        text = (checkpoint("llava") / "chat_template.jinja").read_text("utf-8")
        as_json = json.dumps({"chat_template": [{"name": "default", "template": text}]})
        (tmp_path / name).write_text(as_json if name.endswith("json") else text)
        own = Auto(checkpoint=str(checkpoint("llava"))).open()
        given = Auto(checkpoint=str(folder), template=f"~/{name}")
        for model in (given.open(), from_transformers(*_loaded(folder), family=given.family())):
            (found,), (wanted,) = (
                each.choose([_prompt("llava")], ("Yes", "No")) for each in (model, own)
            )
            assert found.logits == pytest.approx(wanted.logits, abs=1e-5)
        assert given.fingerprint() != Auto(checkpoint=str(folder)).fingerprint() != ""

    @pytest.mark.parametrize(
        ("template", "said"),
        [
            (TEXT_ONLY, 'an image (can only concatenate str (not "list") to str); give'),
            ("{{ messages }}", ", which stands for an image; give"),
            ("{{ raise_exception('No.') }}", "fails on a prompt with an image (No); give"),
            ("{% if %}", "(Expected an expression, got 'end of statement block'); give"),
            ("", "has no chat template; give"),
        ],
    )
    def test_one_that_places_no_image_is_refused(
        self, folder: Path, template: str, said: str
    ) -> None:
        """When the checkpoint is opened, and when its network is handed over."""
        edit(folder / "tokenizer_config.json", lambda table: table | {"chat_template": template})
        opening = Auto(checkpoint=str(folder)).open
        network, processor = _loaded(folder)
        for message in (
            refused(ModelError, opening),
            refused(ModelError, from_transformers, network, processor),
        ):
            assert said in message
            assert message.endswith("give one that places images with template=FILE.")

    @pytest.mark.parametrize(
        ("name", "content", "error", "said"),
        [
            ("gone.jinja", None, FileError, "cannot be read"),
            ("odd.jinja", b"\xff\xfe", ModelError, "is not valid UTF-8"),
            ("odd.json", b"{", ModelError, "is not valid JSON"),
            ("odd.json", b'[{"name": "tool_use", "template": ""}]', ModelError, "a 'default'"),
            ("long.jinja", b"x" * (1 << 17), FileError, "more than 65,536 bytes"),
        ],
    )
    def test_a_file_that_is_none_is_refused(
        self, name: str, content: bytes | None, error: Any, said: str, tmp_path: Path
    ) -> None:
        """With its name, and what is wrong with it."""
        if content is not None:
            (tmp_path / name).write_bytes(content)
        family = Auto(checkpoint=str(checkpoint("llava")), template=str(tmp_path / name))
        message = refused(error, family.open)
        assert name in message
        assert said in message

    def test_a_family_without_templates_takes_none(self, tmp_path: Path) -> None:
        """InstructBLIP's prompts are plain text."""
        (tmp_path / "mine.jinja").write_text("<image>")
        place, template = str(checkpoint("instructblip")), str(tmp_path / "mine.jinja")
        message = refused(ModelError, Auto(checkpoint=place, template=template).open)
        assert message.endswith("are written without a chat template; leave template out.")


def _add(table: dict[str, Any], **more: object) -> dict[str, Any]:
    return table | more


def _loaded(folder: Path) -> tuple[Any, Any]:
    """Network and processor as a user of transformers loads them."""
    network = tf.AutoModelForImageTextToText.from_pretrained(folder)
    return network, load_processor("llava", folder)
