"""A pipeline of transformers whose network answers after a visual search."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence, Sized
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import transformers
from torch.utils.data import DataLoader
from transformers.image_utils import load_image
from transformers.pipelines import PIPELINE_REGISTRY
from transformers.pipelines.base import Pipeline, no_collate_fn
from transformers.pipelines.pt_utils import PipelineDataset, PipelineIterator

from ..api import VisualSearch
from ..budget import Budget
from ..errors import QuestionError
from ..geometry import Box
from ..image import Image
from ..interfaces import Searcher
from ..models.families.base import Family
from ..models.loaded_network import from_transformers
from ..searchers.direct import Direct
from ..values import Answer, Finding, Question

_PARAMETERS = {"question", "choices", "timeout", "budget"}


class VisualSearchPipeline(Pipeline):
    """
    Answers questions about images, small things in large ones included.

    ```python
    import visualcrop.pipeline
    from transformers import pipeline

    pipe = pipeline("visual-search", model="llava-hf/llava-1.5-7b-hf", searcher="focus(steps=4)")
    pipe("shelf.jpg", "What colour is the mug?", choices=["red", "blue"])
    ```

    A call takes an image, or a dict with `image`, `question` and, if you have them, `choices`; or a
    list, a generator or a dataset of either. An image is a path, an address, encoded bytes, a PIL
    image or an array. Each gives a dict:

    - `answer`: the choice, or the reply in the model's own words;
    - `score`: the probability of the choice, or of the reply, from 0 to 1; None if unknown;
    - `choice`: the index of the choice, or None;
    - `box`: where the answer was seen, `{"xmin", "ymin", "xmax", "ymax"}` in pixels, or None;
    - `boxes`: all that the answer rests on, each `{"label", "score", "box"}`, as of a detector;
    - `found`: whether the model believes that it saw what was asked about;
    - `passes`: what it cost, in forward passes.

    With `batch_size`, so many questions are searched at a time, and what waits of them runs as one
    batch. `pipe.search` is the `VisualSearch` behind it.
    """

    _load_processor: Any = False  # transformers needs torchvision for one of videos
    _load_tokenizer: Any = False
    _load_image_processor: Any = False
    _load_video_processor: Any = False
    _load_feature_extractor: Any = False

    def __init__(
        self,
        *args: Any,
        searcher: str | Searcher = "focus",
        options: Sequence[str] = (),
        family: Family | type[Family] | None = None,
        **kwargs: Any,
    ) -> None:
        """
        Take a network and maybe its processor, as `transformers.pipeline` passes them.

        Args:
            args: As for every pipeline.
            searcher: How to search, as a spec or an object.
            options: Of the searcher, each as `path=value`.
            family: How to read the network, if not as its `model_type` says.
            kwargs: As for every pipeline, and what a call takes, as its default.
        """
        super().__init__(*args, **kwargs)
        model = from_transformers(self.model, self.processor, family=family)
        self.search = VisualSearch(model, Direct()).with_searcher(searcher, options)

    def __call__(self, inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
        """
        The dict of one input, a list of those of a list, an iterator of those of any other.

        Args:
            inputs: An image, a dict, or several of either; an `image` by that name, too.
            args: The question about each image, if it is not given by name.
            kwargs: `question`, `choices`, a `budget` of each search, a `timeout` in seconds for
                images at an address; `batch_size` and `num_workers` as for every pipeline.
        """
        if inputs is None and "image" in kwargs:  # as for visual-question-answering
            inputs = kwargs.pop("image")
        if isinstance(inputs, list) and not inputs:
            return []
        if args:
            kwargs["question"], *args_left = args
            if args_left:
                raise QuestionError(
                    "A pipeline takes an image and a question by position; name the others, as in "
                    "choices=[...]."
                )
        call: Any = super().__call__
        return call(inputs, **kwargs)

    def _sanitize_parameters(self, **given: Any) -> tuple[dict[str, Any], ...]:
        if unknown := given.keys() - _PARAMETERS:
            raise QuestionError(
                f"The pipeline takes {', '.join(sorted(_PARAMETERS))}, not {min(unknown)!r}."
            )
        budget = {"budget": given.pop("budget")} if "budget" in given else {}
        return given, budget, {}

    def preprocess(  # type: ignore[override]  # its parameters are told to users by name
        self,
        input_: Any,
        question: str | None = None,
        choices: Sequence[str] = (),
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """The question; its image is opened here, which `num_workers` processes may do ahead."""
        if isinstance(input_, Question):
            return {"question": input_}
        image = input_
        if isinstance(input_, Mapping):
            if "image" not in input_:
                raise QuestionError(f"An input has {[*input_]}; give it an 'image', too.")
            image = input_["image"]
            question, choices = input_.get("question", question), input_.get("choices") or choices
        if question is None:
            raise QuestionError(
                "An image has no question; give pipe(image, question=...), or dicts with both."
            )
        return {"question": Question.of(question, _open(image, timeout), choices)}

    def _forward(self, input_tensors: Any, budget: Budget | None = None) -> Any:  # type: ignore[override]  # as above
        question = input_tensors["question"]
        if isinstance(question, Question):
            answer = self.search.answer(question, budget=budget)
            return {"answer": answer, "choices": question.choices}
        outcomes = self.search.ask_many(
            question, concurrency=len(question), budget=budget or Budget()
        )
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
        return {"answer": outcomes, "choices": [each.choices for each in question]}

    def postprocess(self, model_outputs: Any, **_: Any) -> dict[str, Any]:
        answer: Answer = model_outputs["answer"]
        boxes = [_describe(finding) for finding in answer.findings]
        return {
            "answer": answer.text
            if answer.choice is None
            else model_outputs["choices"][answer.choice],
            "score": _score(answer),
            "choice": answer.choice,
            "box": boxes[0]["box"] if boxes else None,
            "boxes": boxes,
            "found": answer.found,
            "passes": sum(answer.passes.values()),
        }

    def get_inference_context(self) -> type[AbstractContextManager[None]]:
        """None: searches say themselves where they need gradients."""
        return nullcontext

    def get_iterator(self, inputs: Any, num_workers: int, batch_size: int, *params: Any) -> Any:
        """As the base class does, without its padding, which needs tokens."""
        before, during, after = params
        loaded = PipelineDataset if isinstance(inputs, Sized) else PipelineIterator
        loader = DataLoader(
            loaded(inputs, self.preprocess, before),
            # Of an iterator, each process would read all.
            num_workers=num_workers if isinstance(inputs, Sized) else min(num_workers, 1),
            batch_size=batch_size,
            collate_fn=no_collate_fn if batch_size == 1 else _gather,
        )
        found = PipelineIterator(loader, self.forward, during, loader_batch_size=batch_size)
        return PipelineIterator(found, self.postprocess, after)

    def save_pretrained(self, save_directory: str | os.PathLike[str], **kwargs: Any) -> None:
        """Save the network, and its processor if one was given; other pipelines add their code."""
        for part in (self.model, self.processor):
            if part is not None:
                part.save_pretrained(save_directory, **kwargs)


def _open(image: object, timeout: float | None) -> Image:
    """An image as visualcrop takes it, or at an address, as other pipelines do."""
    if isinstance(image, str) and image.startswith(("http://", "https://")):
        image = load_image(image, timeout=timeout)
    return Image.open(image)


def _gather(items: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [item[name] for item in items] for name in items[0]}


def _score(answer: Answer) -> float | None:
    """Of the choice, or of all tokens of the reply."""
    if answer.choice is not None or not answer.token_probabilities:
        return answer.confidence
    return math.prod(answer.token_probabilities)


def _describe(finding: Finding) -> dict[str, Any]:
    box = _corners(finding.box)
    return {"label": finding.target.text, "score": finding.probability, "box": box}


def _corners(box: Box) -> dict[str, int]:
    return dict(zip(("xmin", "ymin", "xmax", "ymax"), box.whole_pixels(), strict=True))


PIPELINE_REGISTRY.register_pipeline(
    "visual-search",
    VisualSearchPipeline,
    pt_model=transformers.AutoModelForImageTextToText,
    type="multimodal",
)
