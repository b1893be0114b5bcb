"""The searches that one question leads to: one for each of its targets, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeAlias

import attrs

from visualcrop import Evidence, Finding, Target

from .constants import FamilyConstants
from .prompts import APPEARANCE
from .search import BestFirstSearch, ExhaustiveSearch, NodeScorer
from .tree import Node


class ImageScorer(NodeScorer, Protocol):
    """A scorer of nodes that can score the whole image at once, too."""

    def score_thumbnail(self) -> float:
        """That the model can answer from the whole image at the size of one view."""


ScorerFactory: TypeAlias = Callable[[str, str], ImageScorer]  # of a target's name, and a question


@attrs.frozen
class SearchOptions:
    """How a question is searched."""

    constants: FamilyConstants
    depth: int = 5  # levels of the tree
    depth_type2: int = 2  # the same, where all things of a kind are wanted
    t_type2: float = 0.6  # confidence above which one of these counts
    authors: bool = False  # with the quirks of the authors' code


@attrs.frozen(eq=False)
class TargetSearch:
    """The search for one target: one thing (type 1), or all things of a kind (type 2)."""

    target: Target
    search: BestFirstSearch | ExhaustiveSearch

    def run(self, root: Node, show: Callable[[Evidence], None]) -> None:
        """Search below *root*, and *show* the evidence after each node."""
        self.search.run(root, lambda: show(self.evidence))

    @property
    def found(self) -> list[Node]:
        """One node at most; of a target of type 2, any number."""
        if isinstance(self.search, ExhaustiveSearch):
            return self.search.accepted
        return [self.search.chosen] if self.search.chosen else []

    @property
    def pops(self) -> int:
        """Nodes taken off the queue; type 2 has none."""
        return len(self.search.popped) if isinstance(self.search, BestFirstSearch) else 0

    @property
    def evidence(self) -> Evidence:
        """Every node that was scored, in that order."""
        search = self.search
        seen = search.popped if isinstance(search, BestFirstSearch) else [*search.confidences]
        return Evidence(self.target, tuple(self.findings(seen)))

    def findings(self, nodes: Iterable[Node]) -> Iterator[Finding]:
        """The nodes with the model's priority and confidence."""
        confidences = self.search.confidences
        for node in nodes:
            if isinstance(self.search, ExhaustiveSearch):
                yield Finding(self.target, node.box, 0.0, confidences[node])
            else:
                priority = self.search.priorities.get(node, 0.0)
                yield Finding(self.target, node.box, priority, confidences.get(node))


@attrs.define(eq=False)
class QuestionSearch:
    """The searches for all targets of one question; their results outlive a budget's end."""

    options: SearchOptions
    root: Node
    question: str
    scorer_for: ScorerFactory
    show: Callable[[Evidence], None]  # takes the evidence of a target, whenever there is more
    searches: list[TargetSearch] = attrs.field(factory=list, init=False)
    thumbnail_findings: list[Finding] = attrs.field(factory=list, init=False)

    def run(self, targets: Sequence[Target]) -> None:
        """Search for one after the other, unless a thumbnail of the image is enough."""
        several, crops_only = len(targets) > 1, self.options.constants.views == "crop"
        if several and not crops_only and self._is_answered_by_thumbnail(targets):
            return
        single = len(targets) == 1 and not targets[0].every
        for target in targets:
            self.searches.append(self._make_search(target, single=single))
            self.searches[-1].run(self.root, self.show)

    @property
    def out_of_budget(self) -> bool:
        """Whether a search would have needed more passes than it got."""
        return any(each.search.out_of_budget for each in self.searches)

    @property
    def pops(self) -> int:
        """Nodes taken off the queues of all searches."""
        return sum(each.pops for each in self.searches)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, target by target."""
        return tuple(found for each in self.searches for found in each.findings(each.found))

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What was scored, target by target; where a thumbnail was enough, the scores of that."""
        if not self.searches:
            return tuple(Evidence(f.target, (f,)) for f in self.thumbnail_findings)
        return tuple(each.evidence for each in self.searches)

    @property
    def shown(self) -> tuple[Node, ...]:
        """
        What to answer from.

        Where the whole image is always shown beside the crop, finding one target in the whole
        image is no reason to leave out the others; the authors' code drops every crop then.
        """
        nodes = [node for each in self.searches for node in each.found]
        below_root = tuple(node for node in nodes if node.depth)
        drops = self.options.authors or self.options.constants.views == "crop"
        return tuple(nodes) if drops or not below_root else below_root

    def _is_answered_by_thumbnail(self, targets: Sequence[Target]) -> bool:
        """Whether one target is plain to see; the authors' code asks about all of them."""
        upper = self.options.constants.schedule.upper
        for target in targets:
            if target.every:
                continue
            scorer = self.scorer_for(target.text, APPEARANCE.replace("{}", target.text))
            confidence = scorer.score_thumbnail()
            found = Finding(target, self.root.box, 0.0, confidence)
            self.thumbnail_findings.append(found)
            self.show(Evidence(target, (found,)))
            if confidence >= upper and not self.options.authors:
                break
        return any((found.confidence or 0) >= upper for found in self.thumbnail_findings)

    def _make_search(self, target: Target, *, single: bool) -> TargetSearch:
        """An exhaustive search if all things of a kind are wanted, else the best node first."""
        options, constants = self.options, self.options.constants
        if target.every:
            # the authors only cut off an s, so that buses become a buse
            name = target.text.removesuffix("s") if options.authors else target.singular
            scorer = self.scorer_for(name, self.question)
            search = ExhaustiveSearch(scorer, options.depth_type2, options.t_type2)
            return TargetSearch(target, search)
        question = self.question if single else APPEARANCE.replace("{}", target.text)
        best_first = BestFirstSearch(
            self.scorer_for(target.text, question),
            constants.schedule,
            min(self.root.levels, options.depth),
            constants.bias,
            to_bottom=not single,
            skip_root=not single and constants.views == "crop",
            authors=options.authors,
        )
        return TargetSearch(target, best_first)
