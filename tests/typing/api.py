"""
The types that users of visualcrop rely on.

Never run: mypy, strict, reads it, and an expectation that is wrong is an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_type

import attrs
import numpy as np
import numpy.typing as npt
import typer
from torch import Tensor

from visualcrop import (
    CONVENTIONS,
    Answer,
    Auto,
    Box,
    Budget,
    BudgetedModel,
    Capture,
    Charge,
    Evidence,
    Finding,
    Grid,
    Image,
    Internals,
    Ledger,
    Model,
    ModelFamily,
    Point,
    Prompt,
    Proposal,
    Question,
    RelevanceMap,
    Target,
    View,
    VisualSearch,
    errors,
)
from visualcrop.models import Patches
from visualcrop.plugin import (
    ConditionalDefault,
    Plugin,
    ProposalGenerator,
    Registry,
    RelevanceSource,
    Searcher,
    Spec,
    Strategy,
    TargetExtractor,
    Verifier,
    hookimpl,
    load_plugins,
    option,
    pseudo_attention,
    reply,
    smooth_map,
)
from visualcrop.testing import Bench, RelevanceSourceSuite, Scene


def an_application(path: str) -> str:
    """Ask, and look at what came of it."""
    search = VisualSearch.open("toy", "focus(steps=4)", ["relevance.layers=[1, 3]"])
    assert_type(search.model, Model)
    assert_type(search.searcher, Searcher)
    assert_type(search.detect(path, "mug", every=False), Evidence)
    assert_type(search.point(path, "mug", budget=Budget(passes=8)), tuple[Point, ...])
    answer = search.ask(path, "What colour is the mug?", ["red", "blue"], budget=Budget(passes=8))
    assert_type(answer, Answer)
    assert_type(answer.text, str)
    assert_type(answer.choice, int | None)
    assert_type(answer.findings, tuple[Finding, ...])
    assert_type(answer.findings[0].confidence, float | None)
    assert_type(answer.evidence, tuple[Evidence, ...])
    assert_type(answer.evidence[0].relevance, RelevanceMap | None)
    assert_type(answer.shown[0].picture.size, tuple[int, int])
    assert_type(answer.passes, Mapping[str, int])
    return answer.text


def images(array: npt.NDArray[np.uint8], raw: bytes) -> Image:
    """Any source opens; pixels are numbers of one type."""
    image = Image.open(array)
    assert_type(image, Image)
    assert_type(image.pixels, npt.NDArray[np.uint8])
    assert_type(image.box.overlap(Box(0, 0, 1, 1)), float)
    assert_type(image.box.common(Box(0, 0, 1, 1)), Box | None)
    return Image.open(raw, max_bytes=10**6)


def books(model: Model, asked: Question) -> None:
    """A ledger with a listener."""
    seen: list[Evidence] = []

    def heard(charge: Charge) -> None:
        assert_type(charge.passes, int)

    ledger = Ledger(Budget(passes=8, seconds=2.5), on_charge=heard, on_evidence=seen.append)
    budgeted = BudgetedModel(model, ledger)
    assert_type(budgeted.at("mine"), BudgetedModel)
    assert_type(budgeted.affordable(3), int)
    assert_type(reply(asked, [View.whole(asked.image)], budgeted), Answer)
    assert_type({name: count(ledger) for name, count in CONVENTIONS.items()}, dict[str, int])
    assert_type(ledger.by_stage(), Mapping[str, int])


def strategies() -> None:
    """What is asked for by interface is known by interface."""
    registry = Registry.load()
    assert_type(registry.build(Searcher, "focus"), Searcher)
    assert_type(registry.build(RelevanceSource, Spec.parse("vv")), RelevanceSource)
    assert_type(registry.get(ModelFamily, "toy"), type[ModelFamily])
    assert_type(Shelf(device="cpu").open(), Model)
    assert_type(registry.build(ModelFamily, "toy").open(), Model)
    assert_type([entry.strategy for entry in registry], list[type[Strategy]])
    assert_type(Spec.of(registry.build(Verifier, "existence")).with_option("yes", "Ja"), Spec)
    assert_type(list(load_plugins(block=["attention"], strict=True)), list[Plugin])
    try:
        registry.build(TargetExtractor, "nobody")
    except errors.UnknownStrategyError as exc:
        assert_type(exc, errors.UnknownStrategyError)


@attrs.frozen
class Mine(RelevanceSource):
    """A relevance source as a stranger writes one."""

    name = "mine"

    layers: tuple[int, int] | None = option(None, help="which layers")
    sigma: float = option(1.0, help="how smooth")

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        prompt = Prompt.fill(view, "Where is the {target}?", target=target.text)
        (seen,) = model.forward([prompt], Capture(values=model.info.span(self.layers)))
        assert_type(seen, Internals)
        assert_type(seen.values, Mapping[int, Tensor])
        (patches,) = seen.patches
        assert_type(patches, Patches)
        scores = pseudo_attention(seen.values, seen.spans["target"], patches.tokens)
        assert_type(scores, Tensor)
        return smooth_map(RelevanceMap(patches.grid, scores, patches.base), self.sigma, 2)


@attrs.frozen
class Corner(ProposalGenerator):
    """A proposal generator as a stranger writes one."""

    name = "corner"

    def propose(self, relevance: RelevanceMap) -> tuple[Proposal, ...]:
        assert_type(relevance.grid, Grid)
        assert_type(relevance.scores, npt.NDArray[np.float32])
        return (Proposal(relevance.grid.cell(0, 0), float(relevance.scores[0, 0])),)


@attrs.frozen
class Shelf(Auto):
    """A checkpoint that comes in a package."""

    name = "shelf"

    checkpoint: str = option("/weights", help="folder of the checkpoint")

    def settings(self) -> Mapping[str, Mapping[str, object]]:
        return {
            "focus": {
                "proposals.k": ConditionalDefault(30, but=15, below=("steps", 4), on=("vstar",))
            }
        }


@hookimpl
def visualcrop_strategies() -> Sequence[type[Strategy]]:
    """Offer both."""
    return [Mine, Corner]


@hookimpl
def visualcrop_commands(app: typer.Typer) -> None:
    """Add one command."""

    @app.command()
    def hello() -> None:
        """Say hello."""


class TestMine(RelevanceSourceSuite):
    """Its contract."""

    strategy = Mine


def a_bench() -> Any:
    """What tests are made of."""
    bench = Bench.set_up(3, passes=4, stage="relevance")
    assert_type(bench.scene, Scene)
    assert_type(bench.target, Target)
    return Mine(sigma=0.5).map(bench.whole, bench.target, bench.model)
