"""DC2: caption every patch of the image, then query those that the question is about."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache, partial

import attrs

from visualcrop import (
    Answer,
    BudgetedModel,
    Image,
    Model,
    ModelFamily,
    Question,
    RepetitionStop,
    Sampling,
    errors,
)
from visualcrop.models import BatchingModel
from visualcrop.plugin import (
    Inference,
    Searcher,
    Spec,
    after_fork_in_child,
    at_least,
    between,
    inference_option,
    max_new_tokens_option,
    option,
)

from .answer import Note, NoteAnswerer, collect_evidence
from .describe import CaptionTree
from .prompts import PatchDescriber
from .retrieval import Compare, Retriever, compare_features, compare_words
from .visual_memory import MemoryFolder, VisualMemory

_lock = threading.Lock()


def _renew_lock() -> None:
    """Make a new lock in a forked child, where the thread that held this one is gone."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()


after_fork_in_child(_renew_lock)


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
    layer: int | None = option(
        None,
        help="decoder layer whose values are compared; none is the first that has any",
        validator=at_least(0),
    )
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
    max_repeated_tokens: int = option(
        32,
        help="stop a reply that repeats one pattern for so many tokens; 0, or authors, never does",
        validator=at_least(0),
    )
    inference: Inference = inference_option()
    max_new_tokens: int = max_new_tokens_option()

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        describer, tree = self._describer(model), self._tree(model)
        retriever = Retriever(self.alpha, self.k, self.smaller, self.authors)
        notes: list[Note] = []
        try:
            memory, exhausted = self._load_or_build(question.image, tree, model)
            for note in retriever.query_places(question, memory, self._compare(model), describer):
                notes.append(note)
                model.show(collect_evidence(n for n in notes if n.name == note.name)[0])
        except errors.BudgetExceededError:
            exhausted = True
            notes = notes or retriever.captions_about(question, tree.leaves)
        answerer = NoteAnswerer(self.inference, self.max_new_tokens, self.max_notes)
        return answerer.answer(question, notes, model).with_search(
            collect_evidence(notes), exhausted=exhausted, counts={"patches": tree.described}
        )

    def _load_or_build(
        self, image: Image, tree: CaptionTree, model: BudgetedModel
    ) -> tuple[VisualMemory, bool]:
        """The memory of *image*, and whether the budget kept the tree from its full depth."""
        folder = None
        if self.memory is not None:
            folder = MemoryFolder(self.memory, self._memory_settings(model))
        if folder and (known := folder.load(image)) is not None:
            return known, False
        wanted = tree.count_levels(image.box, self.depth)
        depth = tree.affordable_depth(wanted, 2 * self.k) if self.fit else wanted
        tree.build(image, depth)
        if folder and depth == wanted:
            folder.save(image, tree.memory)
        return tree.memory, depth < wanted

    def _describer(self, model: BudgetedModel) -> PatchDescriber:
        sampling = Sampling(self.temperature, self.top_p, self.seed) if self.temperature else None
        llm = open_beside(model, self.llm)
        repeated = 0 if self.authors else self.max_repeated_tokens
        stop = RepetitionStop(repeated) if repeated else None
        return PatchDescriber(model, llm, self.max_caption_tokens, self.max_notes, sampling, stop)

    def _tree(self, model: BudgetedModel) -> CaptionTree:
        leaf = model.info.base / 2 if self.leaf is None else self.leaf
        first = model.info.kv_layers[0] if self.layer is None else self.layer
        (layer,) = model.info.span((first, first + 1))  # raises if there is none
        return CaptionTree(self._describer(model), leaf, self.theta, layer, self.authors)

    def _compare(self, model: BudgetedModel) -> Compare:
        if self.retriever is None:
            return compare_words
        retriever = open_beside(model, self.retriever).at("retrieval")
        return partial(compare_features, model=retriever)

    def _memory_settings(self, model: BudgetedModel) -> Mapping[str, object]:
        """What a memory depends on: the model, and every option that changes the tree."""
        queries = {"retriever", "alpha", "k", "smaller", "memory", "inference", "max_new_tokens"}
        options = {k: str(v) for k, v in Spec.of(self).options if k not in {*queries, "fit"}}
        return {"model": model.id, "leaf of": model.info.base, **options}


def open_beside(model: BudgetedModel, family: ModelFamily | None) -> BudgetedModel:
    """The model of *family*, opened once, or *model* itself: on the ledger of *model*."""
    if family is None:
        return model
    with _lock:
        opened = _open(family)
    opened.forget()  # a question costs the same, whatever was asked before
    return BudgetedModel(opened, model.ledger)


@lru_cache(maxsize=2)
def _open(family: ModelFamily) -> Model:
    return BatchingModel(family.open())
