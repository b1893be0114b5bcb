"""The how-to for agents: what it has readers copy into their clients works."""

from __future__ import annotations

import inspect
import json
import re
import shlex
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from visualcrop_serve.mcp_command import mcp

pytestmark = pytest.mark.anyio
PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "agents.md").read_text("utf-8")
CONFIGS = {
    title: json.loads(text)
    for title, text in re.findall(r'```json title="(.+?)"\n(.+?)```', PAGE, re.DOTALL)
}
SERVERS = {
    title: server
    for title, config in CONFIGS.items()
    for server in (config.get("mcpServers") or config["servers"]).values()
}
COMMANDS = [
    shlex.split(line) for line in re.findall(r"^(?:visualcrop|claude) .+$", PAGE, re.MULTILINE)
]


@pytest.fixture
def anyio_backend():
    """What the client runs on."""
    return "asyncio"


def _with_toy(words, folder):
    """The same arguments, with a model and a folder that are there."""
    given = dict(pairwise(words))
    swapped = {given["-m"]: "toy", given["--images"]: str(folder)}
    return [swapped.get(word, word) for word in words]


@pytest.mark.parametrize("title", [t for t, server in SERVERS.items() if "command" in server])
async def test_each_client_starts_the_server(title, tmp_path):
    """Its command has the two tools, and takes paths in the folder."""
    server = SERVERS[title]
    assert server["command"] == "visualcrop"
    words = ["-m", "visualcrop", *_with_toy(server["args"], tmp_path)]
    started = StdioServerParameters(command=sys.executable, args=words)
    async with Client(started) as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == ["look_closer", "find"]
    assert "picture folder" in str(tools[0].input_schema["properties"]["image"])


def test_the_address_is_where_the_server_listens():
    """By default, that is."""
    defaults = {
        name: parameter.default for name, parameter in inspect.signature(mcp).parameters.items()
    }
    (url,) = (server["url"] for server in SERVERS.values() if "url" in server)
    assert url == f"http://{defaults['host']}:{defaults['port']}/mcp"


def test_the_commands_say_the_same():
    """`claude mcp add` adds what the configuration has; the one for HTTP has options that exist."""
    (added,) = (words for words in COMMANDS if words[0] == "claude")
    server = SERVERS["claude_desktop_config.json"]
    known = [server["command"], *server["args"]]
    assert added[added.index("--") + 1 :][:-1] == known[:-1]  # all but the folder
    (over_http,) = (words for words in COMMANDS if "--http" in words)
    options = {word for word in over_http if word.startswith("--")}
    assert options <= {f"--{name}" for name in inspect.signature(mcp).parameters}
