"""ZoomEye's tree, rectangles and searches answer as the published code did."""

from __future__ import annotations

import attrs
import pytest

from tests.support.cases import cases
from visualcrop import Box
from visualcrop_zoomeye.constants import Schedule
from visualcrop_zoomeye.search import BestFirstSearch, ExhaustiveSearch
from visualcrop_zoomeye.tree import Node
from visualcrop_zoomeye.views import context_box, merge_near_boxes


@attrs.define
class Table:
    """Answers from the record, and keeps the order in which it was asked."""

    recorded: dict[tuple[str, tuple[int, ...]], float]
    calls: list[tuple[str, tuple[int, ...]]] = attrs.field(factory=list)

    @classmethod
    def of(cls, case) -> Table:
        return cls({(kind, tuple(xywh)): value for kind, xywh, value in case["calls"]})

    def score_answering(self, node: Node) -> float:
        return self._told("answering", node)

    def score_existence(self, node: Node) -> float:
        return self._told("existence", node)

    def score_children(self, nodes, *, latent):
        return [
            (self._told("existence", n), self._told("latent", n) if latent else 0.0) for n in nodes
        ]

    def _told(self, kind: str, node: Node) -> float:
        self.calls.append((kind, node.xywh))
        return self.recorded[kind, node.xywh]


def root(case) -> Node:
    """The whole image of a case."""
    return Node.root(case["image_size"], case["stop_size"])


def nodes(node: Node, path: tuple[int, ...] = ()):
    """Every node with its path, parents first."""
    yield [list(path), list(node.xywh)]
    for index, child in enumerate(node.children):
        yield from nodes(child, (*path, index))


def asked(case) -> list[tuple[str, tuple[int, ...]]]:
    """The recorded order of questions."""
    return [(kind, tuple(xywh)) for kind, xywh, _ in case["calls"]]


def search_of(case, table: Table) -> BestFirstSearch:
    """The type-1 search that a case records."""
    steps = case["thresholds"]
    levels = min(root(case).levels, case["depth_limit"])
    schedule = Schedule(
        steps["upper"],
        steps["lower"],
        tuple(steps["decrease"]),
        steps["pop_limit_per_depth"],
        steps["pop_interval"],
    )
    several = not case["single_target"]
    skip_root = several and not case["global_local"]
    return BestFirstSearch(table, schedule, levels, case["bias"], several, skip_root, authors=True)


class TestTree:
    @pytest.mark.parametrize("case", cases("zoomeye_tree"))
    def test_has_the_same_nodes(self, case):
        """In the same places, to the same depth."""
        assert list(nodes(root(case))) == case["nodes"]
        assert root(case).levels == case["max_depth"]


class TestRectangles:
    @pytest.mark.parametrize("case", cases("zoomeye_view"))
    def test_cut_out_the_same(self, case):
        """For each node, at each edge."""
        scale = case["scale"] or 1.0
        box = context_box(case["box_xywh"], case["image_size"], case["view_size"], scale)
        assert [box.left, box.top, box.right, box.bottom] == case["view"]

    @pytest.mark.parametrize("case", cases("zoomeye_merge"))
    def test_are_joined_alike(self, case):
        """The same boxes in the same order."""
        found = merge_near_boxes([Box(*box) for box in case["boxes"]], case["margin"])
        assert [[b.left, b.top, b.right, b.bottom] for b in found] == case["merged"]


class TestTypeOne:
    @pytest.mark.parametrize("case", cases("zoomeye_search", kind="type1"))
    def test_asks_and_chooses_alike(self, case):
        """Every question in its order, the same nodes popped, the same one chosen."""
        table = Table.of(case)
        search = search_of(case, table)
        search.run(root(case))
        chosen = search.chosen
        assert table.calls == asked(case)
        assert (list(chosen.xywh) if chosen else None) == case["chosen"]
        assert len(search.popped) == case["pops"]
        assert search.zooms == (case["zoom_in"], case["zoom_out"])


class TestTypeTwo:
    @pytest.mark.parametrize("case", cases("zoomeye_search", kind="type2"))
    def test_asks_and_accepts_alike(self, case):
        """Every question in its order, the same nodes accepted in theirs."""
        table = Table.of(case)
        sweep = ExhaustiveSearch(table, case["depth_limit"], case["existence_threshold"])
        sweep.run(root(case))
        assert table.calls == asked(case)
        assert [list(node.xywh) for node in sweep.accepted] == case["found"]
