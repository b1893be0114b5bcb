"""The tools as the `mcp` client has them over the standard streams of a process that it starts."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.support.mcp_serving import encoded, hear_running, samples, scene
from visualcrop import VisualSearch

pytestmark = [pytest.mark.anyio, pytest.mark.torch]
ROOT = Path(__file__).parents[3]


def _started(*words, module="visualcrop"):
    """How the client starts the server; it keeps few variables of its own environment."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("VISUALCROP_")}
    return StdioServerParameters(
        command=sys.executable, args=["-m", module, *words], env=kept, cwd=ROOT
    )


@pytest.fixture
def anyio_backend():
    """What the client runs on."""
    return "asyncio"


@pytest.fixture
def log(tmp_path):
    """A file for what the server writes to standard error."""
    with (tmp_path / "log").open("w") as file:
        yield file


def _read(log):
    """What is in the file, without moving the place where the server writes."""
    return Path(log.name).read_text("utf-8")


async def test_a_whole_session(log):
    """Tools at once, then the same answer as `ask` has, with the model's loading told to both."""
    sample = samples()[0]
    choices = [*sample.choices]
    picture = sample.source.open()
    expected: Any = VisualSearch.open("tiny-shapes").ask(picture, sample.text, choices)
    told = []

    async def hear(progress, total, message):
        told.append(message)

    server = _started("mcp", "-m", "tiny-shapes")
    async with Client(stdio_client(server, errlog=log)) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["look_closer", "find"]
        assert not _read(log)  # nothing has been loaded for that
        arguments = {"image": encoded(0), "question": sample.text, "choices": choices}
        result = await client.call_tool("look_closer", arguments, progress_callback=hear)
        found = await client.call_tool(
            "find", {"image": encoded(0), "target": sample.targets[0].name}
        )
    assert found.structured_content["boxes"]
    answered = result.structured_content
    assert answered["answer"] == choices[expected.choice]
    assert answered["confidence"] == pytest.approx(expected.confidence, abs=0.01)
    assert answered["passes"] == expected.passes
    assert told[0] == "loading the model"
    assert len(told) > 1
    assert _read(log).startswith("Loading the model ...\nThe model is loaded (")


async def test_pictures_are_named_by_path_below_a_folder(tmp_path, log):
    """And not beside it, nor through a link."""
    inside, outside = tmp_path / "pictures", tmp_path / "outside"
    for folder in (inside / "kitchen", outside):
        folder.mkdir(parents=True)
        samples()[0].source.open().picture.save(folder / "shelf.png")
    (inside / "link.png").symlink_to(outside / "shelf.png")
    (inside / "linked").symlink_to(outside)
    server = _started("mcp", "-m", "toy", "-s", "direct", "--images", str(inside))
    async with Client(stdio_client(server, errlog=log)) as client:
        (tool, _) = (await client.list_tools()).tools
        assert "picture folder" in tool.input_schema["properties"]["image"]["description"]

        async def look(path):
            return await client.call_tool("look_closer", {"image": str(path), "question": "What?"})

        named = inside / "kitchen" / "shelf.png"
        for path in ("kitchen/shelf.png", named, named.as_uri()):
            assert not (await look(path)).is_error
        for path in (
            "../outside/shelf.png",
            "kitchen/../../outside/shelf.png",
            outside / "shelf.png",
            (outside / "shelf.png").as_uri(),
            "link.png",
            "linked/shelf.png",
            "kitchen",
            "nothing.png",
            "/dev/zero",
            "kitchen/shelf.png\0",
        ):
            assert (await look(path)).is_error, path


async def test_what_libraries_print_is_not_in_the_protocol(log):
    """From Python, from C, from children, while it serves and before."""
    server = _started("chatty", module="tests.support.mcp_serving")
    async with Client(stdio_client(server, errlog=log)) as client:
        for _ in range(2):
            result = await client.call_tool("look_closer", {"image": scene(), "question": "?"})
            assert result.structured_content["answer"] == "said"
    printed = _read(log)
    for each in ("before it serves", "by a searcher", "written", "by a child"):
        assert each in printed


async def test_a_call_that_is_cancelled_makes_room(log):
    """Its search ends before its next pass: only one may run, and the next call is answered."""
    server = _started("patient", module="tests.support.mcp_serving")
    async with Client(stdio_client(server, errlog=log)) as client:
        waiting, hear = hear_running()

        async with anyio.create_task_group() as group:
            endless = {"image": scene(), "question": "for ever"}
            group.start_soon(
                lambda: client.call_tool("look_closer", endless, progress_callback=hear)
            )
            await waiting.wait()
            group.cancel_scope.cancel()
        result = await client.call_tool("look_closer", {"image": scene(), "question": "A mug?"})
        assert result.structured_content["answer"]


async def test_it_ends_with_its_client():
    """Even in the middle of a search, and without a word on the streams."""
    import json

    server = _started("patient", module="tests.support.mcp_serving")
    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    }
    call = {
        "name": "look_closer",
        "arguments": {"image": scene(), "question": "for ever"},
        "_meta": {"progressToken": 1},
    }
    process: Any = await anyio.open_process(
        [server.command, *server.args], cwd=ROOT, env={**os.environ}
    )
    async with process:
        for message in (
            {"id": 1, "method": "initialize", "params": hello},
            {"method": "notifications/initialized"},
            {"id": 2, "method": "tools/call", "params": call},
        ):
            await process.stdin.send(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        heard = b""
        while b"waiting" not in heard:
            heard += await process.stdout.receive()
        await process.stdin.aclose()
        assert await process.wait() == 0
        errors = b"".join([part async for part in process.stderr])
        assert b"Traceback" not in errors


async def test_a_folder_that_is_none_is_said_at_once():
    """In one sentence, before anything is served."""
    server = _started("mcp", "--images", "/nonesuch")
    done = await anyio.run_process(
        [server.command, *server.args], check=False, env={**os.environ}, cwd=ROOT
    )
    assert done.returncode == 1
    assert b"'/nonesuch'" in done.stderr
    assert not done.stdout
