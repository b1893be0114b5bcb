"""Samples of visualcrop's datasets as Inspect's."""

from __future__ import annotations

import base64
from io import BytesIO

import PIL.Image
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageUser, Content, ContentImage, ContentText

from visualcrop import Sample as Question
from visualcrop import VisualcropError
from visualcrop.errors import DatasetError
from visualcrop.plugin import Dataset, ImageSource, Registry, read_dataset

from .refusing import refuse

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def read_samples(spec: str) -> tuple[str, MemoryDataset]:
    """The name of the dataset that *spec* means, which may be a folder, and its questions."""
    try:
        registry = Registry.load()
        dataset = registry.build(Dataset, read_dataset(registry, spec))
        samples = [_to_sample(question) for question in dataset]
    except VisualcropError as exc:
        raise refuse(exc) from exc
    return dataset.name, MemoryDataset(samples, name=spec, location=spec)


def _to_sample(question: Question) -> Sample:
    if not isinstance(question.answer, int):
        raise DatasetError(
            f"The question {question.id!r} has no choices, by which this task scores; write a task "
            "of your own for it."
        )
    parts: list[Content] = [
        ContentImage(image=_locate(question.source)),
        ContentText(text=question.text),
    ]
    return Sample(
        id=question.id,
        input=[ChatMessageUser(content=parts)],
        choices=[*question.choices],
        target=_LETTERS[question.answer],
        metadata={"category": [*question.category], "group": question.group},
    )


def _locate(source: ImageSource) -> str:
    """The path of an image that is a file, which Inspect reads; a data URL of any other."""
    path = getattr(source, "path", None)
    if isinstance(path, str):
        return path
    encoded = source.read()
    with PIL.Image.open(BytesIO(encoded)) as picture:
        kind = picture.get_format_mimetype()
    return f"data:{kind};base64,{base64.b64encode(encoded).decode()}"
