"""lmms-eval's requests as questions, and answers as its replies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import attrs

from visualcrop import (
    Answer,
    Budget,
    Image,
    Question,
    Turn,
    VisualcropError,
    VisualSearch,
    read_conversation,
)
from visualcrop.errors import QuestionError

Message: TypeAlias = Mapping[str, Any]
Datasets: TypeAlias = Mapping[str, Mapping[str, Any]]  # documents, by task and split


@attrs.frozen
class ChatRequest:
    """One request to a chat model: the six arguments of an `Instance`."""

    context: str
    doc_to_messages: Callable[[Any], Sequence[Message]]
    generation: Mapping[str, Any]
    doc_id: Any
    task: str
    split: str

    def read_question(self, datasets: Datasets) -> Question:
        """The question of this request's document."""
        document = datasets[self.task][self.split][self.doc_id]
        question = read_conversation(read_messages(self.doc_to_messages(document)))
        return attrs.evolve(question, max_new_tokens=self.generation.get("max_new_tokens"))

    def cut(self, reply: str) -> str:
        """*reply* up to the first of the texts at which the task wants it to end."""
        until = self.generation.get("until") or ()
        stops = (until,) if isinstance(until, str) else until
        ends = [reply.index(stop) for stop in stops if stop and stop in reply]
        return reply[: min(ends)] if ends else reply


def answer_all(
    search: VisualSearch,
    requests: Iterable[ChatRequest],
    datasets: Datasets,
    *,
    budget: Budget,
    concurrency: int,
) -> list[Answer | Exception]:
    """An answer for each request, or what went wrong with it; images are read as they are asked."""
    outcomes: dict[int, Answer | Exception] = {}
    read: list[int] = []

    def questions() -> Iterator[Question]:
        for index, request in enumerate(requests):
            try:
                question = request.read_question(datasets)
            except VisualcropError as exc:
                outcomes[index] = exc
            else:
                read.append(index)
                yield question

    found = search.ask_many(questions(), concurrency=concurrency, budget=budget)
    outcomes |= zip(read, found, strict=False)
    if len(found) > len(read) and isinstance(found[-1], Exception):
        raise found[-1]  # the task's own error, by which no further request could be read
    return [outcomes[index] for index in sorted(outcomes)]


def check_generation(generation: Mapping[str, Any]) -> None:
    """Refuse what would change replies and cannot be done."""
    for name, none in (("temperature", 0), ("num_beams", 1), ("num_return_sequences", 1)):
        value = generation.get(name)
        if value is not None and value > none:
            raise QuestionError(
                f"The task asks for {name}={value}, and a search takes the likeliest words; run it "
                f"with --gen_kwargs {name}={none}."
            )


def read_messages(messages: Iterable[Message]) -> list[Turn]:
    """A turn for each message, with its texts and images."""
    return [Turn(message["role"], [*_parts(message["content"])]) for message in messages]


def _parts(content: str | Iterable[Message]) -> Iterable[str | Image]:
    if isinstance(content, str):
        yield content
        return
    for part in content:
        kind = part["type"]
        if kind == "text":
            yield part["text"]
        elif kind == "image":
            yield Image.open(part["url"])
        else:
            raise QuestionError(
                f"The task shows {kind}, which a search does not read; evaluate it on tasks with "
                "images."
            )
