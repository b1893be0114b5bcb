"""Divide, merge, list, filter, retrieve: each part by itself."""

from __future__ import annotations

import json

import numpy as np
import pytest

from visualcrop import Box, BudgetedModel, Image, Ledger, VisualcropError
from visualcrop.evaluation.published.tables import table
from visualcrop.testing import ToyModel
from visualcrop_dc2.partition import Patch, average, cluster_patches, count_levels, count_nodes
from visualcrop_dc2.prompts import fill_extraction, parse_objects
from visualcrop_dc2.retrieval import best_indices, compare_features, compare_words
from visualcrop_dc2.visual_memory import (
    MemoryFolder,
    VisualMemory,
    drop_nested,
    drop_nested_as_authors,
)

RNG = np.random.default_rng(0)
IMAGE = Image.open(RNG.integers(1, 255, (101, 203, 3), np.uint8))


def place(left: float, top: float, side: float = 10) -> tuple[Box, ...]:
    """One square."""
    return (Box(left, top, left + side, top + side),)


class TestDivide:
    @pytest.mark.parametrize(
        ("size", "count"),
        [((2246, 1582), 85), ((4024, 3503), 341), ((7431, 5358), 341), ((8192, 5464), 1365)],
    )
    def test_trees_of_the_published_sizes(self, size: tuple[int, int], count: int):
        """Images of the benchmarks make the trees that the authors' numbers make of them."""
        assert count_nodes(count_levels(Box(0, 0, *size), 168, 5)) == count

    @pytest.mark.parametrize(
        ("dataset", "patches", "smallest"),
        [("vstar", 21, 16), ("hrbench_4k", 85, 64), ("hrbench_8k", 85, 64)],
    )
    def test_focus_estimated_trees_of_a_leaf_of_336(
        self, dataset: str, patches: int, smallest: int
    ):
        """
        Its figures are below the trees of the mean sizes, as merging makes them.

        With a leaf of 168, merging would have to remove three patches of four. Counting the
        smallest alone would give fewer than two of the figures.
        """
        size, quoted = table(8).row(dataset=dataset), table(10).row(dataset=dataset, method="dc2")
        box = Box(0, 0, int(size["mean_width"]), int(size["mean_height"]))
        estimate = float(quoted["passes"])
        assert count_nodes(count_levels(box, 336, 5)) == patches
        assert 4 ** count_levels(box, 336, 5) == smallest
        assert patches / 2 < estimate < patches
        assert count_nodes(count_levels(box, 168, 5)) > 4 * estimate
        assert (estimate > smallest) == (dataset != "hrbench_4k")

    def test_stops_above_the_shortest_side(self):
        """A side of twice the shortest is halved, and one pixel less is not."""
        assert count_levels(Box(0, 0, 336, 900), 168, 5) == 1
        assert count_levels(Box(0, 0, 335, 900), 168, 5) == 0
        assert count_levels(Box(0, 0, 9000, 9000), 1, 3) == 3

    def test_quarters_by_columns(self):
        """Top left, bottom left, top right, bottom right, and an odd last row is dropped."""
        quarters = Patch.at(IMAGE, (IMAGE.box,)).quarters()
        assert [q.places[0] for q in quarters] == [
            Box(0, 0, 101, 50),
            Box(0, 50, 101, 100),
            Box(101, 0, 202, 50),
            Box(101, 50, 202, 100),
        ]

    def test_a_union_is_the_mean(self):
        """Pixels are averaged, and every member's place is kept, down to the quarters."""
        union = average(Patch.at(IMAGE, (IMAGE.box,)).quarters()[:2])
        pixels = np.asarray(IMAGE.picture, float)
        expected = np.mean([pixels[:50, :101], pixels[50:100, :101]], axis=0).astype(np.uint8)
        assert np.array_equal(np.asarray(union.view.picture), expected)
        assert union.quarters()[1].places == (Box(0, 25, 50, 50), Box(0, 75, 50, 100))
        assert union.quarters(first_only=True)[1].places == (Box(0, 25, 50, 50),)

    def test_a_place_is_shown_as_it_was(self):
        """From its places alone a union's picture is made again."""
        union = average(Patch.at(IMAGE, (IMAGE.box,)).quarters())
        assert Patch.at(IMAGE, union.places).view == union.view


class TestMerge:
    def test_average_linkage_of_cosines(self):
        """What points the same way is one cluster, whatever its length; first come first."""
        features = np.array([[1, 0], [0, 2], [3, 0.1], [0.1, 1]], np.float32)
        assert cluster_patches(features, 0.1) == [[0, 2], [1, 3]]
        assert cluster_patches(features, 0) == [[0], [1], [2], [3]]
        assert cluster_patches(features, 2) == [[0, 1, 2, 3]]

    def test_features_of_nothing(self):
        """Vectors without a direction are alike, and no error."""
        assert cluster_patches(np.zeros((4, 3), np.float32), 0.1) == [[0, 1, 2, 3]]


class TestObjects:
    @pytest.mark.parametrize(
        "reply",
        [
            '{"object_list": ["Red  Bus", "car", "car", 3, ""]}',
            'Here:\n```json\n{"object_list": ["red bus", "car"]}\n```\nDone.',
            'Output: {"object_list": ["red bus", "car"]}',
        ],
    )
    def test_names_in_json(self, reply: str):
        """Plain, fenced or after other words: each name once, in its order."""
        assert parse_objects(reply) == ("red bus", "car")

    @pytest.mark.parametrize(
        "reply",
        [
            *("", "none", "{}", "[]", "[1]", '{"object_list": {}}', "{'object_list': ['bus']}"),
            '__import__("os").system("echo")',
            '{"object_list": [' * 5000,
            '{"object_list": ["' + "a" * 100 + '"]}',
            '{"object_list": ["a"], "n": ' + "9" * 30_000 + "}",
        ],
    )
    def test_all_else_is_nothing(self, reply: str):
        """No other text names an object, and none is ever run."""
        assert parse_objects(reply) == ()

    def test_lists_are_short(self):
        """However long a list, only its first names count."""
        names = [f"thing {n}" for n in range(500)]
        assert parse_objects(json.dumps({"object_list": names})) == tuple(names[:64])

    def test_a_caption_is_put_in_as_it_is(self):
        """Braces in a caption are nothing special."""
        assert 'Sentence: "a {caption} {0}"' in fill_extraction("a {caption} {0}")


class TestNested:
    def test_the_larger_is_kept(self):
        """A place inside a larger one goes, or the larger goes; those apart stay."""
        big, small, other = place(0, 0, 40), place(5, 5), place(90, 90)
        assert drop_nested([small, big, other]) == [big, other]
        assert drop_nested([small, big, other], smaller=True) == [small, other]

    def test_as_published(self):
        """Positions in the ordered list are taken out of the list as it was."""
        big, small, other = place(0, 0, 40), place(5, 5), place(90, 90, 20)
        assert drop_nested_as_authors([small, big, other]) == [small, big]

    def test_as_published_a_union_reaches_far(self):
        """A union of two counts as twice as wide and as high."""
        union = (*place(0, 0), *place(10, 0))
        assert drop_nested_as_authors([union, place(2, 8)]) == [union]
        assert drop_nested([union, place(2, 8)]) == [union, place(2, 8)]


class TestRetrieve:
    def test_words(self):
        """A name counts as far as its words are in the question, plurals and stems included."""
        names = ["mug", "traffic light", "hat", "buses", "motorcyclist"]
        scores = compare_words("What is on the mugs by the light, the bus, the motorcycle?", names)
        assert scores[:4] == [1, 0.5, 0, 1]
        assert 0.5 < scores[4] < 1

    def test_the_best(self):
        """The highest first, none below the least, no more than wanted."""
        assert best_indices([0.2, 0.9, 0.3, 0.5], 0.3, 2) == [1, 3]
        assert best_indices([0.2], 0.3, 2) == []

    def test_a_model_compares(self):
        """The name that the question holds is likeliest; question and names are a pass each."""
        ledger = Ledger()
        model = BudgetedModel(ToyModel(), ledger).at("retrieval")
        scores = compare_features("mug", ["drum", "mug", "key"], model)
        assert scores.index(max(scores)) == 1
        assert ledger.by_stage() == {"retrieval": 4}


class TestShelf:
    def test_what_is_saved_is_found(self, tmp_path):
        """By the image and by how it was described, and by nothing else."""
        memory = VisualMemory({"mug": [place(3, 4), (*place(0, 0), *place(20, 0))]})
        shelf = MemoryFolder(str(tmp_path / "new"), {"leaf": 72})
        shelf.save(IMAGE, memory)
        assert shelf.load(IMAGE) == memory
        assert MemoryFolder(shelf.folder, {"leaf": 73}).load(IMAGE) is None
        assert shelf.load(Image.open(np.zeros((5, 5, 3), np.uint8))) is None
        assert len(list((tmp_path / "new").iterdir())) == 1

    @pytest.mark.parametrize(
        "text",
        [
            *("", "[]", "{", '{"objects": 3}', '{"objects": {"a": [[[1, 2, 0, 5]]]}}'),
            '{"objects": {"a": [[[0, 0, 999, 999]]]}}',
            '{"objects": {"a": [[]]}}',
        ],
    )
    def test_a_spoilt_file_is_a_sentence(self, tmp_path, text: str):
        """It is named, with what to do."""
        shelf = MemoryFolder(str(tmp_path), {})
        shelf.file(IMAGE).write_text(text, "utf-8")
        with pytest.raises(VisualcropError, match=r"is no visual memory; delete it"):
            shelf.load(IMAGE)

    def test_a_folder_that_is_none(self, tmp_path):
        """What cannot be written is a sentence."""
        (tmp_path / "file").write_text("", "utf-8")
        with pytest.raises(VisualcropError, match="cannot be written: "):
            MemoryFolder(str(tmp_path / "file" / "in"), {}).save(IMAGE, VisualMemory())
        with pytest.raises(VisualcropError, match="is in nobody's home"):
            MemoryFolder("~nobody-is-called-so/x", {}).load(IMAGE)
