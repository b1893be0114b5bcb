"""`POST /v1/chat/completions`: questions about pictures, as the OpenAI API has them."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import attrs
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from visualcrop import Question, Turn, VisualSearch, read_conversation

from .errors import Json, error_body, failure, to_json
from .fields import Fields
from .images import read_images
from .messages import Message as ChatMessage
from .messages import Picture, read_messages
from .metrics import Metrics
from .parameters import check_parameters, read_searcher
from .result import Outcome, describe_answer, describe_usage
from .service import Limits, Service, read_limits, service_of, wait
from .work import Job

_PATIENCE = 15  # seconds after which a silent stream sends a comment: proxies close idle ones
_SEND_SECONDS = 60  # in which a client has to take what is sent: until it does, its picture is held


@attrs.frozen
class ChatRequest:
    """A checked request."""

    model: str
    search: VisualSearch
    messages: tuple[ChatMessage, ...]
    limits: Limits
    max_new_tokens: int | None
    stop: tuple[str, ...]
    stream: bool
    include_usage: bool

    def pose(self, service: Service) -> Question:
        """The question, its pictures read and decoded."""
        pictures = [part for message in self.messages for part in message.parts]
        urls = [(each.url, each.param) for each in pictures if isinstance(each, Picture)]
        images = iter(read_images(urls, service.settings))
        turns = [
            Turn(
                each.role, tuple(next(images) if isinstance(p, Picture) else p for p in each.parts)
            )
            for each in self.messages
        ]
        return attrs.evolve(read_conversation(turns), max_new_tokens=self.max_new_tokens)


def read_chat(body: Mapping[str, Any], service: Service) -> ChatRequest:
    """Check *body*; nothing of it is fetched or decoded yet."""
    check_parameters(body)
    fields = Fields(body)
    model = fields.text("model")
    return ChatRequest(
        model=model,
        search=service.find(model, read_searcher(fields)),
        messages=read_messages(fields, service.settings),
        limits=read_limits(fields, service.settings),
        max_new_tokens=_read_max_tokens(fields, service.settings.max_tokens),
        stop=fields.texts("stop", most=4),
        stream=fields.truth("stream"),
        include_usage=fields.inner("stream_options").truth("include_usage"),
    )


def _read_max_tokens(fields: Fields, most: int) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        if (asked := fields.whole_number(name, least=1)) is not None:
            return min(asked, most)
    return None


async def complete(request: Request) -> Response:
    """Answer a request, as a whole or as a stream."""
    service = service_of(request)
    service.work.check_room()
    async with service.bodies.read(request) as body:
        asked = read_chat(body, service)
        del body
        job = service.ask(asked.search, lambda: asked.pose(service), asked.limits)
        reply = Reply(asked)
        if asked.stream:
            return await _stream(request, job, reply, service.metrics)
        return Json(reply.whole(await wait(job.result(), job, request)))


async def _stream(request: Request, job: Job[Outcome], reply: Reply, metrics: Metrics) -> Response:
    """The stream, once the search has begun: until then, errors have a status of their own."""
    await wait(job.begun(), job, request)
    return SearchStream(job, reply, metrics)


@attrs.frozen
class Reply:
    """The parts of a response to one request."""

    asked: ChatRequest
    id: str = attrs.field(factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = attrs.field(factory=lambda: int(time.time()))

    def whole(self, outcome: Outcome) -> dict[str, Any]:
        """The `chat.completion`."""
        text, reason = self._finish(outcome)
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
        return {
            **self._head("chat.completion"),
            "choices": [choice],
            "usage": describe_usage(outcome),
            "visualcrop": self._describe(outcome),
        }

    def chunks(self, outcome: Outcome) -> Iterator[dict[str, Any]]:
        """The `chat.completion.chunk`s: who speaks, the text, the end, and what it took."""
        text, reason = self._finish(outcome)
        yield self._chunk({"role": "assistant", "content": ""})
        yield self._chunk({"content": text})
        yield {**self._chunk({}, reason), "visualcrop": self._describe(outcome)}
        if self.asked.include_usage:
            usage = describe_usage(outcome)
            yield {**self._head("chat.completion.chunk"), "choices": [], "usage": usage}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.asked.model}

    def _chunk(self, delta: Mapping[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        usage = {"usage": None} if self.asked.include_usage else {}
        return {**self._head("chat.completion.chunk"), "choices": [choice], **usage}

    def _finish(self, outcome: Outcome) -> tuple[str, str]:
        """The text up to the first `stop`, and why it ends."""
        text = outcome.answer.text
        cuts = [text.index(stop) for stop in self.asked.stop if stop in text]
        if cuts:
            return text[: min(cuts)], "stop"
        written, most = len(outcome.answer.token_probabilities), outcome.max_new_tokens
        return text, "length" if most is not None and written >= most else "stop"

    def _describe(self, outcome: Outcome) -> dict[str, Any]:
        with_map = self.asked.limits.with_map
        return describe_answer(outcome, model=self.asked.model, with_map=with_map)


class SearchStream(StreamingResponse):
    """Server-sent events: stages and evidence as comments, which plain clients skip; the reply."""

    def __init__(self, job: Job[Outcome], reply: Reply, metrics: Metrics) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(self._lines(), media_type="text/event-stream", headers=headers)
        self.job, self.reply, self.metrics = job, reply, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(_SEND_SECONDS):
                await send(message)

        try:
            await super().__call__(scope, receive, send_in_time)
        except TimeoutError:
            pass  # the server closes a connection whose response was not ended
        finally:
            self.job.cancel()  # if the client left before its end

    async def _lines(self) -> AsyncIterator[str]:
        try:
            async for event in self.job.events(_PATIENCE):
                yield ": still here\n\n" if event is None else f": visualcrop {to_json(event)}\n\n"
            for chunk in self.reply.chunks(await self.job.result()):
                yield f"data: {to_json(chunk)}\n\n"
        except Exception as exc:  # noqa: BLE001 - the status is sent: the stream says it
            error = failure(exc)
            self.metrics.errors.labels(error.code).inc()
            yield f"data: {to_json(error_body(error))}\n\n"
        yield "data: [DONE]\n\n"


ROUTES = [Route("/v1/chat/completions", complete, methods=["POST"])]
