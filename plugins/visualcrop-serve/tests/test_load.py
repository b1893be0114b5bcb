"""Many clients at once: nothing is lost, doubled or left running, whatever they do."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.support.serving import (
    QUESTION,
    Live,
    data_url,
    drawn,
    drawn_url,
    encode_png,
    own,
    serving,
    toy,
    user,
)
from tests.support.waiting import until
from visualcrop import Image, Sample, VisualSearch
from visualcrop_serve import scenes
from visualcrop_serve.errors import RequestError
from visualcrop_serve.metrics import Metrics
from visualcrop_serve.work import Work

CLIENTS, REQUESTS = 32, 200
SEEDS = range(40, 48)


@cache
def small(seed: int) -> bytes:
    """A part of a scene: quickly sent, read and searched."""
    picture = Image.open(drawn(seed)).picture.crop((400, 300, 912, 684))
    return encode_png(Image.open(picture))


def small_url(seed: int) -> str:
    return data_url(small(seed))


@pytest.mark.timeout(600)
def test_no_request_is_lost_or_doubled() -> None:
    """200 requests of 32 clients: each gets the answer of `ask` to its own picture."""
    tiny, focus = VisualSearch.open("tiny-shapes", "direct"), "focus(steps=1)"
    searches = {"tiny-shapes@direct": tiny, f"tiny-shapes@{focus}": tiny.with_searcher(focus)}
    kinds = [(name, seed) for name in searches for seed in SEEDS]
    expected = {(name, seed): searches[name].ask(small(seed), QUESTION) for name, seed in kinds}
    # a search for each seven plain questions, in no order
    asked = [kinds[n % 8 + 8 * (n % 8 == n // 8 % 8)] for n in range(REQUESTS)]
    random.Random(1).shuffle(asked)
    with serving(tiny, name="tiny-shapes", queue=CLIENTS) as live:

        def ask(kind: tuple[str, int]) -> tuple[str, Any]:
            reply = live.client().chat.completions.create(
                model=kind[0], messages=[user(QUESTION, small_url(kind[1]))]
            )
            return reply.id, (reply.choices[0].message.content, own(reply)["passes"])

        with ThreadPoolExecutor(CLIENTS) as clients:
            replies = list(clients.map(ask, asked))
        counted = live.metrics()
    assert len({id for id, _ in replies}) == REQUESTS
    for kind, (_, found) in zip(asked, replies, strict=True):
        assert found == (expected[kind].text, expected[kind].passes)
    assert len({answer.text for answer in expected.values()}) > 1
    passes = Counter[str]()
    for kind in asked:
        passes.update(expected[kind].passes)
    assert passes["verification"] >= 25
    for stage, count in passes.items():
        assert counted[f'visualcrop_passes_total{{stage="{stage}"}}'] == count
    route = 'route="/v1/chat/completions"'
    assert counted[f'visualcrop_requests_total{{{route},status="200"}}'] == REQUESTS


def test_a_full_queue_says_when_to_come_back() -> None:
    """429 with Retry-After, at once; the client's own retries then get their answer."""
    serving_one = serving(toy(), concurrency=1, queue=1)
    with serving_one as live, ThreadPoolExecutor(3) as clients, live.stalled() as go_on:
        messages = [user(QUESTION, drawn_url())]

        def ask(retries: int) -> Any:
            client = live.client(max_retries=retries)
            return client.chat.completions.create(model="toy@direct", messages=messages)

        first = [clients.submit(ask, 0) for _ in range(2)]
        until(lambda: live.service.work.accepted == 2)
        with pytest.raises(openai.RateLimitError) as caught:
            ask(0)
        assert int(caught.value.response.headers["retry-after"]) >= 1
        assert caught.value.code == "queue_full"
        patient = clients.submit(ask, 8)
        until(lambda: live.metrics()['visualcrop_errors_total{code="queue_full"}'] >= 2)
        go_on()
        assert {each.result().choices[0].finish_reason for each in first} == {"stop"}
        assert patient.result().choices


def test_a_job_that_no_thread_takes_is_not_accepted() -> None:
    """As of a pool that is closed meanwhile; nothing is left that would be waited for."""

    async def submit() -> None:
        work = Work(1, 1, metrics := Metrics())
        work._pool.shutdown()
        with pytest.raises(RuntimeError, match="shutdown"):
            work.submit(repr)
        assert work.accepted == metrics.waiting._value.get() == 0
        work.close()
        with pytest.raises(RequestError, match="is being stopped"):
            work.submit(repr)
        assert work.accepted == 0

    asyncio.run(submit())


def test_files_do_not_wait_for_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are asked for, one is drawn at a time, and all are sent in the end."""
    drawing, may_go_on, encode = threading.Event(), threading.Event(), scenes._encode

    def encode_later(sample: Sample) -> bytes:
        drawing.set()
        may_go_on.wait()
        return encode(sample)

    monkeypatch.setattr(scenes, "_encode", encode_later)
    with serving(toy()) as live, ThreadPoolExecutor(64) as clients:
        url = f"{live.url}/lens/scenes/scene"
        asked = [clients.submit(httpx.get, url, timeout=None) for _ in range(64)]
        drawing.wait()
        try:
            files = [httpx.get(f"{live.url}/assets/lens/{name}.js") for name in ("lens", "dom")]
        finally:
            may_go_on.set()
        assert {each.status_code for each in files} == {200}
        assert {each.result().status_code for each in asked} == {200}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("stream", [False, True])
def test_clients_that_hang_up_leave_nothing_running(stream: bool) -> None:
    """Of 50, those that run end before their next pass, and those that wait never begin."""
    with serving(toy(), concurrency=2, queue=50) as live:
        body = json.dumps(
            {"model": "toy", "stream": stream, "messages": [user(QUESTION, drawn_url())]}
        ).encode()
        with live.stalled() as go_on:
            connections = [post_and_leave_open(live, body) for _ in range(50)]
            until(lambda: live.service.work.accepted == 50)
            until(lambda: live.metrics()["visualcrop_searches_running"] == 2)
            for connection in connections:
                connection.close()
            # the 48 that wait are gone at once, though the model stands still
            until(lambda: live.service.work.accepted == 2)
            go_on()
        until(lambda: live.service.work.accepted == 0)
        counted = live.metrics()
        assert counted["visualcrop_searches_running"] == 0
        assert counted["visualcrop_searches_waiting"] == 0
        assert counted["visualcrop_cancelled_total"] == 50
        # each of the two was within its first call of the model
        passes = sum(n for name, n in counted.items() if name.startswith("visualcrop_passes_total"))
        assert passes <= 2
        messages = [user(QUESTION, drawn_url())]
        assert live.client().chat.completions.create(model="toy", messages=messages).choices


def post_and_leave_open(live: Live, body: bytes) -> socket.socket:
    """A connection with a whole request on it, whose answer nobody reads."""
    host, port = live.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)))
    head = f"Host: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(f"POST /v1/chat/completions HTTP/1.1\r\n{head}".encode() + body)
    return connection


def mangle(rng: random.Random, body: dict[str, Any]) -> bytes:
    """The body with something wrong, in its JSON or in its bytes."""
    if rng.random() < 0.5:
        body = json.loads(json.dumps(body))
        for _ in range(rng.randrange(1, 4)):
            mangle_value(rng, body)
        return json.dumps(body).encode()
    raw = bytearray(json.dumps(body).encode())
    for _ in range(rng.randrange(1, 30)):
        at = rng.randrange(len(raw))
        kind = rng.randrange(4)
        if kind == 0:
            raw[at] = rng.randrange(256)
        elif kind == 1:
            del raw[at : at + rng.randrange(1, 50)]
        elif kind == 2:
            raw[at:at] = rng.choice([b'"', b"{", b"[", b"null", b"\\u0000", b"\xff", b"1e400"])
        else:
            raw += raw[at : at + 100]
    return bytes(raw[: rng.randrange(len(raw))] if rng.random() < 0.2 else raw)


ODD: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 10**30, -1e300, "", "\ud800", "\x00", "x" * 3000),
    *([], {}, [[]], {"": {}}, [None] * 50, "toy@focus(", "data:image/png;base64,iVBOR", "auto"),
    *({"url": 5}, {"type": "text"}, {"role": "user"}, {"passes": -1}, {"seconds": "x"}),
]


def mangle_value(rng: random.Random, found: Any) -> None:
    """Replace, remove or add something, anywhere within."""
    while isinstance(found, dict | list) and found:
        keys = list(found) if isinstance(found, dict) else list(range(len(found)))
        key = rng.choice(keys)
        if rng.random() < 0.4 or not isinstance(found[key], dict | list) or not found[key]:
            if rng.random() < 0.2:
                del found[key]
            else:
                found[key] = deepcopy(rng.choice(ODD))
            return
        found = found[key]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("path", "bodies"), [("chat/completions", 700), ("detect", 300)])
def test_mangled_bodies_are_explained(
    path: str, bodies: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Of 1,000, each gets an answer or a refusal in one sentence; nothing is a bug or hangs."""
    rng, statuses = random.Random(path), Counter[int]()
    body = {
        "image": small_url(43),
        "target": "mug",
        "model": "toy@direct" if path != "detect" else "toy",
        "messages": [
            {"role": "system", "content": "Be brief."},
            user(QUESTION, small_url(43), small_url(44)),
        ],
        "max_tokens": 20,
        "temperature": 0,
        "stop": ["\n"],
        "stream": False,
        "stream_options": {"include_usage": True},
        "visualcrop": {"passes": 5, "seconds": 9.5, "map": True},
    }
    with serving(toy()) as live, httpx.Client(base_url=live.url, timeout=None) as client:
        for _ in range(bodies):
            headers = {"Content-Type": "application/json"}
            sent = mangle(rng, body)
            response = client.post(f"/v1/{path}", content=sent, headers=headers)
            statuses[response.status_code] += 1
            assert response.status_code < 500, sent[-300:]
            if response.status_code != 200:
                error = response.json()["error"]
                assert {*error} == {"message", "type", "param", "code"}
                assert "Traceback" not in error["message"]
        until(lambda: live.service.work.accepted == 0)
    assert statuses[200] > 5
    assert statuses[400] > 100
    assert not [record for record in caplog.records if record.exc_info]


def start(*words: str) -> tuple[subprocess.Popen[str], str]:
    """`visualcrop serve` in a process of its own, and where it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "visualcrop", "serve", "--port", "0", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert " at http://127.0.0.1:" in line, process.communicate()
    return process, line.partition(" at ")[2].partition(",")[0]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_sigterm_answers_what_was_accepted() -> None:
    """Under load, half of it streams: every request gets its answer, and then the process ends."""
    process, url = start("-m", "toy", "--concurrency", "2")
    root = url.removesuffix("/v1")
    try:
        expected = {seed: toy().ask(drawn(seed), QUESTION).text for seed in SEEDS}
        with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:

            def ask(n: int) -> str:
                messages = [user(QUESTION, drawn_url(SEEDS[n % len(SEEDS)]))]
                if n % 2:
                    reply = client.chat.completions.create(model="toy", messages=messages)
                    return reply.choices[0].message.content or ""
                stream = client.chat.completions.create(model="toy", messages=messages, stream=True)
                return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

            with ThreadPoolExecutor(CLIENTS) as clients:
                asked = [clients.submit(ask, n) for n in range(CLIENTS)]
                until(lambda: health(root) >= 20)
                accepted = health(root)
                process.send_signal(signal.SIGTERM)
                outcomes = [(n, each.exception()) for n, each in enumerate(asked)]
            answered = [n for n, error in outcomes if error is None]
            assert len(answered) >= accepted
            for n in answered:
                assert asked[n].result() == expected[SEEDS[n % len(SEEDS)]]
            refused = [error for _, error in outcomes if error is not None]
            assert all(isinstance(error, openai.APIConnectionError) for error in refused)
        out, errors = process.communicate()
        assert process.returncode == 0, errors
        assert "Traceback" not in out + errors
    finally:
        process.kill()
        process.communicate()


def health(root: str) -> int:
    """How many requests are accepted and not answered."""
    accepted: int = httpx.get(f"{root}/health", timeout=None).json()["accepted"]
    return accepted
