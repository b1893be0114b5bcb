"""What the lens reads from the server: its files, searchers, prices and scenes."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import attrs
import PIL.Image
import pytest
from starlette.testclient import TestClient

from tests.support.serving import toy
from visualcrop import Budget, Image, VisualSearch
from visualcrop.plugin import Dataset, Registry, Searcher, Spec
from visualcrop_serve.app import build_app
from visualcrop_serve.lens import POLICY
from visualcrop_serve.price import Price, price_search
from visualcrop_serve.scenes import Scenes
from visualcrop_serve.settings import Settings


@pytest.fixture(scope="module")
def tiny() -> VisualSearch:
    return VisualSearch.open("tiny-shapes")


@pytest.fixture(scope="module")
def client(tiny: VisualSearch) -> Iterator[TestClient]:
    with TestClient(build_app(tiny, Settings(name="tiny-shapes"))) as client:
        yield client


def test_every_file_of_the_page_is_served(client: TestClient) -> None:
    """The page and whatever it names, with types, and under the policy that nothing is fetched."""
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    named = [part.split('"')[0] for part in page.text.split('="/assets/')[1:]]
    assert "lens/lens.js" in named
    for name in named:
        found = client.get(f"/assets/{name}")
        assert found.status_code == 200
        assert found.headers["content-security-policy"] == POLICY
        assert found.headers["x-content-type-options"] == "nosniff"


def test_a_file_that_the_browser_has_is_not_sent_again(client: TestClient) -> None:
    """The second time, nothing but its tag."""
    first = client.get("/assets/lens/lens.js")
    again = client.get("/assets/lens/lens.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/assets/lens/../lens.py",
        "/assets/lens/%2e%2e/lens.py",
        "/assets/viewer/..%2f__init__.py",
        "/assets/lens//etc/passwd",
        "/lens/scenes/..%2f..%2fapp.py",
    ],
)
def test_no_other_file_is_served(client: TestClient, path: str) -> None:
    """Paths are routes, and are never looked up in a folder."""
    assert client.get(path).status_code == 404


def test_every_searcher_is_offered_with_its_options(client: TestClient) -> None:
    """Also those of plug-ins, and the strategies that their options hold."""
    found = client.get("/lens/searchers").json()
    searchers = {each["name"]: each for each in found["searchers"]}
    registry = Registry.load()
    assert {*searchers} == {e.strategy.name for e in registry if e.strategy.kind == Searcher.kind}
    options = {each["name"]: each for each in searchers["focus"]["options"]}
    assert options["steps"]["type"] == "integer"
    assert options["steps"]["least"] == 1
    assert (options["t_type2"]["least"], options["t_type2"]["most"]) == (-1, 1)
    assert "kk-norope" in options["relevance"]["choices"]
    assert "vv" in [each["name"] for each in found["kinds"]["relevance"]]
    assert searchers["focus"]["settled"]["targets"] == "rules"  # the setting of tiny
    rule = next(each for each in searchers["guarded"]["options"] if each["name"] == "rule")
    assert rule["choices"] == ['"surer"', '"found"']


def test_what_no_request_may_set_is_not_offered(client: TestClient) -> None:
    """Neither files nor models."""
    found = client.get("/lens/searchers").json()
    searchers = {each["name"]: each for each in found["searchers"]}
    assert "gate" not in [each["name"] for each in searchers["guarded"]["options"]]
    named = [each["name"] for each in searchers["dc2"]["options"]]
    assert not {"memory", "llm", "retriever"} & {*named}


def test_every_option_of_the_form_can_be_set_to_its_default(client: TestClient) -> None:
    """What the form writes down, the server reads."""
    found = client.get("/lens/searchers").json()
    for searcher in found["searchers"]:
        for option in searcher["options"]:
            spec = f"{searcher['name']}({option['name']}={option['default']})"
            reply = client.get("/lens/price", params={"searcher": spec})
            assert reply.status_code == 200, (spec, reply.text)


def test_fixed_searchers_are_the_only_ones_on_offer(tiny: VisualSearch) -> None:
    """A server that takes no specs has no form for them."""
    settings = Settings(name="tiny-shapes", searchers=("focus(steps=2)",), fixed=True)
    with TestClient(build_app(tiny, settings)) as client:
        offered = client.get("/lens/searchers").json()["searchers"]
        assert [each["name"] for each in offered] == ["focus(steps=2)", "focus"]  # by both names
        assert not any(each["options"] for each in offered)
        price = client.get("/lens/price", params={"searcher": "focus(steps=2)"}).json()
        assert price["likely"] == 4
        assert client.get("/lens/price", params={"searcher": "direct"}).status_code == 404


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"searcher": "fokus"}, "focus"),
        ({"searcher": "focus(steps=0)"}, "steps"),
        ({"searcher": "/etc/passwd.toml"}, "passwd"),
        ({"searcher": "guarded(gate=gate.json)"}, "gate"),
        ({"searcher": "focus", "passes": "many"}, "many"),
        ({"searcher": "focus", "passes": "9" * 10}, "budget"),
        ({"searcher": "focus(" + "x" * 9999}, "characters"),
    ],
)
def test_a_price_that_cannot_be_said_is_an_error(
    client: TestClient, query: dict[str, str], word: str
) -> None:
    """In a sentence, as everywhere."""
    reply = client.get("/lens/price", params=query)
    assert reply.status_code == 400
    assert word in reply.json()["error"]["message"]


SPECS = (
    "direct",
    "focus",
    "focus(steps=1, overrun=false)",
    "focus(verification=adaptive)",
    "focus(verification=unchecked)",
    "focus(targets=in-context)",
    "focus(relevance=rel-att)",
    "focus(answer=relate)",
    "guarded",
    "audited",
    "options-in-prompt",
    "hide",
    "lookwise",
)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("budget", [None, 3])
def test_a_search_costs_what_was_said(tiny: VisualSearch, spec: str, budget: int | None) -> None:
    """Of a thing that is there and of one that is not, with every searcher whose price is known."""
    search = tiny.with_searcher(spec)
    price = price_search(search.searcher, budget)
    assert price.most is not None
    for about in ("attribute", "existence"):  # seed 1 has no red star
        dataset = f"shapes(about={about}, count=1, size=2k, seed=1)"
        sample: Any = next(iter(Registry.load().build(Dataset, dataset)))
        picture, limit = sample.source.open(), Budget(passes=budget)
        answer = search.ask(picture, sample.text, sample.choices, budget=limit)
        assert price.least <= sum(answer.passes.values()) <= price.most


def test_a_search_that_is_not_known_costs_one_pass_at_least(tiny: VisualSearch) -> None:
    """Nobody is told a limit that nobody knows; a budget is one."""
    searcher = tiny.with_searcher("zoomeye").searcher
    assert price_search(searcher) == Price(1, None, None)
    assert price_search(searcher, 5).least == 1


def test_a_spec_that_is_written_out_means_the_same(client: TestClient) -> None:
    """The canonical form has every option, and costs as much."""
    first = client.get("/lens/price", params={"searcher": "focus(steps=3)"}).json()
    again = client.get("/lens/price", params={"searcher": first["spec"]}).json()
    assert again == first
    assert Spec.parse(first["spec"]).get("steps") == 3
    assert first["options"]["relevance.sigma"] == "1.0"


def test_scenes_are_pictures_with_questions(client: TestClient) -> None:
    """As large as they say; the dataset's own pixels."""
    scenes = {each["name"]: each for each in client.get("/lens/scenes").json()}
    plate = scenes["plate"]
    encoded = client.get("/lens/scenes/plate").content
    opened = PIL.Image.open(BytesIO(encoded))
    assert opened.size == (plate["width"], plate["height"])
    dataset = Registry.load().build(Dataset, "shapes(about=detail, count=1, size=2k, seed=5)")
    sample: Any = next(iter(dataset))
    assert Image.open(encoded).digest == Image.open(sample.source.read()).digest
    assert plate["questions"] == [
        {
            "text": sample.text,
            "choices": [*sample.choices],
            "answer": sample.answers[0],
            "boxes": [[*map(float, attrs.astuple(sample.targets[0].box))]],
        }
    ]
    small = PIL.Image.open(BytesIO(client.get("/lens/scenes/plate/thumbnail").content))
    assert small.format == "JPEG"
    assert max(small.size) == 480


def test_places_are_offered_to_the_models_that_know_them() -> None:
    """To `tiny`, and to one that knows no dataset in particular; four questions about each."""
    registry = Registry.load()
    offered = Scenes.of(registry, "")
    assert offered.describe() == Scenes.of(registry, "needles(size=4k)").describe()
    assert len(offered.samples) == 6
    for samples in offered.samples.values():
        assert len(samples) == 4


def test_an_unknown_scene_names_the_others(client: TestClient) -> None:
    """In a sentence."""
    reply = client.get("/lens/scenes/plait")
    assert reply.status_code == 404
    assert "plate" in reply.json()["error"]["message"]


def test_a_model_that_knows_its_own_scenes_gets_those() -> None:
    """`toy` cannot read shapes, and `tiny-shapes` cannot read the toy's."""
    with TestClient(build_app(toy(), Settings(name="toy"))) as client:
        (scene,) = client.get("/lens/scenes").json()
        assert len(scene["questions"]) == 3
        picture = PIL.Image.open(BytesIO(client.get(f"/lens/scenes/{scene['name']}").content))
        assert picture.size == (scene["width"], scene["height"])
