"""The output of a processor, with and without images that were seen before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
import transformers as tf
from tokenizers import AddedToken

from tests.support.alike import part
from tests.support.opened import about, interleaved, opened
from tests.support.tiny.checkpoints import FAMILIES, checkpoint
from tests.support.tiny.processors import load_processor
from visualcrop import Prompt
from visualcrop.models.engine.byte_lru import ByteLRU
from visualcrop.models.engine.placeholders import RunTokenizer
from visualcrop.models.engine.prompt_encoding import EncodedImages, PixelTarget, PromptEncoder
from visualcrop.prompt import views_key

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # GLM's
]
GRIDDED = [family for family in FAMILIES if family not in {"instructblip", "paligemma"}]
QUESTIONS = ("What now?", "Is there a ünïcode 猫 in it?\n\n Yes", "  ", "<", "a" * 300)


def encoder(family: str, processor: Any = None, room: int = 1 << 29) -> PromptEncoder:
    """One of the family that has seen nothing."""
    own = opened(family).prompt_processor
    return PromptEncoder(processor or own.processor, own.image_token, ByteLRU(room), PixelTarget())


def text_of(family: str, prompt: Prompt) -> str:
    """The prompt in its chat template."""
    return opened(family).prompt_processor.template.render(prompt).text


def texts(family: str, prompt: Prompt) -> list[str]:
    """Questions about the images of *prompt*, as they might be written."""
    text = text_of(family, prompt)
    return [text, *(f"{text}{question}" for question in QUESTIONS)]


def encode(encoder: PromptEncoder, text: str, prompt: Prompt) -> Any:
    """The output for *text*, with the images of *prompt*."""
    return encoder.encode(text, views_key(prompt), lambda: [v.picture for v in prompt.views])


def reference(processor: Any, text: str, prompt: Prompt) -> Any:
    """The output of the processor, called as its authors do."""
    return processor(
        text=[text],
        images=[[view.picture for view in prompt.views]],
        return_tensors="pt",
        return_offsets_mapping=True,
        return_text_replacement_offsets=True,
    )


def assert_same(made: Any, wanted: Any) -> None:
    """All entries are equal, in the same order."""
    assert list(made) == list(wanted)
    for name, value in wanted.items():
        same = made[name].equal(value) if torch.is_tensor(value) else made[name] == value
        assert same, name


@pytest.mark.parametrize("family", GRIDDED)
class TestPromptEncoder:
    """Of every family that has a chat template."""

    @pytest.mark.parametrize("ask", [lambda: about("mug"), lambda: part("mug"), interleaved])
    def test_output_is_the_processors(self, family: str, ask: Any) -> None:
        """Ids, masks, types, offsets, replacements and pixels: of the first prompt and others."""
        prompt, own, known = ask(), encoder(family), opened(family).prompt_processor.processor
        for text in texts(family, prompt):
            assert_same(encode(own, text, prompt), reference(known, text, prompt))
        (remembered,) = (own.cache.get(views_key(prompt)),)
        assert isinstance(remembered, EncodedImages)

    def test_the_checkpoints_own_processor(self, family: str) -> None:
        """Tokens and masks are those of the processor that transformers loads."""
        prompt, loaded = about("mug"), load_processor(family, checkpoint(family))
        text = text_of(family, prompt)
        made, wanted = encode(encoder(family), text, prompt), reference(loaded, text, prompt)
        for name in ("input_ids", "attention_mask", "offset_mapping"):
            assert made[name].equal(wanted[name]), name

    def test_text_alone(self, family: str) -> None:
        """Without images there is nothing to remember."""
        prompt, own = Prompt(("What now?",)), encoder(family)
        ids = encode(own, text_of(family, prompt), prompt)["input_ids"][0].tolist()
        assert ids == own.processor.tokenizer(text_of(family, prompt))["input_ids"]
        assert len(own.cache) == 0


def test_a_processor_that_changes_the_text_is_asked_again() -> None:
    """Only its pixels are remembered: what it does to a text is not known."""
    family, prompt = "qwen2-5-vl", about("mug")
    known = opened(family).prompt_processor.processor

    class Counting(type(known)):  # type: ignore[misc]
        """Says how many images there are."""

        def prepare_inputs_layout(self, images: Any = None, text: Any = None, **how: Any) -> Any:
            found = super().prepare_inputs_layout(images=images, text=text, **how)
            return found[0], [f"1 image: {each}" for each in found[1]], *found[2:]

    changing = Counting(known.image_processor, known.tokenizer, chat_template=known.chat_template)
    own = encoder(family, changing)
    for text in texts(family, prompt):
        assert_same(encode(own, text, prompt), reference(changing, text, prompt))
    assert not isinstance(own.cache.get(views_key(prompt)), EncodedImages)


def test_inputs_that_depend_on_the_text_are_made_again() -> None:
    """PaliGemma's positions, say, which are counted to the end of the prompt."""
    prompt, own = about("mug"), encoder("paligemma")
    for text in texts("paligemma", prompt):
        assert_same(encode(own, text, prompt), reference(own.processor, text, prompt))
    assert not isinstance(own.cache.get(views_key(prompt)), EncodedImages)


def word_tokenizer(**how: Any) -> Any:
    """A tokenizer of words, with a placeholder that has these properties."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {"[UNK]": 0, "a": 1, "b": 2}
    bare = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    bare.pre_tokenizer = pre_tokenizers.Whitespace()
    bare.add_special_tokens([AddedToken("<image>", special=True, **{"normalized": False, **how})])
    return tf.PreTrainedTokenizerFast(tokenizer_object=bare, unk_token="[UNK]")


class Noting:
    """A tokenizer that notes how many characters it is given."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer, self.lengths = tokenizer, list[int]()

    def __call__(self, text: Sequence[str], **options: Any) -> Any:
        self.lengths.append(len(text[0]))
        return self.tokenizer(text, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tokenizer, name)


class TestRunTokenizer:
    """On words and placeholders."""

    TEXT = f"a {'<image>' * 9} b<image>a {'<image>' * 4}"

    @pytest.mark.parametrize("kind", [None, "np", "pt"])
    def test_tokens_are_those_of_the_whole_text(self, kind: str | None) -> None:
        """As lists, arrays and tensors, with offsets and masks."""
        words = Noting(word_tokenizer())
        options = {"return_tensors": kind, "return_offsets_mapping": True}
        made = RunTokenizer(words, 3)([self.TEXT], **options)
        wanted = words.tokenizer([self.TEXT], **options)
        assert list(made) == list(wanted)
        assert all(str(made[name]) == str(wanted[name]) for name in wanted)
        assert words.lengths == [len("a <image> b<image>a <image>")]

    @pytest.mark.parametrize("how", ["lstrip", "rstrip", "single_word", "normalized"])
    def test_a_placeholder_that_is_not_alone(self, how: str) -> None:
        """One that takes the spaces beside it, say: the whole text is tokenized."""
        words = Noting(word_tokenizer(**{how: True}))
        made = RunTokenizer(words, 3)([self.TEXT], return_offsets_mapping=True)
        assert made == words.tokenizer([self.TEXT], return_offsets_mapping=True)
        assert words.lengths == [len(self.TEXT)]

    @pytest.mark.parametrize("text", [["a", "<image><image>"], "a <image><image>"])
    def test_other_texts(self, text: Any) -> None:
        """Several, or one that is not in a list."""
        words = word_tokenizer()
        assert RunTokenizer(words, 3)(text)["input_ids"] == words(text)["input_ids"]

    def test_what_is_cut(self) -> None:
        """A limit of tokens counts placeholders, too."""
        words, limit = word_tokenizer(), {"truncation": True, "max_length": 5}
        made = RunTokenizer(words, 3)([self.TEXT], **limit)
        assert made["input_ids"] == words([self.TEXT], **limit)["input_ids"]
