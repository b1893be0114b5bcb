"""`auto` finds the family that reads a checkpoint, whoever brings it."""

from __future__ import annotations

import json
import pickle
import shlex
import shutil
from pathlib import Path
from typing import Any

import attrs
import pytest
import transformers as tf

from tests.support.opened import about
from tests.support.refusals import is_one_sentence, refused
from tests.support.strangers import offering
from tests.support.tiny.checkpoints import checkpoint
from visualcrop import Auto, ModelFamily
from visualcrop.errors import DuplicateStrategyError, ModelError, PluginError
from visualcrop.models.families.auto import FamilyIndex, declared_types
from visualcrop.models.families.base import Family, Pretrained
from visualcrop.models.families.llava import Llava
from visualcrop.models.families.mistral3 import Pixtral
from visualcrop.models.families.native_grids import NativeGrids
from visualcrop.models.families.single_squares import SingleSquares
from visualcrop.models.huggingface import HuggingFaceModel
from visualcrop.plugin import Registry, load_plugins
from visualcrop.plugin.validation import check_strategy


class OwnConfig(tf.LlavaConfig):
    """An architecture that transformers does not know."""

    model_type = "own_llava"


class OwnNetwork(tf.LlavaForConditionalGeneration):
    """Its network."""

    config_class = OwnConfig


@attrs.frozen
class Own(Llava):
    """LLaVA under a model type of its own."""

    name = "own"
    model_types = ("own_llava",)

    @classmethod
    def register(cls) -> None:
        tf.AutoConfig.register("own_llava", OwnConfig, exist_ok=True)
        tf.AutoModelForImageTextToText.register(OwnConfig, OwnNetwork, exist_ok=True)


@attrs.frozen
class Unheard(Llava):
    """A family whose type is registered with transformers by nobody."""

    name = "unheard"
    model_types = ("unheard_of",)


@attrs.frozen
class Again(Llava):
    """A second family for LLaVA's checkpoints."""

    name = "again"
    model_types = ("llava",)


@attrs.frozen
class Preset(Llava):
    """LLaVA with another default, to be named."""

    name = "preset"


def registry(*families: type[Family]) -> Registry:
    """What comes along, and a plug-in that offers *families*."""
    return Registry.from_plugins(load_plugins(offering("stranger", *families)))


def auto(known: Registry, folder: Path) -> Any:
    """`auto` on that folder, as a spec names it."""
    return known.build(ModelFamily, f'auto(checkpoint="{folder}")')


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LLaVA's tiny checkpoint, which calls itself by another model type."""
    folder = tmp_path_factory.mktemp("own") / "checkpoint"
    shutil.copytree(checkpoint("llava"), folder)
    theirs: Any = tf.LlavaForConditionalGeneration.from_pretrained(folder)
    config = theirs.config.to_dict()
    config.pop("model_type")
    network: Any = OwnNetwork(OwnConfig(**config))
    network.load_state_dict(theirs.state_dict())
    network.generation_config = theirs.generation_config
    network.save_pretrained(folder)
    return folder


@pytest.mark.torch
class TestAuto:
    """Families of plug-ins, by `model_type`."""

    def test_opens_what_a_plugin_reads(self, own: Path) -> None:
        """A checkpoint of an architecture that only the plug-in's family knows."""
        model = auto(registry(Own), own).open()
        assert isinstance(model, HuggingFaceModel)
        assert isinstance(model.network, OwnNetwork)

    def test_settings_are_the_familys(self) -> None:
        """The plug-in's settings fill what the searcher leaves open, as if it had been named."""
        folder = checkpoint("llava")
        known = auto(registry(), folder)
        assert known.settings() == Llava(checkpoint=str(folder)).settings()

    def test_without_the_plugin_the_checkpoint_is_of_no_family(self, own: Path) -> None:
        """A registry without it does not find it, though the class is imported."""
        message = refused(ModelError, auto(registry(), own).open)
        assert is_one_sentence(message)

    def test_two_families_are_one_error_that_names_both(self) -> None:
        """Nobody's family is taken by chance."""
        known = registry(Again)
        message = refused(DuplicateStrategyError, auto(known, checkpoint("llava")).open)
        assert message.startswith("'llava' of plug-in 'builtins' and 'again' of plug-in 'stranger'")
        assert is_one_sentence(message)
        named = known.build(ModelFamily, f'again(checkpoint="{checkpoint("llava")}")')
        assert isinstance(named.open(), HuggingFaceModel)

    def test_an_heir_without_types_of_its_own_is_no_rival(self) -> None:
        """It inherits `model_types`, and is opened by its name."""
        family = auto(registry(Preset), checkpoint("llava")).family()
        assert type(family) is Llava

    def test_made_in_python_it_knows_what_is_installed(self) -> None:
        """Without a registry, and after it was copied or pickled."""
        made = Auto(checkpoint=str(checkpoint("llava")))
        copies = made, attrs.evolve(made, memory=0), pickle.loads(pickle.dumps(made))
        assert {type(copy.family()) for copy in copies} == {Llava}

    def test_a_broken_checkpoint_is_refused_as_before(self, tmp_path: Path) -> None:
        """A folder without a config is called that."""
        assert "has no config.json" in refused(ModelError, auto(registry(), tmp_path).open)


@pytest.mark.torch
def test_another_family_refuses_what_transformers_does_not_know(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A type of a plug-in that nobody has registered yet is still sent to `auto`, to be pasted."""
    folder = shutil.copytree(checkpoint("llava"), tmp_path / "it's mine")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "unheard_of"}))
    families = registry(Unheard).families()
    monkeypatch.setattr(Pretrained, "load_families", lambda: families)
    named = Llava(checkpoint=str(folder))
    for read in (named.open, named.settings):
        message = refused(ModelError, read)
        start, _, pasted = message.rstrip(".").partition("; use -m ")
        assert start.endswith("is a checkpoint of type 'unheard_of', which 'llava' cannot read"), (
            message
        )
        (spec,) = shlex.split(pasted)
        assert registry(Unheard).build(ModelFamily, spec) == Auto(checkpoint=str(folder))


class TestFamilyIndex:
    """Families by model type."""

    def test_has_each_type_once(self) -> None:
        """All that come along are there, and none is contested."""
        index = Registry.load().families()
        assert {"llava", "qwen2_5_vl", "instructblip"} <= set(index)
        assert not [*index.contested()]

    def test_leaves_out_what_is_no_family(self) -> None:
        """`auto` itself reads no type of its own."""
        assert not [*FamilyIndex.of([(Auto, "builtins"), (Preset, "stranger")])]
        assert declared_types(Own) == ("own_llava",)


@pytest.mark.parametrize("types", ["llava", (), ("",), None, [1]])
def test_model_types_have_to_be_names(types: object) -> None:
    """A family that says something else is broken, and the reason says what would be right."""

    @attrs.frozen
    class Odd(Llava):
        """A family with odd types."""

        name = "odd"
        model_types = types  # type: ignore[assignment]

    with pytest.raises(PluginError, match="has to be a tuple"):
        check_strategy(Odd)


class TestFamiliesOfNoType:
    """Families that need no code for a model are named, and then check the checkpoint."""

    def test_auto_names_them(self) -> None:
        """For a type that transformers knows and no family reads."""
        message = refused(ModelError, Auto.load_families().find, "strange", "./mine")
        assert '-m "native-grids(checkpoint=...)"' in message
        assert '-m "single-squares(checkpoint=...)"' in message

    @pytest.mark.parametrize(
        ("family", "generic"),
        [("qwen2-5-vl", NativeGrids), ("glm4v", NativeGrids), ("llava", SingleSquares)],
    )
    def test_they_answer_as_the_declared_family(self, family: str, generic: type[Family]) -> None:
        """A checkpoint of another family's type, opened by their name, gives the same logits."""
        declared = Auto(checkpoint=str(checkpoint(family))).family()
        if family == "llava":
            declared = Llava(
                checkpoint=declared.checkpoint, fit="crop"
            )  # as its image processor's settings say
        prompt = about("mug")
        one, other = (
            each.open().choose([prompt], ("Yes", "No"))[0].logits
            for each in (declared, generic(checkpoint=str(checkpoint(family))))
        )
        assert one == pytest.approx(other, abs=1e-6)

    def test_native_grids_refuse_what_gives_none(self) -> None:
        """LLaVA's image processor has no grid."""
        message = refused(ModelError, NativeGrids(checkpoint=str(checkpoint("llava"))).open)
        assert "gives no image_grid_thw" in message

    def test_native_grids_refuse_another_scaling(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An image processor that counts other patches than the layout."""
        counts = tf.Qwen2VLImageProcessorPil.get_number_of_image_patches
        monkeypatch.setattr(
            tf.Qwen2VLImageProcessorPil,
            "get_number_of_image_patches",
            lambda self, height, width, *_: counts(self, height, width) + 4 * (width == 3000),
        )
        message = refused(ModelError, NativeGrids(checkpoint=str(checkpoint("qwen2-5-vl"))).open)
        assert "patches of an image of 3000 x 2000 pixels where 'native-grids' expects" in message

    def test_single_squares_refuse_no_square(self) -> None:
        """Qwen's image processor makes none."""
        message = refused(ModelError, SingleSquares(checkpoint=str(checkpoint("qwen2-5-vl"))).open)
        assert "one square of n x n tokens" in message

    def test_single_squares_refuse_tiles(self) -> None:
        """An image processor that cuts an image into parts shows more than one square."""
        family = SingleSquares(checkpoint=str(checkpoint("llava-next")))
        assert "cuts images into parts (image_grid_pinpoints)" in refused(ModelError, family.open)


class TestEncoders:
    """One `model_type` may stand for encoders that see differently."""

    def test_auto_tells_pixtral_from_llava(self) -> None:
        """Both are `llava`, and the vision encoder tells them apart."""
        opened = [Auto(checkpoint=str(checkpoint(name))).family() for name in ("llava", "pixtral")]
        assert [type(family) for family in opened] == [Llava, Pixtral]

    @pytest.mark.parametrize(("family", "other"), [(Llava, "pixtral"), (Pixtral, "llava")])
    def test_neither_opens_the_other(self, family: type[Family], other: str) -> None:
        """The sentence says which type it is, and what reads it."""
        message = refused(ModelError, family(checkpoint=str(checkpoint(other))).open)
        assert "cannot read; use -m" in message
