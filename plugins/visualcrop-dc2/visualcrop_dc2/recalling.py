"""From the question to the objects it is about, and to what their places have to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import attrs

from visualcrop import Question

from .asking import Asker
from .concluding import Note
from .conquering import Described
from .dividing import Patch
from .memory import Memory, Places
from .nesting import apart, as_the_authors
from .retrieving import best, by_words

Compare: TypeAlias = Callable[[str, Sequence[str]], Sequence[float]]


@attrs.frozen
class Recall:
    """How much of a memory comes to mind."""

    alpha: float
    k: int
    smaller: bool
    authors: bool

    def notes(
        self, question: Question, memory: Memory, compare: Compare, asker: Asker
    ) -> Iterator[Note]:
        """Ask each place of each object that comes to mind, one pass each."""
        names = list(memory.objects)
        scores = compare(question.text, names) if names else ()
        for index in best(scores, self.alpha, self.k):
            for places in self._apart(memory.objects[names[index]]):
                view = Patch.at(question.image, places).view
                text = asker.information(view, question, authors=self.authors)
                yield Note(names[index], places, scores[index], text)

    def overheard(self, question: Question, leaves: Sequence[Described]) -> list[Note]:
        """For want of passes: the captions of patches with an object that comes to mind."""
        named = [(name, leaf) for leaf in leaves for name in leaf.objects]
        scores = by_words(question.text, [name for name, _ in named])
        chosen = [(*named[index], scores[index]) for index in best(scores, self.alpha, self.k)]
        return [Note(name, leaf.patch.places, score, leaf.caption) for name, leaf, score in chosen]

    def _apart(self, found: Sequence[Places]) -> Sequence[Places]:
        return as_the_authors(found) if self.authors else apart(found, smaller=self.smaller)
