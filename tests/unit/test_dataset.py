"""Samples are checked when they are made, and open nothing before they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from tests.support.refusals import refused
from tests.support.shipped import jpeg
from visualcrop import Sample
from visualcrop.errors import DatasetError, ImageError
from visualcrop.plugin import Dataset, ImageSource, Problem


@attrs.frozen
class Bytes(ImageSource):
    """A picture at hand."""

    encoded: bytes

    def read(self) -> bytes:
        return self.encoded


def sample(**given: Any) -> Sample:
    """One that is sound, but for what is given."""
    plain: dict[str, Any] = {"id": "1", "source": Bytes(b""), "text": "Red?"}
    return Sample(**{**plain, "choices": ("no", "yes"), "answer": 1, **given})


@attrs.frozen
class Mixed(Dataset):
    """Sound and broken rows in turn."""

    name = "mixed"

    def read(self) -> Iterator[Sample | Problem]:
        yield sample()
        yield Problem("2", "It is broken.")
        yield sample(id="3")


class TestSample:
    """One question."""

    def test_is_of_bounded_length(self) -> None:
        """What no question may have is said of the row, before anything is run."""
        message = refused(DatasetError, sample, text="a" * 19_000, choices=("b" * 1000, "c"))
        assert message.startswith("Its question has 20,001 characters")

    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            ({"id": ""}, "A sample needs an id and a question."),
            ({"text": " "}, "A sample needs an id and a question."),
            ({"choices": ("no",), "answer": 0}, "A sample has no options or 2 to 26, not 1."),
            ({"answer": 2}, "Its answer is option 2, but it has 2 options."),
            ({"answer": -1}, "Its answer is option -1, but it has 2 options."),
            ({"answer": ("yes",)}, "Its right answer is not known."),
            ({"choices": (), "answer": ()}, "Its right answer is not known."),
            ({"choices": ("no", "\udcff")}, "It holds text that is not UTF-8."),
            ({"sentences": ("It is.", "\udcff")}, "It holds text that is not UTF-8."),
            (
                {"sentences": ("It is.",)},
                "It has 1 sentences for 2 options; give one for each, or none.",
            ),
            (
                {"sentences": ("It is.", "It is.")},
                "Two of its options have one sentence; give each its own, or none.",
            ),
            (
                {"sentences": ("It is.", " ")},
                "One of its sentences is empty; write it, or leave out them all.",
            ),
        ],
    )
    def test_without_a_known_answer_is_refused(self, given, reason: str) -> None:
        """Nothing can be scored later that has no right answer now."""
        assert refused(DatasetError, sample, **given) == reason

    def test_sentences_count_in_its_length(self) -> None:
        """They are part of what is put to a model."""
        message = refused(DatasetError, sample, sentences=("a" * 20_000, "b"))
        assert message.startswith("Its question has 20,010 characters")

    def test_sentences_are_part_of_the_digest(self) -> None:
        """Without any, it is what it was before there were some."""
        told = sample(sentences=("It is not.", "It is."))
        turned = sample(sentences=("It is.", "It is not."))
        assert len({sample().digest, told.digest, turned.digest}) == 3
        assert sample().digest == "918be8a07f4260de"

    def test_sentences_go_with_its_question(self) -> None:
        """Beside the choices; where it is asked in words, as another right answer alone."""
        told = sample(source=Bytes(jpeg()), sentences=("It is not.", "It is."))
        assert told.question().sentences == ("It is not.", "It is.")
        opened = told.without_choices()
        assert (opened.choices, opened.answer, opened.sentences) == ((), ("yes",), ("It is.",))
        assert opened.question().sentences == ()
        assert sample().without_choices().sentences == ()
        assert opened.without_choices() == opened

    def test_knows_what_is_right(self) -> None:
        """By choice one text is right, in words all that are accepted."""
        assert sample().answers == ("yes",)
        assert sample(choices=(), answer=("a cup", "cup")).answers == ("a cup", "cup")

    def test_opens_its_image_when_asked(self) -> None:
        """A sample of no picture can be made, listed and hashed; only asking fails."""
        broken, sound = sample(meta={"a": [1]}), sample(source=Bytes(jpeg()))
        assert len({broken, sound}) == 2
        assert refused(ImageError, broken.question)
        assert sound.question().image.box.width == 64
        assert sound.source.size() == (64, 48)

    def test_is_held_to_the_pixel_limit(self) -> None:
        """A picture larger than what is allowed is refused before it is decoded."""
        asked = sample(source=Bytes(jpeg())).question
        assert "over the limit" in refused(ImageError, asked, max_bytes=100)


class TestDataset:
    """Many."""

    def test_iterates_over_samples_alone(self) -> None:
        """Problems are read with the rows, and are no samples."""
        assert [made.id for made in Mixed()] == ["1", "3"]
        assert len([*Mixed().read()]) == 3
        assert Mixed().published() == {}
