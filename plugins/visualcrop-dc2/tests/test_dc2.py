"""DC2 keeps the contract of every searcher, and its bill is what its page says."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import pytest

from visualcrop import (
    Budget,
    BudgetedModel,
    Image,
    Ledger,
    Model,
    ModelFamily,
    Prompt,
    Question,
    RepetitionStop,
    Reply,
    VisualSearch,
)
from visualcrop.errors import SpecError
from visualcrop.plugin import ANSWER
from visualcrop.testing import Bench, Scene, SearcherSuite, ToyModel
from visualcrop_dc2 import Dc2
from visualcrop_dc2.describe import CaptionTree
from visualcrop_dc2.partition import Patch
from visualcrop_dc2.prompts import PatchDescriber

SMALL = Scene.draw(43, width=600, height=400)  # divided twice: 21 patches
ASKED = f"What colour is the {SMALL.things[0].kind}?"


class TestDc2(SearcherSuite):
    """Nothing to add: the suite is the test."""

    strategy = Dc2


@attrs.define
class Babbling(ToyModel):
    """Says the same to everything, and keeps what it was asked."""

    text: str = "{'object_list': ["
    asked: list[Prompt] = attrs.field(factory=list)

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        self.passes += len(prompts)
        self.asked += prompts
        return [Reply(self.text) for _ in prompts]


@attrs.define
class Reading(ToyModel):
    """A leaf is called by its place, a larger patch by all that it is told, and so are objects."""

    batches: list[int] = attrs.field(factory=list)

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        self.passes += len(prompts)
        self.batches.append(len(prompts))
        return [Reply(self._read(prompt)) for prompt in prompts]

    def _read(self, prompt: Prompt) -> str:
        names = re.findall(r"\d+-\d+", prompt.text)
        if not prompt.views:  # the objects of a caption
            return json.dumps({"object_list": names})
        box = prompt.views[0].box
        return " ".join(names) or f"{box.left:g}-{box.top:g}"


@attrs.frozen
class Second(ModelFamily):
    """A toy that counts itself under another name."""

    name = "second"

    def open(self) -> Model:
        return ToyModel(id="second")


def search(searcher: Dc2, toy: ToyModel, passes: int | None = None):
    """The answer about the small scene, and the ledger."""
    ledger = Ledger(Budget(passes))
    question = Question(ASKED, SMALL.image)
    return searcher.search(question, BudgetedModel(toy, ledger)), ledger


class TestBill:
    def test_each_stage_is_counted(self):
        """Every patch has a caption and a list of objects; each place and the answer cost one."""
        answer, ledger = search(Dc2(theta=0), ToyModel())
        bill = ledger.by_stage()
        assert bill["captions"] == bill["objects"] == 21
        assert bill["queries"] == len(answer.evidence[0].findings)
        assert set(bill) == {"captions", "objects", "queries", "answer"}
        assert answer.counts == {"patches": 21}
        assert answer.text == SMALL.things[0].colour
        assert answer.findings

    def test_comparing_quarters_costs_four_passes(self):
        """Where quarters are merged, those of each inner patch are read first."""
        _, ledger = search(Dc2(theta=1e-6), ToyModel())
        assert ledger.by_stage()["merge"] == 4 * (1 + 4)

    def test_merging_saves_patches(self):
        """With a distance that all are within, one patch stands for four at every level."""
        _, ledger = search(Dc2(theta=2), ToyModel())
        assert ledger.by_stage() == {"merge": 8, "captions": 3, "objects": 3, "answer": 1}

    def test_second_models_are_on_the_ledger(self):
        """Objects and similarity may be other models' work, which is charged to them."""
        _, ledger = search(Dc2(theta=0, llm=Second(), retriever=Second()), ToyModel())
        charged = {(charge.stage, charge.model) for charge in ledger.charges}
        assert {("objects", "second"), ("retrieval", "second"), ("captions", "toy")} <= charged

    def test_a_budget_makes_the_tree_shallower(self):
        """Divided only as often as the budget allows, it ends with an answer that says so."""
        answer, ledger = search(Dc2(theta=0), ToyModel(), 20)
        assert ledger.by_stage()["captions"] == 5
        assert answer.exhausted

    def test_a_tree_cut_short_answers_from_captions(self):
        """Without fitting, captions with the object in them stand in for what was not asked."""
        answer, ledger = search(Dc2(theta=0, fit=False), ToyModel(), 41)
        assert answer.exhausted
        assert ledger.passes == 42
        assert {f.target.text for f in answer.findings} == {SMALL.things[0].kind}


class TestBatches:
    def test_a_level_is_decoded_together(self):
        """Its captions in one call and its lists in the next; then what is above it."""
        toy = Reading()
        search(Dc2(theta=0, k=1), toy)
        assert toy.batches[:6] == [16, 16, 4, 4, 1, 1]

    def test_the_memory_is_in_the_order_of_the_tree(self):
        """Things of one quarter come before those of the next, however they were decoded."""
        image, model = SMALL.image, BudgetedModel(Reading(), Ledger())
        describer = PatchDescriber(model, model, 32, 6000, None, None)
        tree = CaptionTree(describer, 72, 0, 0, authors=False)
        tree.build(image, 2)
        halves = Patch.at(image, (image.box,)).quarters()
        leaves = [quarter.places[0] for half in halves for quarter in half.quarters()]
        assert list(tree.memory.objects) == [f"{b.left:g}-{b.top:g}" for b in leaves]
        assert [leaf.patch.places for leaf in tree.leaves] == [(box,) for box in leaves]

    @pytest.mark.parametrize(("passes", "patches"), [(10, 5), (11, 6), (32, 16), (33, 17)])
    def test_a_budget_is_spent_on_patches_with_lists(self, passes: int, patches: int):
        """It captions no more of a level than it can also list the objects of, but for one."""
        answer, ledger = search(Dc2(theta=0, fit=False), Reading(), passes)
        assert answer.exhausted
        assert answer.counts == {"patches": patches}
        assert ledger.by_stage()["captions"] == patches
        assert ledger.by_stage()["objects"] == passes - patches

    def test_tells_how_much_is_to_come(self):
        """Whoever shows progress knows how many patches there are."""
        _, ledger = search(Dc2(theta=0), ToyModel())
        assert ledger.expected == {"captions": 21, "objects": 21, "queries": 1, ANSWER: 1}


class TestRepeating:
    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            ({}, RepetitionStop(32)),
            ({"max_repeated_tokens": 8}, RepetitionStop(8)),
            ({"max_repeated_tokens": 0}, None),
            ({"authors": True}, None),
        ],
    )
    def test_replies_are_stopped_by_a_rule(
        self, options: dict[str, Any], rule: RepetitionStop | None
    ):
        """Captions, lists and information are; as in the authors' code, nothing is."""
        toy = Babbling(text='{"object_list": ["mug"]}')
        search(Dc2(theta=0, alpha=-1, **options), toy)
        *before, answer = toy.asked
        assert {prompt.stop for prompt in before} == {rule}
        assert answer.stop is None


class TestOddInput:
    @pytest.mark.parametrize(
        "text", ["", "{'object_list': [", "[" * 9000, '{"object_list": 3}', "1" * 9000, "[1]"]
    )
    def test_a_model_without_json_is_asked_directly(self, text: str):
        """What cannot be read names nothing, and the whole image is asked."""
        toy = Babbling(text=text)
        search(Dc2(theta=0), toy)
        assert toy.asked[-1].text == ASKED

    @pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1)])
    def test_a_line_is_not_divided(self, shape: tuple[int, int]):
        """An image too small to divide costs the answer alone."""
        image = Image.open(np.full((*shape, 3), 90, np.uint8))
        answer = VisualSearch(ToyModel(), Dc2()).ask(image, "A mug?")
        assert answer.passes == {"answer": 1}

    def test_black_patches_are_not_described(self):
        """A black image needs no word about any of its patches."""
        image = Image.open(np.zeros((600, 600, 3), np.uint8))
        answer = VisualSearch(ToyModel(), Dc2(theta=0)).ask(image, "A mug?")
        assert answer.passes == {"answer": 1}

    def test_a_layer_there_is_not(self):
        """A wrong option is a sentence."""
        with pytest.raises(SpecError, match="do not fit a model of 4 layers"):
            search(Dc2(layer=99), ToyModel())


class TestAnswer:
    def test_information_comes_before_the_question(self):
        """The answer's prompt holds the replies about the places, then the question as it was."""
        bench = Bench.set_up(1)
        answer = Dc2(theta=0).search(bench.asked.question, bench.model)
        assert answer.choice is not None
        assert bench.asked.question.choices[answer.choice] == bench.asked.answer
        assert answer.shown == (bench.whole,)

    def test_a_kept_memory_is_not_made_again(self, tmp_path):
        """The second question about an image costs its queries and the answer."""
        searcher = Dc2(theta=0, memory=str(tmp_path))
        first, _ = search(searcher, ToyModel())
        second, ledger = search(searcher, ToyModel())
        assert set(ledger.by_stage()) == {"queries", "answer"}
        assert attrs.evolve(second, counts=first.counts) == first

    def test_a_memory_cut_short_is_not_kept(self, tmp_path):
        """What a budget left unfinished is not taken for the whole later."""
        search(Dc2(theta=0, memory=str(tmp_path)), ToyModel(), 20)
        assert not list(tmp_path.iterdir())
