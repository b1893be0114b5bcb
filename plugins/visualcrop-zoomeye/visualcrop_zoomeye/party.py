"""All the searches that one question leads to, in the order of its targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import attrs

from visualcrop import Evidence, Finding, Target

from .family import Constants
from .hunting import Hunt
from .prompts import APPEARANCE, singular
from .search import Eyes, Search, Sweep
from .tree import Node


class Glancing(Eyes, Protocol):
    """Eyes that see the whole image at once, too."""

    def glance(self) -> float:
        """That the model can answer from that."""


EyesFor: TypeAlias = Callable[[str, str], Glancing]  # of what is looked for, and of a question


@attrs.frozen
class Rules:
    """How a question is searched."""

    constants: Constants
    depth: int = 5
    depth_type2: int = 2
    t_type2: float = 0.6
    authors: bool = False


@attrs.define(eq=False)
class Party:
    """The searches for all targets of one question. What is known outlives a stop."""

    rules: Rules
    root: Node
    question: str
    eyes: EyesFor
    hunts: list[Hunt] = attrs.field(factory=list, init=False)
    glanced: list[Finding] = attrs.field(factory=list, init=False)

    def run(self, targets: Sequence[Target]) -> None:
        """Search for one after the other, unless a glance at the image is enough."""
        if len(targets) > 1 and self.rules.constants.views != "crop" and self._plain(targets):
            return
        single = len(targets) == 1 and not targets[0].every
        for target in targets:
            self.hunts.append(self._hunt(target, single=single))
            self.hunts[-1].run(self.root)

    @property
    def refused(self) -> bool:
        """Whether a search would have needed more passes than it got."""
        return any(hunt.by.refused for hunt in self.hunts)

    @property
    def pops(self) -> int:
        return sum(hunt.pops for hunt in self.hunts)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, target by target."""
        return tuple(finding for hunt in self.hunts for finding in hunt.findings(hunt.found))

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What was seen, target by target; where a glance was enough, that."""
        if not self.hunts:
            return tuple(Evidence(finding.target, (finding,)) for finding in self.glanced)
        return tuple(hunt.evidence for hunt in self.hunts)

    @property
    def shown(self) -> tuple[Node, ...]:
        """
        What to answer from.

        Where the whole image is always shown beside the crop, finding one target in the whole
        image is no reason to leave out the others; the authors' code drops every crop then.
        """
        nodes = [node for hunt in self.hunts for node in hunt.found]
        inner = tuple(node for node in nodes if node.depth)
        drops = self.rules.authors or self.rules.constants.views == "crop"
        return tuple(nodes) if drops or not inner else inner

    def _plain(self, targets: Sequence[Target]) -> bool:
        """Whether one target is plain to see; the authors' code asks about all of them."""
        for target in targets:
            if target.every:
                continue
            sure = self.eyes(target.text, APPEARANCE.replace("{}", target.text)).glance()
            self.glanced.append(Finding(target, self.root.box, 0.0, sure))
            if sure >= self._upper and not self.rules.authors:
                break
        return any((finding.confidence or 0) >= self._upper for finding in self.glanced)

    @property
    def _upper(self) -> float:
        return self.rules.constants.schedule.upper

    def _hunt(self, target: Target, *, single: bool) -> Hunt:
        rules, constants = self.rules, self.rules.constants
        if target.every:
            eyes = self.eyes(singular(target.text, authors=rules.authors), self.question)
            return Hunt(target, Sweep(eyes, rules.depth_type2, rules.t_type2))
        question = self.question if single else APPEARANCE.replace("{}", target.text)
        search = Search(
            self.eyes(target.text, question),
            constants.schedule,
            min(self.root.levels, rules.depth),
            constants.bias,
            to_bottom=not single,
            skip_root=not single and constants.views == "crop",
            authors=rules.authors,
        )
        return Hunt(target, search)
