"""Whole searches with made-up confidences, whose course in the published code is known."""

from __future__ import annotations

from collections import Counter
from typing import Any

import attrs
import pytest

from visualcrop import Target
from visualcrop_zoomeye.constants import FAMILIES
from visualcrop_zoomeye.question_search import QuestionSearch, SearchOptions
from visualcrop_zoomeye.search import BestFirstSearch, ExhaustiveSearch
from visualcrop_zoomeye.tree import Node

SIZE = (2246, 1582)
HUGE = (7680, 5760)
ROOT = (0, 0, *SIZE)
SALT = {"existence": 11, "latent": 222, "answering": 333}
B_POPS = (
    ROOT,
    (0, 791, 1123, 791),
    (1123, 791, 1123, 791),
    (1684, 791, 562, 395),
    (1684, 791, 281, 197),
    (1965, 791, 281, 197),
    (1123, 1186, 561, 396),
    (1123, 1384, 280, 198),
    (1403, 1384, 281, 198),
    (0, 791, 561, 395),
    (0, 988, 280, 198),
)
E_POPS = (ROOT, *((0, 791, w, h) for w, h in ((1123, 791), (561, 395))))
E_POPS = (*E_POPS, (561, 791, 562, 395), (0, 988, 280, 198))


@attrs.define
class Oracle:
    """Confidences that hang on a node's numbers; or, for the answer, on nothing."""

    scale: float = 1.0
    answers: float | None = None
    asked: Counter[str] = attrs.field(factory=Counter)

    def score_answering(self, node: Node) -> float:
        told = self._told("answering", node)
        return told * self.scale if self.answers is None else self.answers

    def score_existence(self, node: Node) -> float:
        return self._told("existence", node)

    def score_children(self, nodes, *, latent):
        return [(self._told("existence", n), latent and self._told("latent", n)) for n in nodes]

    def score_thumbnail(self) -> float:
        self.asked["answering"] += 1
        return self.answers or 0.0

    def _told(self, kind: str, node: Node) -> float:
        self.asked[kind] += 1
        x, y, w, h = node.xywh
        return (7 * x + 13 * y + 3 * w + 5 * h + SALT[kind]) % 1000 / 500 - 1


def root(size: tuple[int, int] = SIZE, stop: int = 336) -> Node:
    return Node.root(size, stop)


def searched(oracle, stop, bias, *, family="llava", depth=5, size=SIZE, authors=True, **flags):
    """A search that has come to its end."""
    levels = min(root(size, stop).levels, depth)
    search = BestFirstSearch(
        oracle, FAMILIES[family].schedule, levels, bias, authors=authors, **flags
    )
    search.run(root(size, stop))
    return search


def boxes(nodes) -> list[tuple[int, ...]]:
    return [node.xywh for node in nodes]


A: dict[str, Any] = {"stop": 336, "bias": 0.2}
C = {**A, "to_bottom": True, "skip_root": True}
E = {"stop": 384, "bias": 0.6, "to_bottom": True}
F = {"stop": 384, "bias": 0.6, "size": HUGE}
CASES: dict[
    str, Any
] = {  # scale, settings; pops, answering, pushed, passes, zooms, candidates, which is chosen
    "A": (1, A, (1, 1, 0, 1, (0, 0)), [ROOT], 0),
    "B": (0.5, A, (11, 11, 24, 59, (5, 2)), [ROOT], 0),
    "C": (1, C, (5, 4, 16, 36, (3, 0)), [(0, 791, 1123, 791), (1123, 791, 1123, 791)], 0),
    "D": (0.5, C, (11, 10, 24, 58, (5, 2)), [(1403, 1384, 281, 198)], 0),
    "E": (1, E, (5, 5, 16, 37, (3, 0)), [ROOT, (0, 791, 1123, 791)], 1),
    "F": (0.55, F, (15, 15, 40, 95, (10, 4)), [(480, 1080, 480, 360)], 0),
}


class TestTypeOne:
    @pytest.mark.parametrize("case", CASES)
    def test_takes_the_known_course(self, case):
        """As many nodes and passes, the same candidates, and the same choice among them."""
        scale, settings, figures, candidates, best = CASES[case]
        oracle = Oracle(scale)
        search = searched(oracle, **settings)
        pushed = oracle.asked["existence"]
        told = len(search.popped), oracle.asked["answering"], pushed, oracle.asked.total()
        assert (*told, search.zooms) == figures
        assert boxes(search.accepted) == candidates
        assert search.chosen.xywh == candidates[best]

    @pytest.mark.parametrize(
        ("scale", "settings", "pops"), [(0.5, A, B_POPS), (0.5, C, B_POPS), (1, E, E_POPS)]
    )
    def test_pops_in_the_known_order(self, scale, settings, pops):
        """Node by node."""
        assert boxes(searched(Oracle(scale), **settings).popped) == list(pops)

    @pytest.mark.parametrize(
        ("family", "pops"),
        [
            ("llava", (5, 14, 17, 20, 23)),
            ("internvl", (5, 12, 15, 18, 21)),
            ("qwen2-5-vl", (5, 16, 19, 22, 25)),
        ],
    )
    def test_gives_up_when_known(self, family, pops):
        """With nothing ever enough, after as many nodes as the schedule allows in each depth."""
        for depth, most in enumerate(pops, 1):
            size = SIZE if depth <= 3 else HUGE
            oracle = Oracle(answers=-1.0)
            search = searched(oracle, **A, family=family, depth=depth, size=size)
            assert len(search.popped) == most
            assert search.chosen is None

    @pytest.mark.parametrize(
        ("settings", "pops", "asked", "pushed", "chosen"),
        [
            (A, 1, 1, 0, ROOT),
            (C, 5, 4, 16, (1684, 791, 281, 197)),
            (E, 5, 5, 16, (0, 988, 280, 198)),
        ],
    )
    def test_stops_at_once_where_all_is_enough(self, settings, pops, asked, pushed, chosen):
        """At the root; where others are wanted too, at the first node that is not cut."""
        oracle = Oracle(answers=1.0)
        search = searched(oracle, **settings)
        told = len(search.popped), oracle.asked["answering"], oracle.asked["existence"]
        assert told == (pops, asked, pushed)
        assert search.chosen.xywh == chosen

    @pytest.mark.parametrize("case", CASES)
    def test_mended_finds_the_same_for_less(self, case):
        """Without the authors' quirks the same node is chosen here, and no more is asked."""
        scale, settings, figures, candidates, best = CASES[case]
        oracle = Oracle(scale)
        search = searched(oracle, **settings, authors=False)
        assert search.chosen.xywh == candidates[best]
        assert oracle.asked.total() <= figures[3]


class TestTypeTwo:
    @pytest.mark.parametrize(
        ("size", "found"),
        [
            (
                SIZE,
                [
                    *((0, 395, 561, 396), (0, 791, 561, 395), (561, 791, 562, 395)),
                    *((1123, 791, 561, 395), (1123, 1186, 561, 396), (1684, 1186, 562, 396)),
                ],
            ),
            ((4000, 1000), []),
            ((700, 500), [(525, 0, 175, 125), (350, 250, 175, 125)]),
        ],
    )
    def test_accepts_the_known(self, size, found):
        """In 21 questions; of a small image, too, as far as it is cut."""
        oracle = Oracle()
        sweep = ExhaustiveSearch(oracle, 2, 0.6)
        sweep.run(root(size))
        assert oracle.asked == {"existence": 21}
        assert boxes(sweep.accepted) == found


WHOLE_QUESTIONS = [
    ("llava", ["comb"], (32, 32, 17), (0, 0, 1)),
    ("llava", ["red car", "blue car"], (64, 64, 32), (32, 32, 8)),
    ("llava", ["all cars"], (21, 0, 0), (21, 0, 0)),
    ("llava", ["dog", "all cars"], (53, 32, 16), (37, 16, 4)),
    ("llava-onevision", ["red car", "blue car"], (64, 64, 36), (0, 0, 2)),
    ("llava-onevision", ["dog", "all cars"], (53, 32, 18), (0, 0, 1)),
]


class TestWholeQuestions:
    @pytest.mark.parametrize(("family", "names", "unsure", "sure"), WHOLE_QUESTIONS)
    def test_ask_as_often(self, family, names, unsure, sure):
        """Existence, latent and answering questions, where nothing is enough and where all is."""
        targets = [Target(n.removeprefix("all "), every=n.startswith("all ")) for n in names]
        for answers, wanted in ((-1.0, unsure), (0.7, sure)):
            oracle = Oracle(answers=answers)
            stop = 336 if family == "llava" else 384
            rules = SearchOptions(FAMILIES[family], authors=True)
            scorer_for = lambda cue, question: oracle  # noqa: B023, E731
            search = QuestionSearch(rules, root(stop=stop), "What?", scorer_for, print)
            search.run(targets)
            assert tuple(oracle.asked[kind] for kind in SALT) == wanted
