"""The shipped models see small things on crops, and not in the whole picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import visualcrop_tiny
from training.methods import crop_about, without_budget
from visualcrop import Box, Prompt, Sample, Target, View, VisualSearch, errors
from visualcrop.plugin import Registry, Searcher, Spec
from visualcrop.testing import ModelFamilySuite
from visualcrop_tiny import Needles, Shapes, Tiny, TinyOnevision, TinyQwen, TinyShapes

WEIGHTS = Path(visualcrop_tiny.__file__).parent / "weights"
pytestmark = pytest.mark.torch


@pytest.fixture(
    scope="module",
    params=[Tiny, TinyShapes, TinyOnevision, TinyQwen],
    ids=lambda family: family.name,
)
def family(request):
    """Each of the packaged models."""
    return request.param()


@pytest.fixture(scope="module")
def search(family):
    """FOCUS with a packaged model, without the name that only an installed package has."""
    return VisualSearch.open(f"auto(checkpoint={WEIGHTS / family.name})", "focus", _options(family))


def _options(family):
    settings = family.settings()
    own = settings.get("focus", {})
    common = {path: value for path, value in settings.items() if path != "focus"}
    return [f"{path}={value}" for path, value in {**common, **own}.items()]


@pytest.fixture(scope="module")
def samples(family):
    """Questions about one small thing in its world, which no training has seen: sign or colour."""
    signs, shapes = Needles(count=24, about="detail"), Shapes(count=24, about="attribute")
    asked = shapes if isinstance(family, TinyShapes) else signs
    return [sample for sample in asked.read() if isinstance(sample, Sample)]


class TestTiny(ModelFamilySuite):
    """The contract of a model family."""

    strategy = Tiny


class TestTinyOnevision(ModelFamilySuite):
    """The same contract."""

    strategy = TinyOnevision


class TestTinyQwen(ModelFamilySuite):
    """The same contract."""

    strategy = TinyQwen


class TestTinyShapes(ModelFamilySuite):
    """The same contract."""

    strategy = TinyShapes


def test_the_weights_are_small():
    """A model takes at most 16 MB, in bfloat16."""
    for path in WEIGHTS.glob("*/model.safetensors"):
        assert path.stat().st_size <= 16 * 2**20
        config = json.loads((path.parent / "config.json").read_text("utf-8"))
        assert config["dtype"] == "bfloat16"


@pytest.mark.parametrize("count", [12, pytest.param(24, marks=pytest.mark.attack)])
def test_focus_sees_what_direct_does_not(search, samples, count):
    """By letter: nearly all questions right with FOCUS, and far fewer without."""
    direct = VisualSearch(search.model, VisualSearch.open("toy", "direct").searcher)
    asked = samples[:count]
    right = {
        name: sum(asker.ask(s.source.open(), s.text, s.choices).choice == s.answer for s in asked)
        for name, asker in (("focus", search), ("direct", direct))
    }
    assert right["focus"] >= 0.85 * count
    assert right["direct"] <= right["focus"] - 0.25 * count


def test_it_knows_what_is_there(search, samples):
    """Nearly every crop of a target is surer than a crop of the corner farthest from it."""
    verify, surer = search.searcher.verification.verify, []
    for sample in samples:
        image, target = sample.source.open(), sample.targets[0]
        views = [
            View(image, crop_about(box, image, 3 / 14))
            for box in (target.box, _far(target.box, image))
        ]
        there, absent = verify(views, Target(target.name), without_budget(search.model))
        surer.append(there > absent)
    assert sum(surer) >= 0.9 * len(surer)


def _far(box, image):
    """A pixel in the corner on the other side."""
    x, y = (
        0 if at > side / 2 else side - 1
        for at, side in zip(box.centre, (image.width, image.height), strict=True)
    )
    return Box(x, y, x + 1, y + 1)


def test_a_question_without_pictures_is_answered_in_words(search):
    """Replies are words of its own, whatever it is asked."""
    (reply,) = search.model.generate([Prompt(("Is there a dog on the sofa?",))])
    assert len(reply.text.split()) <= 8
    assert "<" not in reply.text


def test_settings_come_with_the_model() -> None:
    """A searcher that is built by hand, or a third party's, looks for what the model can name."""
    search = VisualSearch.open("tiny-shapes")
    registry = Registry.load()
    assert VisualSearch(search.model, registry.build(Searcher, "focus")) == search
    for name in ("focus", "zoomeye", "seal"):
        assert "targets=rules" in str(Spec.of(search.with_searcher(name).searcher))
    asked = registry.build(Searcher, "focus(targets=in-context)")
    assert "targets=in-context" in str(Spec.of(VisualSearch(search.model, asked).searcher))


def test_the_unaligned_weights_are_others() -> None:
    """They open by an option, are told apart from those of the model, and go with no checkpoint."""
    unaligned = Tiny(unaligned=True)
    same = Tiny(checkpoint=str(WEIGHTS / "tiny-unaligned"))
    assert unaligned.fingerprint() != Tiny().fingerprint()
    assert unaligned.fingerprint() == same.fingerprint()
    with pytest.raises(errors.SpecError, match="each name other weights; give one"):
        Tiny(unaligned=True, checkpoint="elsewhere")
