"""Shapes keep the contract of a dataset, and no split knows a scene of another."""

from __future__ import annotations

from itertools import islice, product

import pytest

from visualcrop import errors
from visualcrop.testing import DatasetSuite
from visualcrop_tiny.drawn import SPLITS, scene_seed, split_of
from visualcrop_tiny.scenes import plan_scene
from visualcrop_tiny.shapes import SMALL, SceneSource, Shapes

_EDGES = {"seed": (0, 1, 7, 2**16 - 1), "number": (0, 1, 99, 2**24 - 1), "attempt": (0, 15)}


class TestShapes(DatasetSuite):
    """The shipped benchmark."""

    strategy = Shapes

    def dataset(self) -> Shapes:
        """Enough to meet each kind twice."""
        return Shapes(count=10, size="1k")


class TestSplits:
    """Train, development and test."""

    def test_share_no_seed(self) -> None:
        """Whatever the numbers, a scene's seed tells its split, and no two seeds are one."""
        seeds = {
            scene_seed(split, *numbers): split
            for split in SPLITS
            for numbers in product(*_EDGES.values())
        }
        assert len(seeds) == len(SPLITS) * 4 * 4 * 2
        assert all(split_of(seed) == split for seed, split in seeds.items())

    def test_share_no_picture(self) -> None:
        """The scenes of one seed and number differ from split to split, and from seed to seed."""
        sets = [Shapes(split=split, count=3, size="1k") for split in SPLITS]
        sets.append(Shapes(split="test", seed=1, count=3, size="1k"))
        digests = [sample.source.open().digest for shapes in sets for sample in shapes]
        assert len(set(digests)) == 12

    def test_plain_seeds_are_of_train(self) -> None:
        """A training that counts its scenes from any small number meets no other split."""
        assert {split_of(seed) for seed in (0, 100_000, 2**40)} == {"train"}

    @pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 2**16}, {"count": 2**24}])
    def test_numbers_that_would_overlap_are_refused(self, wrong) -> None:
        """Nothing can reach into the seeds of another split."""
        with pytest.raises(errors.SpecError, match="must be from 0 to"):
            Shapes(**wrong)


class TestQuestions:
    """What is asked."""

    @pytest.mark.parametrize("about", [*SMALL, "large"])
    def test_are_of_the_kind_asked_for(self, about) -> None:
        """Each kind alone, its targets in boxes; where nothing is there, there is no box."""
        for sample in Shapes(about=about, count=6, size="1k"):
            assert sample.category == (about,)
            absent = about == "existence" and sample.answers == ("No",)
            assert bool(sample.targets) != absent

    def test_names_of_targets_tell_no_answer(self) -> None:
        """The colour that is asked for is not in the name of what to look for."""
        for sample in Shapes(about="attribute", count=12, size="1k"):
            assert all(sample.answers[0] not in target.name for target in sample.targets)

    def test_small_things_are_small_and_large_ones_large(self) -> None:
        """Less than a hundredth of the scene, or more than a fortieth: a key is thin."""
        for shapes, small in (
            (Shapes(count=10), True),
            (Shapes(about="large", count=10), False),
        ):
            for sample in shapes:
                width, height = sample.source.size()
                for target in sample.targets:
                    share = target.box.area / (width * height)
                    assert share < 0.01 if small else share > 0.025

    @pytest.mark.parametrize(("size", "side"), [("1k", 1024), ("2k", 2048), ("4k", 4096)])
    def test_size_is_the_longer_side(self, size, side: int) -> None:
        """Known before the scene is drawn, and true of its picture."""
        for sample in islice(Shapes(size=size, about="attribute"), 2):
            image = sample.source.open()
            assert max(image.width, image.height) == side
            assert sample.source.size() == (image.width, image.height)

    def test_a_longer_run_begins_with_a_shorter_one(self) -> None:
        """More questions leave those before as they were."""
        assert [*Shapes(count=8, size="1k")][:5] == [*Shapes(count=5, size="1k")]

    def test_stay_the_same_in_every_release(self) -> None:
        """Figures that were published compare with ones measured later."""
        samples = [*Shapes(count=5, size="1k")]
        assert [(sample.text, sample.answers) for sample in samples] == [
            ("What colour is the disk?", ("green",)),
            ("Is the cyan ring to the left or right of the star?", ("right",)),
            ("How many bolts are in the image?", ("3",)),
            ("Is there a blue ring in the image?", ("No",)),
            ("What is the digit on the cyan plate?", ("9",)),
        ]

    def test_old_scenes_keep_ids_fingerprints_and_pixels(self) -> None:
        """As told by the release before `things` was an option, at 4K where it could matter."""
        samples = [*Shapes(count=1, size="4k"), *Shapes(count=1, size="4k", about="large")]
        assert [(s.id, s.source.fingerprint(), s.source.open().digest) for s in samples] == [
            ("test-0-4k-attribute-0", "43cc86120ead1bb2", "37f70bf11d36e3cdac231c6cb2ca51e3"),
            ("test-0-4k-large-0", "3a80aafedc372e93", "b071d083f055de0d5774887fb74ba8c8"),
        ]


class TestAbsoluteThings:
    """Things with as many pixels in large scenes as at 2K."""

    @pytest.mark.parametrize("kind", [*SMALL, "large"])
    def test_do_not_grow_with_the_scene(self, kind) -> None:
        """At 8K they are a quarter of what relative ones are, but for rounding to whole pixels."""
        plans = [plan_scene(7, 8192, 6144, kind, things) for things in ("relative", "absolute")]
        relative, absolute = ([p.spec.size for p in plan.placements] for plan in plans)
        assert abs(relative[0] - 4 * absolute[0]) <= 4
        assert [plan.scale for plan in plans] == [4, 1]

    def test_change_nothing_up_to_2k(self) -> None:
        """There, both regimes draw the same pixels."""
        one, other = (next(iter(Shapes(size="1k", things=t))) for t in ("relative", "absolute"))
        assert one.source.open().digest == other.source.open().digest

    def test_are_other_scenes_to_caches_and_records(self) -> None:
        """At 4K neither id, fingerprint, pixels nor boxes are those of the relative scene."""
        one, other = (next(iter(Shapes(size="4k", things=t))) for t in ("relative", "absolute"))
        assert isinstance(one.source, SceneSource)
        assert other.id == "test-0-4k-absolute-attribute-0"
        assert one.source != other.source
        assert one.source.fingerprint() != other.source.fingerprint()
        assert one.source.open().digest != other.source.open().digest
        assert max(other.targets[0].box.width, other.targets[0].box.height) <= 40

    def test_question_rests_on_the_drawn_scene(self) -> None:
        """The boxes of a sample are those of the things in its own picture's plan."""
        sample = next(iter(Shapes(size="8k", about="relation", things="absolute")))
        scene = sample.source
        assert isinstance(scene, SceneSource)
        plan = plan_scene(scene.seed, *scene.size(), scene.kind, scene.things)
        assert [t.box for t in sample.targets] == [t.box for t in plan.things[:2]]
