"""DC2: every patch put into words; then those that the question is about are asked about it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import attrs

from visualcrop import Answer, BudgetedModel, Image, ModelFamily, Question, Sampling, errors
from visualcrop.plugin import Searcher, Spec, at_least, between, option

from .asking import Asker
from .beside import beside
from .concluding import Inference, Note, Voice
from .conquering import Tree
from .memory import Memory, Shelf
from .recalling import Compare, Recall
from .retrieving import by_model, by_words


@attrs.frozen
class Dc2(Searcher):
    """Describe every patch, recall where a thing was seen, ask there. About 3 passes a patch."""

    name = "dc2"

    depth: int = option(5, help="most times that the image is quartered", validator=at_least(0))
    leaf: int | None = option(
        None,
        help="shortest side of a quarter, in pixels; none is half of what the encoder sees at once",
        validator=at_least(1),
    )
    theta: float = option(
        0.1,
        help="cosine distance up to which quarters are merged; 0 merges none",
        validator=at_least(0),
    )
    layer: int = option(0, help="decoder layer whose values are compared", validator=at_least(0))
    llm: ModelFamily | None = option(
        None, help="model that lists a caption's objects; none is the model itself"
    )
    retriever: ModelFamily | None = option(
        None, help="model that compares question and objects; none compares their words"
    )
    alpha: float = option(0.3, help="least likeness of an object to the question")
    k: int = option(2, help="most objects to ask about", validator=at_least(1))
    smaller: bool = option(False, help="of places in one another keep the smaller, not the larger")
    memory: str | None = option(None, help="folder in which what was seen of an image is kept")
    temperature: float = option(
        0.0,
        help="0 takes the likeliest word; the authors draw at 0.2",
        validator=at_least(0),
    )
    top_p: float = option(
        0.5,
        help="if words are drawn, from the likeliest up to this sum of probabilities",
        validator=between(0, 1),
    )
    seed: int = option(0, help="if words are drawn, another seed, other words")
    authors: bool = option(False, help="with what are mistakes in the published code")
    fit: bool = option(True, help="under a budget divide only as often as it allows")
    max_caption_tokens: int = option(
        1024, help="longest caption, list or piece of information", validator=at_least(1)
    )
    max_notes: int = option(
        6000, help="most letters of captions or information in one prompt", validator=at_least(1)
    )
    inference: Inference = option("generate", help="how the answer is read off the model")
    max_new_tokens: int = option(32, help="longest answer", validator=between(1, 65_536))

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        asker, tree = self._asker(model), self._tree(model)
        recall = Recall(self.alpha, self.k, self.smaller, self.authors)
        notes: list[Note] = []
        try:
            memory, exhausted = self._remembered(question.image, tree, model)
            notes.extend(recall.notes(question, memory, self._compare(model), asker))
        except errors.BudgetExceededError:
            exhausted = True
            notes = notes or recall.overheard(question, tree.leaves)
        voice = Voice(self.inference, self.max_new_tokens, self.max_notes)
        answer, counts = voice.conclude(question, notes, model), {"patches": tree.described}
        return attrs.evolve(answer, exhausted=exhausted, counts=counts)

    def _remembered(self, image: Image, tree: Tree, model: BudgetedModel) -> tuple[Memory, bool]:
        """What is known of *image*, and whether the budget kept it from being more."""
        shelf = Shelf(self.memory, self._made_by(model)) if self.memory is not None else None
        if shelf and (known := shelf.load(image)) is not None:
            return known, False
        wanted = tree.levels(image.box, self.depth)
        depth = tree.affordable(wanted, 2 * self.k) if self.fit else wanted
        tree.build(image, depth)
        if shelf and depth == wanted:
            shelf.save(image, tree.memory)
        return tree.memory, depth < wanted

    def _asker(self, model: BudgetedModel) -> Asker:
        sampling = Sampling(self.temperature, self.top_p, self.seed) if self.temperature else None
        llm = beside(model, self.llm)
        return Asker(model, llm, self.max_caption_tokens, self.max_notes, sampling)

    def _tree(self, model: BudgetedModel) -> Tree:
        leaf = model.info.base / 2 if self.leaf is None else self.leaf
        (layer,) = model.info.span((self.layer, self.layer + 1))  # says so if there is none
        return Tree(self._asker(model), leaf, self.theta, layer, self.authors)

    def _compare(self, model: BudgetedModel) -> Compare:
        if self.retriever is None:
            return by_words
        return partial(by_model, model=beside(model, self.retriever).at("retrieval"))

    def _made_by(self, model: BudgetedModel) -> Mapping[str, object]:
        """What a memory depends on: the model, and the options that have a say in it."""
        queries = {"retriever", "alpha", "k", "smaller", "memory", "inference", "max_new_tokens"}
        options = {k: str(v) for k, v in Spec.of(self).options if k not in {*queries, "fit"}}
        return {"model": model.id, "leaf of": model.info.base, **options}
