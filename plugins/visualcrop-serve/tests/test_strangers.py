"""What a stranger may ask a server for: searchers within bounds, small bodies, the right key."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from inspect import signature
from typing import Any

import attrs
import httpx
import openai
import pytest

from tests.support.serving import QUESTION, Live, drawn_url, own, serving, toy, user
from visualcrop import VisualcropError
from visualcrop.plugin import Registry, Searcher, Spec
from visualcrop_serve import bodies, running
from visualcrop_serve.commands import serve
from visualcrop_serve.mcp_command import mcp
from visualcrop_serve.settings import KEY, Settings, list_names

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with serving(toy(), max_bytes=4 << 20) as live:
        yield live


def ask(live: Live, model: str = "toy", **options: Any) -> Any:
    messages = [user(QUESTION, drawn_url())]
    return live.client().chat.completions.create(model=model, messages=messages, **options)


def post(live: Live, content: bytes | str, **headers: str) -> httpx.Response:
    """Send a body as it is."""
    given = {"Content-Type": "application/json", **headers}
    return httpx.post(f"{live.url}{CHAT}", content=content, headers=given, timeout=None)


@pytest.mark.parametrize(
    "spec",
    [
        "focus(steps=4, relevance=vv(layers=[1, 3], sigma=0.5))",
        'focus(targets=given(names=["mug", "cup"]))',
        'focus(relevance=vv(prompt="Where is the {target}?"))',
        "guarded(searcher=focus(proposals=sliding), rule=found)",
        "focus(answer=canvas(cell=224))",
        "audited(searcher=focus)",
        "direct(inference=letter-logits)",
    ],
)
def test_stages_are_put_together_as_on_the_command_line(live: Live, spec: str) -> None:
    """The searcher is the one that `VisualSearch.with_searcher` makes of the same spec."""
    expected = toy().with_searcher(spec)
    found = own(ask(live, f"toy@{spec}"))
    assert found["searcher"] == str(Spec.of(expected.searcher))


@pytest.mark.parametrize(
    "spec",
    [
        "/etc/passwd.toml",
        "guarded(gate=/etc/passwd)",
        'guarded(gate="x.json")',
        "focus(verification=adaptive(densities=/etc/passwd))",
        "focus(relevance=layers(by=ridge, weights=/etc/passwd))",
        "dc2(memory=/tmp/anything)",
        "dc2(llm=auto(checkpoint=somebody/something))",
        "dc2(llm=toy)",
        "dc2(retriever=toy)",
        "seal(locator=seal-vsm)",
        'seal(locator=seal-vsm(checkpoint="x"))',
        "toy",
        "focus(steps=1000000000)",
        "focus(steps=-1000000000)",
        f"focus(steps={'9' * 400})",
        f"focus(relevance=vv(sigma={'9' * 400}))",
        "focus(answer=canvas(cell=100000))",
        "focus(relevance=vv(sigma=1e9))",
        "focus(relevance=vv(sigma=1e999))",
        "focus(answer=crop(max_new_tokens=65536))",
        "dc2(depth=100000)",
        "focus(relevance=windows(across=1000000))",
        f'focus(relevance=vv(prompt="{"{target} " * 200}"))',
        f"focus(proposals=union(proposals=[{', '.join(['anchors'] * 250)}]))",
        "guarded(searcher=" * 60 + "focus" + ")" * 60,
        "focus(",
        "",
        "focus\x00",
        "nothing",
        "focus(nothing=1)",
        "focus(relevance=focus)",
        "\ud800",
    ],
)
def test_a_spec_that_reaches_further_is_refused(live: Live, spec: str) -> None:
    """No file, no other network, no size without bound: as one sentence, and nothing is run."""
    before = live.metrics()
    error = []
    for place in ({"model": f"toy@{spec}"}, {"model": "toy", "visualcrop": {"searcher": spec}}):
        body = {"messages": [user(QUESTION, drawn_url())], **place}
        response = post(live, json.dumps(body))
        error.append(response.json()["error"])
        assert response.status_code == 400, response.text
    assert [each["param"] for each in error] == ["model", "visualcrop.searcher"]
    assert error[0]["message"].endswith((".", "^"))
    after = live.metrics()
    passes = [name for name in after if name.startswith("visualcrop_passes_total")]
    assert all(after[name] == before.get(name, 0) for name in passes)


def test_every_number_of_every_searcher_is_bounded() -> None:
    """Whatever is installed: a huge value of any numeric option of any strategy is refused."""
    from visualcrop_serve.searchers import check_untrusted

    registry, checked = Registry.load(), 0
    for entry in registry:
        if entry.strategy.kind != "searcher":
            continue
        spec = Spec.of(registry.build(Searcher, entry.strategy.name))
        for path, value in numbers(spec):
            huge = 10**9 if isinstance(value, int) else 1e9
            try:
                built = registry.build(Searcher, spec.with_option(path, huge))
            except VisualcropError:
                continue  # the strategy's own bound
            with pytest.raises(VisualcropError):
                check_untrusted(built)
            checked += 1
    assert checked > 30


def numbers(spec: Spec, path: str = "") -> Iterator[tuple[str, int | float]]:
    """Every numeric option of a spec, by its path."""
    for name, value in spec.options:
        if isinstance(value, Spec):
            yield from numbers(value, f"{path}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{path}{name}", value


def test_the_server_s_own_searchers_may_be_anything() -> None:
    """A request names them by their spec, or by the searcher's name alone."""
    own_spec = "focus(steps=70, answer=canvas(cell=2000))"
    with serving(toy(), searchers=(own_spec,), fixed=True) as live:
        for model in ("toy", "toy@focus", f"toy@{own_spec}"):
            assert "steps=70" in own(ask(live, model))["searcher"]
        assert [m.id for m in live.client().models.list()] == [
            *("toy", f"toy@{own_spec}", "toy@focus")
        ]
        with pytest.raises(openai.NotFoundError, match="searches with"):
            ask(live, "toy@direct")


def test_a_key_is_asked_for() -> None:
    """Of everything below /v1/, and of nothing else; a wrong one is as none."""
    with serving(toy(), api_key="sesame öffne") as live:
        for key in ("wrong", "sesame", "sesame öffne "):
            response = httpx.get(f"{live.url}/v1/models", headers=bearer(f"{key}x"))
            assert response.status_code == 401
            assert response.json()["error"]["code"] == "invalid_api_key"
        with pytest.raises(openai.AuthenticationError):
            live.client().models.list()
        right = httpx.get(f"{live.url}/v1/models", headers=bearer("sesame öffne"))
        assert right.status_code == 200
        assert httpx.get(f"{live.url}/health").status_code == 200
        for path in ("/v1", "//v1/models", "/V1/models", "/v1/../v1/models", "/%76%31/models"):
            assert httpx.get(f"{live.url}{path}").status_code in {401, 404}


def bearer(key: str) -> dict[bytes, bytes]:
    return {b"Authorization": f"Bearer {key}".encode()}


def test_web_pages_cannot_ask_through_the_reader_s_browser() -> None:
    """Neither by a form, nor by a name of theirs that leads here, wherever the server listens."""
    with serving(toy(), names=list_names("0.0.0.0", "", ["Shelf.example"])) as live:
        form = post(live, "{}", **{"Content-Type": "text/plain"})
        assert form.status_code == 415
        for foreign in (
            "evil.example:8000",
            "shelf.example.evil.example",
            "127.0.0.1.evil.example",
        ):
            response = httpx.get(f"{live.url}/v1/models", headers={"Host": foreign})
            assert response.status_code == 421
            error = response.json()["error"]
            assert error["code"] == "unknown_host"
            assert "--server-name" in error["message"]
        for ours in (
            "localhost:1",
            "127.0.0.1",
            "192.168.1.7:8000",
            "[fe80::1]:80",
            "shelf.example",
        ):
            response = httpx.get(f"{live.url}/v1/models", headers={"Host": ours})
            assert response.status_code == 200
        preflight = httpx.options(f"{live.url}{CHAT}", headers={"Origin": "http://evil.example"})
        assert not [name for name in preflight.headers if name.startswith("access-control")]


@pytest.mark.parametrize("command", [serve, mcp])
def test_the_defaults_of_a_command_are_those_of_settings(command: Callable[..., None]) -> None:
    """It spells them, so that `visualcrop --help` need not import the server's settings."""
    limits = {name: each.default for name, each in attrs.fields_dict(Settings).items()}
    given = {name: each.default for name, each in signature(command).parameters.items()}
    shared = {name for name in limits if name in given and isinstance(given[name], int)}
    assert {"concurrency", "max_bytes", "max_seconds"} < shared
    assert {name: given[name] for name in shared} == {name: limits[name] for name in shared}


def test_a_server_goes_by_any_name_only_with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one, by that of its machine, where it listens, and those it was given."""
    monkeypatch.delenv(KEY, raising=False)
    assert Settings.listening("0.0.0.0", None).names[0] == "localhost"
    assert {"shelf", "a.example"} < {*Settings.listening("Shelf", ["A.example"]).names}
    monkeypatch.setenv(KEY, "sesame")
    assert Settings.listening("0.0.0.0", None).names == ()
    assert "a.example" in Settings.listening("0.0.0.0", ["a.example"]).names


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'"text"', 400),
        (b"\xff\xfe{}", 400),
        (b'{"model": NaN}', 400),
        (b'{"model": 1e999}', 400),
        (b'{"model": ' + b"9" * 5000 + b"}", 400),
        (b"[" * 90_000, 400),
        (b'{"a":' * 30_000, 400),
        (b"[" + b"0," * 200_000 + b"0]", 400),
        (b'{"model": "toy", "messages": "' + b"x" * (4 << 20) + b'"}', 413),
        (b'{"model": "\\ud800", "messages": []}', 404),
        (b'{"model": null}', 400),
        (b'{"model": "toy", "messages": [{"role": "user", "content": "\\ud800"}]}', 400),
    ],
)
def test_a_body_that_is_no_request_is_refused(live: Live, content: bytes, status: int) -> None:
    """With an error in the words of the OpenAI API, be it ever so odd."""
    response = post(live, content)
    assert response.status_code == status
    assert {*response.json()["error"]} == {"message", "type", "param", "code"}


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data; boundary=x"])
def test_only_json_is_read(live: Live, kind: str) -> None:
    """Another type, or a packed body, is refused with 415."""
    assert post(live, "{}", **{"Content-Type": kind}).status_code == 415
    packed = post(live, b"\x1f\x8b", **{"Content-Encoding": "gzip"})
    assert packed.json()["error"]["code"] == "unsupported_encoding"


def test_a_long_prompt_and_many_messages_are_refused(live: Live) -> None:
    """Their bounds are in the sentence."""
    for messages in ([user("x" * 20_001, drawn_url())], [user("x")] * 201):
        with pytest.raises(openai.BadRequestError, match=r"20,000|200"):
            live.client().chat.completions.create(model="toy", messages=messages)


def raw(live: Live, content: bytes) -> bytes:
    """What the server says to these bytes before it hangs up, or is hung up on."""
    host, port = live.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        with suppress(OSError):  # it may have hung up already
            connection.sendall(content)
        said = b""
        with suppress(OSError):
            while part := connection.recv(1 << 16):
                said += part
    return said


def test_a_flood_of_headers_is_cut(live: Live) -> None:
    """With 400, or by hanging up; the server goes on."""
    flood = b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"y" * (1 << 20)
    assert raw(live, flood).split(b"\r\n")[0] in {b"", b"HTTP/1.1 400 Bad Request"}
    many = b"GET /health HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(20_000))
    assert raw(live, many).split(b"\r\n")[0] in {b"", b"HTTP/1.1 400 Bad Request"}
    assert raw(live, b"\x16\x03\x01 no HTTP at all\r\n\r\n")[:12] == b"HTTP/1.1 400"
    assert httpx.get(f"{live.url}/health").status_code == 200


def test_a_body_that_does_not_arrive_is_not_waited_for() -> None:
    """Its client is told so, and takes no place meanwhile."""
    with serving(toy(), body_seconds=1, concurrency=1, queue=0) as live:
        host, port = live.url.removeprefix("http://").split(":")
        head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
            assert live.service.work.accepted == 0
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 408")
        assert live.service.bodies.held == 0


def test_headers_that_do_not_arrive_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is closed."""
    monkeypatch.setattr(running, "_HEADER_SECONDS", 1)
    whole, half = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /health HTTP/1.1\r\nHost: x\r\n"
    with serving(toy()) as live:
        assert raw(live, half) == b""
        host, port = live.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(whole)
            answered = b""
            while b"}" not in answered:
                answered += connection.recv(1 << 16)
            connection.sendall(half)  # nor after a request that was answered
            assert connection.recv(1 << 16) == b""


def test_bodies_are_held_within_bounds(live: Live) -> None:
    """No more bytes of all requests together than the server may hold."""
    held = live.service.bodies
    held.held = held.most_held
    try:
        response = post(live, '{"model": "toy"}')
    finally:
        held.held -= held.most_held
    assert response.status_code == 429
    assert response.headers["retry-after"] == "1"
    assert held.held == 0


def test_a_long_body_is_parsed_beside_the_event_loop(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that others are served meanwhile; a short one is not worth a thread."""
    parse, threads = bodies.parse_object, []

    def noted(body: bytes) -> dict[str, Any]:
        threads.append(threading.current_thread() is live.thread)
        return parse(body)

    monkeypatch.setattr(bodies, "parse_object", noted)
    for letters in (100, 1 << 20):
        response = post(live, json.dumps({"model": "x" * letters}))
        assert response.json()["error"]["code"] == "model_not_found"
    assert threads == [True, False]


def test_one_connection_too_many_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words of the OpenAI API, as is what is no HTTP."""
    monkeypatch.setattr(running, "_CONNECTIONS", 1)
    with serving(toy()) as live:
        with httpx.Client(base_url=live.url) as first:
            assert first.get("/health").status_code == 200
            refused = httpx.get(f"{live.url}/health")
            assert refused.status_code == 503
            assert refused.headers["connection"] == "close"
            assert refused.json()["error"]["code"] == "too_many_connections"
            assert first.get("/health").status_code == 200
        _, _, body = raw(live, b"no HTTP\r\n\r\n").partition(b"\r\n\r\n")
        assert json.loads(body)["error"]["code"] == "invalid_http"
