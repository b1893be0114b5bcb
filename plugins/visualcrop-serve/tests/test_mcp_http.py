"""The tools as the `mcp` client sees them over HTTP, in both eras of the protocol."""

from __future__ import annotations

import base64
import re
import struct
import sys
import zlib
from io import BytesIO
from typing import Any

import anyio
import attrs
import httpx2
import PIL.Image
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from tests.support.mcp_serving import (
    encoded,
    hear_running,
    lazily,
    patiently,
    samples,
    scene,
    served,
)
from tests.support.waiting import until
from visualcrop import VisualSearch
from visualcrop_serve.app import build_app
from visualcrop_serve.mcp_server import build_mcp_app
from visualcrop_serve.settings import Settings, list_names

pytestmark = [pytest.mark.anyio, pytest.mark.torch]
ERAS = ["auto", "legacy"]  # without a handshake, and with one as up to 2025


@pytest.fixture
def anyio_backend():
    """What the client runs on."""
    return "asyncio"


@pytest.fixture(scope="module")
def address():
    """Where `tiny-shapes` is served, as `visualcrop mcp --http` does."""
    with served(build_mcp_app(*lazily("tiny-shapes"))) as address:
        yield address


@pytest.fixture(scope="module")
def search():
    """The same model in this program."""
    return VisualSearch.open("tiny-shapes", "focus")


async def _call(address, name, arguments, **options) -> Any:
    async with Client(address) as client:
        return await client.call_tool(name, arguments, **options)


def _picture(block):
    """The picture in a block of a result."""
    return PIL.Image.open(BytesIO(base64.b64decode(block.data)))


def _sentence(result):
    """The one sentence of a result that is an error."""
    assert result.is_error
    (block,) = result.content
    assert block.text.endswith(".")
    assert "\n" not in block.text
    return block.text


@pytest.mark.parametrize("era", ERAS)
async def test_the_tools_are_described(address, era):
    """In English, each argument too, before the model is loaded."""
    async with Client(address, mode=era) as client:
        listed: Any = (await client.list_tools()).tools
        assert [tool.name for tool in listed] == ["look_closer", "find"]
        for tool in listed:
            arguments = tool.input_schema["properties"]
            assert len(tool.description.split()) > 20
            assert all(len(one["description"].split()) >= 8 for one in arguments.values())
            assert tool.annotations.read_only_hint
        assert "look_closer" in str(client.instructions)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("with_choices", [False, True])
async def test_it_answers_as_visual_search(address, search, era, number, with_choices):
    """The same answer, boxes, confidence and passes; the crop is what the model was shown."""
    sample = samples()[number]
    choices = [*sample.choices] if with_choices else []
    held = sample.source.open()
    expected = search.ask(held, sample.text, choices)
    arguments = {"image": encoded(number), "question": sample.text}
    arguments |= {"choices": choices} if choices else {}
    async with Client(address, mode=era) as client:
        result: Any = await client.call_tool("look_closer", arguments)
    told = result.structured_content
    said = expected.text if expected.choice is None else choices[expected.choice]
    assert told["answer"] == said
    assert told["confidence"] == pytest.approx(expected.confidence, abs=0.01)  # by batch and cache
    assert told["found"] is expected.found
    assert [box["pixels"] for box in told["boxes"]] == [
        [*finding.box.whole_pixels()] for finding in expected.findings
    ]
    assert told["box"] == next(iter(told["boxes"]), None)
    assert told["passes"] == expected.passes
    assert told["crop"] == [*expected.shown[-1].box.whole_pixels()]
    _, image = result.content
    crop = _picture(image)
    left, top, right, bottom = told["crop"]
    assert crop.size == (right - left, bottom - top)


async def test_it_finds_what_is_named(address, search):
    """As `detect` does: each box with a confidence, and a picture of it."""
    sample = samples()[0]
    target = sample.targets[0].name
    expected = search.detect(sample.source.open(), target)
    result = await _call(address, "find", {"image": encoded(0), "target": target})
    boxes = result.structured_content["boxes"]
    assert boxes
    assert [box["pixels"] for box in boxes] == [
        [*finding.box.whole_pixels()] for finding in expected.findings
    ]
    assert [box["confidence"] for box in boxes] == pytest.approx(
        [finding.confidence for finding in expected.findings], abs=0.01
    )
    crops = result.structured_content["crops"]
    assert len(result.content) - 1 == len(crops) == min(len(boxes), 8)
    for box, (left, top, right, bottom), image in zip(
        boxes, crops, result.content[1:], strict=False
    ):
        assert left <= box["pixels"][0] < box["pixels"][2] <= right
        assert _picture(image).size == (right - left, bottom - top)


async def test_it_says_how_far_it_is(address):
    """Every stage is told, in order, with the number of its passes; numbers only rise."""
    told = []

    async def hear(progress, total, message):
        told.append((progress, message))

    arguments = {"image": encoded(1), "question": samples()[1].text}
    result = await _call(address, "look_closer", arguments, progress_callback=hear)
    passes = result.structured_content["passes"]
    stages = [message.partition(":")[0] for _, message in told]
    assert [*dict.fromkeys(stage for stage in stages if stage != "loading the model")] == [*passes]
    numbers = [progress for progress, _ in told]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == sum(passes.values())


@pytest.mark.parametrize("era", ERAS)
async def test_a_call_that_is_cancelled_makes_room(era):
    """Its search ends before its next pass: only one may run, and the next call is answered."""
    with served(build_mcp_app(*patiently())) as address:
        async with Client(address, mode=era) as client:
            waiting, hear = hear_running()

            async def wait_for_ever():
                arguments = {"image": scene(), "question": "for ever"}
                await client.call_tool("look_closer", arguments, progress_callback=hear)

            async with anyio.create_task_group() as group:
                group.start_soon(wait_for_ever)
                await waiting.wait()
                group.cancel_scope.cancel()
            arguments = {"image": scene(), "question": "What colour is the mug?"}
            answered = await client.call_tool("look_closer", arguments)
            assert answered.structured_content["answer"]


async def test_a_client_that_leaves_makes_room():
    """As a call that is cancelled does."""
    with served(build_mcp_app(*patiently())) as address:
        waiting, hear = hear_running()

        async with anyio.create_task_group() as group:
            endless = {"image": scene(), "question": "for ever"}
            group.start_soon(lambda: _call(address, "look_closer", endless, progress_callback=hear))
            await waiting.wait()
            group.cancel_scope.cancel()
        result = await _call(address, "look_closer", {"image": scene(), "question": "A mug?"})
        assert result.structured_content["answer"]


async def test_a_client_of_2025_that_vanishes_makes_room():
    """Though it cancels nothing: its search ends before the next pass, and the next is answered."""

    def message(method, **rest):
        return {"jsonrpc": "2.0", "method": method, **rest}

    about = {"protocolVersion": "2025-06-18", "capabilities": {}}
    endless = {"image": scene(), "question": "for ever"}
    called = {"name": "look_closer", "arguments": endless, "_meta": {"progressToken": 1}}
    with served(build_mcp_app(*patiently())) as address:
        head = {"Accept": "application/json, text/event-stream"}
        async with httpx2.AsyncClient(headers=head, timeout=None) as http:
            params = {**about, "clientInfo": {"name": "x", "version": "1"}}
            begun = await http.post(address, json=message("initialize", id=1, params=params))
            http.headers["Mcp-Session-Id"] = begun.headers["mcp-session-id"]
            await http.post(address, json=message("notifications/initialized"))
            asked = message("tools/call", id=2, params=called)
            async with http.stream("POST", address, json=asked) as stream:
                async for line in stream.aiter_lines():
                    if "waiting: pass" in line:
                        break
        result = await _call(address, "look_closer", {"image": scene(), "question": "A mug?"})
        assert result.structured_content["answer"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "image is missing"),
        ({"image": None, "question": "What?"}, "image is missing"),
        ({"image": 7, "question": "What?"}, "image has to be a text"),
        ({"image": "", "question": "What?"}, "neither a URL nor base64"),
        ({"image": "kitchen/shelf.jpg", "question": "What?"}, "neither a URL nor base64"),
        ({"image": "/etc/passwd", "question": "What?"}, "neither a URL nor base64"),
        ({"image": "A" * 41, "question": "What?"}, "no valid base64"),
        ({"image": "data:image/png;base64,aGVsbG8=", "question": "What?"}, "is not an image"),
        ({"image": "data:text/html;base64,aGVsbG8=", "question": "What?"}, "cannot be read"),
        ({"image": "https://example.org/a.png", "question": "What?"}, "fetches no pictures"),
        ({"image": "file:///etc/passwd", "question": "What?"}, "reads no files"),
        ({"image": scene, "question": "  "}, "question is empty"),
        ({"image": scene}, "question is missing"),
        ({"image": scene, "question": "x" * 10**6}, "more than 20,000 characters"),
        ({"image": scene, "question": "What?", "choices": ["red"]}, "2 to 26"),
        ({"image": scene, "question": "What?", "choices": {"red": 1}}, "a list of texts"),
        ({"image": scene, "question": "What?", "choices": ["red", 3]}, "a list of texts"),
        ({"image": scene, "question": "What?", "choices": ["red"] * 27}, "at most 26"),
        ({"image": scene, "question": "What?", "choices": ["red", "red"]}, "a text of its own"),
        ({"image": scene, "prompt": "What?"}, "takes image, question, choices, not 'prompt'"),
    ],
)
async def test_what_is_wrong_is_said_in_a_sentence(address, arguments, words):
    """As the tool's result, so that a language model reads it and does better."""
    given = {key: value() if callable(value) else value for key, value in arguments.items()}
    assert words in _sentence(await _call(address, "look_closer", given))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"image": scene, "target": " "}, "target is empty"),
        ({"image": scene}, "target is missing"),
        ({"image": scene, "target": "x" * 10**5}, "more than 20,000 characters"),
        ({"image": scene, "question": "What?"}, "takes image, target, not 'question'"),
        ({"image": scene, "target": "mug"}, "direct"),  # which looks for nothing
    ],
)
async def test_what_cannot_be_found_is_said_in_a_sentence(arguments, words):
    """As of the other tool."""
    given = {key: value() if callable(value) else value for key, value in arguments.items()}
    with served(build_mcp_app(*lazily("toy", "direct"))) as address:
        assert words in _sentence(await _call(address, "find", given))


async def test_a_picture_that_would_not_fit_is_refused_by_its_header(address):
    """Two gigapixels in a hundred bytes: nothing of them is decoded."""
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", 60_000, 40_000, 8, 2, 0, 0, 0)), (b"IDAT", b""))
    header = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    bomb = base64.b64encode(header).decode()
    result = await _call(address, "look_closer", {"image": bomb, "question": "What?"})
    assert "60000 x 40000 pixels" in _sentence(result)


async def test_a_request_that_is_too_long_is_refused(address):
    """Before it is read to its end; the server goes on."""
    async with Client(address) as client:
        with pytest.raises(MCPError):
            await client.call_tool("look_closer", {"image": "A" * (49 << 20), "question": "What?"})
    assert (await _call(address, "look_closer", {"image": "A", "question": "?"})).is_error


async def test_a_key_is_asked_for():
    """As of every route, where the environment has one."""
    settings, lazy = lazily("toy")
    settings = attrs.evolve(settings, api_key="secret", names=())
    with served(build_mcp_app(settings, lazy)) as address:
        async with (
            httpx2.AsyncClient(headers={"Authorization": "Bearer secret"}) as http,
            Client(streamable_http_client(address, http_client=http)) as client,
        ):
            assert len((await client.list_tools()).tools) == 2
        async with httpx2.AsyncClient(headers={"Authorization": "Bearer wrong"}) as http:
            assert (await http.post(address, json={})).status_code == 401


async def test_the_server_has_them_too():
    """`visualcrop serve` does, at /mcp, beside its other routes and with their queue."""
    app = build_app(
        VisualSearch.open("toy"), Settings(name="toy", names=list_names("127.0.0.1", ""))
    )
    with served(app) as address:
        result = await _call(address, "look_closer", {"image": scene(), "question": "A mug?"})
        assert result.structured_content["answer"]
        async with httpx2.AsyncClient() as http:
            counted = (await http.get(address.replace("/mcp", "/metrics"))).text
        passes = sum(result.structured_content["passes"].values())
        lines = [
            line for line in counted.splitlines() if line.startswith("visualcrop_passes_total")
        ]
        assert sum(float(line.split()[-1]) for line in lines) == passes


async def test_an_unknown_tool_is_named(address):
    """With what there is."""
    said = _sentence(await _call(address, "look_close", {}))
    assert "did you mean 'look_closer'?" in said


async def test_a_page_of_another_origin_is_kept_out(address):
    """By the names that a browser sends, which such a page cannot change."""
    head = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2026-07-28"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    async with httpx2.AsyncClient() as client:
        for name, value, status in (
            ("Origin", "https://evil.example", 403),
            ("Origin", "http://10.0.0.1", 403),
            ("Origin", "null", 403),
            ("Host", "evil.example", 421),
        ):
            answer = await client.post(address, json=body, headers={**head, name: value})
            assert answer.status_code == status
            assert answer.json()["error"]["code"].startswith("unknown_")
        for origin in (address.removesuffix("/mcp"), "http://localhost:6274"):
            answer = await client.post(address, json=body, headers={**head, "Origin": origin})
            assert answer.status_code not in {403, 421}


async def test_searches_at_a_time_share_batches():
    """Four calls: what waits while the first pass runs is run as one batch, with equal answers."""
    settings, lazy = lazily("toy", "direct")
    with served(build_mcp_app(settings, lazy)) as address:
        question = "What colour is the mug?"
        alone = await _call(address, "look_closer", {"image": scene(), "question": question})
        loading: Any = lazy._loading
        model = loading.result().search.model
        held = model._lock.acquire()
        sizes = []
        generate = type(model.model).generate

        def count(self, prompts, **options):
            sizes.append(len(prompts))
            return generate(self, prompts, **options)

        results = []

        async def ask():
            arguments = {"image": scene(), "question": question}
            results.append(await _call(address, "look_closer", arguments))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(model.model), "generate", count)
            async with anyio.create_task_group() as group:
                for _ in range(4):
                    group.start_soon(ask)
                await anyio.to_thread.run_sync(until, lambda: len(model._waiting) == 4)
                assert held
                model._lock.release()
        assert sizes == [4]
        assert [r.structured_content for r in results] == 4 * [alone.structured_content]


async def test_too_many_searches_are_turned_away():
    """One runs, one waits, and the third is told to come later."""
    with served(build_mcp_app(*patiently(queue=1))) as address:
        endless = {"image": scene(), "question": "for ever"}
        async with Client(address) as client, anyio.create_task_group() as group:
            waiting, hear = hear_running()

            async def wait_for_ever():
                await client.call_tool("look_closer", endless, progress_callback=hear)

            group.start_soon(wait_for_ever)
            await waiting.wait()
            refused = None
            async with anyio.create_task_group() as others:

                async def wait_or_be_refused():
                    nonlocal refused
                    refused = await client.call_tool("look_closer", endless)
                    others.cancel_scope.cancel()

                others.start_soon(wait_or_be_refused)
                others.start_soon(wait_or_be_refused)
            assert "ask again later" in _sentence(refused)
            group.cancel_scope.cancel()


async def test_a_model_that_does_not_load_is_said_at_each_call():
    """The tools are listed all the same."""
    with served(build_mcp_app(*lazily("nonesuch"))) as address:
        async with Client(address) as client:
            assert len((await client.list_tools()).tools) == 2
            for _ in range(2):
                result = await client.call_tool("look_closer", {"image": scene(), "question": "?"})
                assert "nonesuch" in _sentence(result)


async def test_a_stopped_server_ends_though_clients_are_connected():
    """At SIGTERM: those of 2025 hold a stream open, which does not keep it."""
    words = ["-m", "visualcrop", "mcp", "--http", "--port", "0", "-m", "toy"]
    process: Any = await anyio.open_process([sys.executable, *words])
    async with process:
        line = (await process.stderr.receive()).decode()
        address = re.search(r"http://\S+/mcp", line)[0]  # type: ignore[index]
        async with Client(address, mode="legacy") as client:
            assert len((await client.list_tools()).tools) == 2
            process.terminate()
            assert await process.wait() == 0
