"""Chat completions and models, asked with the `openai` client, which we did not write."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from starlette.types import Message

from tests.support.serving import QUESTION, Live, drawn, drawn_url, own, serving, toy, user
from visualcrop import Image, Question, Turn, View, VisualSearch, read_conversation
from visualcrop.errors import ModelError
from visualcrop_serve import chat
from visualcrop_serve.metrics import Metrics
from visualcrop_serve.work import Job

CHOICES = ("red", "blue", "green", "white")
CHOICE_QUESTION = f"{QUESTION}\n(A) red\n(B) blue\n(C) green\n(D) white"


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with serving(toy()) as live:
        yield live


def ask(live: Live, *messages: Any, model: str = "toy", **options: Any) -> Any:
    """The reply to a question about a scene, or to the messages that are given."""
    asked = list(messages or (user(QUESTION, drawn_url()),))
    return live.client().chat.completions.create(model=model, messages=asked, **options)


@pytest.mark.parametrize("searcher", ["focus", "direct", "guarded", "focus(steps=2)"])
def test_an_answer_is_that_of_ask(live: Live, searcher: str) -> None:
    """Text, boxes, passes and tokens are those of `VisualSearch.ask` with the same searcher."""
    answer = toy().with_searcher(searcher).ask(drawn(), QUESTION)
    reply = ask(live, model=f"toy@{searcher}")
    found = own(reply)
    assert reply.object == "chat.completion"
    assert reply.choices[0].message.content == answer.text
    assert reply.choices[0].finish_reason == "stop"
    assert found["passes"] == answer.passes
    assert [box["pixels"] for box in found["boxes"]] == [
        pytest.approx([f.box.left, f.box.top, f.box.right, f.box.bottom], abs=0.01)
        for f in answer.findings
    ]
    assert [box["confidence"] for box in found["boxes"]] == [
        pytest.approx(finding.confidence, abs=1e-6) for finding in answer.findings
    ]
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


def test_a_box_is_given_in_pixels_parts_and_thousandths(live: Live) -> None:
    """All three mean one place, and the chosen box is marked in the evidence."""
    found = own(ask(live))
    (box,) = found["boxes"]
    sides = [found["image"]["width"], found["image"]["height"]] * 2
    assert box["relative"] == pytest.approx(
        [at / side for at, side in zip(box["pixels"], sides, strict=True)], abs=1e-4
    )
    assert box["thousandths"] == [round(1000 * at) for at in box["relative"]]
    (evidence,) = found["evidence"]
    assert evidence["target"] == "mug"
    assert [each for each in evidence["boxes"] if each["chosen"]] == [box]


def test_lettered_choices_are_found_in_the_text(live: Live) -> None:
    """Their probabilities are those of `ask` with the choices given apart."""
    answer = toy().ask(drawn(), QUESTION, CHOICES)
    reply = ask(live, user(CHOICE_QUESTION, drawn_url()))
    found = own(reply)
    assert reply.choices[0].message.content == answer.text == "C"
    assert found["choice"] == "green"
    assert found["choices"] == pytest.approx(
        dict(zip(CHOICES, answer.probabilities, strict=True)), abs=1e-5
    )
    assert found["confidence"] == pytest.approx(answer.confidence, abs=1e-5)


def test_the_last_picture_is_searched_and_the_rest_is_read(live: Live) -> None:
    """System texts, other pictures and earlier turns are the question's context."""
    other, searched = drawn_url(7), drawn_url()
    messages = [
        {"role": "system", "content": "Answer in one word."},
        user("Is this a shelf?", other),
        {"role": "assistant", "content": "Yes."},
        user(QUESTION, searched),
    ]
    pictures = [Image.open(drawn(7)), Image.open(drawn())]
    question = read_conversation(
        [
            Turn("system", ["Answer in one word."]),
            Turn("user", [pictures[0], "Is this a shelf?"]),
            Turn("assistant", ["Yes."]),
            Turn("user", [pictures[1], QUESTION]),
        ]
    )
    assert isinstance(question, Question)
    assert any(isinstance(part, View) for part in question.context)
    answer = toy().answer(question)
    reply = ask(live, *messages)
    assert reply.choices[0].message.content == answer.text
    assert own(reply)["passes"] == answer.passes
    assert own(reply)["image"] == {"width": pictures[1].width, "height": pictures[1].height}


def test_models_are_the_name_and_its_searchers(live: Live) -> None:
    """The default first, then each searcher; those that bring another network are not there."""
    listed = [model.id for model in live.client().models.list()]
    assert listed[:4] == ["toy", "toy@focus", "toy@direct", "toy@guarded"]
    assert "toy@zoomeye" in listed
    assert live.client().models.retrieve("toy@focus(steps=4)").id == "toy@focus(steps=4)"
    with pytest.raises(openai.NotFoundError, match="There is no model 'gpt-4'"):
        live.client().models.retrieve("gpt-4")


def test_every_listed_model_answers(live: Live) -> None:
    """With all that it is by default."""
    for model in live.client().models.list():
        assert ask(live, model=model.id).choices[0].message.content


def test_a_stream_has_the_same_answer(live: Live) -> None:
    """Its last chunk with a reason holds `visualcrop`; the usage comes alone, if asked for."""
    whole = ask(live)
    chunks = list(ask(live, stream=True, stream_options={"include_usage": True}))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == (
        whole.choices[0].message.content
    )
    *_, last, usage = chunks
    assert last.choices[0].finish_reason == "stop"
    found, expected = own(last), own(whole)
    del found["seconds"], expected["seconds"]
    assert found == expected
    assert not usage.choices
    assert usage.usage.prompt_tokens == whole.usage.prompt_tokens
    assert len({chunk.id for chunk in chunks}) == 1
    assert all(chunk.choices for chunk in ask(live, stream=True))


def read_stream(live: Live, **options: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The comments and the data of a stream, as a plain HTTP client reads them."""
    asked = {"model": "toy", "messages": [user(QUESTION, drawn_url())], "stream": True, **options}
    url = f"{live.url}/v1/chat/completions"
    with httpx.stream("POST", url, json=asked, timeout=None) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in response.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    comments = [json.loads(line[13:]) for line in lines if line.startswith(": visualcrop ")]
    data = [json.loads(line[6:]) for line in lines[:-1] if line.startswith("data: ")]
    return comments, data


def test_a_stream_tells_stages_and_evidence_as_comments(live: Live) -> None:
    """Passes add up to those of the answer, and the last evidence is the answer's own."""
    comments, data = read_stream(live, visualcrop={"map": True})
    stages = [each for each in comments if each["type"] == "stage"]
    found = data[-1]["visualcrop"]
    assert {each["stage"]: each["passes"] for each in stages} == found["passes"]
    assert [each["stage"] for each in stages][-1] == "answer"
    evidence = [each for each in comments if each["type"] == "evidence"]
    assert len(evidence) > 1
    first, last = evidence[0], evidence[-1]
    assert not any(box["confidence"] for box in first["boxes"])
    assert len(first["map"]["scores"]) == first["map"]["rows"] * first["map"]["columns"]
    assert first["map"] == found["evidence"][0]["map"]
    assert {each["map"] for each in evidence[1:]} == {None}  # it is sent once
    unmarked = [{**box, "chosen": False} for box in found["evidence"][0]["boxes"]]
    assert last["boxes"] == unmarked


def test_maps_come_only_if_asked_for(live: Live) -> None:
    """They are large."""
    comments, data = read_stream(live)
    assert {each["map"] for each in comments if each["type"] == "evidence"} == {None}
    assert data[-1]["visualcrop"]["evidence"][0]["map"] is None
    asked = own(ask(live, extra_body={"visualcrop": {"map": True}}))["evidence"][0]["map"]
    assert max(asked["scores"]) > 0


def test_a_budget_of_a_request_holds(live: Live) -> None:
    """The search ends where it allows no more, and says so."""
    budgeted = own(ask(live, extra_body={"visualcrop": {"passes": 3}}))
    assert budgeted["exhausted"]
    assert sum(budgeted["passes"].values()) - budgeted["passes"]["answer"] <= 3
    searched = own(ask(live, extra_body={"visualcrop": {"searcher": "direct"}}))
    assert searched["passes"] == {"answer": 1}
    assert searched["searcher"].startswith("direct(")


def test_stop_cuts_the_text(live: Live) -> None:
    """At the first of the texts that occurs."""
    assert ask(live, stop=["ee", "n"]).choices[0].message.content == "gr"
    assert ask(live, stop="zzz").choices[0].message.content == "green"


def test_the_tokens_of_a_reply_are_counted() -> None:
    """Its last one, too, which is written and never read; with one token, that is all."""
    with serving(VisualSearch.open("tiny-shapes"), name="tiny-shapes") as live:
        reply = ask(live, model="tiny-shapes@direct", max_tokens=1)
        assert reply.choices[0].finish_reason == "length"
        assert reply.usage.completion_tokens == 1
        assert ask(live, model="tiny-shapes@direct").usage.completion_tokens == 2  # and its end


def test_what_changes_nothing_is_taken(live: Live) -> None:
    """Parameters at their neutral values, harmless ones, and those that nobody knows."""
    reply = ask(
        live,
        temperature=0,
        n=1,
        top_p=0.5,
        seed=3,
        user="somebody",
        max_completion_tokens=500,
        frequency_penalty=0,
        logit_bias={},
        response_format={"type": "text"},
        extra_body={"tools": [], "something_new": {"deep": [1, 2]}},
    )
    assert reply.choices[0].message.content == "green"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0.7),
        ("n", 2),
        ("logprobs", True),
        ("presence_penalty", 0.5),
        ("logit_bias", {"50256": -100}),
        ("response_format", {"type": "json_object"}),
        ("tools", [{"type": "function", "function": {"name": "f", "parameters": {}}}]),
        ("modalities", ["text", "audio"]),
    ],
)
def test_what_is_not_done_is_refused_by_name(live: Live, name: str, value: object) -> None:
    """As one sentence, with the name in `param`."""
    with pytest.raises(openai.BadRequestError) as caught:
        ask(live, extra_body={name: value})
    error = caught.value
    assert (error.param, error.code) == (name, "unsupported_parameter")
    assert str(error.body["message"]).startswith(f"{name} is ")  # type: ignore[index]
    assert str(error.body["message"]).endswith(".")  # type: ignore[index]


@pytest.mark.parametrize("name", ["pases", "budget", "", "x" * 9_000, "\ud800", "\x00"])
def test_an_option_of_ours_that_is_not_known_is_refused(live: Live, name: str) -> None:
    """A budget that is misspelt would else be none."""
    body = {"model": "toy", "messages": [user(QUESTION)], "visualcrop": {name: 5}}
    response = httpx.post(
        f"{live.url}/v1/chat/completions",
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["code"] == "unknown_field"
    assert error["message"].endswith("; visualcrop takes searcher, passes, seconds, map.")


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([], "messages"),
        ([{"role": "tool", "content": "x", "tool_call_id": "1"}], "messages[0].role"),
        ([{"role": "user", "content": [{"type": "input_audio"}]}], "messages[0].content[0].type"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}],
            "messages[0].content[0].image_url.url",
        ),
        ([{"role": "user", "content": 5}], "messages[0].content"),
        ([user("Where?")], None),
    ],
)
def test_messages_that_cannot_be_read_are_explained(
    live: Live, messages: list[Any], param: str | None
) -> None:
    """With the place in `param`."""
    with pytest.raises(openai.BadRequestError) as caught:
        live.client().chat.completions.create(model="toy", messages=messages)
    assert caught.value.param == param


def test_an_unknown_model_or_path_is_not_found(live: Live) -> None:
    """In the words of the OpenAI API, so that its client raises its own error."""
    with pytest.raises(openai.NotFoundError) as caught:
        ask(live, model="gpt-4")
    assert caught.value.code == "model_not_found"
    assert caught.value.type == "invalid_request_error"
    with pytest.raises(openai.NotFoundError, match=r"nothing at this path.* /v1/point"):
        live.client().embeddings.create(model="toy", input="x")
    wrong = httpx.get(f"{live.url}/v1/chat/completions")
    assert wrong.status_code == 405
    assert wrong.json()["error"]["code"] == "method_not_allowed"


def test_the_asynchronous_client_asks_at_once(live: Live) -> None:
    """Several questions at a time, whole and streamed, each with its own answer."""
    seeds = range(40, 46)
    expected = [toy().ask(drawn(seed), QUESTION).text for seed in seeds]

    async def ask_all() -> list[str]:
        options: dict[str, Any] = {"base_url": f"{live.url}/v1", "api_key": "none"}
        async with openai.AsyncOpenAI(**options) as client:

            async def one(seed: int) -> str:
                messages = [user(QUESTION, drawn_url(seed))]
                if seed % 2:
                    reply = await client.chat.completions.create(model="toy", messages=messages)
                    return reply.choices[0].message.content or ""
                stream = await client.chat.completions.create(
                    model="toy", messages=messages, stream=True
                )
                parts = [chunk.choices[0].delta.content or "" async for chunk in stream]
                return "".join(parts)

            return await asyncio.gather(*map(one, seeds))

    assert asyncio.run(ask_all()) == expected
    assert len({*expected}) > 1


def test_health_and_metrics_count_what_was_asked(live: Live) -> None:
    """Passes by stage, requests by status, errors by code."""
    before = live.metrics()
    ask(live)
    with pytest.raises(openai.NotFoundError):
        ask(live, model="gpt-4")
    after = live.metrics()

    def added(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    route = 'route="/v1/chat/completions"'
    assert added('visualcrop_passes_total{stage="verification"}') == 8
    assert added(f'visualcrop_requests_total{{{route},status="200"}}') == 1
    assert added(f'visualcrop_requests_total{{{route},status="404"}}') == 1
    assert added('visualcrop_errors_total{code="model_not_found"}') == 1
    assert added('visualcrop_stage_seconds_count{stage="verification"}') == 1
    assert added(f"visualcrop_request_seconds_count{{{route}}}") == 2
    assert after["visualcrop_searches_running"] == after["visualcrop_searches_waiting"] == 0
    health = httpx.get(f"{live.url}/health").json()
    assert health == {"status": "ok", "accepted": 0, "places": 72}


def test_a_stream_that_nobody_takes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its search ends, and its picture is held no longer."""
    monkeypatch.setattr(chat, "_SEND_SECONDS", 0.01)

    async def send_to_nobody() -> bool:
        full = asyncio.Event()  # the client's window, which never opens again

        async def send(_: Message) -> None:
            await full.wait()

        async def receive() -> Message:
            await full.wait()
            return {"type": "http.disconnect"}

        job = Job[Any](repr)  # which never begins
        reply: Any = None  # nor is there an answer
        scope = {"type": "http", "asgi": {"spec_version": "2.3"}}
        await chat.SearchStream(job, reply, Metrics())(scope, receive, send)
        return job.was_cancelled

    assert asyncio.run(send_to_nobody())


def test_an_error_after_the_beginning_of_a_stream_is_its_last_event() -> None:
    """In the words of the OpenAI API, counted as every other."""
    metrics, problem = (
        Metrics(),
        ModelError("The model has no memory left; send a smaller picture."),
    )

    def fail(job: Job[Any]) -> Any:
        job.report("begun")
        raise problem

    async def read() -> list[str]:
        job = Job[Any](fail)
        await asyncio.to_thread(job.run)
        reply: Any = None  # there is no answer
        return [str(line) async for line in chat.SearchStream(job, reply, metrics).body_iterator]

    *_, last, done = asyncio.run(read())
    assert json.loads(last.removeprefix("data: "))["error"]["message"] == str(problem)
    assert done == "data: [DONE]\n\n"
    assert b'visualcrop_errors_total{code="model_error"} 1.0' in metrics.render()
