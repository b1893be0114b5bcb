"""The tokens of a target, by any name, say the name."""

from __future__ import annotations

import re
from unicodedata import normalize

import pytest

from tests.support.opened import about
from tests.support.real.names import names
from tests.support.real.readers import READERS, prompter
from visualcrop.relevance.vv import Vv
from visualcrop.verification.existence import Existence

EXISTENCE = Existence().prompt
QUOTED = 'Is "{target}" there?'


class Decoded:
    """The tokens of a question about *target*, and what some of them say."""

    def __init__(self, name: str, target: str, question: str) -> None:
        prepared = prompter(name).tokenize(about(target, question))
        self.tokenizer = prompter(name).processor.tokenizer
        self.ids = prepared.inputs["input_ids"][0].tolist()
        span = prepared.spans["target"].tolist()
        self.start, self.stop = span[0], span[-1] + 1
        assert span == list(range(self.start, self.stop))

    def said(self, start: int, stop: int) -> str:
        """What tokens [start, stop) add to those before them: a decoder strips a first space."""
        before, whole = (self.tokenizer.decode(self.ids[:end]) for end in (start, stop))
        return normalize("NFC", whole[len(before) :])


@pytest.mark.parametrize("name", READERS)
class TestSpans:
    """Of 500 names in each vocabulary and template."""

    @pytest.mark.parametrize("question", [EXISTENCE, QUOTED])
    def test_tokens_say_the_name(self, name: str, question: str) -> None:
        """
        Together they have all of the name, and each of the outer two has some of it.

        They may have more at the borders: a token can hold the space before a word, or a quotation
        mark. The words are not taken from elsewhere: the tokens before them begin the question.
        """
        before, after = (re.sub(r"\W+", "", text) for text in question.split("{target}"))
        for target in names():
            found, wanted = Decoded(name, target, question), normalize("NFC", target)
            start, stop = found.start, found.stop
            assert wanted in found.said(start, stop)
            assert wanted not in found.said(start + 1, stop)
            assert wanted not in found.said(start, stop - 1)
            assert re.sub(r"\W+", "", found.said(0, start)).endswith(before)
            assert re.sub(r"\W+", "", found.said(stop, len(found.ids))).startswith(after)

    def test_maps_ask_the_same_question(self, name: str) -> None:
        """The map's prompt of FOCUS is the existence prompt, whose names were tried above."""
        del name
        assert Vv().prompt == EXISTENCE


@pytest.mark.parametrize("name", ["llava", "llava, legacy", "llava-next"])
@pytest.mark.parametrize("target", ["小犬の棚", "🦙", "🧿 bead", "𠮷"])
def test_bytes_are_part_of_a_name(name: str, target: str) -> None:
    """LLaMA spells characters that it lacks in bytes, and the span has all of them."""
    found = Decoded(name, target, EXISTENCE)
    words = found.tokenizer.convert_ids_to_tokens(found.ids[found.start : found.stop])
    spelled = [int(word[1:-1], 16) for word in words if word.startswith("<0x")]
    known = {word for word in words if not word.startswith("<0x")}
    wanted = "".join(c for c in target if c not in "".join(known))
    assert bytes(spelled) == wanted.replace(" ", "").encode()
    assert spelled
