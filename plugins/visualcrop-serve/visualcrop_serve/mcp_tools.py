"""The tools `look_closer` and `find`: their schemas, and what a call of each returns."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from io import BytesIO
from typing import Any, TypeAlias, TypeVar

import attrs
import PIL.Image
from mcp import types

from visualcrop import Answer, Box, Finding, Image, Question
from visualcrop.errors import nearest

from .errors import RequestError, failure, invalid
from .fields import Fields
from .images import read_images
from .mcp_images import picture_url
from .mcp_loading import Report
from .messages import read_text
from .result import describe_box
from .service import BEGUN, Limits, Service, Watch
from .settings import Settings
from .work import Job

T = TypeVar("T")
_LONGEST_SIDE = 1024  # pixels of a crop that is sent back: what language models are shown anyway
_MOST_PNG = 1 << 18  # pixels of a crop that is sent without loss
_MOST_CROPS = 8  # of `find`

_NOT_SEARCHED = {"not searched", "whole image"}  # decisions of `guarded`

_BOX: dict[str, Any] = {
    "type": "object",
    "description": "A rectangle in the picture, as left, top, right, bottom.",
    "properties": {
        "pixels": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "In pixels of the picture as it was given.",
        },
        "relative": {
            "type": "array",
            "items": {"type": "number"},
            "description": "The same, from 0 to 1 of the width and height.",
        },
        "thousandths": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "The same, from 0 to 1000 of the width and height.",
        },
        "target": {"type": "string", "description": "What was looked for there."},
        "confidence": {
            "type": ["number", "null"],
            "description": "From -1, surely not there, to 1, surely there; null if not checked.",
        },
    },
    "required": ["pixels", "relative", "thousandths", "target", "confidence"],
}
_SIZE = {
    "type": "object",
    "description": "Width and height of the picture in pixels.",
    "properties": {"width": {"type": "integer"}, "height": {"type": "integer"}},
    "required": ["width", "height"],
}
_EXHAUSTED = {
    "type": "boolean",
    "description": "Whether the server's limit ended the search early: then this is the best "
    "so far.",
}
_PASSES = {
    "type": "object",
    "description": "What it cost: forward passes of the model, by stage of the search.",
    "additionalProperties": {"type": "integer"},
}
_ANSWERED = {
    "type": "object",
    "properties": {
        "answer": {
            "type": "string",
            "description": "The answer; with choices, one of them, or the model's own words "
            "if they name none.",
        },
        "confidence": {
            "type": ["number", "null"],
            "description": "Probability of that choice, from 0 to 1; null if the answer is none "
            "of the choices, or there were none.",
        },
        "found": {
            "type": ["boolean", "null"],
            "description": "Whether the thing asked about was found; if not, the answer may be "
            "a guess. Null if the answer is of the whole picture, which was clear enough.",
        },
        "box": {"anyOf": [_BOX, {"type": "null"}], "description": "Where the answer was seen."},
        "boxes": {"type": "array", "items": _BOX, "description": "All places it rests on."},
        "crop": {
            "type": ["array", "null"],
            "items": {"type": "integer"},
            "description": "The part of the picture that is shown beside this result, in pixels: "
            "left, top, right, bottom.",
        },
        "exhausted": _EXHAUSTED,
        "image": _SIZE,
        "passes": _PASSES,
    },
    "required": [
        *("answer", "confidence", "found", "box", "boxes", "crop"),
        *("exhausted", "image", "passes"),
    ],
}
_FOUND = {
    "type": "object",
    "properties": {
        "boxes": {
            "type": "array",
            "items": _BOX,
            "description": "Where the thing was found, the surest first; empty if nowhere.",
        },
        "crops": {
            "type": "array",
            "items": {"type": "array", "items": {"type": "integer"}},
            "description": "The parts of the picture that are shown beside this result, in pixels: "
            "one for each of the first boxes, with some margin.",
        },
        "exhausted": _EXHAUSTED,
        "image": _SIZE,
        "passes": _PASSES,
    },
    "required": ["boxes", "crops", "exhausted", "image", "passes"],
}
_QUIET = types.ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)


def describe_tools(*, with_folder: bool) -> list[types.Tool]:
    """What a language model reads of the tools; paths are mentioned if there is a folder."""
    image = {
        "type": "string",
        "minLength": 1,
        "description": "The picture: "
        + ("a path in the server's picture folder, such as kitchen/shelf.jpg; or " * with_folder)
        + "base64 of a JPEG, PNG or WebP file, or a data URL. Give it at full size: small things "
        "are lost when a picture is made smaller.",
    }
    return [
        types.Tool(
            name="look_closer",
            title="Look closer",
            description="Answer a question about a picture, above all about something small in a "
            "large one: a sign, a label, a far object, its colour or number. It searches the "
            "picture, zooms in on what the question is about, and answers from there. It returns "
            "the answer, where it was seen, and that part of the picture.",
            input_schema=_arguments(
                image=image,
                question={
                    "type": "string",
                    "minLength": 1,
                    "description": "One question that names the thing to look at, such as 'What "
                    "does the sign above the door say?'",
                },
                choices={
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 2,
                    "maxItems": 26,
                    "description": "Possible answers, if they are known. The answer is then one of "
                    "them, and comes with its probability.",
                },
                required=("image", "question"),
            ),
            output_schema=_ANSWERED,
            annotations=_QUIET,
        ),
        types.Tool(
            name="find",
            title="Find",
            description="Find a thing in a picture, every instance of it, small ones too. It "
            f"returns a box and a confidence for each, and pictures of the first {_MOST_CROPS}.",
            input_schema=_arguments(
                image=image,
                target={
                    "type": "string",
                    "minLength": 1,
                    "description": "What to look for, as a short noun phrase, such as 'red mug'.",
                },
                required=("image", "target"),
            ),
            output_schema=_FOUND,
            annotations=_QUIET,
        ),
    ]


def _arguments(*, required: Sequence[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [*required],
        "additionalProperties": False,
    }


@attrs.frozen(eq=False)
class Tools:
    """Runs the tools with the model and the limits of a service."""

    settings: Settings
    get_service: Callable[[Report], Awaitable[Service]]  # which may have to load its model

    def describe(self) -> list[types.Tool]:
        return describe_tools(with_folder=self.settings.images is not None)

    async def call(
        self, name: str, arguments: Mapping[str, Any] | None, report: Report
    ) -> types.CallToolResult:
        """The result of a call; what is wrong with it is a result, too, for the model to read."""
        try:
            run = self._read(name, arguments or {})
            service = await self.get_service(report)
            limits = Limits(self.settings.max_passes, self.settings.max_seconds)
            return await _follow(service.submit(limits, partial(run, service)), report)
        except Exception as exc:  # noqa: BLE001 - bugs too: they are logged, and the server goes on
            return _failed(failure(exc))

    def _read(self, name: str, arguments: Mapping[str, Any]) -> Run:
        """Check a call, as far as that takes no model and no decoding."""
        tools = {tool.name: tool for tool in self.describe()}
        if name not in tools:
            known = nearest(name, tools, called="tools")
            raise invalid(f"There is no tool {name[:100]!r}; {known}.")
        known = tools[name].input_schema["properties"]
        if wrong := [key for key in arguments if key not in known]:
            raise invalid(f"{name} takes {', '.join(known)}, not {wrong[0][:100]!r}.")
        fields, settings = Fields(arguments), self.settings
        url = picture_url(fields.text("image"), settings)
        if name == "find":
            return partial(_find, url, _read_words(fields, "target", settings))
        question = _read_words(fields, "question", settings)
        return partial(_look_closer, url, question, fields.texts("choices", most=26))


Run: TypeAlias = Callable[[Service, Watch], types.CallToolResult]


def _read_words(fields: Fields, name: str, settings: Settings) -> str:
    text = read_text(fields, name, settings)
    if not text.strip():
        raise invalid(f"{name} is empty; give a text.", name)
    return text


def _look_closer(
    url: str, text: str, choices: Sequence[str], service: Service, watch: Watch
) -> types.CallToolResult:
    """Answer a question, in a thread of the service."""
    (image,) = read_images([(url, "image")], service.settings)
    question = Question.of(text, image, choices)
    answer = service.searchers.default.answer(question, ledger=watch.begin(image))
    return _done(_describe_answer(answer, question), [answer.crop()] if answer.shown else [])


def _find(url: str, target: str, service: Service, watch: Watch) -> types.CallToolResult:
    """Look for a thing, in a thread of the service."""
    (image,) = read_images([(url, "image")], service.settings)
    ledger = watch.begin(image)
    seen = service.searchers.default.detect(image, target, ledger=ledger)
    crops = [_with_margin(finding.box, image) for finding in seen.findings[:_MOST_CROPS]]
    content = {
        "boxes": [_describe_box(finding, image) for finding in seen.findings],
        "crops": [[*crop.whole_pixels()] for crop in crops],
        "exhausted": seen.exhausted,
        "image": {"width": image.width, "height": image.height},
        "passes": dict(ledger.by_stage()),
    }
    return _done(content, [image.crop(crop) for crop in crops])


def _with_margin(box: Box, image: Image) -> Box:
    """What is shown of a box: with what is around it, a thing is told more easily."""
    return box.expanded(max(box.width, box.height) / 4).clipped(image.box)


async def _follow(job: Job[T], report: Report) -> T:
    """The result of *job*, with its passes told; if the call is cancelled, the job ends."""
    passes: dict[str, int] = {}
    expected: dict[str, int] = {}
    try:
        async for event in job.events():
            if event != BEGUN and event["type"] == "stage":
                stage, done, of = event["stage"], event["passes"], event["expected"] or 0
                passes[stage], expected[stage] = done, max(done, of)
                words = f"{stage}: pass {done}" + (f" of {of}" if of >= done else "")
                total = sum(expected.values()) if of else None
                await report(sum(passes.values()), total, words)
        return await job.result()
    finally:
        job.cancel()  # which does nothing to one that has ended


def _describe_answer(answer: Answer, question: Question) -> dict[str, Any]:
    image = question.image
    boxes = [_describe_box(finding, image) for finding in answer.findings]
    return {
        "answer": answer.text if answer.choice is None else question.choices[answer.choice],
        "confidence": _round(answer.confidence),
        "found": None if answer.decision in _NOT_SEARCHED else answer.found,
        "box": boxes[0] if boxes else None,
        "boxes": boxes,
        "crop": _describe_crop(answer, image),
        "exhausted": answer.exhausted,
        "image": {"width": image.width, "height": image.height},
        "passes": dict(answer.passes),
    }


def _describe_crop(answer: Answer, image: Image) -> list[int] | None:
    """What was shown last; none if that was no part of the picture but, say, a collage of it."""
    shown = answer.shown[-1] if answer.shown else None
    return [*shown.box.whole_pixels()] if shown and shown.image is image else None


def _describe_box(finding: Finding, image: Image) -> dict[str, Any]:
    """What a language model can use of what the server says of a box, and whole pixels."""
    described = describe_box(finding, image)
    described |= {
        "pixels": [*finding.box.whole_pixels()],
        "relative": [round(each, 4) for each in described["relative"]],
        "confidence": _round(finding.confidence),
    }
    return {name: described[name] for name in _BOX["required"]}


def _round(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


def _done(content: dict[str, Any], crops: Sequence[PIL.Image.Image]) -> types.CallToolResult:
    """*content* as such and as text, for clients that show only that, and the crops."""
    text = types.TextContent(text=json.dumps(content, ensure_ascii=False))
    return types.CallToolResult(
        content=[text, *map(encode_crop, crops)], structured_content=content
    )


def _failed(error: RequestError) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=str(error))], is_error=True)


def encode_crop(crop: PIL.Image.Image) -> types.ImageContent:
    """PNG if it is small, else JPEG, of at most 1024 pixels on a side."""
    scale = _LONGEST_SIDE / max(crop.size)
    if scale < 1:
        size = max(1, round(crop.width * scale)), max(1, round(crop.height * scale))
        crop = crop.resize(size, PIL.Image.Resampling.LANCZOS, reducing_gap=2)
    kind = "PNG" if crop.width * crop.height <= _MOST_PNG else "JPEG"
    encoded = BytesIO()
    crop.save(encoded, kind, quality=90)
    data = base64.b64encode(encoded.getvalue()).decode("ascii")
    return types.ImageContent(data=data, mime_type=f"image/{kind.lower()}")
