"""Whole searches on the toy model: what they record, and how they end."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from visualcrop import Image, Question, View
from visualcrop.plugin import Registry, Searcher
from visualcrop.testing import Bench, Scene
from visualcrop_zoomeye import ZoomEye
from visualcrop_zoomeye.constants import FAMILIES

METHODS = (
    "zoomeye",
    "zoomeye(authors=true)",
    "zoomeye(family=llava-onevision)",
    "zoomeye(family=internvl, authors=true)",
    "zoomeye(family=qwen2-5-vl, side=144)",
    "zoomeye(splits=9, depth=2)",
    "zoomeye(splits=16, views=pair, depth_type2=1)",
)
PRESETS = (
    "zoomeye(depth=1, splits=2)",
    "zoomeye(depth=1)",
    "zoomeye(depth=2)",
    "zoomeye(depth=5)",
)
UNICORN = 'zoomeye(targets=given(names=["unicorn"]))'  # there is none


def in_vain(bench: Bench) -> Question:
    """About what is not there, nor known."""
    return Question("What colour is the unicorn?", bench.scene.image)


def built(spec: str) -> ZoomEye:
    made = Registry.load().build(Searcher, spec)
    assert isinstance(made, ZoomEye)
    return made


class TestCounting:
    @pytest.mark.parametrize("spec", METHODS)
    @pytest.mark.parametrize("about", range(3))
    def test_counts_agree_with_the_ledger(self, spec, about) -> None:
        """Popped nodes are the evidence, and each that was asked about is a pass."""
        bench = Bench.set_up(2)
        answer = built(spec).search(bench.scene.questions[about].question, bench.model)
        passes = bench.ledger.by_stage()
        assert bench.ledger.passes == bench.toy.passes
        assert answer.counts["zoomeye-paper"] == 3 * answer.counts["pops"]
        seen = [f for e in answer.evidence for f in e.findings]
        if about == 2:  # all of a kind: none is popped
            assert answer.counts["pops"] == 0
            assert passes["verification"] == len(seen) > 0
        elif "filter" not in passes or "verification" in passes:
            assert answer.counts["pops"] == len(seen)
            asked = [f for f in seen if f.confidence is not None]
            assert passes["verification"] == len(asked)

    @pytest.mark.parametrize("about", range(3))
    def test_mended_costs_no_more(self, about) -> None:
        """And finds as much."""
        for seed in range(6):
            bills = []
            for authors in (False, True):
                bench = Bench.set_up(seed)
                question = bench.scene.questions[about].question
                found = ZoomEye(authors=authors).search(question, bench.model).findings
                bills.append((bench.ledger.passes, bool(found)))
            assert bills[0][0] <= bills[1][0]
            assert bills[0][1] == bills[1][1]

    def test_asks_for_no_hope_where_it_weighs_nothing(self) -> None:
        """One level down, nodes are ranked by existence alone: half of the authors' passes."""
        ranked = []
        for authors in (False, True):
            bench = Bench.set_up()
            ZoomEye(depth=1, authors=authors).search(bench.asked.question, bench.model)
            ranked.append(bench.ledger.by_stage()["ranking"])
        assert ranked == [4, 8]


class TestSharing:
    def test_questions_about_a_node_show_the_same(self, monkeypatch) -> None:
        """Two of them in one call, the third when the node is popped."""
        bench = Bench.set_up()
        calls: list[list[tuple[View, ...]]] = []
        choose = type(bench.toy).choose

        def spied(toy, prompts, choices, **options):
            calls.append([prompt.views for prompt in prompts])
            return choose(toy, prompts, choices, **options)

        monkeypatch.setattr(type(bench.toy), "choose", spied)
        ZoomEye(family="llava-onevision").search(bench.asked.question, bench.model)
        (root,), ranking, *rest = calls
        assert len(root) == 1
        assert ranking[::2] == ranking[1::2]
        assert rest[0][0] in ranking


class TestEnding:
    @pytest.mark.parametrize("spec", METHODS)
    def test_keeps_any_budget(self, spec) -> None:
        """However small it is: an answer, within it."""
        for passes in (0, 1, 2, 4, 11, 20):
            bench = Bench.set_up(3, passes=passes)
            answer = built(spec).search(bench.scene.questions[1].question, bench.model)
            spent = bench.ledger.passes - bench.ledger.by_stage()["answer"]
            assert spent <= passes
            assert answer.text

    def test_makes_do_with_the_best_seen(self) -> None:
        """A node that is as good as any may be is shown when the budget ends; else the image."""
        bench = Bench.set_up(passes=2)
        sure = ZoomEye(upper=1.0, lower=-1.0).search(bench.asked.question, bench.model)
        assert sure.exhausted
        assert [f.box for f in sure.findings] == [bench.scene.image.box]
        bench = Bench.set_up(passes=2)
        unsure = ZoomEye().search(bench.asked.question, bench.model)
        assert unsure.exhausted
        assert unsure.findings == ()
        assert unsure.shown == (bench.whole,)

    def test_spends_what_does_not_open_a_node(self) -> None:
        """Where a node's children cannot be ranked any more, those in the queue are asked about."""
        bench = Bench.set_up(passes=1 + 8 + 3)  # the root, its children, three of those
        answer = built(UNICORN).search(in_vain(bench), bench.model)
        assert answer.exhausted
        assert bench.ledger.by_stage() == {"verification": 4, "ranking": 8, "answer": 1}

    @pytest.mark.parametrize("spec", METHODS)
    @pytest.mark.parametrize("size", [(1, 1), (1, 300), (400, 2)])
    def test_answers_about_any_shape(self, spec, size) -> None:
        """A dot and strips."""
        image = Image.open(np.zeros((*size[::-1], 3), np.uint8))
        bench = Bench.set_up()
        for words in ("What colour is the mug?", "How many mugs are there?"):
            assert built(spec).search(Question(words, image), bench.model).text

    @pytest.mark.parametrize("drops", [(), (0.01,), (2.0,)])
    def test_any_schedule_ends(self, drops) -> None:
        """Whether it falls not at all, slowly, or at once."""
        bench = Bench.set_up()
        method = attrs.evolve(built(UNICORN), drops=drops)
        assert method.search(in_vain(bench), bench.model).text

    def test_a_glance_may_be_enough(self) -> None:
        """Of two large things that are plain to see, neither is searched for."""
        scene = Scene.draw(0, width=400, height=400, side=120)
        question, bench = scene.questions[1].question, Bench.set_up()
        answer = ZoomEye(family="llava-onevision").search(question, bench.model)
        assert bench.ledger.by_stage() == {"targets": 1, "filter": 1, "answer": 1}
        assert answer.shown == (View.whole(scene.image),)
        (seen,) = answer.evidence
        assert (seen.findings[0].confidence or 0) > FAMILIES["llava-onevision"].schedule.upper


class TestOptions:
    @pytest.mark.parametrize("spec", PRESETS)
    def test_presets_of_the_paper(self, spec) -> None:
        """Depth 1 with two parts or four, depth 2, depth 5: the nodes of a search in vain."""
        most = {1: 1 + built(spec).splits, 2: 3 * 2 + 8, 5: 3 * 4 + 8}[built(spec).depth]
        bench = Bench.set_up()
        method = attrs.evolve(built(spec), targets=built(UNICORN).targets, authors=True)
        answer = method.search(in_vain(bench), bench.model)
        assert answer.counts == {"pops": most, "zoomeye-paper": 3 * most}

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ("depth=0", "at least 1"),
            ("splits=3", "splits"),
            ("bias=2", "from 0 to 1"),
            ("family=llama", "did you mean 'llava'"),
            ("side=0", "at least 8"),
        ],
    )
    def test_refuses_what_cannot_be(self, options, sentence) -> None:
        """In a sentence."""
        with pytest.raises(Exception, match=sentence):
            built(f"zoomeye({options})")

    def test_an_option_overrides_the_family(self) -> None:
        """One constant at a time."""
        constants = ZoomEye(family="internvl", upper=0.5, views="crop").constants
        assert constants.views == "crop"
        assert constants.schedule == attrs.evolve(FAMILIES["internvl"].schedule, upper=0.5)

    def test_blue_where_red_is_asked_about(self) -> None:
        """The authors meant to, and always draw in red."""
        bench = Bench.set_up()
        question = Question("What is in the red rectangle?", bench.scene.image)
        for authors, colour in ((False, "blue"), (True, "red")):
            method = ZoomEye(authors=authors)
            assert method._renderer(question, bench.model.info).colour == colour
