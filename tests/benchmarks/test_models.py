"""What remembering saves, and what mapping costs, where reading is most of the work."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
import torch

from tests.benchmarks.medium import opened, picture
from tests.benchmarks.timing import fastest
from visualcrop import Box, BudgetedModel, Capture, Image, Ledger, Model, Prompt, Target, View
from visualcrop.plugin import similarity_map
from visualcrop.relevance.vv import Vv

TARGETS = ("mug", "red key", "left mug", "blue key")
BOXES = [Box(100 * x, y, 100 * x + 300, y + 300) for y in (0, 300) for x in range(4)]
_seeds = count()


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    """Processor seconds of several threads say little."""
    torch.set_num_threads(1)


def maps(model: Model, image: Image) -> None:
    """The maps of four targets, as FOCUS asks for them."""
    asked = [Target(target) for target in TARGETS]
    list(Vv().maps(View.whole(image), asked, BudgetedModel(model, Ledger())))


def maps_in_turn(model: Model, image: Image) -> None:
    """The same, one after the other."""
    for target in TARGETS:
        Vv().map(View.whole(image), Target(target), BudgetedModel(model, Ledger()))


def unseen(run: Callable[[Model, Image], object], model: Model) -> Callable[[], object]:
    """*run* on an image that was not seen before."""
    images = iter([picture(next(_seeds)) for _ in range(8)])
    return lambda: run(model, next(images))


def _asked(view: View, target: str) -> Prompt:
    return Prompt.fill(view, "Is there a {target} in the image?", target=target)


def one_by_one(model: Model, image: Image) -> None:
    """Eight crops of an image, verified in calls of their own."""
    for box in BOXES:
        model.choose([_asked(View(image, box), "mug")], ("Yes", "No"))


def at_once(model: Model, image: Image) -> None:
    """The same in one call."""
    model.choose([_asked(View(image, box), "mug") for box in BOXES], ("Yes", "No"))


both_sizes = pytest.mark.parametrize("per_side", [24, 55], ids=["576 tokens", "3025 tokens"])


class TestModels:
    """On a random LLaVA of width 768 and 6 layers."""

    @both_sizes
    def test_remembering_pays(self, per_side: int) -> None:
        """Four targets on one image take about a third of the time."""
        forgetful, remembering = opened(per_side, memory=0), opened(per_side)
        without, single, together = fastest(
            unseen(maps_in_turn, forgetful),
            unseen(maps_in_turn, remembering),
            unseen(maps, remembering),
            rounds=1 if per_side > 24 else 2,
        )
        print(f"\n{without:.2f} s forgetful; remembering {single:.2f} s in turn, {together:.2f} s")
        print(f"in turn {without / single:.2f}x, in one call {without / together:.2f}x")

    def test_crops_at_once(self) -> None:
        """Eight crops in one call cost no more than in eight, but for what is kept of them."""
        model, forgetful, packed = opened(24), opened(24, memory=0), opened(24, memory=0)
        packed.max_tokens = 1 << 20
        alone, called, passed, kept = fastest(
            unseen(one_by_one, forgetful),
            unseen(at_once, forgetful),
            unseen(at_once, packed),
            unseen(at_once, model),
            rounds=1,
        )
        print(f"\n{alone:.2f} s one by one; in one call {called / alone:.2f} times that, ", end="")
        print(f"with a memory {kept / alone:.2f}, in one pass {passed / alone:.2f}")

    @both_sizes
    def test_the_map_is_cheap(self, per_side: int) -> None:
        """The vv map takes a few hundredths of the pass that it reads."""
        model = opened(per_side, memory=0)
        prompt = _asked(View.whole(picture()), "mug")
        capture = Capture(values=model.info.span(None))
        (seen,) = model.forward([prompt], capture)
        reading, mapping = fastest(
            lambda: model.forward([prompt], capture),
            lambda: similarity_map(seen, seen.values),
            rounds=2,
        )
        print(f"\n{mapping * 1e3:.2f} ms of {reading * 1e3:.0f} ms: {mapping / reading:.2%}")
